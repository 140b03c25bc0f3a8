"""Each code that a check can give has its page, and the page is true: its wrong example raises exactly that code, its right one none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from guanjia.authoring.pages import pages
from guanjia.language import OfficeFiles

from tests.offices import ROOT

FILES = {
    "office.yaml": "name: {zh: 试验, en: test}\n",
    "organisation.yaml": (
        "roles: {agent: {}, manager: {}, director: {}}\nteams: {front: {lead: agent.wang}}\nskills: {lift: {}}\n"
        "systems: {hotline: {}}\nshifts: {night: {hours: 22:00-06:00}, weekday: {hours: 09:00-18:00, days: workdays}}\n"
        "staff:\n  agent.wang: {name: 王, roles: [agent], team: front}\n"
        "  agent.li: {name: 李, roles: [agent, manager], leave: [{on: 2026-03-03}]}\n"
    ),
    "calendars/office.yaml": "zone: Asia/Shanghai\nweek: {mon-fri: [09:00-18:00]}\n",
    **{
        f"templates/{language}/{name}.text.j2": "x\n"
        for language in ("zh", "en")
        for name in ("told", "escalation", "digest")
    },
    "procedures/shared/ends.yaml": "states: {over: {final: true}}\n",
}
DESK = "procedures/desk.yaml"
UNSHOWN = {
    "unreadable", "outside", "encoding", "control-character", "too-big", "too-deep", "include-depth", "unchecked-waits", "no-procedure", "no-states",
    "no-initial", "track-in-track", "final-track", "history-with-body", "history-at-top", "nested-earliest", "missing-labels",
}  # fmt: skip
"""Codes that a file cannot show, or whose example would be longer than what it says; tests elsewhere raise them."""

GIVERS = {"Finding": 0, "finding": 0, "say": 1, "warn": 1, "_say": 1, "known": 2, "Unknown": 0, "_invalid": 0}
"""Calls that give a finding, and the place at which its code may begin to stand."""

CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def codes() -> Iterator[str]:
    """Every code that stands in the source."""
    for path in (ROOT / "engine/guanjia").rglob("*.py"):
        if not {"language", "calendars"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in GIVERS:
                given = [code for arg in node.args[GIVERS[name] :][:2] for code in told(arg)]
                yield from given[:2] if isinstance(node.args[GIVERS[name]], ast.IfExp) else given[:1]
    yield from ("anchor", "alias", "merge-key", "tag", "never-applies", "never-taken", "unknown-skill", "unknown-site")


def told(node: ast.expr) -> list[str]:
    parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    return [
        it.value
        for it in parts
        if isinstance(it, ast.Constant) and isinstance(it.value, str) and CODE.fullmatch(it.value)
    ]


def base() -> dict[str, str]:
    """The keys of the small procedure of the book, each with its text."""
    book = (ROOT / "docs/checks.md").read_text()
    return keys(re.search(r"```yaml base\n(.*?)```", book, re.DOTALL)[1])  # type: ignore[index]


def keys(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines(keepends=True):
        if match := re.match(r"[a-z_0-9]+(?=:)", line):
            key = match[0] if match[0] not in found else f"{match[0]} "
        found[key] = found.get(key, "") + line
    return found


def office(folder: Path, example: str) -> Mapping[str, str]:
    """The office that an example is of."""
    files = dict(FILES)
    parts = re.split(r"^# file: (.+)\n?", example, flags=re.MULTILINE)
    own = parts[0] and parts[0] + "\n"
    files[DESK] = "".join({**base(), **keys(own)}.values())
    files |= {
        name: text if text.endswith("\n") or not text else text + "\n"
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return files


def found(folder: Path, code: str) -> set[str]:
    """What is said, labels left out: an example would be all labels."""
    said = {it.code for it in OfficeFiles(folder).check()}
    return said if code == "missing-labels" else said - {"missing-labels"}


def test_each_code_has_its_page_and_each_page_its_code() -> None:
    known = set(codes())
    assert known - pages().keys() == set(), "codes without a page in docs/checks.md"
    assert pages().keys() - known == set(), "pages of codes that nothing gives"
    assert {code for code, it in pages().items() if it.wrong is None or it.right is None} == UNSHOWN


@pytest.mark.parametrize("code", [code for code in pages() if code not in UNSHOWN])
def test_the_wrong_example_raises_just_that_and_the_right_one_nothing(tmp_path: Path, code: str) -> None:
    page = pages()[code]
    assert page.wrong is not None
    assert page.right is not None
    office(tmp_path / "wrong", page.wrong)
    assert found(tmp_path / "wrong", code) == {code}
    office(tmp_path / "right", page.right)
    assert found(tmp_path / "right", code) == set()


def test_a_schedule_that_skips_every_day_it_falls_on_never_fires(tmp_path: Path) -> None:
    schedule = "schedules: {rest: {open: desk, cron: 0 8 * * sun, calendar: office, on_closed: skip}}\n"
    office(tmp_path, "# file: office.yaml\n" + FILES["office.yaml"] + schedule)
    assert found(tmp_path, "never-fires") == {"never-fires"}
    office(
        tmp_path, "# file: office.yaml\n" + FILES["office.yaml"] + schedule.replace("0 8 * * sun", "'0 8 * * sun,mon'")
    )
    assert found(tmp_path, "never-fires") == set()


def test_what_a_customer_may_not_read_is_written_to_no_customer(tmp_path: Path) -> None:
    page = pages()["unread-field"]
    assert page.wrong is not None
    office(tmp_path, page.wrong.replace("read: [manager]", "read: [staff]").replace("brief: agent", "brief: customer"))
    assert found(tmp_path, "unread-field") == {"unread-field"}
    office(tmp_path, page.wrong.replace("read: [manager]", "read: [staff]"))
    assert found(tmp_path, "unread-field") == set()
