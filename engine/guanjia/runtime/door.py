"""The resident's door: how a case stands, for whoever knows its number and the tail of a telephone number; and an answer by a
one-time code. A web page or a telephone robot is built on these calls.

A wrong tail and a number that there is not are told alike, and both are bounded in each hour, also over restarts: nobody learns by
trying which cases there are. What is said is what a customer may know: the state in plain words and what was promised to him.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import HOUR, Instant
from ..core.allowing import answers
from ..core.options import Option
from ..errors import Conflict, GuanjiaError, Refused, Text
from ..model.case import Case
from ..model.event import Actor, Command
from ..model.identifiers import narrow
from ..store.interface import Held, Transaction
from . import customer_reading
from .funnel import Result
from .message import clear
from .recent import as_case

if TYPE_CHECKING:
    from .engine import Engine

MOST_WRONG = 5
"""Wrong attempts in an hour after which no more are heard for that number."""

GOOD_FOR = 48 * HOUR
"""How long a code may be used."""

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""What codes are made of: 32 letters that nobody takes for one another; 12 of them are 60 bits."""


_CODE = re.compile("-".join([f"[{LETTERS}]{{4}}"] * 3))


def unread(text: str) -> str:
    """The text of a message with the one-time codes in it hidden: whoever reads one may answer in the customer's place."""
    return _CODE.sub("****-****-****", text)


class Promise(NamedTuple):
    clock: Text
    due: Instant


class Standing(NamedTuple):
    """What a customer is told of his case."""

    number: str
    procedure: Text
    state: Text
    """In which of the outermost states it is, or how it ended."""
    opened_at: Instant
    closed_at: Instant | None
    promise: Promise | None
    """The next deadline that was promised to him and still runs."""
    merged: str | None
    """The number of the case that it goes on in."""


class _Right(GuanjiaError):
    """Raised so that a right answer counts as no attempt."""

    def __init__(self, held: Held) -> None:
        super().__init__(Text("", ""))
        self.held = held


def ask(engine: Engine, number: str, tail: str) -> Standing:
    """How the case stands. Refused: `unknown` when there is no such case or its customer has no such number, `often` when that was
    tried too often this hour."""
    typed, digits = narrow(number).strip().upper(), narrow(tail).strip()
    hour = engine.clock.now() // HOUR
    name = "ask:" + hashlib.sha256(engine.blind(f"ask:{typed}").encode()).hexdigest()[:4]

    def work(tx: Transaction) -> Refused:
        if tx.attempt(name, hour) > MOST_WRONG:
            return Refused(
                "often", Text("这一小时查询次数过多，请稍后再试，或来电。", "This was tried too often; try again in an hour, or call us.")
            )  # fmt: skip
        held = _read(tx, typed)
        if held is not None and _known(engine, held, digits):
            raise _Right(held)
        return Refused(
            "unknown", Text("没有查到：请核对工单编号和登记电话的后四位。", "Nothing was found: check the number, and the last four digits of the telephone that we have.")
        )  # fmt: skip

    try:
        refused = engine.store.transact(work)
    except _Right as right:
        return standing(engine, as_case(right.held))
    raise refused


def _read(tx: Transaction, number: str) -> Held | None:
    try:
        return tx.read(number, None).held
    except Conflict:  # of several sites: nobody can tell which is meant
        return None


def _known(engine: Engine, held: Held, tail: str) -> bool:
    """Whether some telephone number of the case, or of its customer, ends so."""
    found = False
    for phone in _phones(engine, held):
        digits = "".join(each for each in phone if each.isdigit())
        found |= len(tail) == 4 and len(digits) > 4 and compare_digest(digits[-4:].encode(), tail.encode())
    return found


def _phones(engine: Engine, held: Held) -> Iterator[str]:
    case = as_case(held)
    for name, field in engine.program(case).procedure.fields.items():
        if field.type == "phone":
            yield str(clear(case.fields.get(name), held.personal) or "")
    if case.customer is not None and (known := engine.store.customers.get(case.customer)) is not None:
        yield from customer_reading.as_customer(customer_reading.survivor(engine.store.customers, known)).phones


def standing(engine: Engine, case: Case) -> Standing:
    program = engine.program(case)
    label, procedure = program.procedure.label, program.procedure
    outer = dict.fromkeys(program.nodes[leaf].path[1].name for leaf in case.states if leaf in program.nodes)
    names = [case.outcome or ""] if case.finished else list(outer)
    state = Text("、".join(label(name, "zh") for name in names), ", ".join(label(name, "en") for name in names))
    due = min(
        (
            (clock.due, clock.name) for clock in case.clocks.values()
            if clock.due is not None and clock.status == "running" and clock.name in procedure.sla and procedure.sla[clock.name].kind == "sla"
        ),
        default=None,
    )  # fmt: skip
    promise = None if due is None else Promise(Text(label(due[1], "zh"), label(due[1], "en")), due[0])
    what = Text(label(procedure.procedure, "zh"), label(procedure.procedure, "en"))
    return Standing(
        case.number, what, state, case.opened_at, case.closed_at, promise, next(iter(case.merged.values()), None)
    )


def code(engine: Engine, ref: str, actor: Actor, good_for: int) -> Result:
    """Make a code for the case, and tell its customer."""
    drawn = engine.entropy(12)
    text = "".join(LETTERS[byte % 32] for byte in drawn)
    shown = "-".join((text[:4], text[4:8], text[8:]))
    digest = _digest(engine, shown)
    values = {"$code": shown, "digest": digest, "until": engine.clock.now() + good_for}
    return engine.execute(Command("code", "", ref, values, actor, _key(digest)))


def offered(engine: Engine, typed: str) -> tuple[Standing, tuple[Option, ...]]:
    """How the case of a code stands, and what its customer may answer now. Refused (`code`)."""
    case, digest = _case(engine, typed)
    if case.codes.get(digest, 0) <= engine.clock.now():
        raise _over()
    options = engine.available(case.id, _customer(case))
    return standing(engine, case), tuple(option for option in options if option.allowed)


def answer(engine: Engine, typed: str, action: str, values: Mapping[str, Any]) -> Result:
    """Take an action as the customer of the case, once. Refused (`code`) when the code is not good."""
    case, digest = _case(engine, typed)
    return engine.execute(Command("act", action, case.id, {**values, "$code": digest}, _customer(case)))


def _customer(case: Case) -> Actor:
    return Actor(case.customer or "customer", (answers(case),), "customer")


def _case(engine: Engine, typed: str) -> tuple[Case, str]:
    bare = "".join(each for each in typed.upper() if each in LETTERS)
    digest = _digest(engine, "-".join((bare[:4], bare[4:8], bare[8:])))
    answered = engine.store.transact(lambda tx: tx.read(None, _key(digest)).answer)
    if answered is None:
        raise _over()
    return engine.case(str(json.loads(answered.text)["case"])), digest


def _over() -> Refused:
    return Refused("code", Text("回复码不对，或已用过、已过期。", "This code is wrong, was used already, or is over."),
                   Text("请来电索取新的回复码。", "Please call us for a new one."))  # fmt: skip


def _digest(engine: Engine, shown: str) -> str:
    return hashlib.sha256(engine.blind(f"code:{shown}").encode()).hexdigest()


def _key(digest: str) -> str:
    return f"code:{digest}"
