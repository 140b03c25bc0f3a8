"""The machine's clock is set back, jumps ahead, or differs between machines: nothing fires early by the clock that was read,
nothing twice, nothing is forgotten; and a history holds whatever the clocks said as it was written.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, SECOND, ManualClock, from_iso, moment
from guanjia.errors import GuanjiaError
from guanjia.language import OfficeFiles
from guanjia.model.event import Event
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store.memory import MemoryStore

from tests.offices import MONDAY
from tests.runtime import busy
from tests.scale import SOAK, drawn, scale, tell

JUMPS = (0, 1, SECOND, 9 * MINUTE, HOUR, 25 * HOUR, 7 * DAY, -1, -SECOND, -5 * MINUTE, -HOUR, -DAY)
TIMED = ("elapsed", "reached", "climbed")
STARTS = (
    MONDAY,
    *(from_iso(at, "Asia/Shanghai") for at in ("2028-02-29T20:00", "2026-12-31T23:00", "2026-09-30T17:30")),
)
"""A plain morning, a leap day, the end of a year, the evening before the long holidays."""

WEEKLY, SELDOM = "0 8 * * 1", busy.JOB.replace("every: 4h", "every: 28h")
"""Jumps pass weeks: the same case every day, told the same every four hours, would be nine tenths of what happens in them."""

NOTED = """
procedure: job
number: J-{seq}
fields: {summary: {type: text}}
initial: new
states:
  new: {always: {to: noted}}
  noted: {final: true}
"""
"""What a case does after it was opened has no part in whether it is opened: this one is over at once."""

LEAST_OF_A_DAY = DAY - MINUTE
"""By how much a clock is set back at most where schedules are: a day or more they take for damage, say so, and count anew."""


@pytest.fixture
def files(tmp_path: Path) -> OfficeFiles:
    return OfficeFiles(busy.office(tmp_path / "office", WEEKLY, SELDOM))


def machines(files: OfficeFiles, count: int, at: int = MONDAY) -> list[Engine]:
    """Programs on one database, each on a machine with a clock of its own."""
    store = MemoryStore()
    store.migrate()
    return [busy.open_desk(store, files, clock=ManualClock(at), seed=number) for number in range(count)]


def set_clock(desk: Engine, at: int) -> None:
    assert isinstance(desk.clock, ManualClock)
    desk.clock.set(at)


def told(desk: Engine) -> dict[str, list[tuple[str, str, int]]]:
    """What happened to each case when, by its number."""
    return {
        desk.case(case).number: [(event.type, event.name, event.occurred_at) for event in desk.history(case)]
        for case in desk.store.cases()
    }


def length(usual: int, draw: random.Random) -> int:
    """How many jumps there are to a sequence. A soak takes few: most that can go wrong needs few, and what it counts is sequences."""
    return draw.choice((2, 4, 8, 20)) if SOAK else usual


def begin(desk: Engine, draw: random.Random) -> None:
    for _ in range(draw.choice((1, 1, 3)) if SOAK else 5):
        case = desk.open("job", actor="agent.wang", summary="x", phone="13800001234").case.id
        if draw.random() < 0.6:
            desk.act(case, "accept", actor="agent.wang")
        if draw.random() < 0.6 and desk.case(case).states == ("working",):
            desk.act(case, "split", actor="agent.wang", phone="13900001234")


def test_rounds_on_clocks_that_jump_do_what_rounds_on_a_steady_clock_do(files: OfficeFiles) -> None:
    """Rounds that come with a clock that was set back change nothing, so they may as well be left out."""
    draw = drawn()
    tries, jumps = scale(3, 600, faults=40), 0
    for _ in range(tries):
        seed, clocks, at = draw.getrandbits(32), [start := draw.choice(STARTS)], start
        for _ in range(length(25, draw)):
            at = max(at + draw.choice(JUMPS), max(clocks) - LEAST_OF_A_DAY)
            clocks.append(at)
        jumps += len(clocks)
        jumping, steady = machines(files, 2, start), machines(files, 1, start)
        for desks in (jumping, steady):
            begin(desks[0], random.Random(seed))
            desks[0].run_once()
        latest, cursor = start, jumping[0].store.feed(limit=10**6)[-1][0]
        for number, at in enumerate([*clocks, max(clocks) + HOUR]):
            desk = jumping[number % 2]
            set_clock(desk, at)
            desk.run_once()
            happened = [*desk.store.feed(cursor, limit=10**6)]
            cursor = happened[-1][0] if happened else cursor
            for event in (Event.from_text(row.text) for _, _, row in happened):
                assert event.type not in TIMED or event.occurred_at <= at, (seed, at, event)
            if at > latest:
                latest = at
                set_clock(steady[0], at)
                steady[0].run_once()
        assert told(jumping[0]) == told(steady[0]), seed
        assert not audit(jumping[0])
        assert not jumping[0].store.due(latest)
    tell("clocks that jump", sequences=tries, jumps=jumps)


def test_a_schedule_opens_nothing_twice_wherever_the_clocks_are_set(tmp_path: Path) -> None:
    """By days and weeks too, on two machines, while the schedule is edited: a case is named by the instant that it was planned for.
    Once the clock has come to where it was never before, the schedule goes on."""
    draw, tries, jumps = drawn(), scale(2, 600, faults=10), 0
    for number in range(tries):
        seed = draw.getrandbits(32)
        dice, folder = random.Random(seed), busy.office(tmp_path / str(number), "0 8,20 * * *", NOTED)
        office = (folder / "office.yaml").read_text()
        desks, at, named, furthest = machines(OfficeFiles(folder), 2), MONDAY, {}, MONDAY
        for _ in range(many := length(40, dice)):
            at = max(at + dice.choice([*JUMPS, -3 * DAY, -40 * DAY, 40 * DAY]), MONDAY - 100 * DAY)
            desk = dice.choice(desks)
            set_clock(desk, read := at + dice.choice([0, 0, -40 * SECOND, 3 * MINUTE]))
            furthest = max(furthest, read)
            if dice.random() < 0.1:
                (folder / "office.yaml").write_text(office.replace("例行", dice.choice("甲乙丙")))
                desk.refresh()
            problems = desk.run_once().problems
            assert all("损坏" in problem for problem in problems), (seed, problems)
            told = desk.store.dump("commands")
            named = {key: json.loads(text)["case"] for _, (key, _, text) in told if key.startswith("schedule:")}
            assert sorted(named.values()) == sorted(desk.store.cases()), seed
            planned = [moment(int(key.rpartition(":")[2]), "Asia/Shanghai") for key in named]
            assert all((it.hour, it.minute, it.second) in ((8, 0, 0), (20, 0, 0)) for it in planned), seed
        jumps += many
        latest = max(int(key.rpartition(":")[2]) for key in named) if named else furthest
        for after, opened in ((0, None), (DAY, 2), (2 * DAY, 2)):
            for desk in desks:
                set_clock(desk, latest + after)
            assert opened in (None, sum(desk.run_once().opened for desk in desks)), seed
    tell("schedules under clocks that jump", sequences=tries, jumps=jumps, opened_twice=0)


def test_what_people_do_under_clocks_that_jump_leaves_a_history_that_holds(files: OfficeFiles) -> None:
    draw = drawn()
    tries, steps, done = scale(2, 4_800, faults=30), 0, 0
    for _ in range(tries):
        seed = draw.getrandbits(32)
        dice = random.Random(seed)
        desks = machines(files, 2)
        begin(desks[0], dice)
        at, before = MONDAY, done
        for number in range(many := length(60, dice)):
            at = max(at + dice.choice(JUMPS[:-1]), MONDAY - DAY)
            desk = dice.choice(desks)
            set_clock(desk, at + dice.choice([0, 0, -40 * SECOND, 3 * MINUTE]))
            try:
                if dice.random() < 0.4:
                    assert not desk.run_once().problems, seed
                else:
                    done += bool(desk.execute(busy.invented(desk, dice, f"k {number}")).events)
            except GuanjiaError:
                continue
        steps += many
        assert SOAK or done - before > 5
        for case in desks[0].store.cases():
            history = desks[0].history(case)
            assert [event.seq for event in history] == [*range(1, len(history) + 1)]
            for clock in desks[0].case(case).clocks.values():
                assert all(begun <= (ended if ended is not None else begun) for begun, ended in clock.pauses), seed
                assert all(limit.used >= 0 for limit in clock.limits), seed
        assert not audit(desks[0]), seed
    tell("commands under clocks that jump", sequences=tries, steps=steps)
    assert done > steps / 10
