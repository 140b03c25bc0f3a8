"""`transitions` and SQLAlchemy's ORM, put together as many projects have it: one durable advance per commit.

Read the row, check the guard, fire the machine, render one text, write the case, an event and an outgoing message, commit
in WAL. Runs inside the throw-away environment: `orm_steps.py FOLDER SECONDS FULL|OFF` prints advances a second.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from typing import Any

from jinja2 import Environment
from sqlalchemy import BigInteger, ForeignKey, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from transitions import Machine

STATES = [f"s{number}" for number in range(1, 9)]
TEXT = Environment().from_string("{{ number }} 已到 {{ state }}：{{ summary }}")


class Base(DeclarativeBase):
    pass


class Case(Base):
    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    summary: Mapped[str]
    state: Mapped[str]
    level: Mapped[int]
    version: Mapped[int]
    changed_at: Mapped[int] = mapped_column(BigInteger)
    next_due: Mapped[int] = mapped_column(BigInteger, index=True)


class Event(Base):
    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    case: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    name: Mapped[str]
    state: Mapped[str]
    at: Mapped[int] = mapped_column(BigInteger)


class Message(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    case: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    body: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)


class Walker:
    """What the machine moves: a stand-in for the row, so that no row is bound to a machine."""

    def __init__(self, state: str, level: int) -> None:
        self.state = state
        self.level = level

    def allowed(self) -> bool:
        return self.level >= 0


def machine() -> Machine:
    made = Machine(model=None, states=STATES, initial=STATES[0], auto_transitions=False)
    for here, there in pairwise(STATES):
        made.add_transition("forward", here, there, conditions="allowed")
        made.add_transition("back", there, here, conditions="allowed")
    return made


def advance(session: Session, rules: Machine, action: str, number: int = 1) -> str:
    case = session.get_one(Case, number)
    walker = Walker(case.state, case.level)
    if not rules.events[action].trigger(walker):
        raise ValueError("refused")
    now = time.time_ns() // 1000
    case.state, case.version, case.changed_at, case.next_due = walker.state, case.version + 1, now, now + 10**9
    session.add(Event(case=case.id, name=action, state=case.state, at=now))
    body = TEXT.render(number=case.number, state=case.state, summary=case.summary)
    session.add(Message(case=case.id, body=body, status="waiting"))
    session.commit()
    return walker.state


def walk(session: Session, rules: Machine, seconds: float) -> float:
    action, done, began = "forward", 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        state = advance(session, rules, action)
        done += 1
        if state in (STATES[0], STATES[-1]):
            action = "forward" if state == STATES[0] else "back"
    return done / (time.perf_counter() - began)


def main() -> None:
    folder, seconds, synchronous = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    engine = create_engine(f"sqlite:///{folder}/orm.sqlite")

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(
            Case(id=1, number="R-000001", summary="bench", state="s1", level=1, version=1, changed_at=0, next_due=0)
        )
        session.commit()
        rules = machine()
        for action in ("forward",) * 7 + ("back",) * 7:
            advance(session, rules, action)
        print(walk(session, rules, seconds))


if __name__ == "__main__":
    main()
