"""`transitions` and SQLAlchemy's ORM on PostgreSQL: one program that takes due rows one by one and advances them durably.

Lock the soonest due row that nobody has in hand, check the guard, fire the machine, render one text, write the case, an event
and an outgoing message, commit. Runs inside the throw-away environment: `orm_due.py URL SECONDS` prints advances a second.
"""

from __future__ import annotations

import sys
import time

from orm_steps import Base, Case, advance, machine
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

ROWS = 20_000


def main() -> None:
    url, seconds = sys.argv[1], float(sys.argv[2])
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    rules, done = machine(), 0
    with Session(engine) as session:
        session.add_all(
            Case(
                id=n,
                number=f"R-{n:07}",
                summary="三栋二单元电梯口灯不亮，夜里看不清台阶",
                state="s1",
                level=1,
                version=1,
                changed_at=0,
                next_due=n,
            )
            for n in range(1, ROWS + 1)
        )
        session.commit()
        now = time.time_ns() // 1000
        due = (
            select(Case.id)
            .where(Case.next_due <= now)
            .order_by(Case.next_due)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            case = session.execute(due).scalar()
            if case is None:
                break
            advance(session, rules, "forward", case)
            done += 1
        print(done / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
