"""What sealing costs: an edit that brings three personal values, in a store that seals them beside the same store without keys.

Without sync on both sides, so that the work itself is seen.
"""

from __future__ import annotations

from pathlib import Path

from guanjia import Engine
from guanjia.people.keys import Keys, Secrets
from guanjia.runtime.sealing import sealed
from guanjia.store.sqlite import SqliteStore

from . import office
from .measure import Measured, rates
from .tape import room

EACH, STEPS, TURNS = 80, 8, 41

PROCEDURE = """\
procedure: person
calendar: always
fields:
  summary: {type: text}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true}
  email: {type: email, personal: true}
initial: here
states:
  here: {transitions: {note_down: {by: agent, do: [{notify: {moved: {to: 'staff:staff.wang'}}}]}, end: {to: gone}}}
  gone: {final: true}
"""


def measure() -> list[Measured]:
    with room() as folder:
        ours, plain = (_engine(folder / name, seals) for name, seals in (("sealed", True), ("plain", False)))
        with ours, plain:

            def work(engine: Engine) -> None:
                """Cases as they are: a handful of steps each, for all that is personal in a case is read with it."""
                for _ in range(EACH // STEPS):
                    case = engine.open("person", actor=office.STAFF, summary="x").case.id
                    for number in range(STEPS - 1):
                        engine.act(
                            case, "note_down", actor=office.STAFF, name=f"王敏{number}", phone=f"138{number:08}",
                            email=f"wang{number}@example.com",
                        )  # fmt: skip

            work(ours)
            work(plain)
            return [
                rates(
                    "three personal values sealed, synchronous OFF", "the same in clear",
                    lambda: work(ours), lambda: work(plain), each=EACH, turns=TURNS,
                )
            ]  # fmt: skip


def _engine(folder: Path, seals: bool) -> Engine:
    from guanjia.language import OfficeFiles
    from guanjia.people import Organisation

    office.make(folder)
    (folder / "procedures" / "person.yaml").write_text(PROCEDURE, encoding="utf-8")
    files = OfficeFiles(folder)
    store = SqliteStore(folder / "guanjia.db", "OFF")
    store.migrate()
    return Engine(
        sealed(store, Keys(Secrets.new())) if seals else store,
        files=files,
        organisation=Organisation.from_plain(files.organisation(), "zh"),
    )
