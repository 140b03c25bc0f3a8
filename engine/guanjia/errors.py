"""Everything that can be refused, as errors that carry data.

An error says what happened, where, and what to do, in Chinese and in English: a `Text` for the sentence and one for the
hint. Nothing here prints or exits; the command line maps the classes to exit codes in one table.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Text(NamedTuple):
    """One sentence in both languages; neither is a translation that may lag: they stand side by side in the source."""

    zh: str
    en: str

    def get(self, language: str) -> str:
        """The sentence in `language` ("zh", "zh-CN", "en" …); English when the language is neither."""
        return self.zh if language.lower().startswith("zh") else self.en

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"

    def about(self, what: str) -> Text:
        """The same with what it is about before it, in both languages."""
        return Text(f"{what}: {self.zh}", f"{what}: {self.en}")

    @classmethod
    def parse(cls, kept: str) -> Text:
        """The Text that `str` wrote; anything else stands for itself in both languages."""
        zh, between, en = kept.partition(" / ")
        return cls(zh, en) if between else cls(kept, kept)


def plural(count: int, one: str, many: str = "") -> str:
    """How many there are, in English: `1 case`, `2 cases`; `many` where an s alone does not make it: `1 story fails`, `2 stories fail`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def often(times: int) -> str:
    """How many times, in English: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(times) or plural(times, "time")


class Instead(Text):
    """A hint that names the very word to write in place of the wrong one, because nothing else can have been meant."""

    wrong: str
    right: str

    @classmethod
    def of(cls, text: Text, wrong: str, right: str) -> Instead:
        made = cls(*text)
        made.wrong, made.right = wrong, right
        return made


def because(error: OSError) -> Text:
    """Why the operating system said no."""
    known = _REASONS.get(error.errno or 0)
    return known or Text(error.strerror or str(error), error.strerror or str(error))


_REASONS = {
    errno.ENOENT: Text("没有这个文件或文件夹", "there is no such file or folder"),
    errno.EACCES: Text("没有权限", "permission denied"),
    errno.EPERM: Text("没有权限", "permission denied"),
    errno.EISDIR: Text("这是一个文件夹", "it is a folder"),
    errno.ENOTDIR: Text("路径中有一段不是文件夹", "a part of the path is no folder"),
    errno.ENAMETOOLONG: Text("名字太长", "the name is too long"),
    errno.EROFS: Text("磁盘是只读的", "the disk is read-only"),
    errno.ENOSPC: Text("磁盘已满", "the disk is full"),
    errno.EDQUOT: Text("超出磁盘配额", "the disk quota is used up"),
    errno.EADDRINUSE: Text("已被别的程序占用", "another program has it"),
    errno.EADDRNOTAVAIL: Text("本机没有这个地址", "this machine has no such address"),
    errno.EIO: Text("磁盘读写出错", "the disk failed"),
}


class GuanjiaError(Exception):
    """The root of all errors that Guanjia raises on purpose.

    `text` says what happened and where, `hint` what to do about it; `data` holds the same as plain values for programs.
    """

    def __init__(self, text: Text, hint: Text | None = None, **data: Any) -> None:
        super().__init__(str(text))
        self.text = text
        self.hint = hint
        self.data: Mapping[str, Any] = data


class Misused(GuanjiaError, TypeError):
    """A call of the library with an argument of another kind than it takes. Nothing was done."""


class Refused(GuanjiaError):
    """The rules do not allow it: wrong state, role, guard, or a field is missing. The case is as it was."""

    def __init__(self, code: str, text: Text, hint: Text | None = None, **data: Any) -> None:
        super().__init__(text, hint, **data)
        self.code = code


class NotFound(Refused):
    """What was named does not exist: a case, an action, a field, a procedure, a person. `data["known"]` lists what there is."""

    def __init__(self, text: Text, hint: Text | None = None, **data: Any) -> None:
        super().__init__("not_found", text, hint, **data)


class Conflict(GuanjiaError):
    """Somebody else changed the case between reading and writing, or a key was used for another command."""


class StoreError(GuanjiaError):
    """The database cannot be used: missing, locked, read-only, corrupt, foreign, full, or newer than this program."""


class Unopened(StoreError):
    """What the office's keys, as they are now, cannot open: a key is missing, or the data was changed. All else can be used."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a file that an administrator wrote. Lines and columns count from 1, columns in characters."""

    code: str
    text: Text
    file: str = ""
    line: int = 0
    column: int = 0
    hint: Text | None = None
    snippet: str = ""
    severity: str = "error"

    @property
    def place(self) -> str:
        """`file:line:column`, as editors and terminals make it clickable."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Invalid(GuanjiaError):
    """Files that cannot be used. `findings` holds every problem at once, in order of place."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        more = len(findings) - 1
        super().__init__(
            Text(
                f"{first.place}: {first.text.zh}" + (f"（另有 {more} 处）" if more else ""),
                f"{first.place}: {first.text.en}" + (f" (and {more} more)" if more else ""),
            ),
            first.hint,
        )
        self.findings = tuple(findings)
