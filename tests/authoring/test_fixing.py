"""`check --fix`: what was broken in a way that says itself what was meant becomes, byte for byte, what it was."""

from __future__ import annotations

import random
import re
import unicodedata
from pathlib import Path

import pytest
import yaml
from guanjia.authoring.fixing import Kept, mend
from guanjia.cli.failure import INVALID, OK, USAGE
from guanjia.errors import Conflict
from guanjia.language import OfficeFiles

from tests.offices import small
from tests.scale import scale, tell

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


STANDARDS = """\
standards:
  taken: {item: {zh: 接单，送上门（急修）, en: taken on}, within: 30m, basis: company}   # 半小时，照旧
  asked: {item: {zh: 答复（须转部门的）, en: answered}, within: 3 workdays, basis: company}
"""

REGISTRY = """\
registry: pumps
key: code
columns:
  code: {type: text, required: true}
  kind: {type: choice, of: [fire, lift], required: true}
  first: {type: date}
  list: {type: text, required: true}
rows:
  - {code: XF-1, kind: fire, first: 2026-03-05, list: 压力、铅封、有效期、位置}
labels:
  zh: {pumps: 水泵, code: 编号, kind: 类别, fire: 消防, lift: 电梯, first: 首次日期, list: 检查项目}
  en: {pumps: pumps, code: code, kind: kind, fire: fire, lift: lift, first: first, list: list}
"""

FILES = {
    "standards.yaml": STANDARDS,
    "registries/pumps.yaml": REGISTRY,
    "templates/zh/told.text.j2": "“{{ number }}”：已登记，编号 {{ number | default('无') }}。\n",
    "procedures/desk.yaml": DESK.replace("target: {within: 30m}", "target: {standard: taken}"),
}

SLIPS = {
    "a full-width colon before a limit, beside prose": (
        "standards.yaml", "within: 30m", "within：30m", "within: 30m"),
    "a colon without its blank in braces": ("standards.yaml", "within: 30m", "within:30m", "within: 30m"),
    "a full-width colon beside brackets in prose": (
        "standards.yaml", "workdays, basis: company", "workdays, basis：company", "workdays, basis: company"),
    "a full-width brace beside prose": ("standards.yaml", "company}   #", "company｝   #", "company}   #"),
    "a full-width semicolon": ("procedures/desk.yaml", "text, required: true, max", "text； required: true, max", "text, required: true, max"),
    "a comma in a text of a row": (
        "registries/pumps.yaml", "压力、铅封、有效期、位置", "压力,铅封、有效期、位置", "'压力,铅封、有效期、位置'"),
    "every comma in a text of a row": (
        "registries/pumps.yaml", "压力、铅封、有效期、位置", "压力,铅封,有效期,位置", "'压力,铅封,有效期,位置'"),
    "a comma in a text of a standard": ("standards.yaml", "接单，送上门（急修）", "接单,送上门（急修）", "'接单,送上门（急修）'"),
    "what people call a choice of a row": ("registries/pumps.yaml", "kind: fire, first", "kind: 消防, first", "kind: fire, first"),
    "Chinese quotes within an expression of a template": (
        "templates/zh/told.text.j2", "'无'", "“无，”", '"无，"'),
    "Chinese quotes in a guard": ("procedures/desk.yaml", "severity == 'minor'", "severity == “minor”", "severity == 'minor'"),
    "Chinese quotes in a guard within quotes": (
        "procedures/desk.yaml", "severity == 'minor'", '"severity == “minor”"', "\"severity == 'minor'\""),
    "corner brackets around names": (
        "procedures/desk.yaml", "stop: [accept, over]", "stop: 【accept, over】", "stop: [accept, over]"),
    "names after each other without brackets": (
        "procedures/desk.yaml", "by: [agent, supervisor]", "by: agent、supervisor", "by: [agent, supervisor]"),
    "a key of a block with a full-width colon, above another": (
        "procedures/desk.yaml", "calendar: always", "calendar：always", "calendar: always"),
    "a key of a block without the blank": (
        "procedures/desk.yaml", "calendar: always", "calendar:always", "calendar: always"),
}  # fmt: skip


@pytest.fixture
def furnished(tmp_path: Path) -> Path:
    return small(tmp_path / "office", FILES["procedures/desk.yaml"], templates=("told",), more=FILES)


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_a_chinese_keyboard_is_mended_in_its_place_and_all_else_stays(furnished: Path, slip: str) -> None:
    left = OfficeFiles(furnished).check()
    assert not [it for it in left if it.severity == "error"]
    path, right, wrong, mended = SLIPS[slip]
    assert FILES[path].count(right) == 1, slip
    (furnished / path).write_text(FILES[path].replace(right, wrong))
    errors = [it for it in OfficeFiles(furnished).check() if it.severity == "error"]
    assert errors
    assert all(it.hint is not None for it in errors if it.code not in ("missing-key", "template")), errors
    mend(furnished).write()
    assert (furnished / path).read_text() == FILES[path].replace(right, mended)
    assert not [it for it in OfficeFiles(furnished).check() if it.severity == "error"]


def leaves(data: object) -> list[str]:
    """The letters of every key and value that there is, in order."""
    if isinstance(data, dict):
        return [word for key, value in data.items() for word in (*leaves(key), *leaves(value))]
    if isinstance(data, list):
        return [word for item in data for word in leaves(item)]
    return [] if data is None else [re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", str(data)))]


def valueless(data: object) -> int:
    if isinstance(data, dict):
        return sum(value in (None, "") or valueless(value) for value in data.values())
    return sum(map(valueless, data)) if isinstance(data, list) else 0


DRAWN = {
    ":": "：",
    ",": "，",
    "[": "【",
    "]": "】",
    "{": "｛",
    "}": "｝",
    "'": "“",
    "、": ",",
    "，": ",",
    " ": "",
    "3": "３",
}
"""A sign that was meant, and what is typed in its place."""


def test_whatever_signs_are_slips_no_edit_loses_a_value_or_a_remark(furnished: Path) -> None:
    mended = 0
    for seed in range(scale(60, 2000, faults=60)):
        chance = random.Random(seed)
        path = chance.choice([path for path in FILES if path.endswith(".yaml")])
        lines = FILES[path].split("\n")
        at = chance.choice([number for number, line in enumerate(lines) if any(sign in DRAWN for sign in line)])
        for _ in range(chance.choice((1, 1, 2, 3))):
            place = chance.choice([place for place, sign in enumerate(lines[at]) if sign in DRAWN] or [0])
            lines[at] = lines[at][:place] + DRAWN.get(lines[at][place], lines[at][place]) + lines[at][place + 1 :]
        (furnished / path).write_text("\n".join(lines))
        for _, after in mend(furnished).files.values():
            mended += 1
            read, meant = (yaml.load(text, yaml.BaseLoader) for text in (after.decode(), FILES[path]))
            assert "".join(leaves(read)) == "".join(leaves(meant)), (seed, lines[at])
            now = after.decode().split("\n")[at]
            assert now.partition(" #")[2] == lines[at].partition(" #")[2], (seed, lines[at])
            empty = valueless(yaml.load(after.decode(), yaml.BaseLoader))
            try:
                assert empty <= valueless(yaml.load("\n".join(lines), yaml.BaseLoader)), (seed, lines[at], now)
            except yaml.YAMLError:
                assert not empty, (seed, lines[at], now)
        (furnished / path).write_text(FILES[path])
    tell("slips of signs", mended=mended)
    assert mended > 10


NOT_MENDED = {
    "two ways to read": ("registries/pumps.yaml", "list: 压力、铅封、有效期、位置", "list: 压力,时间：三点"),
    "a date": ("registries/pumps.yaml", "first: 2026-03-05", "first: 2026/3/5"),
    "a value without its colon": ("standards.yaml", "within: 30m", "within 30m"),
    "a value within its key": ("standards.yaml", "within: 30m", "within30m"),
    "a missing value beside prose": ("registries/pumps.yaml", "kind: fire, first", "first"),
    "a brace of a template": ("templates/zh/told.text.j2", "登记，编号 {{ number | default('无') }}", "登记，编号 {{ number }"),
    "a filter that there is not": ("templates/zh/told.text.j2", "default('无')", "大写"),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_MENDED)
def test_check_promises_no_mending_where_fix_finds_none(furnished: Path, monkeypatch, capsys, what: str) -> None:
    from guanjia.cli.main import main

    path, right, wrong = NOT_MENDED[what]
    assert FILES[path].count(right) == 1
    (furnished / path).write_text(FILES[path].replace(right, wrong))
    monkeypatch.chdir(furnished)
    assert main(["--lang", "zh", "check"]) == INVALID
    assert "替您改好" not in capsys.readouterr().out
    assert main(["--lang", "zh", "check", "--fix", "--dry-run"]) == INVALID
    assert "没有可以放心替您改的" in capsys.readouterr().out


def test_check_promises_a_mending_that_fix_finds(furnished: Path, monkeypatch, capsys) -> None:
    from guanjia.cli.main import main

    path, right, wrong, _ = SLIPS["a full-width colon before a limit, beside prose"]
    (furnished / path).write_text(FILES[path].replace(right, wrong))
    monkeypatch.chdir(furnished)
    assert main(["--lang", "zh", "check"]) == INVALID
    assert "替您改好" in capsys.readouterr().out


def test_a_sign_that_would_hide_what_follows_as_a_remark_is_not_made_plain() -> None:
    text = "a: 三号楼 ＃2，b\n"
    assert not Kept("a.yaml", text).after(7, 8, "#")
    assert Kept("a.yaml", text).after(9, 10, ", ")
    broken = "a: [三号楼 ＃2，b\n"
    at = broken.index("＃")
    assert not Kept("a.yaml", broken).after(at, len(broken) - 1, "]#2, b")
