"""The office's own stream: what is of no case is recorded as faithfully as what is."""

from __future__ import annotations

import json

from guanjia.clock import SECOND
from guanjia.runtime.audit import audit
from guanjia.runtime.worker import LOOK, Worker
from guanjia.store import OfficeChange

from tests.core.test_statecharts import FLAT
from tests.offices import PEOPLE, clock_of, engine, small


def edit(folder, path, old, new):
    file = folder / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def told(desk):
    return [(event.type, event.name, event.actor) for event in desk.log()]


def test_a_procedure_is_published_once_with_what_changed(store, tmp_path):
    folder = small(tmp_path, FLAT)
    desk = engine(folder, store=store)
    assert told(desk) == [("published", "desk", "system")]
    first = desk.opening("desk").hash
    engine(folder, store=store)
    assert desk.refresh() == ()
    edit(folder, "calendars/office.yaml", "08:30-18:00", "09:00-18:00")
    edit(folder, "templates/zh/escalation.text.j2", "工单", "单子")
    edit(folder, "procedures/desk.yaml", "require: [summary]", "require: []")
    clock_of(desk).advance(SECOND)
    (event,) = desk.refresh()
    assert event.data == {
        "version": desk.opening("desk").hash,
        "before": first,
        "changed": ["procedure", "calendars/office"],
    }
    assert event.recorded_at == clock_of(desk).now()
    assert list(desk.log())[-1] == event
    assert not audit(desk)


def test_of_two_engines_that_see_the_same_edit_one_records_it(store, tmp_path):
    folder = small(tmp_path, FLAT)
    here, there = engine(folder, store=store), engine(folder, store=store)
    edit(folder, "procedures/desk.yaml", "require: [summary]", "require: []")
    assert len(here.refresh()) == 1
    assert there.refresh() == ()
    assert here.opening("desk").hash == there.opening("desk").hash


def test_a_procedure_that_cannot_be_read_for_a_while_goes_on_as_it_was_and_is_not_published_again(tmp_path):
    folder = small(tmp_path, FLAT)
    desk = engine(folder)
    before, version = told(desk), desk.opening("desk").hash
    edit(folder, "procedures/desk.yaml", "require: [summary]", "require: [nothing]")
    desk.refresh()
    assert desk.open("desk", actor="agent.wang", summary="x").case.version == version
    edit(folder, "procedures/desk.yaml", "require: [nothing]", "require: [summary]")
    desk.refresh()
    desk.open("desk", actor="agent.wang", summary="x")
    assert told(desk) == before


def test_a_withdrawn_procedure_is_recorded(tmp_path):
    folder = small(tmp_path, FLAT)
    (folder / "procedures/other.yaml").write_text(
        FLAT.replace("procedure: desk", "procedure: other").replace("number: D-", "number: O-")
    )
    desk = engine(folder)
    (folder / "procedures/other.yaml").unlink()
    (event,) = desk.refresh()
    assert (event.type, event.name) == ("withdrawn", "other")


def test_people_who_come_are_known_at_once_and_the_stream_holds_no_names(tmp_path):
    folder = small(tmp_path, FLAT)
    desk = engine(folder)
    (folder / "organisation.yaml").write_text(
        PEOPLE + "  agent.new: {name: 新来的, roles: [agent], mail: n@example.com}\n"
    )
    (event,) = desk.refresh()
    assert event.type == "reorganised"
    assert event.data["staff"] == ["agent.new"]
    assert "新来的" not in event.text()
    assert "example.com" not in event.text()
    desk.open("desk", actor="agent.new", summary="x")


def test_the_worker_takes_up_an_edited_file_and_goes_on_where_one_is_broken(tmp_path, caplog):
    folder = small(tmp_path, FLAT)
    desk = engine(folder)
    worker = Worker(desk)
    edit(folder, "procedures/desk.yaml", "require: [summary]", "require: []")
    worker.run_once()
    first = desk.opening("desk").hash
    clock_of(desk).advance(LOOK)
    worker.run_once()
    assert desk.opening("desk").hash != first
    edit(folder, "organisation.yaml", "roles: [agent]", "roles: [nobody]")
    for _ in range(3):
        clock_of(desk).advance(LOOK)
        worker.run_once()
    (problem,) = caplog.records
    assert "organisation.yaml:6" in problem.message
    desk.open("desk", actor="agent.wang", summary="x")


def test_the_worker_says_that_open_cases_count_by_a_calendar_of_before(tmp_path, caplog):
    folder = small(tmp_path, FLAT.replace("delay: 2h, calendar: always", "delay: 2h"))
    desk = engine(folder)
    worker = Worker(desk)
    desk.open("desk", actor="agent.wang", summary="x")
    edit(folder, "calendars/office.yaml", "08:30-18:00", "09:00-18:00")
    for _ in range(3):
        clock_of(desk).advance(LOOK)
        worker.run_once()
    (said,) = caplog.records
    assert "1 open case counts by calendars of before: guanjia calendar apply" in said.message


def test_the_auditor_finds_an_altered_event_of_the_office(tmp_path):
    desk = engine(small(tmp_path, FLAT))
    desk.store.transact(lambda tx: tx.write_office(OfficeChange([_forged(desk)])))
    (problem,) = audit(desk)
    assert "event 2 was altered" in problem.text.en
    assert "第 2 条被改动过" in problem.text.zh


def _forged(desk):
    (row,) = desk.store.office_events()
    text = json.dumps(["", 2, "published", "desk", "nobody", 0, 0, {}])
    return type(row)(2, text, row.head, 0)
