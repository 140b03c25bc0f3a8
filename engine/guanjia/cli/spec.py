"""Commands as plain data: what each is called, takes and explains, in both languages; and reading a simple line of words.

`grammar` makes click commands of these. A few commands that must start fast are read by `quick` alone, which gives up on
anything out of the ordinary (help, completion, a mistake) and leaves it to click: the loading of click would take longer
than the list of cases that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import Text
from .failure import Usage

PROGRAM = "guanjia"


class Option:
    """`--name VALUE` or a flag; one that is `many` may stand several times. `convert(spelling, text)` makes the value, or
    raises Usage. `complete` names a function of `complete.py`."""

    def __init__(
        self, *names: str, say: Text, to: str = "", metavar: str = "", flag: bool = False, default: Any = None,
        convert: Callable[[str, str], Any] | None = None, words: Sequence[str] = (), many: bool = False,
        complete: str = "",
    ) -> None:  # fmt: skip
        self.names = names
        self.say = say
        self.to = to or names[0].lstrip("-")
        self.metavar = metavar
        self.flag = flag
        self.default = default
        self.words = words
        self.many = many
        self.complete = complete
        self.convert = one_of(words) if words else convert

    @property
    def spelling(self) -> str:
        shown = ", ".join(sorted(self.names, key=len))
        return shown if self.flag else f"{shown} {self.metavar}"

    def value(self, text: str) -> Any:
        return text if self.convert is None else self.convert(self.names[0], text)


class Argument:
    """A word by its position; `many` takes all the rest. `complete` names a function of `complete.py`."""

    def __init__(
        self, name: str, *, say: Text, metavar: str = "", required: bool = True, many: bool = False, default: Any = None,
        complete: str = "", words: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.say = say
        self.metavar = metavar or name.upper()
        self.required = required and default is None
        self.many = many
        self.default = default
        self.complete = complete
        self.words = words


class Command:
    """A command. `say` is its one sentence, `more` what else is to be known, `examples` lines to type.

    A `dynamic` one also takes names that are learned later, the fields of a procedure: it receives them as `given`, a list
    of (option, value or None) in the order typed.
    """

    def __init__(
        self, name: str, run: Callable[..., int | None], params: Sequence[Option | Argument] = (), *, say: Text,
        more: Text | None = None, examples: Sequence[str] = (), dynamic: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.run = run
        self.options = [item for item in params if isinstance(item, Option)]
        self.arguments = [item for item in params if isinstance(item, Argument)]
        self.say = say
        self.more = more
        self.examples = examples
        self.dynamic = dynamic


class Entry:
    """Where a command is found, and its sentence for the list of commands, so that the list imports none of them."""

    def __init__(self, module: str, say: Text) -> None:
        self.module = module
        self.say = say


class Group:
    """Commands under one name, in sections; `default` is what happens where none is named, else its help."""

    def __init__(
        self, name: str, sections: Mapping[Text, Mapping[str, Entry]], *, say: Text, default: str | None = None
    ) -> None:
        self.name = name
        self.sections = sections
        self.say = say
        self.default = default
        self.entries = {key: entry for table in sections.values() for key, entry in table.items()}


def load(entry: Entry, name: str) -> Command | Group:
    """The command of this name; its module is imported now."""
    from importlib import import_module

    found: Command | Group = import_module(f".commands.{entry.module}", __package__).COMMANDS[name]
    return found


# -- kinds of values


def one_of(words: Sequence[str]) -> Callable[[str, str], str]:
    def convert(name: str, text: str) -> str:
        if text not in words:
            raise Usage(
                Text(f"{name} 不能是“{text}”。", f"{name} cannot be {text!r}."),
                Text(f"可以是：{'、'.join(words)}", f"It is one of: {', '.join(words)}"),
            )
        return text

    return convert


MOST = 999_999_999


def whole(least: int = 0) -> Callable[[str, str], int]:
    """A whole number from `least` on."""

    def convert(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
            raise Usage(
                Text(
                    f"{name} 要一个 {least} 到 {MOST} 的整数，“{text}”不是。",
                    f"{name} wants a whole number from {least} to {MOST}; {text!r} is none.",
                )
            )
        return int(text)

    return convert


# -- options of every command

EVERYWHERE = (
    Option("--office", metavar="DIR", complete="folders", say=Text(
        "办公室文件夹；不写则用环境变量 GUANJIA_OFFICE，或从当前目录向上找 office.yaml",
        "folder of the office; else GUANJIA_OFFICE, else the nearest folder above with an office.yaml")),
    Option("--as", metavar="WHO", complete="people", say=Text(
        "以谁的身份（员工编号或姓名、customer:编号、system）；不写则用 GUANJIA_AS，或系统用户对应的员工",
        "who asks (staff id or name, customer:<id>, system); else GUANJIA_AS, else whom the system's user stands for")),
    Option("--lang", metavar="zh|en", words=("zh", "en"), say=Text("语言", "language")),
)  # fmt: skip


def json_option() -> Option:
    return Option("--json", to="as_json", flag=True, say=Text("输出 JSON，供程序读取", "print JSON for programs"))


def limit_option(default: int, least: int = 1) -> Option:
    return Option(
        "--limit", "-n", metavar="N", convert=whole(least), default=default,
        say=Text(f"最多几行（默认 {default}）", f"at most N lines (default {default})"),
    )  # fmt: skip


# -- reading a simple line without click


Called = tuple[Command, dict[str, Any], dict[str, Any]]
"""A command, its values, and those of `EVERYWHERE`."""


def quick(root: Group, names: Sequence[str], words: Sequence[str]) -> Called | None:
    """What a simple line calls among `names`; None where click is to have a look, as at every mistake."""
    try:
        return _read(root, names, words)
    except Usage:
        return None


def named(root: Group, path: Sequence[str]) -> Command:
    """The command that these words name, one group within the other."""
    found: Command | Group = root
    for word in path:
        assert isinstance(found, Group)
        found = load(found.entries[word], word)
    assert isinstance(found, Command)
    return found


def _read(root: Group, names: Sequence[str], words: Sequence[str]) -> Called | None:
    rest = list(words)
    everywhere: dict[str, Any] = {}
    known = {name: option for option in EVERYWHERE for name in option.names}
    while len(rest) > 1 and rest[0] in known:
        option = known[rest[0]]
        everywhere[option.to] = option.value(rest[1])
        del rest[:2]
    path = next((parts for name in names if rest[: len(parts := name.split())] == parts), None)
    if path is None:
        return None
    command = named(root, path)
    rest = rest[len(path) :]
    own = {name: option for option in command.options for name in option.names}
    values: dict[str, Any] = {option.to: False if option.flag else option.default for option in command.options}
    positions: list[str] = []
    at = 0
    while at < len(rest):
        word = rest[at]
        at += 1
        if not word.startswith("-"):
            positions.append(word)
            continue
        name, equals, text = word.partition("=")
        found = own.get(name) or known.get(name)
        if found is None or (equals and (found.flag or not name.startswith("--"))):
            return None
        if not found.flag and not equals:
            if at == len(rest):
                return None
            text, at = rest[at], at + 1
        aim = values if name in own else everywhere
        aim[found.to] = True if found.flag else found.value(text)
    return (command, values, everywhere) if _placed(command, positions, values) else None


def _placed(command: Command, positions: list[str], values: dict[str, Any]) -> bool:
    if len(command.arguments) != 1:
        return not command.arguments and not positions
    only = command.arguments[0]
    if (only.required and not positions) or (len(positions) > 1 and not only.many):
        return False
    values[only.name] = tuple(positions) if only.many else positions[0] if positions else only.default
    return True
