"""Registries at work: a case keeps the row that it points to as it was then, in guards, in letters, and for whoever looks back."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.authoring.prove import prove
from guanjia.authoring.stories import run_stories
from guanjia.authoring.suggesting import suggest, with_stories
from guanjia.core import fold
from guanjia.errors import NotFound, Refused
from guanjia.language import OfficeFiles
from guanjia.model.event import Event

from tests.offices import engine, small

LIFTS = """\
registry: lifts
version: "2026"
key: code
columns:
  code: {type: text, required: true}
  building: {type: text}
  kind: {type: choice, of: [passenger, goods], default: passenger}
  load: {type: decimal}
  until: {type: date}
  open: {type: boolean, default: true}
rows:
  - {code: L1, building: "1", load: 1000.5, until: 2026-06-30}
  - {code: L2, building: "2", kind: goods, open: false}
labels:
  zh: {lifts: 电梯, code: 编号, building: 楼栋, kind: 类别, passenger: 客梯, goods: 货梯, load: 载重, until: 有效期至, open: 在用}
  en: {lifts: lifts, code: code, building: building, kind: kind, passenger: passenger, goods: goods, load: load, until: valid until, open: in use}
"""
PROCEDURE = """\
procedure: desk
calendar: always
fields:
  lift: {type: entry, of: lifts, required: true}
  heavy: {type: boolean, default: false}
initial: waiting
states:
  waiting:
    entry: [{set: {heavy: lift.load > 1000}}]
    transitions:
      answer: {to: over, guard: lift.open and lift.kind != 'goods'}
  over: {final: true}
labels:
  zh: {desk: 前台, waiting: 等待, over: 结束, answer: 答复, lift: 电梯, heavy: 重}
  en: {desk: desk, waiting: waiting, over: over, answer: answer, lift: lift, heavy: heavy}
"""


def office(folder: Path, lifts: str = LIFTS, procedure: str = PROCEDURE) -> Path:
    return small(folder, procedure, templates=("told",), more={"registries/lifts.yaml": lifts})


def test_a_case_keeps_the_row_that_it_points_to_as_it_was_then(tmp_path: Path) -> None:
    folder = office(tmp_path)
    assert {item.code for item in OfficeFiles(folder).check()} == {"unbounded-wait"}
    desk = engine(folder)
    first = desk.open("desk", actor="agent.wang", lift="L1").case
    assert first.fields["heavy"] is True
    assert first.entries["lift"]["values"] == {
        "code": "L1", "building": "1", "kind": "passenger", "load": "1000.5", "until": "2026-06-30", "open": True,
    }  # fmt: skip
    (folder / "registries/lifts.yaml").write_text(LIFTS.replace("1000.5", "800").replace('"1", load', '"9", load'))
    (amended,) = (event for event in desk.refresh() if event.type == "amended")
    assert (amended.name, amended.data["changed"], amended.data["added"], amended.data["removed"]) == ("lifts", 1, 0, 0)
    second = desk.open("desk", actor="agent.wang", lift="L1").case
    assert (second.fields["heavy"], second.entries["lift"]["values"]["building"]) == (False, "9")
    assert desk.case(first.id) == first, "an edit of the registry moves no running case"
    assert fold(Event.from_text(row.text) for row in desk.store.events(first.id)) == first
    assert first.version == second.version, "rows are no rules: only columns are pinned"
    assert desk.registry_of(first.entries["lift"]["version"]).rows["L1"]["building"] == "1"


def test_guards_read_columns_and_a_row_that_is_not_there_is_refused(tmp_path: Path) -> None:
    desk = engine(office(tmp_path))
    goods = desk.open("desk", actor="agent.wang", lift="L2").case
    with pytest.raises(Refused) as refused:
        desk.act(goods.id, "answer", actor="agent.wang")
    assert refused.value.code == "guard"
    with pytest.raises(Refused) as refused:
        desk.open("desk", actor="agent.wang", lift="L9")
    assert "没有“L9”" in refused.value.text.zh
    assert "“lifts” has no 'L9'" in refused.value.text.en
    desk.edit(goods.id, actor="agent.wang", lift="L1")
    assert desk.act(goods.id, "answer", actor="agent.wang").case.finished


def test_a_registry_with_a_mistake_is_not_taken_up_and_the_one_before_stays_in_force(tmp_path: Path) -> None:
    folder = office(tmp_path)
    desk = engine(folder)
    (folder / "registries/lifts.yaml").write_text(LIFTS.replace("2026-06-30", "June"))
    assert [item.type for item in desk.refresh()] == []
    assert desk.open("desk", actor="agent.wang", lift="L1").case.entries["lift"]["values"]["until"] == "2026-06-30"
    (folder / "registries/lifts.yaml").unlink()
    assert {(item.type, item.name) for item in desk.refresh()} == {("amended", "lifts")}
    with pytest.raises(NotFound):
        desk.registry("lifts")


def test_a_letter_says_what_the_row_said(tmp_path: Path) -> None:
    told = PROCEDURE.replace("{set: {heavy: lift.load > 1000}}", "{notify: {told: opener}}")
    folder = office(tmp_path, procedure=told)
    for language in ("zh", "en"):
        (folder / f"templates/{language}/told.text.j2").write_text(
            "{{ lift }}\n{{ lift }}在{{ lift.building }}号楼，{{ lift.kind | label }}，{{ lift.load }}，{{ lift.until | day }}{% if lift == 'L1' %}！{% endif %}\n"
        )
    desk = engine(folder)
    case = desk.open("desk", actor="agent.wang", lift="L1").case
    (row,) = desk.store.outbox(case=case.id)
    assert row.notification.body == "L1\nL1在1号楼，客梯，1000.5，2026年6月30日！\n"


def test_who_may_not_read_the_field_does_not_see_the_row(tmp_path: Path) -> None:
    desk = engine(office(tmp_path, procedure=PROCEDURE.replace("required: true}", "required: true, read: [manager]}")))
    case = desk.open("desk", actor="manager.sun", lift="L1").case
    assert desk.case(case.id, actor="manager.sun").entries["lift"]["values"]["building"] == "1"
    assert desk.case(case.id, actor="agent.li").entries == {}
    (opened,) = desk.history(case.id, actor="agent.li")
    assert opened.data["entries"] == {}


def test_what_is_read_of_a_row_is_an_open_question_to_the_proof(tmp_path: Path) -> None:
    claims = "properties:\n  never_goods: {never: in_state('over') and lift.kind == 'goods'}\n  heavy: {never: heavy}\n"
    folder = office(tmp_path, procedure=PROCEDURE + claims)
    version = OfficeFiles(folder).version("desk")
    found = {it.name: it.verdict for it in prove(version).claims}
    assert found["heavy"] != "proved", "a row may say anything"
    assert found["never_goods"] != "proved"
    assert found["reachable"] == "proved", "some row lets it be done"
    free = prove(
        OfficeFiles(
            office(tmp_path / "free", procedure=PROCEDURE.replace(", guard: lift.open and lift.kind != 'goods'", ""))
        ).version("desk")
    )
    assert (found["ends"], {it.name: it.verdict for it in free.claims}["ends"]) == ("undecided", "proved")


def test_stories_that_are_suggested_try_the_rows_that_there_are(tmp_path: Path) -> None:
    folder = office(tmp_path)
    suggested, unreached = suggest(OfficeFiles(folder, still=True), "desk", "en")
    assert unreached == []
    (folder / "procedures/desk.stories.yaml").write_text(with_stories(None, suggested))
    assert any("lift: L2" in each.text for each in suggested), "only the goods lift is refused"
    assert [result.message for result in run_stories(folder)] == [None] * len(suggested)
