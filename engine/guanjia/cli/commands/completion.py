"""`completion`: the script that teaches a shell to complete case numbers, actions and options."""

from __future__ import annotations

from ...errors import Text
from ..desk import Desk
from ..spec import PROGRAM, Argument, Command


def completion(desk: Desk, *, shell: str) -> None:
    from click.shell_completion import get_completion_class

    from ..grammar import build
    from ..run import COMPLETE, ROOT

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(build(ROOT), {"obj": desk}, PROGRAM, COMPLETE)
    desk.out.raw(made.source_template % made.source_vars() + "\n")


COMMANDS = {
    "completion": Command(
        "completion", completion,
        [Argument("shell", metavar="bash|zsh|fish", words=("bash", "zsh", "fish"), say=Text("哪种 shell", "which shell"))],
        say=Text("输出自动补全脚本：工单编号、操作、流程、选项。", "Print the completion script: case numbers, actions, procedures, options."),
        more=Text("写进 shell 的启动文件，新开的终端就有补全。", "Put it where the shell starts; the next terminal completes."),
        examples=(
            'eval "$(guanjia completion bash)"     # ~/.bashrc',
            'eval "$(guanjia completion zsh)"      # ~/.zshrc, below: autoload -U compinit; compinit',
            "guanjia completion fish > ~/.config/fish/completions/guanjia.fish",
        ),
    ),
}  # fmt: skip
