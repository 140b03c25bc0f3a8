"""The funnel: one command through one transaction.

Read the case; apply what is due at or before the instant of the command, each at its own instant; decide; evolve; render;
write everything at once. A `Passage` is one command on its way through.
"""

from __future__ import annotations

import hashlib
import json
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from ..clock import Instant, moment, spoken
from ..core import NeedFact, Program, advance, evolve, next_due, prepare, refusal
from ..core.decide import MOST_STEPS
from ..core.values import unfit
from ..errors import Conflict, GuanjiaError, NotFound, Refused, Text
from ..failpoints import fp
from ..model.case import Case
from ..model.event import GENESIS, Command, Event, Notification, chain, to_json
from ..model.frozen import quick
from ..people import Call, able, owners
from ..store.interface import Answer, Change, EventRow, Held, InboxItem, Query, Store, Transaction
from .between import asked
from .columns import columns

if TYPE_CHECKING:
    from .engine import Engine


TELLING = frozenset({"notify", "nobody", "alarm", "unassigned"})
"""The keys of an event that ask for notifications."""


@quick
@dataclass(frozen=True, slots=True)
class Result:
    """What a command did. `repeated`: its key had been used for the same command before, and nothing was done now."""

    case: Case
    events: tuple[Event, ...]
    repeated: bool = False


_RIGHTS = {
    "edit": ("edit", Text("修改字段", "change its fields")),
    "assign": ("assign", Text("指定责任人", "hand it over")),
    "clock": ("clocks", Text("人工暂停、恢复或重置时限", "pause, resume or reset a clock by hand")),
    "reveal": ("reveal", Text("查看完整的个人信息", "look at its personal data")),
    "forget": ("privacy", Text("销毁个人信息", "destroy its personal data")),
    "migrate": ("calendar", Text("让它改按另一个版本办理", "bring it under another version")),
}
"""The right that a kind of command needs, and what it is to do."""


def carry_out(
    engine: Engine, tx: Transaction, command: Command, blobs: Sequence[tuple[str, bytes]] = (), inbox: str | None = None,
    until: Instant | None = None, dry: bool = False,
) -> Result | GuanjiaError:  # fmt: skip
    """One command inside one transaction. An error that must not undo what was due is returned, not raised.

    A `dry` one is decided like any other and writes nothing. A worker that comes late does what it missed as of `until`, an
    earlier instant than now.
    """
    now = engine.clock.now()
    present = now if until is None else until
    read = tx.read(command.case, command.key)
    fp("after_read")
    digest = engine.blind(digest_of(command)) if command.key else ""
    if read.answer is not None:
        return answered(tx, read.answer, digest, command.key or "")
    if command.kind == "attach" and not blobs:
        raise Refused(
            "field", Text("附件没有内容；请用 engine.attach(…)。", "An attachment without its content; use engine.attach(…).")
        )  # fmt: skip
    occurred = _occurred(engine, command, present)
    pack = Passage(engine, tx, now)
    if command.kind == "open":
        pack.begin(engine.opening(command.name), command, occurred)
    else:
        if read.held is None:
            raise unknown(engine.store, command.case or "")
        pack.take(read.held)
        _expected(engine, pack, command)
        _begun(engine, pack, occurred)
        try:
            pack.drain(occurred)
        except Refused as loop:
            if loop.code != "loop" or command.kind == "due":
                raise
            # Time cannot get this case any further. A person can get it out, so what they do comes first.
            pack = Passage(engine, tx, now)
            pack.take(read.held)
    error: GuanjiaError | None = None
    if command.kind != "due":
        error = pack.apply(command, occurred)
        if error is not None and not pack.events:
            raise error
    pack.quiet = pack.quiet or (command.kind == "open" and occurred < present)
    pack.drain(present)
    if pack.events and not dry:
        # What was due stays although the command is refused; the command itself has not happened, and nothing says that it has.
        change = (
            pack.change(command, digest, blobs, inbox)
            if error is None
            else pack.change(replace(command, key=None), "", (), None)
        )
        fp("before_write")
        tx.write(change)
    if error is not None:
        return error
    assert pack.case is not None
    return Result(pack.case, tuple(pack.events))


def suppose(engine: Engine, tx: Transaction, command: Command, at: Instant) -> tuple[Held, Passage]:
    """What would be, were the fields of an `edit` so at `at`: the same steps as the command's own, and nothing is written."""
    held = tx.read(command.case, None).held
    if held is None:
        raise unknown(engine.store, command.case or "")
    pack = Passage(engine, tx, at)
    pack.quiet = pack.supposed = True
    pack.take(held)
    pack.drain(at)
    if command.values and (error := pack.apply(command, at)) is not None:
        raise error
    return held, pack


def answered(tx: Transaction, answer: Answer, digest: str, key: str) -> Result:
    """What was answered when the key was first used; Conflict when it was for another command."""
    if answer.digest != digest:
        raise Conflict(Text(f"键“{key}”已用于另一条命令。", f"The key {key!r} was used for another command."), key=key)
    given = json.loads(answer.text)
    held = tx.read(given["case"], None).held
    assert held is not None
    return Result(as_case(held), (), repeated=True)


def _occurred(engine: Engine, command: Command, now: Instant) -> Instant:
    if command.at is None:
        return now
    if command.at > now:
        at = spoken(command.at, engine.zone)
        raise Refused("time", Text(f"{at} 还没有到。", f"{at} has not come yet."))
    if not engine.organisation.may(command.actor, "backdate"):
        raise Refused("role", Text("补登过去的时间需要 backdate 权限。", "To backdate needs the right `backdate`."))
    if not command.reason:
        raise Refused(
            "reason", Text("补登过去的时间须写明原因（--reason）。", "To backdate needs a reason (--reason).")
        )
    return command.at


def _begun(engine: Engine, pack: Passage, occurred: Instant) -> None:
    assert pack.case is not None
    if occurred < pack.case.opened_at:
        number, at = pack.case.number, spoken(pack.case.opened_at, engine.zone)
        raise Refused(
            "time", Text(f"{number} 在 {at} 才登记，不能补登更早的事。", f"{number} was opened at {at}; nothing can have happened to it before.")
        )  # fmt: skip


def _entitled(engine: Engine, command: Command, case: Case | None) -> None:
    """What no procedure grants: to change fields, to hand over, to look at personal data, to destroy it, to touch clocks and to
    change the rules is a right, the first three on one's own case none; a customer is heard on his own case only."""
    actor = command.actor
    if case is None or actor.kind == "system":
        return
    if actor.kind == "customer" and command.kind in ("note", "attach") and case.customer != actor.id:
        raise Refused("role", Text(f"{case.number} 不是您的工单。", f"{case.number} is not your case."))
    if command.kind not in _RIGHTS:
        return
    right, what = _RIGHTS[command.kind]
    personal = right in ("edit", "assign", "reveal")
    own = personal and actor.id in (case.assignee, case.opener)
    if own or engine.organisation.may(actor, right):
        return
    who = actor.name or actor.id
    others = Text("除责任人和建单人外，", "its assignee, its opener and ") if personal else Text("", "")
    raise Refused(
        "role",
        Text(
            f"{case.number}：{others.zh}{what.zh}需要 {right} 权限，{who}没有。",
            f"{case.number}: only {others.en}people with the right `{right}` may {what.en}; {who} is not.",
        ),
    )


def _expected(engine: Engine, pack: Passage, command: Command) -> None:
    assert pack.case is not None
    if command.expect is not None and command.expect != pack.case.seq:
        last = engine.history(pack.case.id)[-1]
        who = engine.organisation.name(last.actor)
        at = spoken(last.recorded_at, engine.zone)
        raise Conflict(
            Text(
                f"{pack.case.number} 已被 {who} 于 {at} 改动，请重新查看后再办。",
                f"{pack.case.number} was changed by {who} at {at}; look at it again first.",
            ),
            by=last.actor, at=last.recorded_at, version=pack.case.seq,
        )  # fmt: skip


def with_facts(
    engine: Engine,
    tx: Transaction,
    case: Case | None,
    facts: Mapping[str, Any],
    ask: Callable[[Mapping[str, Any]], Any],
    at: Instant,
) -> Any:
    """Ask a pure function, supplying the facts that it turns out to need, as they are at an instant."""
    known = facts
    while True:
        try:
            return ask(known)
        except NeedFact as need:
            known = {**known, need.key: _fact(engine, tx, case, need.key, at, known)}


def _fact(engine: Engine, tx: Transaction, case: Case | None, key: str, at: Instant, known: Mapping[str, Any]) -> Any:
    """`known` has the site of a case that is only being opened, and says where nothing may be written (`supposed`)."""
    kind, _, name = key.partition(":")
    people, site = engine.organisation, known.get("site") if case is None else case.site
    if kind == "role":
        return list(people.resolve(name, at, site))
    if kind == "able":
        return able(people, Call.of(name), at, site)
    if kind == "owners":
        return owners(people, Call.of(name), at, site)
    if kind == "load":
        return dict(tx.load(name.split(",")))
    if kind == "turn":
        # Each group of people has turns of its own, so that they come out even; where a group begins follows from who they are.
        of = hashlib.sha256(name.encode()).hexdigest()
        turn = 0 if known.get("supposed") else tx.next_number(site or "", f"turn:{of[:16]}", 0)
        return turn + int(of[16:24], 16)
    if kind == "alarm":
        return list(engine.office.alarm)
    assert case is not None
    identity = case.children.get(name, "")  # absent: it is being opened by this very command
    held = tx.children([identity]).get(identity) if identity else None
    if held is None:
        return {"closed": False, "outcome": None}
    child = as_case(held)
    return {"closed": child.finished, "outcome": child.outcome}


class Passage:
    """What one command has done so far: the case, its events and messages, on the way into one `Change`."""

    def __init__(self, engine: Engine, tx: Transaction, now: Instant) -> None:
        self.engine = engine
        self.tx = tx
        self.now = now
        self.program: Program
        self.case: Case | None = None
        self.due: Instant | None = None
        """When time changes the case next."""
        self.before = 0
        self.head = GENESIS
        self.personal: Mapping[str, Any] = {}
        self.sealed: list[tuple[str, str, Any]] = []
        self.events: list[Event] = []
        self.rows: list[EventRow] = []
        self.notifications: list[Notification] = []
        self.inbox: list[InboxItem] = []
        self.extra: dict[str, Any] = {}
        self.quiet = False
        """An old case that is taken in late: what was due meanwhile is recorded and told to nobody."""
        self.supposed = False
        """What is done is only what would be: nothing of it is written."""
        self.taken_in: str | None = None
        """Who takes in an old case with what others did with it then."""

    def begin(self, program: Program, command: Command, occurred: Instant) -> None:
        self.program = program
        site = command.site or self.engine.office.site
        at = moment(occurred, self.engine.zone)
        name = program.procedure.procedure
        number = program.procedure.number.format(
            procedure=name, site=site, year=at.year, month=f"{at.month:02}",
            seq=self.tx.next_number(site, name if command.mode is None else f"{name}:{command.mode}", at.year),
        )  # fmt: skip
        if command.mode is not None:
            number = f"{number}-{command.mode.upper()}"
        identity = command.values.get("$id") or uuid7(self.now, self.engine.entropy)
        self.extra = {"id": identity, "number": number, "site": site}

    def take(self, held: Held) -> None:
        self.case, self.due = self.engine.recent.case(held)
        self.before = held.seq
        self.head = held.head
        self.personal = held.personal
        self.program = self.engine.program(self.case)

    def drain(self, until: Instant) -> None:
        """Apply everything that is due at or before `until`, each at its own instant, in order.

        Refused (code `loop`) when one instant has no end: delays that lead to each other and are over as they begin.
        """
        last, times = None, 0
        while self.case is not None and (due := self.due) is not None and due <= until:
            last, times = due, times + 1 if due == last else 0
            if times > MOST_STEPS:
                raise self._circle(due)
            before = self.case.seq
            self._advance(Command("due", "", self.case.id), due)
            if self.case.seq == before:
                return

    def _circle(self, at: Instant) -> Refused:
        assert self.case is not None
        label, when = self.program.procedure.label, spoken(at, self.engine.zone)
        names = dict.fromkeys(name.partition(".")[2] for name in (event.name for event in self.events[-8:]))
        zh, en = ("、".join(label(name, "zh") for name in names), ", ".join(label(name, "en") for name in names))
        return Refused(
            "loop",
            Text(
                f"{self.case.number} 在 {when} 这一刻转圈，停不下来：{zh}",
                f"{self.case.number} goes round in a circle at {when}: {en}",
            ),
            Text("检查这些延时的 at，或者办理一步让它离开。", "Look at `at` of these delays, or take an action that leaves."),
            case=self.case.number,
        )  # fmt: skip

    def apply(self, command: Command, occurred: Instant) -> GuanjiaError | None:
        """The command itself. A refusal is returned, so that what was due before it stays."""
        try:
            if command.kind == "open":
                values = {name: value for name, value in command.values.items() if name != "$id"}
                command = replace(command, site=self.extra["site"], values=values)
            _entitled(self.engine, command, self.case)
            if command.kind == "migrate":
                self._migrate(command, occurred)
                return None
            self._known(command)
            prepared, sealed = prepare(self.program, command, lambda: self.engine.entropy(16).hex())
            self.sealed = sealed
            if sealed:  # in front of the others, which are opened only where somebody asks for them
                new = {commitment: value for commitment, _, value in sealed}
                self.personal = ChainMap(new, self.personal)  # type: ignore[arg-type]
            self._advance(prepared, occurred)
        except Refused as refused:
            self.sealed = []
            return self._refuse(command, refused, occurred)
        return None

    def _known(self, command: Command) -> None:
        """Staff that are named must be of the house, and whom an action asks for still here: work that is handed to nobody
        is lost."""
        if command.kind == "assign":
            self.engine.organisation.actor(command.name)
        if not command.values or command.actor.kind == "system":
            return
        people, label = self.engine.organisation, self.program.procedure.label
        inputs = self.program.inputs.get((command.kind, command.name), {})
        for name, value in command.values.items():
            field = inputs.get(name) or self.program.procedure.fields.get(name)
            who = "" if value is None else str(value).strip()
            if field is None or field.type != "staff" or not who or (who in people.staff and name not in inputs):
                continue
            try:
                people.actor(who)
            except NotFound as unknown:
                raise unfit(name, Text(label(name, "zh"), label(name, "en")), unknown.text, unknown.hint) from None

    def _migrate(self, command: Command, occurred: Instant) -> None:
        """From here on the case runs under the program of the new version, unless that refuses it."""
        before, self.program = self.program, self.engine.compiled(command.name)
        self.extra = {"before": before}
        try:
            self._advance(command, occurred)
        except Refused:
            self.program = before
            raise
        finally:
            self.extra = {}

    def _refuse(self, command: Command, refused: Refused, occurred: Instant) -> GuanjiaError:
        """Attempts without the right to, and those that a due thing overtook, stand in the history."""
        case = self.case
        if case is None or self.taken_in is not None:  # nothing is there that it could stand in
            return refused
        overtaken = command.kind == "act" and refused.code == "state" and bool(self.events)
        if overtaken:
            what = self.events[-1]
            word = partial(self.program.procedure.label, what.name.partition(".")[0])
            at = spoken(what.occurred_at, self.engine.zone)
            refused = Refused(
                "too_late",
                Text(
                    f"{refused.text.zh}就在之前，{at}，“{word('zh')}”已到时并生效。",
                    f"{refused.text.en} Just before, at {at}, “{word('en')}” fell due and took effect.",
                ),
                refused.hint, **refused.data,
            )  # fmt: skip
        elif command.kind == "act" and refused.code == "state":
            refused = self._changed_meanwhile(case, refused)
        if overtaken or refused.code in ("role", "not_by", "conflict"):
            self._keep((refusal(case, command, refused, occurred, self.now),), None)
        return refused

    def _changed_meanwhile(self, case: Case, refused: Refused) -> Refused:
        last = self.engine.store.events(case.id, case.seq - 1)
        if not last:
            return refused
        event = Event.from_text(last[-1].text)
        at, who = spoken(event.recorded_at, self.engine.zone), self.engine.organisation.name(event.actor)
        hint = refused.hint or Text("", "")
        return Refused(
            refused.code, refused.text,
            Text(f"{who} 于 {at} 最后改动。\n{hint.zh}", f"It was last changed by {who} at {at}.\n{hint.en}"),
            **refused.data,
        )  # fmt: skip

    def _advance(self, command: Command, at: Instant) -> None:
        facts = {
            **self.extra,
            "recorded": self.now,
            "personal": self.personal,
            "quiet": self.quiet,
            "supposed": self.supposed,
            "taken_in": self.taken_in,
            "labels": self.engine.role_labels,
        }
        events, after = with_facts(
            self.engine,
            self.tx,
            self.case,
            facts,
            lambda known: advance(self.program, self.case, command, at, known),
            at,
        )
        self._keep(events, after)

    def _keep(self, events: Sequence[Event], after: Case | None) -> None:
        for event in events:
            text = event.text()
            self.head = chain(self.head, text)
            self.rows.append(EventRow(event.seq, text, self.head, event.recorded_at))
            self.events.append(event)
            self.case = evolve(self.case, event) if after is None or len(events) > 1 else after
            if not self.quiet and not TELLING.isdisjoint(event.data):
                self.notifications.extend(
                    self.engine.renderer.notifications(self.program, self.case, event, self.personal)
                )
            self.inbox.extend(asked(self.case, event, self.personal))
        self.due = None if self.case is None else next_due(self.case)

    def change(self, command: Command, digest: str, blobs: Sequence[tuple[str, bytes]], inbox: str | None) -> Change:
        case = self.case
        assert case is not None
        self.engine.recent.keep(self.head, case, self.due)
        answer = to_json({"case": case.id, "number": case.number, "seq": case.seq}) if command.key else ""
        return Change(
            case=case.id, before=self.before, seq=case.seq,
            snapshot=case.text(),
            columns=columns(case, self.due), events=self.rows,
            personal=[(key, salt, json.dumps(value, ensure_ascii=False)) for key, salt, value in self.sealed],
            notifications=self.notifications, inbox=self.inbox,
            key=(command.key, digest, answer) if command.key else None, inbox_done=inbox, blobs=blobs,
            forget=command.kind == "forget",
        )  # fmt: skip


class Recent:
    """The last few cases that were written, each with its next due instant, by the head of their chain: the hash names the
    history, so what is found is the case that the snapshot would give, without reading it again. Bounded, whatever the
    number of open cases."""

    MOST = 512

    def __init__(self) -> None:
        self._cases: dict[bytes, tuple[Case, Instant | None]] = {}

    def case(self, held: Held) -> tuple[Case, Instant | None]:
        known = self._cases.pop(held.head, None)
        if known is not None:
            return known
        case = as_case(held)
        return case, next_due(case)

    def keep(self, head: bytes, case: Case, due: Instant | None) -> None:
        if len(self._cases) >= self.MOST:
            self._cases.clear()
        self._cases[head] = case, due


def as_case(held: Held) -> Case:
    return Case.from_plain(json.loads(held.snapshot))


def unknown(store: Store, ref: str) -> NotFound:
    """There is no such case: those that were probably meant among the last that changed, and where to look."""
    recent = [row.columns.number for row in store.list(Query(open=None, mode=None, order="changed", limit=500))]
    near = get_close_matches(ref.upper(), recent, 3, 0.75)
    meant = Text(f"是不是：{'、'.join(near)}？\n", f"Did you mean {' or '.join(near)}?\n") if near else Text("", "")
    return NotFound(
        Text(f"没有工单“{ref}”。", f"There is no case {ref!r}."),
        Text(
            f"{meant.zh}用 guanjia ls 查看在办的工单，guanjia find 查找。",
            f"{meant.en}See `guanjia ls` for open cases, `guanjia find` to search.",
        ),
        case=ref, known=near,
    )  # fmt: skip


def digest_of(command: Command) -> str:
    """What names a command among all that may come with one key."""
    about = asdict(command)
    about["actor"] = command.actor.id
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


def uuid7(now: Instant, entropy: Callable[[int], bytes]) -> str:
    """RFC 9562: milliseconds first, so that ids sort by age."""
    raw = bytearray((now // 1000).to_bytes(6, "big") + entropy(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
