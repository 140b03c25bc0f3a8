"""Somebody who sees nothing of a case meets it in no list, no picture and no history of another one: neither its number, nor what it
is about, nor whose it is. Every command is driven as he may call it, about what is his own and about what is not."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guanjia.cli.main import main
from guanjia.clock import HOUR, MINUTE, ManualClock

from tests.cli.test_planted_names import COMMANDS, DRIVES, PROCEDURE, STAFF
from tests.offices import MONDAY, OFFICE, small
from tests.runtime.test_sealing import PART

SUMMARY = "渗水从隔壁墙里出来"
CUSTOMER = "owner-of-7-7"
PEOPLE = STAFF.replace("guard: {", "guard: {sees: own, ")
ALIKE = PROCEDURE.replace(
    "retention: {after: 2 years}", "retention: {after: 2 years}\nduplicates: {same: [room]}\nundo: 1h"
)
MORE = [
    "shift", "shift --json --since '2026-03-02 00:00'", "ls --all --mode all --json", "ls --room 7-7", f"ls --customer {CUSTOMER}", "find 隔壁墙",
    "find 7-7", "customer cases 7-7", f"customer cases {CUSTOMER} --json", f"customer show {CUSTOMER}", "diagram desk --stats",
    "diagram {ref} --format mermaid", "diagram {ref} --format dot", "log --case {ref}", f"log --customer {CUSTOMER}", "log --access --json",
    "show {ref} --all --json", "why {ref} reply --json", "inbox --json", "outbox --limit 500 --json", "board --json", "mine --json", "team --json",
    "open desk --summary x --room 7-7", "open desk --summary x --room 7-7 --json", "doctor --json", "retention run --dry-run --json",
    "migrate desk --json", "handover agent.wang agent.li", "handover agent.wang --json", "do --where state=waiting withdraw --json",
    "can guard.xu see {ref}", "undo {ref}", "customer show t-0 --all --json", "staff --json", "stats --json",
]  # fmt: skip
"""Ways to list and to draw beside those of `DRIVES`."""
WHOLE = frozenset({"work", "audit", "backup", "export", "restore", "import", "init", "take-in"})
"""What serves whoever keeps the machine: it goes over the whole office, or makes another one."""
OF_NO_CASE = (
    "keys",
    "calendar",
    "token",
    "completion",
    "suspend",
    "check",
    "test",
    "procedures",
    "whoami",
    "diff",
    "outbox hold",
    "outbox release",
)

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small(
        tmp_path / "office",
        ALIKE,
        templates=("told",),
        more={"procedures/part.yaml": PART, "organisation.yaml": PEOPLE},
    )


@pytest.fixture
def call(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.chdir(tmp_path)
    (folder / "office.yaml").write_text(OFFICE.replace("file: {}", "file: {folder: sent}"))
    clock, spoken = ManualClock(MONDAY), iter(("zh", "en") * 1000)

    def call(line: str, who: str = "manager.sun", after: int = 0) -> tuple[int, str]:
        clock.advance(after)
        capsys.readouterr()
        code = main(["--office", str(folder), "--as", who, "--lang", next(spoken), *shlex.split(line)], clock=clock)
        said = capsys.readouterr()
        assert code != 70, said.err
        return code, said.out + said.err

    return call


class Hidden:
    """A case of which guard.xu sees nothing, with all that a case can have to do with one of his own."""

    def __init__(self, call: Call, folder: Path) -> None:
        about = f"--summary {SUMMARY} --room 7-7 --name 钱七 --customer {CUSTOMER}"
        call(f"customer add --id {CUSTOMER} --name 钱七 --phone 13900001111 --room 7-7")
        self.number, self.id, self.again = "", "", ""
        for _ in range(2):
            told = json.loads(call(f"open desk {about} --json")[1])
            self.again, self.number, self.id = self.number, told["number"], told["id"]
        self.own = json.loads(call("open desk --summary 我的 --room 1-1 --json", "guard.xu")[1])["number"]
        for line in (
            f"link {self.own} {self.number}", f"link {self.own} {self.number} --child --reason x", f"merge {self.again} {self.own} --reason x",
            f"show {self.number} --reveal --reason x", f"note {self.number} x",
        ):  # fmt: skip
            assert call(line)[0] == 0, line
        part = folder / "procedures/part.yaml"
        part.unlink()
        call(f"do {self.number} pass_on")  # what it asks of another case is parked
        part.write_text(PART)
        self.needles = {
            each: re.compile(rf"(?<![\w-]){each}(?![\w-])")
            for each in (self.number, self.again, SUMMARY, CUSTOMER, "钱七")
        }

    def met(self, text: str) -> set[str]:
        return {each for each, needle in self.needles.items() if needle.search(text)}


def lines(ref: str, *, fresh: bool) -> Iterator[str]:
    """Each command that there is as somebody may type it about a case; what is asked as somebody else there is asked by him. Unless `fresh`
    only those that name the case."""
    given = {
        "ref": ref, "customer": "somebody", "name": "李四", "phone": "13712345678", "email": "li@example.com", "identity": "110101199003071234",
        "other": "13812345679", "text": "漏水", "reason": "x", "tail": "5678", "file": "none.txt", "table": "none.csv", "old": "none.jsonl",
        "copies": "copies", "number": "1", "key": "none",
    }  # fmt: skip
    for name, driven in {**{name: lines for name, lines in DRIVES.items() if name in COMMANDS}, "": MORE}.items():
        if name not in WHOLE and not name.startswith(OF_NO_CASE):
            for line in driven if name in ("", "do", "show", "customer show") else driven[:1]:
                bare = line.lstrip("*")
                bare = bare.split(" ", 1)[1] if bare.startswith("@") else bare
                if fresh or "{ref}" in bare:
                    yield bare.format(**given)


def test_nothing_of_a_case_that_he_does_not_see_comes_out_of_any_command(call: Call, folder: Path) -> None:
    hidden = Hidden(call, folder)
    told: list[tuple[str, set[str]]] = []
    for ref in (hidden.own, hidden.number):
        for line in lines(ref, fresh=ref == hidden.own):
            _, out = call(line, "guard.xu", MINUTE // 10)
            free = hidden.met(line)
            if "customer" in line or line.startswith("log --access"):  # the register knows its customers
                free |= {CUSTOMER}
            if found := hidden.met(out) - free:
                told.append((line, found))
    assert not told, "\n".join(map(str, told))


def test_whoever_sees_it_is_told_of_it_by_those_very_commands(call: Call, folder: Path) -> None:
    hidden = Hidden(call, folder)
    for line, found in (
        ("shift", hidden.number), (f"customer cases {CUSTOMER}", SUMMARY), ("open desk --summary x --room 7-7", hidden.number),
        ("log --access", hidden.number), ("inbox", hidden.number), (f"show {hidden.own} --all", hidden.number),
        (f"show {hidden.own}", hidden.again),
    ):  # fmt: skip
        assert found in call(line, "manager.sun")[1], line
    drawn = [call("diagram desk --stats", who)[1] for who in ("manager.sun", "guard.xu")]
    assert drawn[0] != drawn[1]
    code, said = call(f"diagram {hidden.number}", "guard.xu", HOUR)
    assert (code, hidden.number in said, "svg" in said) == (1, True, False)
