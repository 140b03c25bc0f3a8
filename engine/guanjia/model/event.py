"""What happened to a case, what is asked of it, and by whom.

An `Event` is one step as a value: everything that it changed stands in it, so that `evolve` needs nothing else. Events of
a case form a hash chain. A `Command` is what the one funnel takes; an `Actor` is who asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cache
from typing import Any, Literal, NamedTuple, TypeGuard

from ..clock import Instant
from .frozen import quick

EventType = Literal[
    "opened",  # the case began
    "acted",  # a person took an action
    "signalled",  # another system, another case, or this case itself sent a signal
    "elapsed",  # a delay ran out
    "reached",  # a clock reached a threshold (name: <clock>.<threshold>); `<clock>.due` is a breach
    "climbed",  # the next level of a ladder was told (name: the key of the climb)
    "alarmed",  # nobody acknowledged the last level of a ladder in time (name: the key of the climb)
    "acknowledged",  # somebody who was told of an escalation has taken note: it climbs no further
    "moved",  # an `always` transition followed by itself
    "edited",  # fields were changed
    "assigned",  # somebody was made responsible by hand
    "noted",  # a remark was added
    "attached",  # a file was added
    "reopened",  # a finished case began again
    "adjusted",  # a clock was paused, resumed or reset by hand (name: <clock>.<pause|resume|reset>)
    "migrated",  # the case came under another version: other calendars, or other rules
    "revealed",  # somebody looked at its personal data in clear
    "forgotten",  # its personal data was destroyed, or that of some fields
    "held",  # its personal data was put on hold: it is not destroyed
    "released",  # the hold was lifted
    "linked",  # a child or another case was bound to this one, or let go
    "merged",  # it goes on in another case: it is closed, and nothing wakes it (name: the number of that case)
    "coded",  # a one-time code was made, by which the customer may answer
    "undone",  # what somebody did last was taken back: the case is as it was before (name: what was done)
    "told",  # its customer was told what another case tells (name: the template)
    "refused",  # somebody tried what they may not, or came too late
]

OfficeEventType = Literal[
    "published",  # a procedure was taken up as a version: new cases run under it
    "withdrawn",  # the file of a procedure is gone: no new cases
    "explained",  # somebody said why a version of a procedure (name) is in force that came into force by itself
    "proposed",  # somebody wants to publish; a second person has to approve it (name: P1, P2 …)
    "declined",  # a proposal (name) will not be published
    "guarded",  # from now on procedures come into force by this rule (`publishing` of office.yaml)
    "amended",  # a registry (name) has other rows or columns than before, is new, or is gone
    "reorganised",  # roles or staff are others than before
    "applied",  # open cases were moved to the calendars as they are now, or to a procedure as it is now
    "taken_back",  # such a move of open cases to a procedure (name) was taken back
    "suspended",  # a window in which clocks stand still or run slower was decided (name: S1, S2 …)
    "rekeyed",  # a key of the office was added or dropped (name: its name)
    "left_word",  # a shift left words for the next
    "resumed",  # such a window ends earlier than was decided, or never begins
]
"""What happens to the office itself and to no case; such an event has no case (""), and the numbers of the office's stream."""

CustomerEventType = Literal[
    "registered",  # a person came into the register
    "changed",  # fields of theirs were changed, ended or added (data: their names)
    "verified",  # somebody made sure that all of it is still so
    "consented",  # they agreed to a purpose (name), under a version of the notice
    "withdrew",  # they withdrew that, or object to it
    "restricted",  # what is known of them is kept and used for nothing but what has to be told
    "lifted",  # that is over
    "merged",  # they turned out to be another one who is registered (name)
    "absorbed",  # another one (name) turned out to be them
    "revealed",  # somebody looked at it in clear
    "forgotten",  # their key and all that was sealed under it was destroyed
    "refused",  # somebody tried what they may not
]
"""What happens to a customer and to no case; such an event has `customer:<id>` for the case."""

CommandKind = Literal[
    "open",
    "act",
    "signal",
    "due",
    "edit",
    "assign",
    "clock",
    "migrate",
    "note",
    "attach",
    "link",
    "merge",
    "tell",
    "undo",
    "code",
    "ack",
    "reveal",
    "forget",
    "hold",
]


def to_json(plain: Any) -> str:
    """Plain data as the JSON that is stored and hashed. pydantic's own writer: a third of the standard library's time."""
    return _tools().write(plain).decode()


def from_json(text: str) -> Any:
    """What `to_json` wrote. ValueError for what is no JSON."""
    return _tools().read(text)


class _Tools(NamedTuple):
    write: Callable[[Any], bytes]
    read: Callable[[str], Any]
    sha256: Callable[[bytes], Any]


@cache
def _tools() -> _Tools:
    """Imported when first needed: a command that only lists cases does without them."""
    from hashlib import sha256

    from pydantic_core import from_json, to_json

    return _Tools(to_json, from_json, sha256)


@quick(frozen=True, slots=True)
class Actor:
    """Who asks: a member of staff, a customer, another system, or the engine itself (`SYSTEM`)."""

    id: str
    roles: tuple[str, ...] = ()
    kind: Literal["staff", "customer", "system", "service"] = "staff"
    """`system` is the engine itself, `service` another system (id `system:<name>`)."""
    name: str = ""
    through: str | None = None
    """Who really typed it, where that is somebody else of the staff: needs the right `act_for`, and stands in the event."""


SYSTEM = Actor("system", (), "system")


@quick(frozen=True, slots=True)
class Command:
    """What is asked of one case. `at` backdates (needs a right and a reason); `key` makes it happen once however often sent."""

    kind: CommandKind
    name: str
    """Procedure to open, action, signal, due thing, assignee, clock, hash of the version to come under; "" where there is nothing to name."""
    case: str | None = None
    """Id or number; None only to open."""
    values: Mapping[str, Any] = field(default_factory=dict)
    actor: Actor = SYSTEM
    key: str | None = None
    site: str = ""
    mode: str | None = None
    customer: str | None = None
    """To open: whose case it is."""
    parent: str | None = None
    """To open: the case that it is a child of."""
    at: Instant | None = None
    reason: str | None = None
    expect: int | None = None
    """Refuse with Conflict unless the case is still at this version."""


@quick(frozen=True, slots=True)
class Event:
    """One recorded fact. `data` is plain JSON; its keys are described in docs/architecture.md."""

    case: str
    seq: int
    type: EventType | OfficeEventType | CustomerEventType
    name: str
    actor: str
    occurred_at: Instant
    recorded_at: Instant
    data: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The canonical JSON that is stored and hashed."""
        return to_json(
            [self.case, self.seq, self.type, self.name, self.actor, self.occurred_at, self.recorded_at, self.data]
        )

    @classmethod
    def from_text(cls, text: str) -> Event:
        return cls(*from_json(text))


GENESIS = bytes(32)


def chain(head: bytes, text: str) -> bytes:
    """The head of a case's chain after the event with this canonical text: SHA-256 over the head before and the text."""
    digest: bytes = _tools().sha256(head + text.encode()).digest()
    return digest


Urgency = Literal["low", "normal", "urgent"]
"""`urgent` never waits; `normal` waits while people are to be left in peace; `low` waits for the next digest."""


@quick(frozen=True, slots=True)
class Notification:
    """One rendered message to one recipient by one channel: an instance of a notice, waiting in the outbox.

    `key` names it for ever: (case, event, effect, recipient, channel); the receiver sees it (Message-ID).
    """

    key: str
    case: str
    seq: int
    template: str
    recipient: str
    """`staff:<id>`, `customer:<id>`, or an address as it came with the case."""
    channel: str
    address: str
    language: str
    subject: str
    body: str
    created_at: Instant
    outside: bool = False
    problem: str | None = None
    """Why it could not be rendered; such a one is kept and shown, never sent."""
    urgency: Urgency = "normal"
    not_before: Instant | None = None
    """Where it has to wait, the first instant at which it may go out."""
    digest: str | None = None
    """Messages with the same one that have to wait for the same instant go out as one: they are for the same person."""


def short(key: str) -> str:
    """Eight characters that name a notification, or an item between cases, well enough to be typed."""
    digest: str = _tools().sha256(key.encode()).hexdigest()
    return digest[:8]


MERGED = "merged"
"""The outcome of a case that goes on in another one; the only one that no procedure names."""

BUILT_IN = {
    "zh": {MERGED: "已并单", "open": "登记", "edited": "修改", "assigned": "指定责任人", "adjusted": "人工改动时限", "acknowledged": "确认收到升级", "migrated": "改用新版本",
           "related": "相关", "split": "拆单"},
    "en": {MERGED: "merged", "open": "opening", "edited": "change", "assigned": "assignment", "adjusted": "change of a clock", "acknowledged": "acknowledgement", "migrated": "the move to another version",
           "related": "related", "split": "split off"},
}  # fmt: skip
"""What people call what no procedure names."""


PERSONAL = "personal"


SHOWN = "shown"

SENSITIVE = "sensitive"


def personal_reference(commitment: str, shown: str | None = None, *, sensitive: bool = False) -> dict[str, Any]:
    """What stands in events and snapshots in the place of a personal value. `shown`: what of it everybody may see; of a
    sensitive one nobody sees anything."""
    if sensitive:
        return {PERSONAL: commitment, SENSITIVE: True}
    return {PERSONAL: commitment} if shown is None else {PERSONAL: commitment, SHOWN: shown}


def openings(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None, Mapping[str, Any]]]:
    """The children that an event opens, as (name, id, customer of its own, what is said of it). Of households there is one for each, by
    whom it is for."""
    for child in data.get("open", ()):
        if "households" not in child:
            yield child["as"], child["id"], None, child
        for customer, id in child.get("households", {}).items():
            yield f"{child['as']}:{customer}", id, customer, child


def is_personal(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and PERSONAL in value and len(value) <= 2


def commit(salt: str, value: Any) -> str:
    """The salted commitment of a personal value: proves later what it was, tells nothing once salt and value are destroyed."""
    proof: str = _tools().sha256(f"{salt}\x1f{json.dumps(value, ensure_ascii=False)}".encode()).hexdigest()
    return proof
