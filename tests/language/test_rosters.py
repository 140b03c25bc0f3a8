"""organisation.yaml and rosters are checked like procedures: everything wrong at once, each at its place, with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.language import OfficeFiles

from tests.offices import small

PROCEDURE = """\
procedure: desk
initial: asked
states: {asked: {transitions: {answer: {to: over}}, after: {late: {delay: 1 workday, to: over}}}, over: {final: true}}
"""
PEOPLE = """\
roles:
  guard: {}
sites:
  main: {buildings: {"1": , "2": {label: {zh: 二号楼}}}}
teams:
  order: {lead: guard.xu}
skills:
  lift: {certificate: true}
shifts:
  night: {hours: 22:00-06:00}
  office: {hours: ["09:00-12:00", "13:00-18:00"], days: workdays}
staff:
  guard.zhou:
    name: 周勇
    roles: [guard]
    team: order
    buildings: ["1"]
    skills: [lift]
    certificates: {lift: 2027-01-31}
    substitute: guard.xu
    leave: [{on: 2026-03-02..2026-03-03, reason: annual}]
  guard.xu: {name: 徐刚, roles: guard}
  guard.old: {name: 老赵, active: false}
  guard.wu: {name: 吴刚}
  duty.wu: {name: 吴刚}
"""
TABLE = "date,shift,staff\n2026-03-04,night,guard.zhou\n2026-03-05,night,徐刚\n"


@pytest.fixture
def office(tmp_path: Path) -> Path:
    more = {"organisation.yaml": PEOPLE, "rosters/march.csv": TABLE}
    return small(tmp_path, PROCEDURE, more=more)


def findings(folder: Path) -> list[tuple[str, str, str, str]]:
    return [
        (item.place, item.code, item.text.en, item.hint.en if item.hint else "")
        for item in OfficeFiles(folder).check()
        if item.file.startswith(("organisation", "rosters"))
    ]


def lines(folder: Path) -> list[tuple[str, list[str], list[str]]]:
    return [(line["shift"], line["staff"], line["on"]) for line in OfficeFiles(folder).organisation()["duty"]["lines"]]


def test_an_organisation_and_a_roster_that_are_right_have_no_findings(office: Path) -> None:
    assert findings(office) == []
    assert lines(office) == [("night", ["guard.zhou"], ["2026-03-04"]), ("night", ["guard.xu"], ["2026-03-05"])]


@pytest.mark.parametrize(
    ("old", "new", "place", "code", "hint"),
    [
        ("lead: guard.xu", "lead: guard.xo", "organisation.yaml:6:17", "unknown-staff", "did you mean guard.xu?"),
        ("team: order", "team: ordre", "organisation.yaml:16:11", "unknown-team", "did you mean order?"),
        ('buildings: ["1"]', 'buildings: ["11"]', "organisation.yaml:17:17", "unknown-building", "did you mean 1?"),
        ("skills: [lift]", "skills: [lfit]", "organisation.yaml:18:14", "unknown-skill", "did you mean lift?"),
        ("{lift: 2027-01-31}", "{lift: 2027年1月31日}", "organisation.yaml:19:26", "date", "did you mean 2027-01-31?"),
        ("substitute: guard.xu", "substitute: guard.zhou", "organisation.yaml:20:17", "substitute", ""),
        ("substitute: guard.xu", "substitute: guard.old", "organisation.yaml:20:17", "has-left", "name somebody who is here"),
        ("2026-03-02..2026-03-03", "2026-02-30", "organisation.yaml:21:18", "date", "e.g. 2026-10-01"),
        ("reason: annual", "reason: anual", "organisation.yaml:21:50", "type", "did you mean annual?"),
        ("hours: 22:00-06:00", "hours: 22-6", "organisation.yaml:10:18", "window", "did you mean 22:00-6:00?"),
        ("days: workdays", "days: workdays, calendar: ofice", "organisation.yaml:11:77", "unknown-calendar", "did you mean office?"),
        ('"1": ,', '"1": {rooms: [101..104, 106..1]},', "organisation.yaml:4:46", "rooms", "write 1..18"),
        ('"1": ,', '"1": {units: 2},', "organisation.yaml:4:28", "rooms", "add rooms"),
        ('"1": ,', '"1": {units: 90, floors: 90, rooms: 9},', "organisation.yaml:4:58", "rooms", "several buildings"),
        ('"1": ,', '"1": {units: 2, floors: 6, rooms: 2, without: [1-107]},', "organisation.yaml:4:69", "rooms", "did you mean 1-10"),
        ("roles: guard}", "roles: guard, sites: north}", "organisation.yaml:22:45", "unknown-site", "there are: main"),
    ],
)  # fmt: skip
def test_each_slip_in_the_organisation_is_told_where_it_stands(
    office: Path, old: str, new: str, place: str, code: str, hint: str
) -> None:
    (office / "organisation.yaml").write_text(PEOPLE.replace(old, new, 1))
    (found,) = [item for item in findings(office) if item[0].startswith("organisation")]
    assert found[:2] == (place, code)
    assert hint in found[3]


@pytest.mark.parametrize(
    ("row", "column", "code", "hint"),
    [
        ("2026-03-06,nihgt,guard.xu", 12, "unknown-shift", "did you mean night?"),
        ("2026-03-06,night,guard.xo", 18, "unknown-staff", "did you mean guard.xu?"),
        ("2026-03-06,night,吴刚", 18, "unknown-staff", "write the id: guard.wu, duty.wu"),
        ("2026-03-06,night,guard.old", 18, "has-left", "roster somebody who is here"),
        ("2026/3/6,night,guard.xu", 1, "date", "did you mean 2026-03-06?"),
        ("2026-03-07,office,guard.xu", 1, "no-shift", "it runs on workdays only"),
        ("2026-03-05,night,guard.xu", 1, "rostered-twice", "delete one of them"),
        ('2026-03-06,"night",  guard.xo', 22, "unknown-staff", "did you mean guard.xu?"),
        ("2026-03-06,night", 12, "roster-columns", "the first line is date,shift,staff"),
    ],
)
def test_each_slip_in_a_roster_is_told_at_its_cell_and_the_other_lines_count(
    office: Path, row: str, column: int, code: str, hint: str
) -> None:
    sound = lines(office)
    (office / "rosters/march.csv").write_text(f"{TABLE}{row}\n")
    (found,) = findings(office)
    assert found[:2] == (f"rosters/march.csv:4:{column}", code)
    assert hint in found[3]
    assert lines(office) == sound


def test_whoever_is_rostered_on_a_day_of_his_leave_is_a_doubt_and_no_error(office: Path) -> None:
    (office / "rosters/march.csv").write_text("日期,班次,人员\n2026-03-02,night,guard.zhou\n")
    (found,) = [item for item in OfficeFiles(office).check() if item.file.startswith("rosters")]
    assert (found.code, found.severity, found.place) == ("rostered-on-leave", "warning", "rosters/march.csv:2:1")


def test_rosters_in_yaml_are_checked_in_the_same_way(office: Path) -> None:
    (office / "rosters/april.yaml").write_text(
        "roster:\n  - {shift: night, staff: [徐刚, nobody], on: [2026-04-01..2026-04-30]}\n  - {shift: night, staff: guard.wu}\n"
    )
    assert [item[:2] for item in findings(office)] == [("rosters/april.yaml:2:32", "unknown-staff")]
    assert ("night", ["guard.wu"], []) in lines(office)
    (office / "rosters/april.yaml").write_text("roster:\n  - {shfit: night, staff: guard.wu}\n")
    assert {item[1] for item in findings(office)} == {"unknown-key", "missing-key"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [("date,who\n", "roster-columns"), ("日期,班次,人员\n2026-03-06,night,徐刚\n".encode("gbk"), "encoding")],
)
def test_a_table_that_cannot_be_read_is_told_once_and_stops_nothing(office: Path, raw: str | bytes, code: str) -> None:
    (office / "rosters/march.csv").write_bytes(raw.encode() if isinstance(raw, str) else raw)
    assert [item[1] for item in findings(office)] == [code]
    assert lines(office) == []


def test_a_table_as_office_programmes_save_it_is_read(office: Path) -> None:
    (office / "rosters/march.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode() + b",,\r\n\r\n")
    assert findings(office) == []
    assert len(lines(office)) == 2
