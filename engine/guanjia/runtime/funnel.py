"""The funnel: one command through one transaction.

Read the case; apply what is due at or before the instant of the command, each at its own instant; decide; evolve; render;
write everything at once. A `Passage` is one command on its way through.
"""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..clock import Instant, spoken
from ..core import Program, advance, evolve, next_due, prepare, refusal
from ..core.admitting import unconcerned
from ..core.run import MOST_STEPS
from ..errors import Conflict, GuanjiaError, NotFound, Refused, Text
from ..failpoints import fp
from ..model.case import Case
from ..model.event import GENESIS, Command, Event, Notification, chain, to_json
from ..model.frozen import quick
from ..store.interface import Change, EventRow, Held, InboxItem, Transaction
from ..values import unfit
from .arguments import told_by
from .attachments import closed
from .between import asked
from .columns import columns
from .counted import rows
from .facts import with_facts
from .introducing import at_home, foreign, introduced, placed, with_homes
from .numbering import number_of
from .once import answered, digest_of, usable
from .one_person import known_as
from .recent import as_case, unknown
from .retention import remaining
from .rights import RECORDED, admitted, entitled, occurred_at

if TYPE_CHECKING:
    from .engine import Engine


TELLING = frozenset({"notify", "nobody", "alarm", "unassigned"})
"""The keys of an event that ask for notifications."""


@quick(frozen=True, slots=True)
class Result:
    """What a command did. `repeated`: its key had been used for the same command before, and nothing was done now."""

    case: Case
    events: tuple[Event, ...]
    repeated: bool = False


def carry_out(
    engine: Engine, tx: Transaction, command: Command, blobs: Sequence[tuple[str, bytes]] = (), inbox: str | None = None,
    until: Instant | None = None, dry: bool = False,
) -> Result | GuanjiaError:  # fmt: skip
    """One command inside one transaction. An error that must not undo what was due is returned, not raised.

    A `dry` one is decided like any other and writes nothing. A worker that comes late does what it missed as of `until`, an
    earlier instant than now.
    """
    now = told_by(engine.clock)
    present = now if until is None else until
    if command.key is not None:
        usable(command.key)
    read = tx.read(command.case, command.key)
    fp("after_read")
    digest = engine.blind(digest_of(command)) if command.key else ""
    if read.answer is not None:
        return Result(answered(tx, read.answer, digest, command.key or ""), (), repeated=True)
    if command.kind == "attach" and not blobs:
        raise Refused(
            "field", Text("附件没有内容；请用 engine.attach(…)。", "An attachment without its content; use engine.attach(…).")
        )  # fmt: skip
    if command.kind == "attach":
        command, blobs = closed(command, blobs[0][1], engine.entropy)
    occurred = occurred_at(engine, command, present)
    pack = Passage(engine, tx, now)
    if command.kind == "open":
        pack.begin(engine.opening(command.name), command, occurred)
    else:
        if read.held is None:
            raise unknown(engine.store, command.case or "")
        pack.take(read.held)
        if inbox is not None:  # what is recorded late in one case reaches no other before that was opened
            assert pack.case is not None
            present = occurred = max(present, pack.case.opened_at)
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
        if command.kind == "merge" and pack.events:
            # What a case that ends so still has to say is not said: all of it has to lie in the outbox by then.
            pack.write(pack.so_far(command))
            before, pack = pack, Passage(engine, tx, now)
            pack.follow(before)
    error: GuanjiaError | None = None
    if command.kind != "due":
        error = pack.apply(command, occurred)
        if error is not None and not pack.events:
            if pack.written:
                return error
            raise error
    pack.quiet = pack.quiet or (command.kind == "open" and occurred < present)
    pack.drain(present)
    if pack.events and not dry:
        # What was due stays although the command is refused; the command itself has not happened, and nothing says that it has.
        change = pack.change(command, digest, blobs, inbox) if error is None else pack.so_far(command)
        fp("before_write")
        pack.write(change)
    if error is not None:
        return error
    assert pack.case is not None
    return Result(pack.case, (*pack.written, *pack.events))


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


def _begun(engine: Engine, pack: Passage, occurred: Instant) -> None:
    assert pack.case is not None
    if occurred < pack.case.opened_at:
        number, at = pack.case.number, spoken(pack.case.opened_at, engine.zone)
        raise Refused(
            "time", Text(f"{number} 在 {at} 才登记，不能补登更早的事。", f"{number} was opened at {at}; nothing can have happened to it before.")
        )  # fmt: skip


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
        self.written: Sequence[Event] = ()
        """What this command did before, and has been written."""
        self.rows: list[EventRow] = []
        self.notifications: list[Notification] = []
        self.inbox: list[InboxItem] = []
        self.extra: dict[str, Any] = {}
        self.quiet = False
        """An old case that is taken in late: what was due meanwhile is recorded and told to nobody."""
        self.supposed = False
        """What is done is only what would be: nothing of it is written."""
        self.alike: tuple[tuple[str, Instant], ...] = ()
        """Under what the case was counted before."""
        self.taken_in: str | None = None
        """Who takes in an old case with what others did with it then."""

    def begin(self, program: Program, command: Command, occurred: Instant) -> None:
        self.program = program
        site = placed(self.engine, self.tx, command)
        number = number_of(self.engine, self.tx, program, command, site, occurred)
        identity = command.values.get("$id") or uuid7(self.now, self.engine.entropy)
        self.extra = {"id": identity, "number": number, "site": site}
        if (split := command.values.get("$from")) is not None:
            self.extra["from"] = self._parted(command, *split)

    def _parted(self, command: Command, identity: str, name: str) -> tuple[str, str]:
        """The case that a new one is split from, which whoever asks must be entitled to."""
        held = self.tx.children([identity]).get(identity)
        if held is None:
            raise unknown(self.engine.store, identity)
        case = as_case(held)
        linking = replace(command, kind="link", actor=known_as(self.tx.customers, case, command.actor))
        admitted(self.engine, self.engine.program(case), linking, case)
        entitled(self.engine, linking, case)
        unconcerned(self.engine.program(case), case, held.personal, command.actor)
        if command.actor.kind == "customer":
            raise Refused("role", Text("拆单只能由工作人员办理。", "Only staff may split a case."))
        return case.id, name

    def _other(self, command: Command) -> None:
        """Whoever ties two cases together has to see both, and is to have no conflict of interest in either."""
        other = command.name if command.kind == "merge" else command.values.get("case")
        if command.kind in ("merge", "link") and other is not None and command.actor.kind != "system":
            for held in self.tx.children([str(other)]).values():
                case = as_case(held)
                asked = replace(command, actor=known_as(self.tx.customers, case, command.actor))
                admitted(self.engine, self.engine.program(case), asked, case)
                unconcerned(self.engine.program(case), case, held.personal, command.actor)

    def take(self, held: Held) -> None:
        self.case, self.due = self.engine.recent.case(held)
        self.before = held.seq
        self.head = held.head
        self.personal = held.personal
        self.program = self.engine.program(self.case)
        self.alike = rows(self.program, self.case)

    def follow(self, before: Passage) -> None:
        """Go on where another one ended, which has been written."""
        assert before.case is not None
        self.case, self.due, self.head, self.personal, self.program = (
            before.case,
            before.due,
            before.head,
            before.personal,
            before.program,
        )
        self.before, self.written = before.case.seq, tuple(before.events)
        self.alike = rows(self.program, self.case)

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
                values = {name: value for name, value in command.values.items() if not name.startswith("$")}
                command = replace(command, site=self.extra["site"], values=values)
                if self.taken_in is None:
                    command = introduced(self.engine, self.tx, self.program, command)
                elif command.customer and self.tx.customers.get(command.customer) is None:
                    foreign(command.customer)
            if self.taken_in is None:  # what others did long ago is seen by whoever takes it in
                if (
                    self.case is not None
                    and (who := known_as(self.tx.customers, self.case, command.actor)) is not command.actor
                ):
                    command = replace(command, actor=who)
                admitted(self.engine, self.program, command, self.case)
                self._other(command)
            entitled(self.engine, command, self.case)
            if command.kind == "open" and (kin := at_home(self.engine, self.tx, self.program, command)):
                self.extra["kin"] = kin
            if command.kind == "migrate":
                self._migrate(command, occurred)
                return None
            if command.kind == "undo":
                self.extra = {"history": self._history()}
                if command.name == "migrated":
                    self._as_if_never_moved(command, occurred)
                    return None
            if "$code" in command.values:
                command = self._coded(command)
            self._known(command)
            prepared, sealed = prepare(
                self.program, command, lambda: self.engine.entropy(16).hex(), self.case, self.personal
            )
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
        is lost. A room must be one of those that the site says it has."""
        if command.kind == "assign":
            self.engine.organisation.actor(command.name)
        if not command.values or command.actor.kind == "system":
            return
        people, label = self.engine.organisation, self.program.procedure.label
        site = self.extra["site"] if self.case is None else self.case.site
        inputs = self.program.inputs.get((command.kind, command.name), {})
        for name, value in command.values.items():
            field = inputs.get(name) or self.program.procedure.fields.get(name)
            who = "" if value is None else str(value).strip()
            if field is not None and field.type == "room" and (doubt := people.places.doubt(site, who)) is not None:
                raise unfit(name, Text(label(name, "zh"), label(name, "en")), doubt.text, doubt.hint)
            if field is None or field.type != "staff" or not who or (who in people.staff and name not in inputs):
                continue
            try:
                people.actor(who)
            except NotFound as unknown:
                raise unfit(name, Text(label(name, "zh"), label(name, "en")), unknown.text, unknown.hint) from None

    def _coded(self, command: Command) -> Command:
        """A code that is made is seen by the message that tells it and kept nowhere; one that is used is known by its digest."""
        given = dict(command.values)
        code = given.pop("$code")
        if command.kind == "code":
            self.personal = ChainMap({given["digest"]: code}, self.personal)  # type: ignore[arg-type]
        else:
            self.extra = {"code": code}
        return replace(command, values=given)

    def _history(self) -> Sequence[Event]:
        """Everything that happened to the case, up to this very moment."""
        assert self.case is not None
        rows = self.tx.events(self.case.id)
        return [*(Event.from_text(row.text) for row in rows if row.seq <= self.before), *self.events]

    def _migrate(self, command: Command, occurred: Instant) -> None:
        """From here on the case runs under the program of the new version, unless that refuses it."""
        self.extra = {"before": self.program}
        self._under(command.name, command, occurred)

    def _as_if_never_moved(self, command: Command, occurred: Instant) -> None:
        """From here on the case runs under the program of the version that it left, unless that is refused."""
        self._under(command.values["before"], command, occurred)

    def _under(self, version: str, command: Command, occurred: Instant) -> None:
        command, _ = prepare(self.program, command, str, self.case, self.personal)
        before, self.program = self.program, self.engine.compiled(version)
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
        if case is None:  # nothing is there that it could stand in
            return with_homes(self.engine, self.tx, self.program, command, refused)
        if self.taken_in is not None:
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
        if overtaken or refused.code in RECORDED:
            event = refusal(self.program, case, self.personal, command, refused, occurred, self.now)
            self._keep((event,), None)
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

    def write(self, change: Change) -> None:
        """Write it all, and under what the case is counted from now on where that is another than before."""
        self.tx.write(change)
        assert self.case is not None
        if (now := rows(self.program, self.case)) != self.alike:
            self.tx.put_alike(change.case, now)

    def so_far(self, command: Command) -> Change:
        """What happened ahead of the command: of that itself nothing, so that its key stays free."""
        return self.change(replace(command, key=None), "", (), None)

    def change(self, command: Command, digest: str, blobs: Sequence[tuple[str, bytes]], inbox: str | None) -> Change:
        case = self.case
        assert case is not None
        self.engine.recent.keep(self.head, case, self.due)
        answer = to_json({"case": case.id, "number": case.number, "seq": case.seq}) if command.key else ""
        personal = [(key, salt, json.dumps(value, ensure_ascii=False)) for key, salt, value in self.sealed]
        # A refused attempt to have it destroyed destroys nothing, whatever was written with it.
        forgets = any(event.type == "forgotten" for event in self.events)
        if fields := command.values.get("fields") if forgets else None:
            personal = remaining(self.engine.store, case.id, fields, self.personal)
        return Change(
            case=case.id, before=self.before, seq=case.seq,
            snapshot=case.text(),
            columns=columns(self.program, case, self.due), events=self.rows,
            personal=personal, notifications=self.notifications, inbox=self.inbox,
            key=(command.key, digest, answer) if command.key else None, inbox_done=inbox, blobs=blobs,
            forget=forgets,
        )  # fmt: skip


def uuid7(now: Instant, entropy: Callable[[int], bytes]) -> str:
    """RFC 9562: milliseconds first, so that ids sort by age."""
    raw = bytearray((now // 1000).to_bytes(6, "big") + entropy(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
