"""Customers from tables: what programmes save is read, what is not one is refused, nobody is doubled, and a break is gone on from."""

from __future__ import annotations

import csv
import random
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from guanjia.authoring import customer_import as importing
from guanjia.authoring.tables import harmless, meant, rows
from guanjia.clock import ManualClock
from guanjia.errors import Refused
from guanjia.model.event import SYSTEM
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from hypothesis import given, strategies as st

from tests.offices import MONDAY, small
from tests.runtime.test_register import PEOPLE, PROCEDURE

HEAD = ["编号", "姓名", "电话", "电话2", "房号", "关系", "入住日期"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Engine]:
    folder = small(tmp_path / "office", PROCEDURE, more={"organisation.yaml": PEOPLE})
    with Engine.at(folder, clock=ManualClock(MONDAY)) as engine:
        yield engine


@pytest.fixture
def table(tmp_path: Path) -> Any:
    def write(*lines: Sequence[str], head: Sequence[str] = HEAD, encoding: str = "utf-8") -> str:
        with open(tmp_path / "owners.csv", "w", newline="", encoding=encoding) as file:
            csv.writer(file).writerows([head, *lines])
        return str(tmp_path / "owners.csv")

    return write


def brought_in(desk: Engine, path: str, *, apply: bool = True, actor: Any = SYSTEM) -> importing.Outcome:
    outcome = importing.read(desk, path)
    importing.bring_in(desk, outcome, actor, apply=apply)
    return outcome


def counts(outcome: importing.Outcome) -> tuple[int, int, int, int]:
    return outcome.new, outcome.changed, outcome.same, len(outcome.refused)


ZHANG = ("", "张伟", "13800001234", "13811112222", "3-1-502", "业主", "2020/1/1")


def test_a_preview_counts_what_the_import_then_does_and_changes_nothing(desk: Engine, table: Any) -> None:
    desk.customers.add(actor=SYSTEM, name="张伟", phones=["13800001234"])
    path = table(
        ZHANG,
        ("", "李娜", "13900001234", "", "3-1-503", "租户", ""),
        ("", "", "", "", "9-9", "", ""),
        ("X-1", "王五", "abc", "", "", "", ""),
    )
    before = counts(brought_in(desk, path, apply=False))
    assert before == (1, 1, 0, 2)
    assert desk.store.customers.count() == 1
    after = brought_in(desk, path)
    assert counts(after) == before
    assert [row for row, _, _ in after.refused] == [4, 5]
    assert counts(brought_in(desk, path)) == (0, 0, 2, 2)
    (zhang,) = desk.customers.find("13811112222")
    assert (zhang.id, zhang.rooms[0].since) == ("C-00001", "2020-01-01")
    assert audit(desk) == []


def test_several_rows_of_a_person_are_one_person(desk: Engine, table: Any) -> None:
    path = table(
        ZHANG, ("", "张 伟", "13800001234", "", "3-1-503", "", ""), ("", "张伟", "", "", "3-1-503", "", "2021-1-1")
    )
    assert counts(brought_in(desk, path, apply=False)) == (1, 0, 0, 0)
    brought_in(desk, path)
    (zhang,) = desk.customers.find("3-1-503")
    assert [(each.room, each.since) for each in zhang.rooms] == [("3-1-502", "2020-01-01"), ("3-1-503", "2021-01-01")]
    assert desk.store.customers.count() == 1


def test_a_family_with_one_phone_stays_several_persons(desk: Engine, table: Any) -> None:
    path = table(ZHANG, ("", "王芳", "13800001234", "", "3-1-502", "家属", ""))
    assert counts(brought_in(desk, path)) == (2, 0, 0, 0)
    assert counts(brought_in(desk, path)) == (0, 0, 2, 0)
    assert len(desk.customers.household("3-1-502")) == 2


def test_an_id_names_the_person_whatever_else_changed_and_leads_to_the_survivor(desk: Engine, table: Any) -> None:
    brought_in(
        desk, table(("E-1", "张伟", "13800001234", "", "", "", ""), ("E-2", "张玮", "", "13700000000", "", "", ""))
    )
    desk.customers.merge("E-2", "E-1", actor=SYSTEM, reason="同一人")
    outcome = brought_in(desk, table(("E-2", "张三", "13600000000", "", "", "", "")))
    assert counts(outcome) == (0, 1, 0, 0)
    assert [each.id for each in desk.customers.find("13600000000")] == ["E-1"]


def test_whoever_may_be_one_of_several_is_refused_with_their_ids(desk: Engine, table: Any) -> None:
    for _ in range(2):
        desk.customers.add(actor=SYSTEM, name="张伟", phones=["13800001234"])
    outcome = brought_in(desk, table(ZHANG))
    assert counts(outcome) == (0, 0, 0, 1)
    assert "C-00001、C-00002" in outcome.refused[0][2].zh


def test_what_the_register_knows_beyond_the_file_stays(desk: Engine, table: Any) -> None:
    desk.customers.add(actor=SYSTEM, name="张伟", phones=["13800001234"], language="en", mails=["z@example.com"])
    brought_in(desk, table(ZHANG))
    (zhang,) = desk.customers.find("13800001234")
    assert (zhang.language, len(zhang.mails), len(zhang.phones)) == ("en", 1, 2)


def test_an_import_that_broke_off_goes_on_and_doubles_nobody(
    desk: Engine, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [("" if n % 3 else f"E-{n}", f"张{n}", f"1380000{n:04}", "", f"1-1-{n}", "", "") for n in range(50)]
    path = table(*people)
    monkeypatch.setattr(importing, "TOGETHER", 7)

    def stop(done: int) -> None:
        if done > 20:
            raise KeyboardInterrupt

    outcome = importing.read(desk, path)
    with pytest.raises(KeyboardInterrupt):
        importing.bring_in(desk, outcome, SYSTEM, apply=True, progress=stop)
    assert counts(outcome) == (21, 0, 0, 0)
    assert desk.store.customers.count() == 21
    assert counts(brought_in(desk, path)) == (29, 0, 21, 0)
    assert desk.store.customers.count() == 50


def test_whoever_may_not_change_the_register_imports_nothing(desk: Engine, table: Any) -> None:
    for apply in (False, True):
        with pytest.raises(Refused, match="customers"):
            brought_in(desk, table(ZHANG), apply=apply, actor=desk.actor("guard.xu"))


def test_any_table_read_twice_changes_nothing_the_second_time(desk: Engine, table: Any) -> None:
    for seed in range(30):
        chance = random.Random(seed)
        people = [
            (
                chance.choice(["", "", f"E-{chance.randrange(9)}"]), chance.choice(["张伟", "李娜", "", "Li Lei"]),
                chance.choice(["", f"138000000{chance.randrange(20):02}"]), chance.choice(["", "139 0000 0001", "x"]),
                chance.choice(["", f"1-1-{chance.randrange(9)}"]), chance.choice(["", "业主", "tenant", "猫"]), chance.choice(["", "2020-1-1", "43831"]),
            )
            for _ in range(40)
        ]  # fmt: skip
        path = table(*people)
        first = brought_in(desk, path)
        # Persons of the first reading may have become one of several; these are refused, and nobody is doubled.
        count = desk.store.customers.count()
        second = brought_in(desk, path)
        assert (second.new, desk.store.customers.count()) == (0, count), seed
        assert second.changed <= first.new + first.changed, seed
    assert audit(desk) == []


# -- what is read


def workbook(path: Path, sheet: str, *, shared: str = "", more: dict[str, str] | None = None, pr: str = "") -> str:
    main, rel = (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}">{pr}<sheets><sheet name="客户" sheetId="1" r:id="rId7"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="x"><Relationship Id="rId7" Target="worksheets/s.xml"/></Relationships>',
        "xl/worksheets/s.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{shared}</sst>',
        **(more or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return str(path)


def test_a_workbook_is_read_as_people_see_it(tmp_path: Path) -> None:
    shared = "<si><t>姓名</t></si><si><r><t>张</t></r><r><t>伟</t></r><rPh><t>zhang</t></rPh></si>"
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>手机号</t></is></c><c r="D1" t="str"><f>1+1</f><v>入住日期</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3"><v>1.3800001234E10</v></c><c r="D3" s="4"><v>43831</v></c></row>'
        '<row r="4"><c r="B4" t="e"><v>#REF!</v></c></row><row><c><v>2.5</v></c></row>'
    )
    found = list(rows(workbook(tmp_path / "a.xlsx", sheet, shared=shared)))
    assert found == [(1, ["姓名", "手机号", "", "入住日期"]), (3, ["张伟", "13800001234", "", "43831"]), (5, ["2.5"])]


def test_days_of_a_workbook_are_days(desk: Engine, tmp_path: Path) -> None:
    cells = [("姓名", "房号", "入住日期"), ("张伟", "3-1-502", "43831"), ("李娜", "3-1-503", "44230.17")]
    sheet = "".join(
        f"<row>{''.join(f'<c t=`inlineStr`><is><t>{cell}</t></is></c>' for cell in row)}</row>" for row in cells
    ).replace("`", '"')
    brought_in(desk, workbook(tmp_path / "a.xlsx", sheet))
    assert desk.customers.find("3-1-502")[0].rooms[0].since == "2020-01-01"
    assert desk.customers.find("3-1-503")[0].rooms[0].since == "2021-02-03"


BOMB = '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("wrong", ["entities", "years", "no sheet", "cut", "letters", "picture", "nothing", "empty"])
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, wrong: str, desk: Engine) -> None:
    path = tmp_path / "a.xlsx"
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row>'
    if wrong == "entities":
        workbook(path, row, more={"xl/worksheets/s.xml": f"{BOMB}<worksheet>&b;</worksheet>"})
    elif wrong == "years":
        workbook(path, row, pr='<workbookPr date1904="1"/>')
    elif wrong == "no sheet":
        workbook(path, row, more={"xl/workbook.xml": "<workbook/>"})
    elif wrong == "cut":
        path.write_bytes(Path(workbook(path, row)).read_bytes()[:300])
    elif wrong == "letters":
        workbook(path, '<row r="1"><c r="A1" t="s"><v>7</v></c></row>')
    elif wrong == "picture":
        path.write_bytes(b"\x89PNG\r\n\0\0" + bytes(range(256)))
    elif wrong == "empty":
        path.write_bytes(b"")
    with pytest.raises(Refused) as refused:
        importing.read(desk, str(path if wrong != "nothing" else tmp_path / "none.csv"))
    assert refused.value.code == "table"


def test_more_than_fits_into_memory_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guanjia.authoring.tables.MOST_BYTES", 100_000)
    path = workbook(tmp_path / "a.xlsx", "<row><c><v>1</v></c></row>" * 100_000)
    with pytest.raises(Refused):
        list(rows(path))


@pytest.mark.parametrize(
    ("limit", "sheet"),
    [
        ("MOST_ROWS", "<row/>" * 1_001),
        ("MOST_CELLS", '<row><c r="SF1"><v>1</v></c></row>' * 3),
        ("LONGEST_CELL", f'<row><c t="str"><v>{"x" * 1_001}</v></c></row>'),
    ],
)
def test_a_small_file_that_unpacks_to_a_huge_table_is_refused_as_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, sheet: str
) -> None:
    monkeypatch.setattr(f"guanjia.authoring.tables.{limit}", 1_000)
    with pytest.raises(Refused, match="too large"):
        list(rows(workbook(tmp_path / "a.xlsx", sheet)))


def test_signs_that_a_workbook_spells_out_are_signs(tmp_path: Path) -> None:
    sheet = '<row><c t="str"><v>张_x000D_\n伟</v></c><c t="str"><v>_xD83D_ _x_</v></c></row>'
    assert list(rows(workbook(tmp_path / "a.xlsx", sheet))) == [(1, ["张\r\n伟", "_xD83D_ _x_"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_as_programmes_in_china_save_it(desk: Engine, table: Any, encoding: str) -> None:
    assert counts(brought_in(desk, table(ZHANG, encoding=encoding))) == (1, 0, 0, 0)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", "\ufeff".encode("gb18030")])
def test_a_mark_before_text_in_another_encoding_is_passed_over(desk: Engine, tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "owners.csv"
    path.write_bytes(mark + "姓名,电话\n张伟,13800001234\n".encode("gb18030"))
    outcome = brought_in(desk, str(path))
    assert (counts(outcome), outcome.ignored) == ((1, 0, 0, 0), [])


def test_what_is_typed_in_wide_signs_is_the_same(desk: Engine, table: Any) -> None:
    brought_in(
        desk, table(("", "张\n伟", "１３８００００１２３４", "", "３－１－５０２", "业主", "２０２０－０１－０１"))
    )
    for typed in ("13800001234", "３-1-502", "张 伟"):
        (found,) = desk.customers.find(typed)
        assert (found.rooms[0].room, found.rooms[0].since) == ("3-1-502", "2020-01-01")


def test_what_will_not_do_is_told_by_its_own_column(desk: Engine, table: Any) -> None:
    outcome = brought_in(
        desk,
        table(
            ("", "张伟", "12", "", "", "", ""),
            ("", "李娜", "13800001234", "", "3-1", "狗", ""),
            ("", "王五", "13800001235", "", "3-1", "", "2020-13-01"),
        ),
    )
    assert [why.zh for _, _, why in outcome.refused] == [
        "电话（phone）不对：“1**”不像电话号码，例如 13800001234",
        "关系不对：“狗”不在其中：业主 owner、租户 tenant、家属 family、代理人 agent",
        "入住日期不对：“2020-13-01”不是日期，写成 2026-11-24",
    ]


def test_columns_may_be_called_in_english_and_unknown_ones_are_told(desk: Engine, table: Any) -> None:
    path = table(
        ("Li Lei", "13800001234", "3-1", "tenant", "2020-01-01", "x"),
        head=["Name", "Phone *", "Unit", "Relation", "From", "Colour"],
    )
    assert brought_in(desk, path).ignored == ["Colour"]
    assert desk.customers.find("3-1")[0].rooms[0].relation == "tenant"
    with pytest.raises(Refused, match="name of a column"):
        importing.read(desk, table(("x",), head=["Colour"]))


# -- what is refused


def test_refused_rows_can_be_mended_and_imported_and_hold_no_formula(desk: Engine, table: Any, tmp_path: Path) -> None:
    outcome = brought_in(
        desk, table(("", "=HYPERLINK(1)", "+8613600001111", "abc", "", "", ""), ("", "@x", "", "", "", "狗", ""))
    )
    aside = str(tmp_path / "refused.csv")
    importing.write_refused(outcome, aside, "zh")
    assert Path(aside).stat().st_mode & 0o077 == 0
    with open(aside, encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == [*HEAD, "行", "原因"]
    assert all(cell[:1] not in ("=", "+", "-", "@") for line in lines for cell in line)
    Path(aside).write_text(Path(aside).read_text(encoding="utf-8-sig").replace("abc", "13700001111"), encoding="utf-8")
    again = brought_in(desk, aside)
    assert (counts(again), again.ignored) == ((1, 0, 0, 1), [])
    (mended,) = desk.customers.find("13600001111")
    assert desk.customers.reveal(mended.id, actor=SYSTEM, reason="x").name == "=HYPERLINK(1)"


@given(st.text(max_size=8) | st.sampled_from(["=1", "'=1", "''=1", "+1", "\t", "'", "-"]))
def test_a_cell_that_was_made_harmless_means_what_it_was(cell: str) -> None:
    assert harmless(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r")
    if not (cell[:1] == "'" and meant(cell) != cell):  # what looks like ours is taken for ours
        assert meant(harmless(cell)) == cell
