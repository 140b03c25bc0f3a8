"""Reports: every figure is what the history says, is made of cases that can be named, and never changes once its month is over."""

from __future__ import annotations

from itertools import pairwise

import pytest
from guanjia.authoring.reports import REPORTS, Figure, Report, facts_of
from guanjia.authoring.reports.figures import mean, rank, share
from guanjia.authoring.reports.reading import report
from guanjia.clock import DAY, HOUR, from_iso
from guanjia.runtime.engine import Engine

from tests.offices import MONDAY, engine, small

DESK = """\
procedure: complaint
calendar: always
undo: 1h
modes: {drill: {outside: record}}
fields:
  summary: {type: text, required: true}
  room: {type: room}
  category: {type: choice, of: [noise, litter]}
  score: {type: integer}
sla:
  answer: {start: open, stop: take, target: [{guard: category == 'noise', standard: quick}, {standard: slow}]}
initial: new
states:
  new: {transitions: {take: {to: work, by: agent, do: [{assign: {person: actor}}]}}}
  work: {transitions: {finish: {to: done, by: agent, input: {mark: {type: integer}}, do: [{set: {score: input.mark}}]}}}
  done: {final: true}
reopen: {to: work, by: agent}
labels:
  zh: {complaint: 投诉, noise: 噪声, litter: 垃圾, answer: 答复, work: 办理中}
  en: {complaint: complaint, noise: noise, litter: litter, answer: answer, work: in hand}
"""
STANDARDS = """\
standards:
  quick: {item: {zh: 噪声两小时答复, en: noise is answered soon}, within: 2h, basis: company, pledged: true}
  slow: {item: {zh: 四小时答复, en: others are answered}, within: 4h, basis: company}
"""
SINCE, UNTIL = from_iso("2026-03-01", "Asia/Shanghai"), from_iso("2026-04-01", "Asia/Shanghai")


@pytest.fixture
def office(tmp_path) -> Engine:
    return engine(small(tmp_path / "office", DESK, name="complaint", more={"standards.yaml": STANDARDS}))


def case(
    office: Engine,
    category: str,
    late: int = 0,
    *,
    room: str = "3-1-502",
    by: str = "agent.wang",
    mark: int | None = None,
) -> str:
    """A complaint that is taken an hour after it was made, and `late` hours more, and finished a day later."""
    made = office.open("complaint", actor=by, summary="x", category=category, room=room).case
    office.clock.advance(HOUR + late * HOUR)  # type: ignore[attr-defined]
    office.run_once()
    office.act(made.id, "take", actor=by)
    office.clock.advance(DAY)  # type: ignore[attr-defined]
    office.act(made.id, "finish", actor=by, **({} if mark is None else {"mark": mark}))
    return made.number


def rows(made: Report, table: str) -> list[tuple[object, ...]]:
    """Figures as their values, words in English."""
    found = next(each for each in made.tables if each.key == table)
    return [tuple(cell.value if isinstance(cell, Figure) else cell.en for cell in row) for row in found.rows]


def test_what_was_kept_and_what_was_broken_is_counted_with_its_cases(office):
    good, bad, other = case(office, "noise"), case(office, "noise", 2), case(office, "litter", 2)
    made = report(office, "sla", None, SINCE, UNTIL)
    assert rows(made, "clocks") == [("complaint", "answer", 2, 1, 2 / 3)]
    _, _, kept, broken, _ = made.tables[0].rows[0]
    assert isinstance(kept, Figure)
    assert isinstance(broken, Figure)
    assert (set(kept.cases), broken.cases) == ({good, other}, (bad,))
    assert rows(report(office, "pledge", None, SINCE, UNTIL), "pledges") == [
        ("noise is answered soon", "2 h", 1, 1, 0.5)
    ]


def test_a_month_is_judged_by_the_rules_that_held_then(office, tmp_path):
    case(office, "noise", 2)
    before = report(office, "sla", None, SINCE, UNTIL)
    path = tmp_path / "office" / "standards.yaml"
    path.write_text(STANDARDS.replace("within: 2h", "within: 20h"))
    office.refresh()
    case(office, "noise", 5)
    assert rows(report(office, "sla", None, SINCE, UNTIL), "clocks") == [("complaint", "answer", 1, 1, 0.5)]
    assert rows(before, "clocks") == [("complaint", "answer", 0, 1, 0.0)]


def test_parts_of_a_period_add_up_to_the_whole(office):
    for late in range(6):
        case(office, "noise" if late % 2 else "litter", late)
    days = [SINCE + number * DAY for number in range(32)]
    for name, table, column in (
        ("sla", "clocks", 2),
        ("sla", "clocks", 3),
        ("cycle_time", "cases", 1),
        ("cycle_time", "states", 2),
    ):
        whole = sum(float(row[column]) for row in rows(report(office, name, None, days[0], days[-1]), table))  # type: ignore[arg-type]
        parts = [report(office, name, None, one, next_) for one, next_ in pairwise(days)]
        assert whole == sum(float(row[column]) for part in parts for row in rows(part, table)), name  # type: ignore[arg-type]


def test_time_taken_is_told_by_nearest_ranks(office):
    for late in (0, 1, 8):
        case(office, "litter", late)
    made = report(office, "cycle_time", None, SINCE, UNTIL)
    assert rows(made, "cases") == [("complaint", 3, DAY + 2 * HOUR, DAY + 9 * HOUR, DAY + 9 * HOUR)]
    assert rows(made, "states")[0] == ("complaint", "new", 3, 2 * HOUR, 9 * HOUR, 9 * HOUR)
    assert rank([(1, "a"), (2, "b"), (3, "c"), (4, "d")], 0.5).value == 2
    assert rank([(number, "a") for number in range(1, 11)], 0.9).value == 9
    assert (rank([], 0.5).value, mean([]).value, share([], []).value) == (None, None, None)


def test_complaints_are_ranked_compared_with_the_time_before_and_told_where_they_come_again(office):
    for category in ("noise", "litter", "noise", "noise"):
        case(office, category, room="3-1-502" if category == "noise" else "5-2-101")
    first = MONDAY + DAY  # the first one lies before
    made = report(office, "complaint_analysis", None, first, first + 30 * DAY)
    assert rows(made, "category") == [("noise", 2, 2 / 3, 1), ("litter", 1, 1.0, 0)]
    assert rows(made, "building") == [("3", 2, 2 / 3, 1), ("5", 1, 1.0, 0)]
    assert rows(made, "summary")[0][:2] == (3, 2)  # both noises came again


def test_of_the_staff_everybody_who_may_hand_out_work_sees_all_and_others_themselves(office):
    case(office, "noise", mark=5)
    case(office, "noise", 3, by="agent.li", mark=2)
    everybody = report(office, "appraisal", None, SINCE, UNTIL)
    assert rows(everybody, "staff") == [("Li Lei", 1, 2, 0, 0, None, 2.0, 0), ("王小明", 1, 2, 1, 0, 1.0, 5.0, 0)]
    assert [row[0] for row in rows(report(office, "appraisal", "agent.li", SINCE, UNTIL), "staff")] == ["Li Lei"]


def test_a_drill_is_in_no_report(office):
    office.open("complaint", actor="agent.wang", summary="x", mode="drill")
    office.clock.advance(DAY)
    office.run_once()
    for name in REPORTS:
        assert not any(
            table.rows
            for table in report(office, name, None, SINCE, UNTIL).tables
            if table.key not in ("pledges", "summary")
        )


def test_whoever_was_responsible_for_the_longest_has_the_case(office):
    made = office.open("complaint", actor="agent.wang", summary="x").case
    for who, hours in (("agent.wang", 1), ("agent.li", 5), ("supervisor.zhao", 2)):
        office.assign(made.id, who, actor="system")
        office.clock.advance(hours * HOUR)
    facts = facts_of(office.history(made.id), lambda case: office.program(case).procedure)
    assert facts.mainly(office.clock.now()) == "agent.li"
    assert facts.mainly(office.clock.now() - 6 * HOUR) in ("agent.wang", "agent.li")
    assert facts.responsible(office.clock.now()) == "supervisor.zhao"
    assert facts.responsible(made.opened_at) is None
