"""Open cases are moved together: to edited calendars, to a year that was published, under and out of a suspension."""

from __future__ import annotations

from typing import Any

import pytest
from guanjia.errors import Conflict, NotFound, Refused
from guanjia.model.event import SYSTEM
from guanjia.model.suspension import suspensions, under
from guanjia.model.version import Version
from guanjia.runtime import moving, suspending
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.moving import Tally

from tests.core.test_moving import DESK, LONG, SHORT, WEEK, at, due, edited, made, shown, step, told
from tests.offices import clock_of, engine, shipped

START = {"policy": "start", "notify": False}


def with_cases(folder: Any, count: int, store: Any = None) -> tuple[Engine, list[str]]:
    desk = engine(folder, store=store, at=at("2026-03-02T16:00"))
    return desk, [desk.open("desk", actor="agent.wang").case.number for _ in range(count)]


def foreseen(desk: Engine, plan: moving.Plan) -> Tally:
    tally = Tally()
    moving.foresee(desk, plan, START, tally)
    return tally


def moved(desk: Engine, plan: moving.Plan, *happened: Any, reason: str = "节假日调整") -> Tally:
    tally = Tally()
    moving.carry_out(desk, plan, SYSTEM, reason, START, tally, happened=happened)
    return tally


def test_a_preview_says_exactly_what_applying_then_does(store, tmp_path):
    desk, numbers = with_cases(made(tmp_path), 5, store)
    step(desk, numbers[0], "2026-03-02T16:30", "accept")
    step(desk, numbers[1], "2026-03-02T16:30", "drop")
    edited(desk, hours=SHORT)
    plan = moving.plan(desk)
    assert (plan.cases, plan.calendars) == (4, ("hours",))
    before = foreseen(desk, plan)
    assert due(desk, numbers[2], "answer") == "2026-03-03T11:00"
    after = moved(desk, plan)
    assert before == after
    assert (after.cases, after.deadlines, after.breaches, after.refused) == (4, 7, 0, 0)
    assert due(desk, numbers[2], "answer") == "2026-03-03T16:00"
    assert moving.plan(desk).cases == 0
    assert not audit(desk)


def test_a_deadline_that_is_over_by_the_move_is_counted_as_a_breach(tmp_path):
    desk, numbers = with_cases(made(tmp_path), 3)
    clock_of(desk).set(at("2026-03-03T10:00"))
    edited(desk, hours=LONG)
    tally = moved(desk, moving.plan(desk))
    assert (tally.deadlines, tally.breaches) == (3, 3)
    assert sorted(item.number for item in tally.examples) == numbers
    assert {(item.clock, shown(item.before), shown(item.after), item.breaches) for item in tally.examples} == {
        ("answer", "2026-03-03T11:00", "2026-03-02T20:00", True)
    }
    assert told(desk) == ["warn"] * 3  # at 18:00 of the day before, under the calendar of then


def test_only_the_calendars_that_are_named_are_taken_up_and_the_procedure_never_is(tmp_path):
    two = DESK.replace("target: [{within: 3 workdays}]", "target: [{within: 3 workdays, calendar: other}]")
    folder = made(tmp_path, two)
    (folder / "calendars/other.yaml").write_text(WEEK)
    desk, (number,) = with_cases(folder, 1)
    (folder / "calendars/other.yaml").write_text(SHORT)
    edited(desk, hours=SHORT, procedure=two.replace("within: 4h", "within: 1h"))
    moved(desk, moving.plan(desk, ["hours"]))
    assert (due(desk, number, "answer"), due(desk, number, "solve")) == ("2026-03-03T16:00", "2026-03-06T00:00")
    plan = moving.plan(desk)
    assert plan.calendars == ("other",)
    moved(desk, plan)
    assert due(desk, number, "solve") == "2026-03-07T00:00"
    assert desk.case(number).version != desk.opening("desk").hash
    with pytest.raises(NotFound, match="There is no calendar 'nothing'"):
        moving.plan(desk, ["nothing"])


def test_applying_is_recorded_in_the_offices_stream_ahead_of_the_cases(tmp_path):
    desk, _ = with_cases(made(tmp_path), 3)
    edited(desk, hours=SHORT)
    plan = moving.plan(desk)
    moved(desk, plan, reason="公布 2027 年假期")
    event = [event for event in desk.log() if event.type == "applied"][-1]
    ((pinned, target),) = plan.targets.items()
    assert event.data == {
        "calendars": ["hours"], "moves": [[pinned, target.hash, 3]], "policy": "start", "notify": False,
        "reason": "公布 2027 年假期",
    }  # fmt: skip
    assert desk.store.version(target.hash) is not None


def test_whoever_stops_half_way_goes_on_where_he_stopped(store, tmp_path, monkeypatch):
    monkeypatch.setattr(moving, "BATCH", 2)
    desk, numbers = with_cases(made(tmp_path), 7, store)
    edited(desk, hours=SHORT)
    plan, tally = moving.plan(desk), Tally()

    def stop(done: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.carry_out(desk, plan, SYSTEM, "x", START, tally, stop)
    assert tally.cases == 4
    rest = moving.plan(desk)
    assert rest.cases == 3
    assert moved(desk, rest).cases == 3
    assert {len(desk.history(number)) for number in numbers} == {2}
    assert {desk.case(number).version for number in numbers} == {desk.opening("desk").hash}
    assert not audit(desk)


def test_there_and_back_and_there_again_moves_every_time(tmp_path):
    desk, (number,) = with_cases(made(tmp_path), 1)
    dues = []
    for hours in (SHORT, WEEK, SHORT):
        edited(desk, hours=hours)
        moved(desk, moving.plan(desk))
        dues.append(due(desk, number, "answer"))
    assert dues == ["2026-03-03T16:00", "2026-03-03T11:00", "2026-03-03T16:00"]


def test_a_case_that_is_refused_is_named_and_holds_up_no_other(tmp_path):
    desk, numbers = with_cases(made(tmp_path), 3)
    edited(desk, hours=SHORT)
    plan = moving.plan(desk)
    real = desk.carry_out_many

    def one_changes_meanwhile(commands: Any) -> Any:
        desk.act(numbers[1], "drop", actor="agent.wang")
        return real(commands)

    desk.carry_out_many = one_changes_meanwhile  # type: ignore[method-assign]
    tally = moved(desk, plan)
    assert (tally.cases, tally.refused) == (2, 1)
    ((identity, why),) = tally.reasons
    assert identity == desk.case(numbers[1]).id
    assert "closed already" in why.en


def test_it_needs_the_right_and_a_reason(tmp_path):
    desk, _ = with_cases(made(tmp_path), 1)
    edited(desk, hours=SHORT)
    for who, reason, code in (("agent.wang", "x", "role"), ("system", "  ", "reason")):
        with pytest.raises(Refused) as refused:
            moving.carry_out(desk, moving.plan(desk), desk.actor(who), reason, START, Tally())
        assert refused.value.code == code
    assert moving.plan(desk).cases == 1
    assert not [event for event in desk.log() if event.type == "applied"]


def test_a_year_that_is_published_takes_the_provisional_mark_away(tmp_path):
    desk = engine(shipped(tmp_path / "office"), at=at("2026-12-29T10:00"))
    number = desk.open(
        "complaint", actor="reception.chen", channel="phone", category="hygiene", summary="x", place="3 栋"
    ).case.number
    before = {name: clock for name, clock in desk.case(number).clocks.items() if clock.provisional}
    assert before
    (desk.files.folder / "calendars/cn-2027.yaml").write_text(
        "zone: Asia/Shanghai\npublished: [2027]\nholidays: [2027-01-01..2027-01-08]\n"
    )
    office = desk.files.folder / "calendars/office.yaml"
    office.write_text(office.read_text().replace("[cn-2025, cn-2026]", "[cn-2025, cn-2026, cn-2027]"))
    desk.refresh()
    tally = moved(desk, moving.plan(desk))
    assert tally.provisional == 0
    after = desk.case(number).clocks
    assert not any(clock.provisional for clock in after.values())
    assert [name for name, clock in before.items() if after[name].due > clock.due]


# -- suspensions

TYPHOON = ("2026-03-03T00:00", "2026-03-05T00:00")


def suspend(desk: Engine, begin: str, end: str, reason: str = "台风", **given: Any) -> Tally:
    item = suspending.decide(desk, at(begin), at(end), reason=reason, **given)
    plan = moving.plan(desk, (), [*suspending.recorded(desk), item])
    return moved(desk, plan, suspending.suspended(item), reason=reason)


def end(desk: Engine, id: str, when: str) -> Tally:
    clock_of(desk).set(at(when))
    plan = moving.plan(desk, (), suspending.ended(desk, id, at(when)))
    return moved(desk, plan, suspending.resumed(desk, id, at(when), "预警解除"), reason="预警解除")


def test_clocks_stand_still_in_the_window_for_open_cases_and_for_new_ones(store, tmp_path):
    desk, (old,) = with_cases(made(tmp_path), 1, store)
    suspend(desk, *TYPHOON)
    new = desk.open("desk", actor="agent.wang").case.number
    for number in (old, new):
        assert (due(desk, number, "answer"), due(desk, number, "solve")) == ("2026-03-05T11:00", "2026-03-10T00:00")
    assert desk.case(old).version == desk.case(new).version
    assert moving.plan(desk).cases == 0
    # What was not decided about goes on: the delay of the same procedure counts its days.
    step(desk, old, "2026-03-02T17:00", "ask")
    assert shown(desk.case(old).delays["waiting.silent"].due) == "2026-03-10T00:00"
    assert not audit(desk)


def test_of_two_who_decide_at_once_neither_is_lost(store, tmp_path):
    desk, _ = with_cases(made(tmp_path), 1, store)
    both = [suspending.decide(desk, at(TYPHOON[0]), at(TYPHOON[1]), clocks=[clock]) for clock in ("answer", "solve")]
    moved(desk, moving.plan(desk, (), both[:1]), suspending.suspended(both[0]))
    with pytest.raises(Conflict, match="S1 was decided by somebody else meanwhile"):
        moved(desk, moving.plan(desk, (), both), suspending.suspended(both[1]))
    assert [item.clocks for item in suspending.recorded(desk)] == [("answer",)]


def test_time_may_run_slower_instead(tmp_path):
    desk, (number,) = with_cases(made(tmp_path), 1)
    suspend(desk, *TYPHOON, factor=2)
    # Two hours on Monday; the other two take four on Tuesday.
    assert due(desk, number, "answer") == "2026-03-03T13:00"


def test_a_suspension_may_be_for_some_procedures_and_some_clocks(tmp_path):
    folder = made(tmp_path)
    (folder / "procedures/other.yaml").write_text(
        DESK.replace("procedure: desk", "procedure: other").replace("D-", "O-")
    )
    desk, (number,) = with_cases(folder, 1)
    other = desk.open("other", actor="agent.wang").case.number
    suspend(desk, *TYPHOON, procedures=["desk"], clocks=["answer"])
    assert (due(desk, number, "answer"), due(desk, number, "solve")) == ("2026-03-05T11:00", "2026-03-06T00:00")
    assert (due(desk, other, "answer"), due(desk, other, "solve")) == ("2026-03-03T11:00", "2026-03-06T00:00")
    assert desk.case(other).version == desk.opening("other").hash


def test_a_statutory_clock_goes_on_unless_the_decision_says_so(tmp_path):
    fixed = DESK.replace(
        "    target: [{within: 3 workdays}]", "    pausable: false\n    target: [{within: 3 workdays}]"
    )
    fixed = fixed.replace("    pause: waiting\n", "")
    desk, (number,) = with_cases(made(tmp_path, fixed), 1)
    suspend(desk, *TYPHOON)
    assert (due(desk, number, "answer"), due(desk, number, "solve")) == ("2026-03-05T11:00", "2026-03-06T00:00")
    with pytest.raises(Refused, match="may not be paused") as refused:
        suspending.decide(desk, at(TYPHOON[0]), at(TYPHOON[1]), clocks=["solve"])
    assert "--statutory" in refused.value.hint.en
    suspend(desk, *TYPHOON, clocks=["solve"], statutory=True)
    assert due(desk, number, "solve") == "2026-03-10T00:00"


def test_a_suspension_that_ends_early_gives_back_the_time_that_is_left_of_it(tmp_path):
    desk, (number,) = with_cases(made(tmp_path), 1)
    suspend(desk, *TYPHOON)
    end(desk, "S1", "2026-03-03T14:00")
    assert due(desk, number, "answer") == "2026-03-03T16:00"
    (item,) = suspensions(desk.log())
    assert shown(item.end) == "2026-03-03T14:00"
    with pytest.raises(Refused, match="is over already"):
        suspending.ended(desk, "S1", at("2026-03-03T15:00"))
    with pytest.raises(NotFound):
        suspending.ended(desk, "S2", at("2026-03-03T15:00"))


def test_a_suspension_that_never_began_leaves_nothing_behind(tmp_path):
    desk, (number,) = with_cases(made(tmp_path), 1)
    version = desk.case(number).version
    suspend(desk, *TYPHOON)
    end(desk, "S1", "2026-03-02T17:00")
    assert desk.case(number).version == version == desk.opening("desk").hash
    assert suspensions(desk.log()) == []
    suspend(desk, *TYPHOON)
    assert [item.id for item in suspensions(desk.log())] == ["S2"]


def test_one_decided_afterwards_changes_what_is_open_and_stands_beside_what_was_judged(tmp_path):
    desk, (number,) = with_cases(made(tmp_path), 1)
    step(desk, number, "2026-03-03T15:00", "accept")
    assert desk.case(number).clocks["answer"].status == "breached"
    suspend(desk, "2026-03-03T00:00", "2026-03-04T00:00")
    event = desk.history(number)[-1]
    assert desk.case(number).clocks["answer"].status == "breached"
    assert event.data["rejudged"] == [{"clock": "answer", "cycle": 1, "verdict": "breached", "recalculated": "met"}]
    assert due(desk, number, "solve") == "2026-03-07T00:00"


def test_a_finished_clock_goes_on_after_the_suspension_that_it_was_under_is_gone(tmp_path):
    again = DESK.replace("    stop: done\n", "    stop: done\n    on_reopen: resume\n")
    desk, (number,) = with_cases(made(tmp_path, again), 1)
    suspend(desk, *TYPHOON)
    step(desk, number, "2026-03-02T17:00", "accept")
    step(desk, number, "2026-03-02T17:30", "finish")
    keeper = desk.open("desk", actor="agent.wang").case.number
    end(desk, "S1", "2026-03-02T18:00")
    step(desk, number, "2026-03-02T18:30", "reopen")
    assert due(desk, number, "solve") == "2026-03-10T00:00"  # finished cases keep the version that they ended under
    assert due(desk, keeper, "solve") == "2026-03-06T00:00"
    edited(desk, hours=WEEK + "holidays: [2026-03-03]\n")
    moved(desk, moving.plan(desk))
    assert due(desk, number, "solve") == "2026-03-07T00:00"


def test_another_engine_opens_cases_under_a_suspension_once_it_looks(tmp_path):
    desk, _ = with_cases(made(tmp_path), 1)
    other = engine(desk.files.folder, store=desk.store, at=at("2026-03-02T16:00"))
    suspend(desk, *TYPHOON)
    assert other.opening("desk").hash != desk.opening("desk").hash
    assert other.refresh() == ()
    assert other.opening("desk").hash == desk.opening("desk").hash


def test_an_edited_calendar_and_a_suspension_come_together(tmp_path):
    desk, (number,) = with_cases(made(tmp_path), 1)
    suspend(desk, *TYPHOON)
    edited(desk, hours=SHORT)
    plan = moving.plan(desk)
    assert plan.calendars == ("hours",)
    moved(desk, plan)
    assert due(desk, number, "answer") == "2026-03-05T16:00"
    assert desk.case(number).version == desk.opening("desk").hash
    end(desk, "S1", "2026-03-02T17:00")
    assert due(desk, number, "answer") == "2026-03-03T16:00"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"procedures": ["dask"]}, "There is no procedure 'dask'"),
        ({"clocks": ["reply"]}, "There is no clock 'reply'"),
        ({"begin": TYPHOON[1], "end": TYPHOON[0]}, "must be later"),
    ],
)
def test_a_decision_that_means_nothing_is_refused_with_what_there_is(tmp_path, given, why):
    desk, _ = with_cases(made(tmp_path), 1)
    begin, until = given.pop("begin", TYPHOON[0]), given.pop("end", TYPHOON[1])
    with pytest.raises(Refused, match=why):
        suspending.decide(desk, at(begin), at(until), **given)


def test_a_version_without_suspensions_is_the_same_version(tmp_path):
    desk, _ = with_cases(made(tmp_path), 1)
    version = desk.opening("desk").version
    again = Version.model_validate_json(version.canonical)
    assert under(again, ()).hash == under(version, ()).hash == version.hash
