"""`check --fix`: what was broken in a way that says itself what was meant becomes, byte for byte, what it was."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from guanjia.authoring.fixing import mend
from guanjia.cli.failure import INVALID, OK, USAGE
from guanjia.errors import Conflict
from guanjia.language import OfficeFiles

from tests.offices import small

DESK = """\
# 值班台：一切从这里开始
procedure: desk
number: D-{year}-{seq:05}   # 编号
calendar: always
fields:
  summary: {type: text, required: true, max: 200}
  severity: {type: choice, of: [minor, critical], default: minor}
  remark: {type: text, default: '（无）'}
sla:
  respond: {start: open, stop: [accept, over], target: {within: 30m}, at: {due: [{escalate: manager}]}}
initial: waiting
states:
  waiting:
    entry: [{notify: {told: [agent, supervisor]}}]
    transitions:
      accept: {to: working, by: [agent, supervisor], require: [summary, severity]}
    after:
      silent: {delay: 2h, to: over}
  working:
    transitions: {finish: {to: over, guard: severity == 'minor'}}
    after: {slow: {delay: 5 workdays, to: over}}
  over: {final: true}
"""

BROKEN = {
    "a key": ("transitions: {finish", "transitons: {finish"),
    "a target": ("to: working, by", "to: workin, by"),
    "a role": ("by: [agent, supervisor]", "by: [agent, supervsor]"),
    "a field": ("require: [summary, severity]", "require: [sumary, severity]"),
    "a recipient": ("told: [agent, supervisor]", "told: [agent, supervisr]"),
    "a template": ("notify: {told: [agent", "notify: {told: [agnet"),
    "a clock's stop": ("stop: [accept, over]", "stop: [acept, over]"),
    "a comma": ("require: [summary, severity]", "require: [summary，severity]"),
    "a colon": ("calendar: always", "calendar：always"),
    "brackets": ("of: [minor, critical]", "of: ［minor, critical］"),
    "digits": ("within: 30m", "within: ３０m"),
    "a type": ("type: choice", "type: chioce"),
    "tabs": ("    after:\n      silent:", "\tafter:\n\t  silent:"),
    "two at once": ("to: working, by: [agent, supervisor]", "to: workin, by: [agent, supervsor]"),
}


@pytest.fixture
def office(tmp_path: Path) -> Path:
    return small(tmp_path / "office", DESK, templates=("told",))


def broken(office: Path, what: str, *, ends: str = "\n", mark: bytes = b"") -> tuple[Path, bytes]:
    """The file of the procedure, broken, and what it was before."""
    right, wrong = BROKEN[what]
    assert DESK.count(right) == 1
    file = office / "procedures/desk.yaml"
    before = mark + DESK.replace("\n", ends).encode()
    file.write_bytes(mark + DESK.replace(right, wrong).replace("\n", ends).encode())
    return file, before


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("what", BROKEN)
def test_what_was_broken_becomes_what_it_was_and_stays_so(office: Path, what: str, ends: str) -> None:
    (office / "procedures/desk.yaml").write_text(DESK)
    left = OfficeFiles(office).check()
    file, before = broken(office, what, ends=ends, mark=b"\xef\xbb\xbf" if what == "a role" else b"")
    mended = mend(office)
    assert mended.findings
    assert file.read_bytes() != before  # nothing is written by looking
    mended.write()
    if what == "tabs":  # of the widths that say the same the first is taken: it is read as before
        assert OfficeFiles(office).version("desk").procedure.states["waiting"].after["silent"].delay == "2h"
    else:
        assert file.read_bytes() == before
    assert [(it.code, it.text) for it in OfficeFiles(office).check()] == [(it.code, it.text) for it in left]
    assert mend(office).files == {}


def test_what_could_have_been_meant_in_two_ways_is_left_alone(office: Path) -> None:
    file = office / "procedures/desk.yaml"
    two = DESK.replace("  over: {final: true}", "  closed: {final: true}\n  closes: {final: true}").replace(
        "over", "close"
    )
    file.write_text(two)
    assert any(it.code == "unknown-state" for it in OfficeFiles(office).check())
    assert mend(office).files == {}
    assert file.read_text() == two


def test_a_number_that_is_text_gets_quotes_and_one_that_is_a_number_does_not(office: Path) -> None:
    people = office / "organisation.yaml"
    people.write_text(people.read_text().replace("{name: 王小明, roles", "{name: 王小明, phone: 13800138000, roles"))
    mended = mend(office)
    mended.write()
    assert "phone: '13800138000'," in people.read_text()
    file = office / "procedures/desk.yaml"
    file.write_text(DESK.replace("max: 200", "max: 2000000000000000000000000000000000000"))
    assert "'" not in "".join(line for line in mend(office).diff() if line.startswith("+"))


def test_whatever_is_broken_at_random_only_lines_that_a_finding_names_are_changed(office: Path) -> None:
    file, chance = office / "procedures/desk.yaml", random.Random(7)
    for _ in range(25):
        at = chance.randrange(len(DESK))
        text = DESK[:at] + chance.choice(["", "x", "：", "，", "\t", "ｅ", '"', "#"]) + DESK[at + 1 :]
        file.write_text(text)
        named = {it.line for it in OfficeFiles(office).check() if it.file.endswith("desk.yaml")}
        mended = mend(office)
        for _, after in mended.files.values():
            lines = after.decode().split("\n")
            was = text.split("\n")
            assert len(lines) == len(was)
            changed = {number for number, (old, new) in enumerate(zip(was, lines, strict=True), 1) if old != new}
            allowed = named | {it.line for it in mended.findings}
            assert changed <= allowed or any(it.code == "tab" for it in mended.findings)


def test_a_file_that_is_saved_meanwhile_is_left_alone(office: Path) -> None:
    file, _ = broken(office, "a key")
    mended = mend(office)
    file.write_text("saved: meanwhile\n")
    with pytest.raises(Conflict):
        mended.write()
    assert file.read_text() == "saved: meanwhile\n"
    assert [path.name for path in file.parent.iterdir()] == ["desk.yaml"]


def test_the_command_shows_the_difference_first(office: Path, monkeypatch, capsys) -> None:
    from guanjia.cli.main import main

    file, before = broken(office, "a target")
    wrong = file.read_bytes()
    monkeypatch.chdir(office)
    assert main(["--lang", "en", "check", "--fix", "--dry-run"]) == OK
    assert "+      accept: {to: working" in capsys.readouterr().out
    assert file.read_bytes() == wrong
    assert main(["--lang", "zh", "check", "--fix"]) == OK
    assert "改好了 1 处" in capsys.readouterr().out
    assert file.read_bytes() == before
    assert main(["--lang", "en", "check", "--fix"]) == OK
    assert "nothing that can be mended" in capsys.readouterr().out
    assert main(["check", "--dry-run"]) == USAGE
    file.write_text(DESK.replace("initial: waiting\n", ""))
    assert main(["check", "--fix"]) == INVALID
