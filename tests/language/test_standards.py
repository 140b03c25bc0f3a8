"""A limit names its standard: what the standard and the overlays say holds as if it stood in the procedure, and what has no ground is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.errors import Invalid
from guanjia.language import OfficeFiles

from tests.offices import MONDAY, OFFICE, SHIPPED, clock_of, engine, shipped, small

PROCEDURE = """\
procedure: desk
calendar: always
fields: {urgent: {type: boolean, default: false}, slot: {type: instant}}
sla:
  reply:
    start: open
    stop: over
    pausable: false
    target: [{guard: slot is not none, until: slot, standard: slot}, {guard: urgent, standard: quick}, {standard: reply}]
initial: waiting
states:
  waiting:
    transitions: {answer: {to: over}}
    after: {silent: {standard: silence, to: over}}
  over: {final: true}
"""
STANDARDS = """\
standards:
  slot: {item: {zh: 按约上门, en: as appointed}, basis: contract}
  quick: {item: {zh: 急件答复, en: a quick answer}, within: 30m, basis: standard, source: {zh: 某标准, en: some standard}}
  reply: {item: {zh: 答复, en: an answer}, within: 3 days, basis: company, pledged: true}
  silence: {item: {zh: 无人处理, en: nobody does anything}, within: 8 days, basis: company}
  timely: {item: {zh: 及时率, en: in time}, at_least: 95%, basis: company}
"""
CITY = """\
overlay: city
limits: {reply: {within: 50h, basis: law, verified: true, source: {zh: 某市条例第三条, en: a city's regulations}}}
"""


def office(
    folder: Path, procedure: str = PROCEDURE, standards: str = STANDARDS, city: str = CITY, chosen: str = ""
) -> Path:
    more = {"overlays/city.yaml": city, "office.yaml": OFFICE + chosen}
    return small(folder, procedure, more={**more, **({"standards.yaml": standards} if standards else {})})


def codes(folder: Path) -> set[str]:
    return {f"{item.code} {item.file}:{item.line}" for item in OfficeFiles(folder).check() if item.severity == "error"}


def due(folder: Path, **values: object) -> int:
    desk = engine(folder)
    case = desk.open("desk", actor="agent.wang", **values).case
    found = case.clocks["reply"].due
    assert found is not None
    return found - MONDAY


def test_what_a_standard_says_holds_as_if_it_stood_in_the_procedure(tmp_path: Path) -> None:
    folder = office(tmp_path)
    assert codes(folder) == set()
    assert due(folder, urgent=True) == 30 * MINUTE
    assert due(folder, slot="2026-03-02 10:00") < HOUR * 10
    desk = engine(folder)
    case = desk.open("desk", actor="agent.wang").case
    clock_of(desk).advance(9 * DAY)
    desk.run_once()
    assert desk.case(case.id).finished
    written = office(
        tmp_path / "written", PROCEDURE.replace("standard: quick", "within: 30m").replace("standard: reply", "within: 3 days")
        .replace(", standard: slot", "").replace("standard: silence", "delay: 8 days"), "",
    )  # fmt: skip
    assert due(written) == due(folder) > 3 * DAY


def test_of_a_standard_and_an_overlay_the_earlier_limit_counts(tmp_path: Path) -> None:
    assert due(office(tmp_path / "a", chosen="overlays: [city]\n")) == 50 * HOUR
    late = CITY.replace("50h", "500h")
    assert due(office(tmp_path / "b", city=late, chosen="overlays: [city]\n")) == due(office(tmp_path / "c"))
    # beside an instant that comes with the case, too
    beside = CITY.replace("reply", "slot").replace("50h", "2h")
    assert due(office(tmp_path / "d", city=beside, chosen="overlays: [city]\n"), slot="2026-03-09 09:00") == 2 * HOUR


def test_a_case_keeps_the_standards_of_its_day(tmp_path: Path) -> None:
    folder = office(tmp_path)
    desk = engine(folder)
    old = desk.open("desk", actor="agent.wang").case
    (folder / "standards.yaml").write_text(STANDARDS.replace("within: 3 days", "within: 1h"))
    assert desk.refresh()
    new = desk.open("desk", actor="agent.wang").case
    assert new.clocks["reply"].due == MONDAY + HOUR
    assert desk.case(old.id).clocks["reply"].due == old.clocks["reply"].due
    assert desk.program(old).version.standards["reply"].standard.within == "3 days"
    assert set(desk.program(new).version.standards) == {"slot", "quick", "reply", "silence"}


@pytest.mark.parametrize(
    ("found", "given"),
    [
        ("unknown-standard procedures/desk.yaml:9", {"procedure": PROCEDURE.replace("{standard: reply}", "{standard: replies}")}),
        ("unknown-standard procedures/desk.yaml:9", {"standards": ""}),
        ("two-limits procedures/desk.yaml:9", {"procedure": PROCEDURE.replace("{standard: reply}", "{standard: reply, within: 2h}")}),
        ("no-limit procedures/desk.yaml:9", {"procedure": PROCEDURE.replace("{standard: reply}", "{standard: timely}")}),
        ("two-limits procedures/desk.yaml:14", {"procedure": PROCEDURE.replace("{standard: silence,", "{standard: silence, every: 1h,")}),
        ("no-limit procedures/desk.yaml:14", {"procedure": PROCEDURE.replace("standard: silence", "standard: slot")}),
        ("no-basis procedures/desk.yaml:9", {"procedure": PROCEDURE.replace("{standard: reply}", "{within: 3 days}")}),
        ("overlay-on-delay procedures/desk.yaml:14", {"city": CITY.replace("{reply", "{silence"), "chosen": "overlays: [city]\n"}),
        ("lawful-pauses procedures/desk.yaml:5", {"procedure": PROCEDURE.replace("    pausable: false\n", ""), "chosen": "overlays: [city]\n"}),
        ("unknown-overlay office.yaml:4", {"chosen": "overlays: [town]\n"}),
        ("unknown-standard overlays/city.yaml:2", {"city": CITY.replace("{reply", "{replies")}),
        ("overlay-name overlays/city.yaml:1", {"city": CITY.replace("overlay: city", "overlay: town")}),
        ("grammar overlays/city.yaml:1", {"city": CITY.replace("verified: true, ", "")}),
        ("grammar standards.yaml:3", {"standards": STANDARDS.replace("basis: standard, source: {zh: 某标准, en: some standard}", "basis: law")}),
        ("grammar standards.yaml:6", {"standards": STANDARDS.replace("95%", "most")}),
        ("duration standards.yaml:4", {"standards": STANDARDS.replace("within: 3 days", "within: 3d")}),
        ("unknown-calendar standards.yaml:4", {"standards": STANDARDS.replace("within: 3 days", "within: 3h, calendar: moon")}),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_standard_is_told_at_its_place(tmp_path: Path, found: str, given: dict[str, str]) -> None:
    assert found in codes(office(tmp_path, **given))


def test_a_file_of_standards_that_cannot_be_read_is_told_once_and_nothing_runs_without_it(tmp_path: Path) -> None:
    folder = office(tmp_path, standards=STANDARDS.replace("basis: contract", "basis: habit"))
    assert codes(folder) == {"type standards.yaml:2"}
    with pytest.raises(Invalid):
        OfficeFiles(folder).version("desk")


def test_every_limit_that_is_shipped_has_its_ground_and_each_overlay_can_be_chosen(tmp_path: Path) -> None:
    folder = shipped(tmp_path / "office", SHIPPED)
    overlays = sorted(path.stem for path in (folder / "overlays").glob("*.yaml"))
    text = (folder / "office.yaml").read_text()
    (folder / "office.yaml").write_text(f"{text}\noverlays: [{', '.join(overlays)}]\n")
    files = OfficeFiles(folder)
    assert not [item for item in files.check() if item.severity == "error"]
    held = files.standards()
    assert held
    used = {name for each in files.procedures() for name in files.version(each).standards}
    assert {name for name, one in held.items() if one.standard.at_least is None} == used
    assert {overlay for one in held.values() for overlay in one.overlays} == set(overlays)


def test_a_copy_of_a_version_that_says_something_else_has_another_hash(tmp_path: Path) -> None:
    version = OfficeFiles(office(tmp_path)).version("desk")
    assert version.hash
    assert version.model_copy(update={"standards": {}}).hash != version.hash == version.model_copy().hash
