"""Opening a case for somebody whom the register knows: whose it is, and what is known of them in fields that were left empty.

`customer` may be an id, or a telephone number or mail address that one person has. A number of nobody is refused, for what a case says
of its customer lies in clear. Of a person who is restricted nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core import Program
from ..errors import Refused, Text
from ..model.acquaintance import acquaintance_of
from ..model.customer import Customer, sought
from ..model.event import Actor, Command
from ..model.identifiers import masked
from ..model.sight import listed
from ..people.customers import GIVEN, identifier, today
from ..people.seeing import stranger
from ..store.customers import HeldCustomer
from ..store.interface import Transaction
from .customer_reading import as_customer, survivor, unknown

if TYPE_CHECKING:
    from .engine import Engine


def introduced(engine: Engine, tx: Transaction, program: Program, command: Command) -> Command:
    """The opening with its customer as the register has them."""
    named = _named(command)
    held = _meant(engine, tx, named, command.actor) if named else None
    if held is None:
        if named:
            foreign(named)
        return command
    customer = as_customer(survivor(tx.customers, held))
    if (
        command.actor.kind != "customer"
        and (refused := stranger(engine.organisation, customer, command.actor)) is not None
    ):
        raise refused
    if (
        command.customer and command.actor.id != command.customer
    ):  # whoever opens his own case is its opener and its customer
        command = replace(command, customer=customer.id)
    day = today(engine.clock.now(), engine.zone)
    return (
        replace(command, values={**command.values, **_known(program, customer, command.values, day)})
        if customer.used
        else command
    )


def foreign(id: str) -> None:
    """Refused unless an id that the register does not know can be another program's: never one that the register will give to somebody
    some day, nor a name, for it lies in clear."""
    if GIVEN.fullmatch(id):
        raise unknown(id)
    try:
        identifier(id)
    except Refused:
        raise Refused(
            "customer",
            Text("客户要写编号，或者登记过的电话、邮箱。", "A customer is named by id, or by a phone or mail address of the register."),
            Text("按姓名查编号：guanjia customer find …", "Find an id by name: guanjia customer find …"),
        ) from None  # fmt: skip


def with_homes(engine: Engine, tx: Transaction, program: Program, command: Command, refused: Refused) -> Refused:
    """What stops an opening; where its room is missing and its customer has several, with these."""
    named = _named(command)
    held = tx.customers.get(named) if named and set(program.rooms) & set(refused.data.get("missing", ())) else None
    if held is None or not (customer := as_customer(survivor(tx.customers, held))).used:
        return refused
    rooms = sorted({each.room for each in customer.at_home(today(engine.clock.now(), engine.zone))})
    if len(rooms) < 2:
        return refused
    hint = Text(f"{customer.id} 的房号有：{'、'.join(rooms)}", f"The rooms of {customer.id}: {', '.join(rooms)}")
    return Refused(refused.code, refused.text, hint, **refused.data)


def at_home(engine: Engine, tx: Transaction, program: Program, command: Command) -> list[str]:
    """Staff whose own case a new one is: they or somebody of their household are its customer, or they live in the room that it is about."""
    if "customer" not in program.procedure.conflicts:
        return []
    whose = _named(command)
    room = next((str(command.values[name]).strip().upper() for name in program.rooms if command.values.get(name)), None)
    day, found = today(engine.clock.now(), engine.zone), []
    theirs = tx.customers.get(whose) if whose else None
    customer_of_it = None if theirs is None else as_customer(survivor(tx.customers, theirs))
    about = {(command.site, room)} | (_homes(customer_of_it, day) if customer_of_it is not None else set())
    for id, person in engine.organisation.staff.items():
        held = tx.customers.get(person["customer"]) if person.get("customer") else None
        if held is None:
            continue
        customer = as_customer(survivor(tx.customers, held))
        same = customer_of_it is not None and customer_of_it.id == customer.id
        if same or whose == held.id or not about.isdisjoint(_homes(customer, day)):
            found.append(id)
    return found


def _homes(customer: Customer, day: str) -> set[tuple[str | None, str | None]]:
    return {(each.site, each.room.upper()) for each in customer.at_home(day)}


def placed(engine: Engine, tx: Transaction, command: Command) -> str:
    """The site that a new case belongs to: the one that is named; else where its customer lives, where that is one site; else the one that
    whoever opens it serves; else that of the office."""
    if command.site:
        return command.site
    named = _named(command)
    held = None
    if named:
        with suppress(Refused):  # which is told when the case is opened for them
            held = _meant(engine, tx, named, command.actor)
    if held is not None:
        at_home = as_customer(survivor(tx.customers, held)).at_home(today(engine.clock.now(), engine.zone))
        if len(sites := {each.site for each in at_home}) == 1:
            return sites.pop()
    served = listed(engine.organisation.staff.get(command.actor.id, {}).get("sites"))
    return served[0] if len(served) == 1 else engine.office.site


def _named(command: Command) -> str | None:
    """Whose case it is to be, as the opening says it; a customer's is his own where it says nothing."""
    return command.customer or (command.actor.id if command.actor.kind == "customer" else None)


def _meant(engine: Engine, tx: Transaction, text: str, actor: Actor) -> HeldCustomer | None:
    held = tx.customers.get(text)
    if held is not None or not masked(text):
        return held
    known = acquaintance_of(vars(engine.organisation), actor)
    held_by = (
        each for kind, term in sought(text) if kind in ("phone", "mail") for each in tx.customers.find(kind, term)
    )
    found = {each.id: each for each in held_by if known.knows(as_customer(each))}
    if len(found) == 1:
        return next(iter(found.values()))
    ids = "、".join(sorted(found))
    raise Refused(
        "customer",
        Text(f"这个号码有几位客户：{ids}", f"Several customers have that: {', '.join(sorted(found))}")
        if found
        else Text("没有客户是这个号码。", "No customer has that."),
        Text(
            "写客户编号；新客户先登记：guanjia customer add",
            "Give the id of a customer; register a new one with guanjia customer add",
        ),
    )


def _known(program: Program, customer: Customer, given: Mapping[str, Any], day: str) -> dict[str, Any]:
    """What the person fills of the fields that are empty: of each kind the first field; numbers and names only where they are sealed."""
    rooms = {each.room for each in customer.at_home(day)}
    kinds: dict[str, Any] = {
        "phone": customer.phones[0] if customer.phones else None, "email": customer.mails[0] if customer.mails else None,
        "room": rooms.pop() if len(rooms) == 1 else None,
    }  # fmt: skip
    filled: dict[str, Any] = {}
    for name, field in program.procedure.fields.items():
        value = kinds.pop(field.type, None)
        if name == "name" and field.type == "text":
            value = customer.name or None
        elif name == "language" and field.type == "choice" and customer.language in field.of:
            value = customer.language
        sealed = field.personal or field.type in ("room", "choice")
        if value is not None and sealed and given.get(name) is None:
            filled[name] = value
    return filled
