"""From an error to what the user reads and the code the process exits with: one table, and one last resort.

The last resort is for errors that nobody foresaw. It says so in both languages and writes the details to a file that only
its owner can read: the kind of error and the lines of the program it went through. No message of a foreign exception and no
local variable is written, for either may hold what a resident typed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..errors import Conflict, GuanjiaError, Invalid, StoreError, Text, plural
from .out import Out, Unwritable

OK, REFUSED, USAGE, INVALID, CONFLICT, STORE, UNDECIDED, INTERNAL, UNWRITABLE, INTERRUPTED = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    70,
    74,
    130,
)


class Usage(GuanjiaError):
    """The command line itself cannot be understood."""


_CODES: tuple[tuple[type[GuanjiaError], int], ...] = (
    (Usage, USAGE),
    (Invalid, INVALID),
    (Conflict, CONFLICT),
    (StoreError, STORE),
    (Unwritable, UNWRITABLE),
    (GuanjiaError, REFUSED),
)

LOG = "guanjia-error.log"


def piecewise(out: Out, refused: int, *, stopped: bool) -> int:
    """The exit code of what is done piece by piece and was perhaps stopped half way: said so, for it goes on when run again."""
    if stopped:
        out.line(Text("再运行一次同样的命令，就从停下的地方继续。", "Run the same command again: it goes on where it stopped."), err=True)  # fmt: skip
        return INTERRUPTED
    return REFUSED if refused else OK


def exit_code(error: GuanjiaError) -> int:
    return next(code for kind, code in _CODES if isinstance(error, kind))


def report(error: GuanjiaError, out: Out, arguments: Sequence[str] = ()) -> int:
    """Print the error with everything it knows, and return its exit code. Telephone numbers and the like among the arguments
    are not repeated: what goes to standard error is often kept."""
    if isinstance(error, Invalid):
        for finding in error.findings:
            out.finding(finding)
        count = len(error.findings)
        out.problem(
            Text(
                f"文件有 {count} 处不能用，未做任何改动。",
                f"{plural(count, 'place')} in the files cannot be used; nothing was changed.",
            ),
            Text("改好文件再试；不由您维护的，请告诉管理员。", "Mend the file and try again; where somebody else keeps it, tell them."),
        )  # fmt: skip
    else:
        hint = error.hint
        if missing := error.data.get("missing"):
            options = " ".join(f"--{name} …" for name in missing)
            above = Text("", "") if hint is None else Text(f"{hint.zh}\n", f"{hint.en}\n")
            hint = Text(f"{above.zh}在命令后面加上：{options}", f"{above.en}Add to the command: {options}")
        out.problem(_unsaid(error.text, arguments), None if hint is None else _unsaid(hint, arguments))
    return exit_code(error)


def _unsaid(text: Text, arguments: Sequence[str]) -> Text:
    from ..model.identifiers import masked

    for word in arguments:
        if (shown := masked(word)) is not None:
            typed = word.strip()
            for part in {typed, typed.partition("=")[2] or typed}:
                hidden = masked(part) or shown
                text = Text(text.zh.replace(part, hidden), text.en.replace(part, hidden))
    return text


def last_resort(error: BaseException, out: Out, folder: str | None, arguments: Sequence[str]) -> int:
    """Say in both languages that the program itself failed, and write the details down."""
    place = write_down(describe(error, arguments), folder)
    kept = Text(
        f"细节写在 {place}，请发给维护人员。", f"The details are in {place}; please send them to the maintainers."
    )
    lost = Text("细节没有能写下来。", "The details could not be written down.")
    for text in (
        Text("程序内部出错。", "The program itself failed."),
        Text(
            "数据没有丢失：一个命令要么完整生效，要么完全没有发生。请用 guanjia show 查看工单再决定是否重做。",
            "Nothing was lost: a command happens as a whole or not at all. Look with guanjia show before you repeat it.",
        ),
        kept if place else lost,
    ):
        for language in ("zh", "en"):
            out.line(text.get(language), err=True)
    return INTERNAL


def write_down(text: str, folder: str | None) -> str | None:
    """Keep the details of a failure for its owner only; the path of the file, None where it cannot be written."""
    for home in (folder, os.path.expanduser("~")):
        if not home or not os.path.isdir(home):
            continue
        path = os.path.join(home, LOG)
        try:
            mode = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(path, mode, 0o600), "a", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(text)
            return path
        except OSError:
            continue
    return None


def describe(error: BaseException, arguments: Sequence[str]) -> str:
    """When, what kind, and through which lines; causes too. Neither messages nor values."""
    import datetime
    import platform
    import traceback

    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    words = [f"{now} python {platform.python_version()} command {_command(arguments)}\n"]
    seen: BaseException | None = error
    while seen is not None:
        words.append(f"{type(seen).__module__}.{type(seen).__qualname__}\n")
        for frame in traceback.extract_tb(seen.__traceback__):
            words.append(f"  {frame.filename}:{frame.lineno} in {frame.name}\n    {frame.line or ''}\n")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        if seen is not None:
            words.append("caused by ")
    return "".join(words) + "\n"


def _command(arguments: Sequence[str]) -> str:
    """The arguments with only the names of options left: what was typed may be about a resident."""
    return " ".join(word.partition("=")[0] if word.startswith("--") else "***" for word in arguments)
