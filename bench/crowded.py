"""An office with very many open cases: one real case, multiplied by SQL.

The copies are rows of the same shape under other ids, numbers and due instants; the rest of the columns is shared. They
are for measuring reads only.
"""

from __future__ import annotations

from pathlib import Path

import apsw
from guanjia import Engine

from . import office
from .tape import engine_in

OWN = {
    "id": "printf('%s-%08d', id, n)",
    "number": "printf('R-%07d', n + 1)",
    "next_due": "next_due + n * 60000000",
    "deadline": "deadline + n * 60000000",
    "opened_at": "opened_at + n",
    "changed_at": "changed_at + n",
}


def fill(folder: Path, cases: int) -> Engine:
    """An engine over `cases` open cases in all, the first due in a thousand days, then one a minute."""
    engine = engine_in(folder)
    case = office.opened(engine)
    connection = apsw.Connection(str(folder / "guanjia.db"))
    columns = [row[1] for row in connection.execute("PRAGMA table_info(cases)")]
    names = ", ".join(columns)
    values = ", ".join(OWN.get(name, name) for name in columns)
    connection.pragma("synchronous", 0)
    # The copies have no events of their own, which the database would not otherwise allow.
    connection.execute("DROP TRIGGER new_cases_equal_their_events")
    connection.execute(
        f"""WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {cases - 1})
        INSERT INTO cases ({names}) SELECT {values} FROM count, (SELECT * FROM cases WHERE id = ?)""",
        (case,),
    )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return engine
