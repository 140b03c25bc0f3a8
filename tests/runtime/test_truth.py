"""History is the truth: whatever is done to cases, snapshots, due instants and messages follow from the events."""

from __future__ import annotations

import json
import random

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.core import fold
from guanjia.errors import GuanjiaError
from guanjia.model.case import Case
from guanjia.runtime.audit import audit
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.offices import MONDAY, clock_of, engine, shipped

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
    return min(instants, default=None)


def fields_of(desk, procedure: str):
    return desk.opening(procedure).procedure.fields


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
    elif kind < 0.5:
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


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_snapshot_equals_the_fold_and_next_due_the_brute_force(office, seed):
    draw = random.Random(seed)
    desk = engine(office, seed=seed)
    numbers: list[str] = []
    for _ in range(40):
        try:
            number = one_step(desk, draw.choice(numbers) if numbers else None, draw)
        except GuanjiaError:
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


def worked(office, *, rounds: int, seed: int):
    """A week of 200 cases whose chains fall due while the worker looks `rounds` times; the events without the time of recording."""
    draw = random.Random(seed)
    desk = engine(office, seed=seed)
    numbers = []
    known = {name: fields_of(desk, name) for name in desk.procedures()}
    for index in range(200):
        clock_of(desk).set(MONDAY + index * MINUTE)
        procedure = "emergency" if index % 50 == 0 else ("complaint", "repair")[index % 2]
        values = {
            name: invent(field, draw)
            for name, field in known[procedure].items()
            if field.required or draw.random() < 0.3
        }
        numbers.append(desk.open(procedure, actor="reception.chen", **values).case.number)
    start, week = clock_of(desk).now(), 7 * DAY
    for index in range(1, rounds + 1):
        clock_of(desk).set(start + week * index // rounds)
        desk.run_once()
    histories = {}
    for number in numbers:
        events = [(e.seq, e.type, e.name, e.occurred_at, e.data) for e in desk.history(number)]
        told = sorted(row.notification.key for row in desk.store.outbox(case=desk.case(number).id, limit=10_000))
        histories[number] = (events, desk.case(number).states, told)
    return histories


def test_a_worker_that_stood_still_for_a_week_arrives_where_one_that_looked_every_minute_is(office):
    minutely = worked(office, rounds=7 * 24 * 60, seed=5)
    at_once = worked(office, rounds=1, seed=5)
    assert sum(len(events) for events, _, _ in at_once.values()) > 1000
    assert at_once == minutely
