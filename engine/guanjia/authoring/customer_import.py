"""Customers from a table: what would become of each row, and doing it.

Rows are brought together to persons first, for who has two flats has two rows. Each person is then looked for in the register: by
id, else by the same phone, mail or room and the same name. So a file may be read as often as one likes, and goes on where it was
broken off: who is there already, and as the file says, is the same. What the register knows beyond the file stays.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ..errors import GuanjiaError, Refused, Text, because
from ..model.customer import Customer, called, digits
from ..model.event import Actor
from ..people.customers import Asked, Surroundings, decide
from ..runtime.customer_reading import as_customer
from ..runtime.customers import carry_out, entitled, surroundings
from ..runtime.engine import Engine
from ..store.interface import Transaction
from .tables import harmless, meant, rows

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("编号", "客户编号", "id", "customer"),
    "name": ("姓名", "名称", "业主姓名", "客户姓名", "name"),
    "phones": ("电话", "手机", "手机号", "手机号码", "联系电话", "phone", "mobile", "tel"),
    "mails": ("邮箱", "电子邮箱", "电邮", "mail", "email", "e-mail"),
    "site": ("小区", "项目", "site"),
    "room": ("房号", "房间", "房屋", "room", "unit"),
    "relation": ("关系", "身份", "客户类型", "relation"),
    "since": ("入住日期", "起始日期", "起", "since", "from"),
    "until": ("迁出日期", "截止日期", "止", "until", "to"),
    "language": ("语言", "language"),
    "channel": ("渠道", "通知渠道", "channel"),
    "hours": ("时段", "通知时段", "hours"),
}
"""What a column may be called; a digit after it (电话2) is one more of the same."""

OURS = ("行", "原因", "row", "reason")
"""Columns that the file of refused rows adds."""
TOGETHER = 200
"""Persons to a commit."""
MOST_SHOWN = 10


@dataclass(slots=True)
class Person:
    """One person of the file: the rows that are about them, and what these say together."""

    rows: list[int]
    id: str | None
    values: dict[str, Any]
    names: set[tuple[str, ...]] = field(default_factory=set)


@dataclass(slots=True)
class Outcome:
    """What became, or would become, of the rows. `first` has some of each kind: (row, customer as masked, fields that change)."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: list[tuple[int, list[str], Text]] = field(default_factory=list)
    first: dict[str, list[tuple[int, Customer, tuple[str, ...]]]] = field(
        default_factory=lambda: {"new": [], "changed": []}
    )
    head: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    cells: dict[int, list[str]] = field(default_factory=dict)


def read(engine: Engine, path: str) -> Outcome:
    """The persons of the table at `path`, and the rows that are none. Refused where the table cannot be read."""
    outcome = Outcome()
    # Ids first: they may change names that others are known by.
    outcome.persons += sorted(_persons(path, outcome, surroundings(engine)), key=lambda each: each.id is None)
    return outcome


def bring_in(
    engine: Engine, outcome: Outcome, actor: Actor, *, apply: bool, reason: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Say in `outcome`, which `read` gave, what becomes of every person of it; with `apply` it does. Refused where this actor may not. One that
    does not fit holds up no other. `progress` is told how many persons are done."""
    entitled(engine, Asked("add", actor=actor))
    around, done, cells = surroundings(engine), 0, outcome.cells
    for batch in _batches(outcome.persons):
        works = [lambda tx, each=each: _one(engine, tx, each, actor, reason, apply, around) for each in batch]
        for person, answer in zip(batch, engine.store.transact_many(works), strict=True):
            done += 1
            if isinstance(answer, GuanjiaError):
                outcome.refused += [(row, cells[row], answer.text) for row in person.rows]
                continue
            kind, customer, names = answer
            setattr(outcome, kind, getattr(outcome, kind) + 1)
            if kind in outcome.first and len(outcome.first[kind]) < MOST_SHOWN:
                outcome.first[kind].append((person.rows[0], customer.masked(), names))
        if progress is not None:
            progress(done)
    outcome.refused.sort(key=lambda each: each[0])


def _batches(persons: list[Person]) -> Iterator[list[Person]]:
    return (persons[at : at + TOGETHER] for at in range(0, len(persons), TOGETHER))


def _one(
    engine: Engine, tx: Transaction, person: Person, actor: Actor, reason: str | None, apply: bool, around: Surroundings
) -> tuple[str, Customer, tuple[str, ...]]:  # fmt: skip
    """What becomes of one person, inside a transaction: new, changed or same; who it is after it; which fields are others."""
    known = _known(tx, person)
    asked = Asked(
        "edit" if known else "add", known.id if known else person.id, person.values, actor=actor, reason=reason
    )
    decided = decide(known or Customer(person.id or ""), asked, around)
    entitled(engine, asked, known, decided.customer)
    kind = "same" if decided.type is None else "changed" if known else "new"
    names = tuple(decided.data.get("fields", ()))
    if not apply or kind == "same":
        return kind, decided.customer, names
    after = carry_out(engine, tx, asked)
    if isinstance(after, GuanjiaError):
        raise after
    return kind, after, names


def _known(tx: Transaction, person: Person) -> Customer | None:
    """Whoever of the register it is; None where nobody is. Refused where it may be one of several."""
    if person.id is not None:
        held = tx.customers.read(person.id)
        while held is not None and held.survivor is not None:
            held = tx.customers.read(held.survivor)
        return None if held is None else as_customer(held)
    near = {held.id: as_customer(held) for name in person.names for held in tx.customers.find(name[0], name[-2])}
    found = {id: it for id, it in near.items() if not person.names.isdisjoint(_names(it))}
    if (
        not found
    ):  # a phone without a name is of whoever has it, and is no other person than one of whom nothing but that is known
        nameless = not person.values.get("name")
        found = {id: it for id, it in near.items() if nameless or not it.name}
    if len(found) > 1:
        ids = sorted(found)
        raise Refused(
            "customer",
            Text(
                f"可能是其中之一：{'、'.join(ids)}；先合并，或写明编号",
                f"it may be any of {', '.join(ids)}: merge them first, or give the id",
            ),
        )
    return next(iter(found.values()), None)


def _names(customer: Customer) -> Iterator[tuple[str, ...]]:
    """What tells a person from others beside an id: a phone or a room, each with the name."""
    name = called(customer.name)
    yield from (("phone", digits(each), name) for each in customer.phones)
    yield from (("mail", each.lower(), name) for each in customer.mails)
    if name:
        yield from (("room", each.site, each.room.upper(), name) for each in customer.rooms)


# -- from rows to persons


def _persons(path: str, outcome: Outcome, around: Surroundings) -> Iterable[Person]:
    """The persons of a table in order; what is wrong with a row stands in `outcome.refused`."""
    table = rows(path)
    _, outcome.head = next(table, (0, []))
    columns = _columns(outcome)
    known: dict[tuple[str, ...], Person] = {}
    found: list[Person] = []
    for number, row in table:
        outcome.rows += 1
        outcome.cells[number] = row
        try:
            person = _person(number, _values(columns, row), around)
        except Refused as refused:
            outcome.refused.append((number, row, refused.text))
            continue
        before = next((known[name] for name in sorted(person.names) if name in known), None)
        if before is None or (before.id and person.id and before.id != person.id):
            found.append(person)
            before = person
        else:
            before.rows += person.rows
            before.id = before.id or person.id
            before.names |= person.names
            for name, value in person.values.items():
                before.values[name] = [*before.values.get(name, []), *value] if isinstance(value, list) else value
        known |= dict.fromkeys(before.names, before)
    return found


def _columns(outcome: Outcome) -> list[str | None]:
    """What each column is; those that are nothing stand in `outcome.ignored`."""
    called = {word: name for name, words in COLUMNS.items() for word in words}
    found: list[str | None] = []
    for head in outcome.head:
        word = re.sub(r"[\s*：:]", "", head).lower()
        name = called.get(word) or called.get(word.rstrip("0123456789"))
        found.append(name)
        if name is None and word and word not in OURS:
            outcome.ignored.append(head)
    if not {"id", "name", "phones", "mails"} & set(found):
        raise Refused(
            "table",
            Text("第一行里没有认识的列名。", "The first row has no name of a column that is known."),
            Text(
                "可以有：" + "、".join(words[0] for words in COLUMNS.values()),
                "There may be: " + ", ".join(words[-1] if name != "id" else "id" for name, words in COLUMNS.items()),
            ),
        )
    return found


def _values(columns: Sequence[str | None], row: Sequence[str]) -> dict[str, Any]:
    """What a row says, by what its columns are; of lists all that stands in their columns."""
    values: dict[str, Any] = {}
    for name, cell in zip(columns, row, strict=False):
        text = meant(cell)
        if name is None or not text:
            continue
        if name in ("phones", "mails"):
            values.setdefault(name, []).extend(
                part.strip() for part in re.split(r"[;；、,，/|\n]", text) if part.strip()
            )
        else:
            values.setdefault(name, text)
    return values


def _person(number: int, values: dict[str, Any], around: Surroundings) -> Person:
    """The person of one row, checked as if they were new. Refused says what will not do."""
    id = values.pop("id", None)
    about = {name: values.pop(name) for name in ("room", "site", "relation", "since", "until") if name in values}
    if "room" in about:
        values["rooms"] = [{**about, **{name: _day(about[name]) for name in ("since", "until") if name in about}}]
    elif about.keys() - {"site"}:
        raise Refused("field", Text("没有房号", "there is no room"), field="room")
    after = decide(Customer(""), Asked("add", None, values), around).customer
    names: set[tuple[str, ...]] = {("id", id)} if id else set(_names(after))
    if not names:
        raise Refused(
            "field", Text("只有姓名，下次认不出是谁", "a name alone: nobody could tell them next time"), field="name"
        )
    return Person([number], id, values, names)


def _day(text: str) -> str:
    """A day; a workbook keeps it as the number of days since 1899-12-30."""
    if number := re.fullmatch(r"(\d{5})(\.\d+)?", text):
        return (date(1899, 12, 30) + timedelta(days=int(number[1]))).isoformat()
    return text.partition(" ")[0]


# -- what was refused


def write_refused(outcome: Outcome, path: str, language: str) -> None:
    """The refused rows as they came, with row and reason, as a table that no programme takes for formulas; for its owner only."""
    head = ("行", "原因") if language == "zh" else ("row", "reason")
    half = f"{path}.part-{os.getpid()}"
    try:
        with os.fdopen(
            os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8-sig", newline=""
        ) as file:
            table = csv.writer(file)
            table.writerow([*map(harmless, outcome.head), *head])
            for number, row, why in outcome.refused:
                cells = [*row, *[""] * (len(outcome.head) - len(row))][: len(outcome.head)]
                table.writerow([*map(harmless, map(meant, cells)), str(number), harmless(why.get(language))])
        os.replace(half, path)
    except OSError as error:
        why = because(error)
        raise Refused(
            "file", Text(f"写不了 {Path(path).name}：{why.zh}", f"{Path(path).name} cannot be written: {why.en}")
        ) from None
    finally:
        if os.path.lexists(half):
            os.unlink(half)
