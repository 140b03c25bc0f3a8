"""History is the truth: whatever is done to cases, snapshots, due instants and messages follow from the events."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.core import fold
from guanjia.errors import Refused, StoreError
from guanjia.model.case import Case, due_things
from guanjia.model.event import SYSTEM
from guanjia.model.suspension import Suspension, under
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.anchors.planting import Bug, planted
from tests.offices import MONDAY, clock_of, engine, shipped
from tests.runtime import busy
from tests.scale import scale, tell

SPANS = (0, MINUTE, 9 * MINUTE, HOUR, 7 * HOUR, DAY)


@pytest.fixture(scope="session")
def office(tmp_path_factory):
    return shipped(tmp_path_factory.mktemp("shipped") / "office")


def invent(field, draw: random.Random):
    """Some value that fits the field."""
    if field.of:
        return draw.choice(field.of)
    return {
        "integer": draw.randint(int(field.min or 0), int(field.max or 5)), "boolean": draw.random() < 0.5,
        "decimal": str(draw.randint(0, 50)), "money": str(draw.randint(0, 5000)), "phone": "13800001234",
        "email": "a@example.com", "room": "3-1-502", "date": "2026-03-09", "instant": "2026-03-09 10:00",
        "duration": "2h", "staff": draw.choice(["engineer.li", "supervisor.zhao"]),
    }.get(field.type, "文字 text")  # fmt: skip


def brute_force_next_due(case: Case) -> int | None:
    """The definition, over the plain form: nothing when finished, else the least of everything armed or pending."""
    plain = json.loads(json.dumps(case.to_plain()))
    if "closed_at" in plain:
        return None
    instants = [delay["due"] for delay in plain.get("delays", {}).values()]
    for clock in plain.get("clocks", {}).values():
        if clock["status"] == "running":
            instants += [at for at, _, _ in clock.get("pending", [])]
    instants += [climb["due"] for climb in plain.get("climbs", {}).values() if climb.get("due") is not None]
    return min(instants, default=None)


def fields_of(desk, procedure: str):
    return desk.opening(procedure).procedure.fields


def another_version(desk, number: str, draw: random.Random) -> str:
    """The rules of the case with clocks that stand still or run slower for a while, or with none that do."""
    begin = MONDAY + draw.choice(SPANS)
    window = Suspension("S1", begin, begin + draw.choice([HOUR, DAY, 7 * DAY]), draw.choice([None, 2, 5]), "台风")
    version = under(desk.program(desk.case(number)).version, draw.choice([[window], []]))
    desk.store.put_version(version.hash, version.procedure.procedure, version.canonical)
    return version.hash


def one_step(desk, number: str | None, draw: random.Random) -> str | None:
    who = desk.organisation.actor(draw.choice(sorted(desk.organisation.staff)))
    if number is None or draw.random() < 0.1:
        procedure = draw.choice(["complaint", "repair", "complaint", "repair", "emergency"])
        fields = fields_of(desk, procedure)
        values = {name: invent(field, draw) for name, field in fields.items() if field.required or draw.random() < 0.3}
        return desk.open(procedure, actor=who, **values).case.number
    kind = draw.random()
    if kind < 0.3:
        clock_of(desk).advance(draw.choice(SPANS))
        desk.run_once()
    elif kind < 0.4:
        desk.note(number, "看过 seen", actor=who)
    elif kind < 0.48:
        version, policy = another_version(desk, number, draw), draw.choice(["start", "now"])
        desk.migrate(number, version, actor=SYSTEM, reason="x", policy=policy, notify=draw.random() < 0.5)
    elif kind < 0.55:
        case = desk.case(number)
        name, field = draw.choice(sorted(desk.program(case).procedure.fields.items()))
        desk.edit(number, actor=who, **{name: invent(field, draw)})
    else:
        case = desk.case(number)
        options = desk.available(number, who)
        if options:
            option = draw.choice(options)
            procedure = desk.program(case).procedure
            values = {name: invent(field, draw) for name, field in option.inputs.items()}
            values |= {
                name: invent(procedure.fields[name], draw) for name in option.requires if name in procedure.fields
            }
            desk.act(number, option.action, actor=who, **values)
    return number


def forgetful(real):
    """`Recent.case` with a bug: it knows cases by their id, not by the head of their chain."""
    known: dict[str, Case] = {}

    def case(self, held):
        return known.setdefault(held.id, real(self, held))

    return case


def snapshot_equals_the_fold_and_next_due_the_brute_force(office, seed: int, steps: int) -> None:
    draw = random.Random(seed)
    desk = engine(office, seed=seed)
    numbers: list[str] = []
    for _ in range(steps):
        try:
            number = one_step(desk, draw.choice(numbers) if numbers else None, draw)
        except StoreError as fault:
            pytest.fail(str(fault))
        except Refused:
            continue
        if number is not None and number not in numbers:
            numbers.append(number)
        if number is None:
            continue
        case = desk.case(number)
        columns = desk.store.columns(case.id)
        assert fold(desk.history(number)) == case
        assert columns is not None
        assert columns.next_due == brute_force_next_due(case)
    assert not audit(desk)


@settings(max_examples=scale(2, 150, faults=25), deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_snapshot_equals_the_fold_and_next_due_the_brute_force(office, seed):
    snapshot_equals_the_fold_and_next_due_the_brute_force(office, seed, 40)
    tell("random histories equal their fold", sequences=1, steps=40)


def latest_due(case: Case) -> int | None:
    return None if case.finished else max((at for at, *_ in due_things(case)), default=None)


def bald(real):
    """`advance` with a bug: the case that it gives is not what its events say."""

    def advance(*given):
        events, after = real(*given)
        return events, after and after.changed(handlers=())

    return advance


@planted(
    Bug("the last due instant instead of the first", "guanjia.runtime.funnel.next_due", lambda real: latest_due),
    Bug("the case after a step is not what its events say", "guanjia.runtime.funnel.advance", bald),
    Bug("a case of the past is taken for the present one", "guanjia.runtime.recent.Recent.case", forgetful),
    Bug(
        "lists know nothing of breaches",
        "guanjia.runtime.funnel.columns",
        lambda real: lambda *g: real(*g)._replace(breached=0),
    ),
)
def test_the_property_notices(office):
    for seed in range(4):
        snapshot_equals_the_fold_and_next_due_the_brute_force(office, seed, 40)


@pytest.fixture(scope="session")
def busy_office(tmp_path_factory):
    return busy.office(tmp_path_factory.mktemp("busy") / "office", cron="0 8 1 1 *")


def busy_week(office, cases: int, seed: int):
    """Cases of the busy office: some with a child whose end finishes them, some accepted, some left lying."""
    desk = engine(office, seed=seed)
    for index in range(cases):
        clock_of(desk).set(MONDAY + index * MINUTE)
        number = desk.open("job", actor="agent.wang", summary=f"第 {index} 件", phone="13800001234").case.number
        if index % 4 != 3:
            desk.act(number, "accept", actor="agent.wang")
        if index % 4 < 2:
            part = desk.act(number, "split", actor="agent.wang").case.children["part"]
            if index % 4:
                desk.act(part, "ping", actor="agent.wang")
    return desk


def shipped_week(office, cases: int, seed: int):
    draw = random.Random(seed)
    desk = engine(office, seed=seed)
    known = {name: fields_of(desk, name) for name in desk.procedures()}
    for index in range(cases):
        clock_of(desk).set(MONDAY + index * MINUTE)
        procedure = "emergency" if index % 50 == 0 else ("complaint", "repair")[index % 2]
        values = {
            name: invent(field, draw)
            for name, field in known[procedure].items()
            if field.required or draw.random() < 0.3
        }
        desk.open(procedure, actor="reception.chen", **values)
    return desk


def after(desk, days: int, rounds: int):
    """What some days make of an office whose worker looks `rounds` times: of every case its events without the time of their
    recording, its state, its columns, and all that was told about it."""
    start, span = clock_of(desk).now(), days * DAY
    for index in range(1, rounds + 1):
        clock_of(desk).set(start + span * index // rounds)
        desk.run_once()
    found = {}
    for identity in desk.store.cases():
        case = desk.case(identity)
        events = [(e.seq, e.type, e.name, e.actor, e.occurred_at, e.data) for e in desk.history(identity)]
        told = [
            (m.key, m.address, m.language, m.subject, m.body, m.outside, m.problem)
            for m in (row.notification for row in desk.store.outbox(case=identity, limit=10_000))
        ]
        columns = desk.store.columns(identity)
        found[case.number] = (events, case, columns, told)
    assert not audit(desk)
    return found


EVERY = scale(15, 1, faults=1)
"""Minutes after which a worker that works looks again."""


def stood_still_as_if_it_had_not(begin: Callable[[int], Engine], days: int) -> None:
    at_work = after(begin(5), days, days * 24 * 60 // EVERY)
    at_once = after(begin(5), days, 1)
    assert list(at_once) == list(at_work)
    for number, found in at_work.items():
        assert at_once[number] == found, number


@pytest.mark.parametrize(
    ("begin", "cases"),
    [(busy_week, scale(60, 200, faults=200)), (shipped_week, scale(4, 40, faults=20))],
    ids=["busy office", "shipped office"],
)
def test_a_worker_that_stood_still_for_a_week_arrives_where_one_that_looked_again_and_again_is(begin, cases, request):
    """Every minute in `make faults`."""
    office = request.getfixturevalue("busy_office" if begin is busy_week else "office")
    stood_still_as_if_it_had_not(partial(begin, office, cases), 7)


@planted(
    Bug(
        "cases hear of each other when all is over",
        "guanjia.runtime.rounds.moments",
        lambda real: lambda self, now, stuck: [now],
    ),
)
def test_the_comparison_notices(busy_office):
    stood_still_as_if_it_had_not(partial(busy_week, busy_office, 8), 2)
