"""`audit`: does every case equal its history, and does the history still lead through the anchors that are kept elsewhere?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import Refused, StoreError, Text, plural
from ...store.interface import Query
from ..desk import Desk
from ..failure import OK, REFUSED
from ..out import Ink
from ..progress import progress
from ..spec import Command, Option, json_option

if TYPE_CHECKING:
    from ...runtime.anchor import Anchor
    from ...runtime.audit import Problem

OFTEN = 500
"""Cases between two notes of how far an audit came."""


def audit(desk: Desk, *, anchor: str | None, resume: str | None, as_json: bool) -> int:
    from ...runtime import anchor as anchors, audit as auditor

    engine, out = desk.engine, desk.out
    kept = anchors.read(anchor) if anchor else []
    so_far = _SoFar(resume)
    total = engine.store.count(Query(open=None, mode=None))
    problems = list(auditor.beside(engine))
    with progress(out, Text("核对", "Verifying"), total) as bar, so_far.noted():
        try:
            for identity, wrong in auditor.cases(engine, so_far.after):
                so_far.add(identity, [_plain(problem) for problem in wrong])
                if bar is not None:
                    bar(so_far.cases)
        except StoreError as error:
            problems.append(auditor.ended(error))
    present, lost = anchors.verify(engine.store, kept, desk.now())
    problems += lost
    found = [_plain(problem) for problem in problems] + so_far.problems
    written = anchor is not None and not found
    if anchor is not None and written:
        anchors.keep(anchor, present)
    if as_json:
        out.json({"cases": so_far.cases, "events": present.events, "problems": found,
                  "anchor": _anchored(desk, anchor, present, len(kept), written)})  # fmt: skip
    else:
        _print(desk, found, so_far.cases, present)
        if anchor is not None:
            _print_anchor(desk, anchor, present, len(kept), written)
    return REFUSED if found else OK


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code, "case": problem.case or None, "zh": problem.text.zh, "en": problem.text.en,
        "hint": {"zh": problem.hint.zh, "en": problem.hint.en},
    }  # fmt: skip


class _SoFar:
    """How far an audit has come, in a file that a later one goes on from; without a file it is only counted."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.after = ""
        self.cases = 0
        self.problems: list[dict[str, Any]] = []
        if path is None or not os.path.exists(path):
            return
        try:
            with open(path, encoding="utf-8") as file:
                self.after, self.cases, self.problems = json.load(file)["audit"]
        except (OSError, ValueError, KeyError, TypeError):
            raise Refused(
                "resume",
                Text(
                    f"{path} 不是中断的核对留下的文件。",
                    f"{path} is not what an audit left behind that was broken off.",
                ),
                Text(
                    "换一个文件名；核对会从头开始，并把进度写在那里。",
                    "Give another name: the audit begins anew and notes there how far it is.",
                ),
            ) from None

    def add(self, identity: str, problems: list[dict[str, Any]]) -> None:
        self.after = identity
        self.cases += 1
        self.problems += problems
        if self.cases % OFTEN == 0:
            self.note()

    def note(self) -> None:
        if self.path is not None:
            half = f"{self.path}.part"
            with open(half, "w", encoding="utf-8") as file:
                json.dump({"audit": [self.after, self.cases, self.problems]}, file, ensure_ascii=False)
            os.replace(half, self.path)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """What was checked is noted when it is broken off, and the file goes when it came to its end."""
        try:
            yield
        except BaseException:
            self.note()
            raise
        if self.path is not None and os.path.exists(self.path):
            os.unlink(self.path)


def _print(desk: Desk, found: list[dict[str, Any]], cases: int, present: Anchor) -> None:
    out = desk.out
    by_hint: dict[str, list[str]] = {}
    for problem in found:
        hint = out.both(problem["hint"]["zh"], problem["hint"]["en"])
        by_hint.setdefault(hint, []).append(out.both(problem["zh"], problem["en"]))
    for hint, texts in by_hint.items():
        for text in texts:
            out.line(Ink("! ", "late"), text)
        out.lines(hint, indent="  ", style="dim")
    if found:
        out.line(
            Ink(
                Text(
                    f"核对了 {cases} 个工单，{len(found)} 处不符。",
                    f"Verified {plural(cases, 'case')}; {plural(len(found), 'difference')}.",
                ),
                "late",
            )
        )
    else:
        out.line(Ink(Text(
            f"核对了 {cases} 个工单、{present.events} 条记录，全部与历史相符。",
            f"Verified {plural(cases, 'case')} and {plural(present.events, 'event')}; everything equals the history."), "good"))  # fmt: skip


def _print_anchor(desk: Desk, path: str, present: Anchor, kept: int, written: bool) -> None:
    if not written:
        desk.out.line(Text(f"没有在 {path} 写下新的锚。", f"No new anchor was written to {path}."))
        return
    if kept:
        desk.out.line(Text(f"经过 {path} 里的 {kept} 个锚。", f"It leads through {plural(kept, 'anchor')} of {path}."))
    desk.out.line(Text(
        f"新的锚写在 {path}；把它存到别人管的地方：", f"A new anchor is in {path}; keep it where somebody else has the say:"))  # fmt: skip
    desk.out.line("  ", present.line())


def _anchored(desk: Desk, path: str | None, present: Anchor, kept: int, written: bool) -> dict[str, Any] | None:
    if path is None:
        return None
    return {"file": path, "checked": kept, "written": written, **present._asdict(), "at": iso(present.at, desk.zone)}


COMMANDS = {
    "audit": Command(
        "audit", audit,
        [
            Option("--anchor", metavar="FILE", say=Text("对照这个文件里的锚，没有问题则写下新的一个", "check the anchors of this file, and write another when all is well")),
            Option("--resume", metavar="FILE", say=Text("把进度记在这个文件里；中断后再用它接着核对", "note in this file how far it is, and go on from there after a break")),
            json_option(),
        ],
        say=Text("核对每个工单：历史的哈希链、快照、列、通知、附件、个人信息、上下级；有不符则以 1 退出。",
                 "Verify every case: the chain of its history, snapshot, columns, notifications, attachments, personal values, relations; "
                 "the exit code is 1 on any difference."),
        more=Text(
            "哈希链看得出任何一条记录的改动，唯独看不出末尾被整个截掉；为此用 --anchor 在别处保存历史的位置。",
            "The chain of hashes shows every altered event; that the end was cut off as a whole it cannot show. For that keep, with "
            "--anchor, where the history stood, in a place of somebody else.",
        ),
        examples=("guanjia audit", "guanjia audit --anchor /mnt/usb/anchors.jsonl", "guanjia audit --resume audit.part"),
    ),
}  # fmt: skip
