"""The engine: one office at work, and the one funnel through which every change of every case goes.

`execute(command)` reads the case, applies what is due, decides, evolves, renders what must be told, and writes it all in one
transaction of the store. People, timers, imports, other cases and host programs all come in here. An Engine may be used
from any number of threads.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ..channels.interface import Channel
from ..clock import Clock, Instant, SystemClock
from ..core import Account, Option, Program, account, available, compile, fold
from ..errors import GuanjiaError, Refused, StoreError, Text
from ..failpoints import fp
from ..language import OfficeFiles
from ..model.case import Case
from ..model.event import SYSTEM, Actor, Command, Event, Notification
from ..model.rights import check_through
from ..model.sight import Sight
from ..model.version import Version
from ..people.organisation import Organisation
from ..store.interface import Held, Query, Row, Store, Transaction
from . import delivery, door, logs, looking, numbering, privacy, rounds, schedules, stream
from .alike import alike
from .arguments import checked, told_by
from .asking import OPEN, Verdict, can
from .attachments import read
from .between import PASSED_ON
from .customer_reading import family
from .customers import Register
from .facts import with_facts
from .funnel import Result, carry_out, suppose
from .in_force import InForce
from .marking import mark
from .one_person import known_as
from .publishing import COMPILED, Put, in_order, present, settled, take_up
from .quiet import Quiet
from .recent import Recent, as_case, unknown
from .rendering import Renderer
from .rights import somebody
from .splitting import taken_along
from .taking_in import take_in


@dataclass(frozen=True, slots=True)
class Work:
    """What one round of the worker did."""

    fired: int = 0
    applied: int = 0
    opened: int = 0
    delivered: int = 0
    failed: int = 0
    problems: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    """Escalations that came to the end of their ladder without anybody acknowledging."""


@checked
class Engine(InForce):
    """One office: its files, its store, its people, its channels, and a clock."""

    def __init__(
        self, store: Store, *, files: OfficeFiles, organisation: Organisation, clock: Clock | None = None,
        channels: Mapping[str, Channel] | None = None, entropy: Callable[[int], bytes] = secrets.token_bytes,
        by: str = SYSTEM.id, blind: Callable[[str], str] = str, compiler: Callable[[Version], Program] = compile,
        rehearsal: bool = False, take_up: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(store, files, compiler)
        self.rehearsal = rehearsal
        """Nothing of it is real: the files are in force as they are, whatever the rule of publishing."""
        self.blind = blind
        """Of what is only ever compared, such as the digest of a command: so that nobody finds out by trying what it was of."""
        self.organisation = organisation
        self.clock = SystemClock() if clock is None else clock
        told_by(self.clock)
        self.customers = Register(self)
        """The register of customers."""
        self.channels = dict(channels or {})
        self.entropy = entropy
        self.by = by
        """Who is recorded as having taken up the files."""
        self.recent = Recent()
        self.zone = files.office().zone
        self._seen: tuple[str, str | None] = ("", None)
        """The files and the compiled copy of them as they were when they were last taken up."""
        self.lulls: dict[str, schedules.Lull] = {}
        """By schedule, how long it opens nothing by the files as they are."""
        self.quiet = Quiet()
        self.looking = False
        """Whether a number is looked for before a new case gets it (see `numbering`)."""
        self._reorganise(organisation)
        if take_up:
            self.refresh()
        else:
            self._published = present(store)
        mark(self)

    @classmethod
    def at(
        cls, folder: str | Path, *, clock: Clock | None = None, database: str | None = None,
        entropy: Callable[[int], bytes] = secrets.token_bytes, by: str = SYSTEM.id, take_up: bool = True,
    ) -> Engine:  # fmt: skip
        """Open the office in `folder`: its files are read and checked, its database is created or migrated.

        With `database=":memory:"` it is a rehearsal: cases are gone with the engine, and messages are recorded, not sent.

        `by` is recorded as whoever took up files that changed: the id or the name of a member of staff, or a user of the machine. Without
        `take_up` they stay as they were taken up last, until `refresh` or somebody publishes.

        Invalid when the office's own files cannot be used and never could: else what office.yaml and organisation.yaml said before
        goes on, and `files.leaning` says why. StoreError when its database cannot be used.
        """
        from ..channels import open_channels
        from ..channels.recorder import Recorder
        from ..store import open_store
        from .sealing import of_office, still_there

        if clock is not None:  # before anything is opened
            told_by(clock)
        files = OfficeFiles(folder)
        with files.steady():
            place = _database(Path(folder), database or files.place())
            still_there(place, Path(folder))
            plain = open_store(place)
            plain.migrate()
            files.vouch(in_order(plain))
            files.lean_on(settled(plain))
            office = files.office()
            store, keys = of_office(plain, Path(folder))
            organisation = Organisation.from_plain(files.organisation(), office.language)
            channels = open_channels(office.channels.model_dump(), Path(folder))
            if database == ":memory:":  # a rehearsal: nobody is told of what never was
                channels = {name: Recorder(name) for name in channels}
            known = None if by in organisation.staff else organisation.by_user(by) or organisation.by_name(by)
            return cls(
                store, files=files, organisation=organisation, clock=clock, channels=channels, entropy=entropy,
                by=known.id if known else by, blind=keys.blind,
                rehearsal=database == ":memory:", take_up=take_up,
            )  # fmt: skip

    def close(self) -> None:
        for channel in self.channels.values():
            channel.close()
        self.store.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- commands

    def execute(self, command: Command) -> Result:
        """Carry out one command, durably, or raise: Refused, NotFound, Conflict, Invalid, StoreError. All or nothing."""
        return self._execute(command)

    def _execute(self, command: Command) -> Result:
        outcome = self._carried(command)
        fp("after_answer")
        if not all(PASSED_ON.isdisjoint(event.data) for event in outcome.events):
            self.pass_on()
            outcome = replace(outcome, case=self.case(outcome.case.id))
        return outcome

    def _carried(self, command: Command, blobs: Sequence[tuple[str, bytes]] = ()) -> Result:
        """Carry it out and say so in the log."""
        try:
            outcome = numbering.transact(self, lambda tx: carry_out(self, tx, command, blobs))
        except GuanjiaError as error:
            outcome = error
        logs.command(self.store, command, outcome)
        if isinstance(outcome, GuanjiaError):
            raise outcome
        return outcome

    def execute_many(self, commands: Sequence[Command]) -> Sequence[Result | GuanjiaError]:
        """Carry out commands in order under one commit; each is all or nothing on its own, and answered by its own error."""
        outcomes = self.carry_out_many(commands)
        self.pass_on()
        return outcomes

    def carry_out_many(self, commands: Sequence[Command]) -> Sequence[Result | GuanjiaError]:
        """The same, where what they ask of other cases has to wait for more commands: `pass_on` is called then."""
        outcomes = numbering.transact_many(self, [_work(self, command) for command in commands])
        for command, outcome in zip(commands, outcomes, strict=True):
            logs.command(self.store, command, outcome)
        return outcomes

    def pass_on(self) -> None:
        """What commands ask of other cases, at once. They are done already: what fails here is left to the worker."""
        try:
            rounds.apply_inbox(self)
        except StoreError as error:
            logs.tell(log, logging.WARNING, "waits", Text(
                f"工单之间的命令留给后台去办：{error.text.zh}", f"What cases send each other waits for the worker: {error.text.en}"))  # fmt: skip

    def open(
        self, procedure: str, *, actor: Actor | str, key: str | None = None, mode: str | None = None,
        customer: str | None = None, at: Instant | None = None, reason: str | None = None, **values: Any,
    ) -> Result:  # fmt: skip
        """Open a case. `values` are fields of the procedure by name; text is converted by each field's type."""
        return self._execute(
            Command(
                "open",
                procedure,
                values=values,
                actor=self.actor(actor),
                key=key,
                mode=mode,
                customer=customer,
                at=at,
                reason=reason,
            )
        )

    def act(
        self, ref: str, action: str, *, actor: Actor | str, key: str | None = None, at: Instant | None = None,
        reason: str | None = None, expect: int | None = None, **values: Any,
    ) -> Result:  # fmt: skip
        """Take an action of the case; `values` are its inputs and fields of the case."""
        return self._execute(
            Command("act", action, ref, values, self.actor(actor), key, at=at, reason=reason, expect=expect)
        )

    def signal(
        self, ref: str, name: str, /, *, actor: Actor | str = SYSTEM, key: str | None = None, **values: Any
    ) -> Result:
        return self._execute(Command("signal", name, ref, values, self.actor(actor), key))

    def edit(
        self, ref: str, *, actor: Actor | str, key: str | None = None, reason: str | None = None, **values: Any
    ) -> Result:
        return self._execute(Command("edit", "", ref, values, self.actor(actor), key, reason=reason))

    def assign(
        self, ref: str, to: str, *, actor: Actor | str, key: str | None = None, reason: str | None = None
    ) -> Result:
        """Make somebody responsible by hand; NotFound when nobody has that id."""
        return self._execute(Command("assign", to, ref, {}, self.actor(actor), key, reason=reason))

    def reveal(self, ref: str, *, actor: Actor | str, reason: str) -> Mapping[str, Any]:
        """The personal values of a case in clear, by the name of the field; that they were looked at, by whom and why, stands in
        its history. Needs the right `reveal`, where it is not one's own case; sensitive ones are only there for the right
        `sensitive`."""
        return privacy.reveal(self, ref, self.actor(actor), reason)

    def forget(self, ref: str, *, actor: Actor | str, reason: str) -> Sequence[Case]:
        """Destroy the personal data of a closed case and of the cases that it opened, for ever: values, and the texts of all
        messages. The history stays and verifies. Needs the right `privacy`."""
        return privacy.forget(self, ref, self.actor(actor), reason)

    def forget_person(
        self, customer: str, *, actor: Actor | str, reason: str, progress: Callable[[int], None] | None = None
    ) -> tuple[Sequence[str], Sequence[str]]:
        """`forget` for every case of a customer, however many, under whatever ids: ids of those that are done, and of those that are
        open still or on hold and keep what they need. Where there is none of these the register forgets the person too. Broken off, call it
        again: what is forgotten has nothing left to destroy."""
        return privacy.forget_person(self, customer, self.actor(actor), reason, progress)

    def adjust(
        self, ref: str, clock: str, way: Literal["pause", "resume", "reset"], *, actor: Actor | str, reason: str,
        key: str | None = None, at: Instant | None = None,
    ) -> Result:  # fmt: skip
        """Pause a clock of the case by hand, let it go on, or reset it. Needs the right `clocks`."""
        return self._execute(Command("clock", clock, ref, {"way": way}, self.actor(actor), key, at=at, reason=reason))

    def merge(self, ref: str, into: str, *, actor: Actor | str, reason: str, key: str | None = None) -> Result:
        """Let the case go on in another open one: it ends as `merged`, what of its messages waits is not sent, its customer is told
        from then on what the customer of the other is told, and nothing wakes it. Needs the right `assign`, where it is not
        one's own case."""
        return self._execute(Command("merge", self._held(into).id, ref, {}, self.actor(actor), key, reason=reason))

    def link(
        self, ref: str, other: str, *, actor: Actor | str, relation: str = "", way: Literal["beside", "child", "apart"] = "beside",
        key: str | None = None, reason: str | None = None,
    ) -> Result:  # fmt: skip
        """Say that two cases have to do with each other (`beside`, under a name), that the first is a `child` of the other, or
        part them again (`apart`). Rights as for `merge`."""
        values = {"case": self._held(other).id, "way": way}
        return self._execute(Command("link", relation, ref, values, self.actor(actor), key, reason=reason))

    def split(
        self, ref: str, procedure: str | None = None, values: Mapping[str, Any] | None = None, *, actor: Actor | str, take: Sequence[str] | None = None,
        relation: str = "split", key: str | None = None, reason: str | None = None,
    ) -> Result:  # fmt: skip
        """Open a case of its own for a part of the matter, linked both ways under `relation`. It takes these fields along from the
        first case, else who and where it is (personal ones and rooms), and its customer; `values` go before. Rights as for
        `merge`."""
        held = self._held(ref)
        case = as_case(held)
        opened = procedure or case.procedure
        given = {**taken_along(self.program(case), self.opening(opened), case, held.personal, take), **(values or {})}
        return self._execute(
            Command(
                "open", opened, values={**given, "$from": [case.id, relation]}, actor=self.actor(actor), key=key, site=case.site,
                mode=case.mode, customer=case.customer, reason=reason,
            )
        )  # fmt: skip

    def undo(self, ref: str, *, actor: Actor | str, reason: str | None = None, key: str | None = None) -> Result:
        """Take back what one did last, within the time that the procedure gives (`undo`): the case is as it was before. Refused (code
        `undo`) when it was somebody else, when something has happened since, or when other cases were set off by it."""
        return self._execute(Command("undo", "", ref, {}, self.actor(actor), key, reason=reason))

    def ask(self, number: str, tail: str) -> door.Standing:
        """How a case stands, for whoever knows its number and the last four digits of a telephone number of its customer. Refused alike
        (`unknown`) when either is wrong, and (`often`) after `door.MOST_WRONG` wrong attempts in an hour."""
        return door.ask(self, number, tail)

    def standing(self, ref: str) -> door.Standing:
        """How a case stands, as its customer is told; nothing is asked of whoever calls this."""
        return door.standing(self, self.case(ref))

    def code(self, ref: str, *, actor: Actor | str, good_for: int = door.GOOD_FOR) -> Result:
        """Make a one-time code and tell the customer of the case (template `code`); it is kept as a digest only. Whoever has it
        answers as the customer, once, within `good_for` microseconds. Needs the right `assign`, where it is not one's own case."""
        return door.code(self, ref, self.actor(actor), good_for)

    def offered(self, code: str) -> tuple[door.Standing, tuple[Option, ...]]:
        """How the case of a code stands, and what its customer may answer now; the code stays good. Refused (`code`)."""
        return door.offered(self, code)

    def answer(self, code: str, action: str, values: Mapping[str, Any] | None = None) -> Result:
        """Take an action as the customer whom the code was made for, once. Refused (`code`) when it is wrong, used or over."""
        return door.answer(self, code, action, values or {})

    def like(self, ref: str, *, actor: Actor | str | None = None) -> Sequence[Row]:
        """Open cases that may be the same matter: of the same procedure, opened near in time, with the same values (`duplicates` of the
        procedure), the latest first, at most `MOST_ALIKE`; with an actor of those that he sees."""
        held = self._held(ref)
        return alike(self, as_case(held), held.personal, None if actor is None else self.actor(actor))

    def timeline(self, ref: str, *, actor: Actor | str | None = None) -> Sequence[tuple[Case, Event]]:
        """What happened to the case and to all that go on in it, as one: each event with the case that it is of, as it is now. With an
        actor as he sees it, without those of cases that he does not."""
        cases = [self.case(ref, actor=actor)]
        for case in cases:
            for absorbed in case.absorbed:
                with suppress(Refused):
                    cases.append(self.case(absorbed, actor=actor))
        events = [(case, event) for case in cases for event in self.history(case.id, actor=actor)]
        return sorted(events, key=lambda item: (item[1].recorded_at, item[0].id != cases[0].id, item[1].seq))

    def acknowledge(self, ref: str, *, actor: Actor | str, key: str | None = None, reason: str | None = None) -> Result:
        """Acknowledge the escalations of a case; only somebody who was told of one may (Refused, code `role`)."""
        return self._execute(Command("ack", "", ref, {}, self.actor(actor), key, reason=reason))

    def migrate(
        self, ref: str, version: str, *, actor: Actor | str, reason: str, policy: Literal["start", "now"] = "start",
        notify: bool = False, drop: Sequence[str] = (), key: str | None = None,
    ) -> Result:  # fmt: skip
        """Bring the case under another version that is kept, by its hash. Needs the right `calendar`.

        `policy`: clocks are counted anew from their start, or keep what they have used and go on from `now`. `notify` tells what
        the move has overtaken. `drop` names open clocks that may end because the version has them no more. Refused
        (`version`), with what is missing, where the version does not know all that the case holds.
        """
        values = {"policy": policy, "notify": notify, "drop": list(drop)}
        return self._execute(Command("migrate", version, ref, values, self.actor(actor), key, reason=reason))

    def unmigrate(
        self, ref: str, version: str, before: str, *, actor: Actor | str, reason: str, key: str | None = None
    ) -> Result:
        """Take back that the case was brought from one version (`before`) under another (`version`): it is as if it had never been.
        Needs the right `calendar`. Refused (`undo`) where anything has happened to it since."""
        values = {"version": version, "before": before}
        return self._execute(Command("undo", "migrated", ref, values, self.actor(actor), key, reason=reason))

    def take_in(self, commands: Sequence[Command], *, by: Actor | str, reason: str, key: str | None = None) -> Result:
        """Take in an old case with what happened to it: `open` first, then what was done with it, each command with its own `at`
        and the actor who did it then. Decided as it would have been at those instants and told to nobody; all or nothing. Needs the
        right `backdate`. Refused names the first step that does not fit."""
        who = self.actor(by)
        return numbering.transact(self, lambda tx: take_in(self, tx, commands, who, reason, key))

    def preview(self, commands: Sequence[Command]) -> Sequence[Result | GuanjiaError]:
        """What these commands would do, each for itself: decided like any other, and nothing of it is written."""
        outcomes = self.store.transact_many([_foreseen(self, command) for command in commands])
        return [outcome.result if isinstance(outcome, _Foreseen) else outcome for outcome in outcomes]

    def note(self, ref: str, text: str, *, actor: Actor | str, key: str | None = None) -> Result:
        return self._execute(Command("note", "", ref, {"text": text}, self.actor(actor), key))

    def attach(self, ref: str, name: str, content: bytes, *, actor: Actor | str, key: str | None = None) -> Result:
        """Keep a file with the case, under a name without a folder. At most `MOST_ATTACHED` bytes."""
        if len(content) > MOST_ATTACHED:
            megabytes = MOST_ATTACHED // 2**20
            raise Refused("size", Text(f"附件不能超过 {megabytes} MB。", f"An attachment is at most {megabytes} MB."))
        about: dict[str, Any] = {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        command = Command("attach", name, ref, about, self.actor(actor), key)
        return self._carried(command, [(str(about["sha256"]), content)])

    def attachment(self, ref: str, number: int, *, actor: Actor | str, reason: str) -> tuple[str, bytes]:
        """Name and content of a file of a case, by the number of the event that brought it; recorded, and refused as `reveal` is."""
        return read(self, ref, number, self.actor(actor), reason)

    # -- reading

    def case(self, ref: str, *, actor: Actor | str | None = None) -> Case:
        """The case by id or number, as it was last written. NotFound.

        With an `actor` as he sees it: `***` for what he may not read; Refused (`site`, `sight`, `conflict`) where it is none
        of his. So it is with everything below that takes an actor; without one whoever embeds the engine sees everything.
        """
        case = as_case(self._held(ref))
        return case if actor is None else looking.seen(self, case, self.actor(actor))

    def history(self, ref: str, *, actor: Actor | str | None = None) -> tuple[Event, ...]:
        held = self._held(ref)
        events = tuple(Event.from_text(row.text) for row in self.store.events(held.id))
        return events if actor is None else looking.told(self, as_case(held), self.actor(actor), events)

    def personal(self, ref: str) -> Mapping[str, Any]:
        return self._held(ref).personal

    def list(self, query: Query, *, actor: Actor | str | None = None) -> Sequence[Row]:
        """Cases that the query asks for; with an actor only those that he sees."""
        return self.store.list(query if actor is None else replace(query, sight=self.sight(actor)))

    def sight(self, actor: Actor | str) -> Sight | None:
        """What an actor sees, for queries; None where it is everything."""
        who = self.actor(actor)
        check_through(vars(self.organisation), who)
        sight = self.organisation.sight(who)
        if sight is None or who.kind != "customer":
            return sight
        return sight._replace(hand=tuple(f"customer:{id}" for id in family(self.store.customers, who.id)))

    def events(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, str, Event]]:
        """Events of all cases in commit order, from a cursor on: (cursor, case id, event)."""
        return [(cursor, case, Event.from_text(row.text)) for cursor, case, row in self.store.feed(after, limit)]

    def available(self, ref: str, actor: Actor | str) -> tuple[Option, ...]:
        """What could be done with the case now, and why not. Refused where the actor does not see it."""
        held = self._held(ref)
        case = as_case(held)
        who, now = known_as(self.store.customers, case, self.actor(actor)), self.clock.now()
        looking.check(self, case, who)
        return self.store.transact(
            lambda tx: with_facts(
                self, tx, case, {"personal": held.personal, "labels": self.role_labels},
                lambda facts: available(self.program(case), case, who, now, facts), now,
            )
        )  # fmt: skip

    def can(
        self, who: Actor | str, what: str, ref: str, values: Mapping[str, Any] | None = None, *, actor: Actor | str | None = None
    ) -> Verdict:  # fmt: skip
        """Whether somebody could do `what` with a case now (`see`, an action, a signal, `edit`, `assign`, `note`, `reveal`, `ack`,
        `forget`), or `open` one of a procedure (`ref`): asked of the funnel, and nothing is done or recorded. With an `actor` Refused
        where that one, who asks, does not see the case himself."""
        if actor is not None and what != OPEN:
            self.case(ref, actor=actor)
        return can(self, self.actor(who), what, ref, values or {})

    def why(
        self, ref: str, clock: str, *, cycle: int | None = None, actor: Actor | str = SYSTEM, at: Instant | None = None,
        **assumed: Any,
    ) -> Account:  # fmt: skip
        """Why the clock's deadline falls where it does; NotFound when it has not started.

        With `assumed` values of fields, or at another instant than now, the account is of what would be then: what falls due
        until `at` is supposed to happen, and nothing is changed.
        """
        now = self.clock.now() if at is None else at
        command = Command("edit", "", ref, assumed, self.actor(actor))
        held, ahead = self.store.transact(lambda tx: suppose(self, tx, command, now))
        events = [Event.from_text(row.text) for row in self.store.events(held.id) if row.seq <= held.seq]
        case = as_case(held)
        program = looking.check(self, case, command.actor)
        found = account(program, [*events, *ahead.events], clock, now, ahead.personal, cycle)
        return looking.explained(program, case, command.actor, found)

    def actor(self, who: Actor | str) -> Actor:
        """The actor of a staff id, `customer:<id>`, `system` or `system:<name>`; an Actor is taken as it is."""
        return somebody(who) if isinstance(who, Actor) else self.organisation.actor(who)

    def actor_by_token(self, token: str) -> Actor:
        """The other system whose token it is. Refused (code `token`) when it is nobody's."""
        return self.organisation.by_token(token)

    # -- the worker's work

    def run_once(self, *, owner: str | None = None, stopping: Callable[[], bool] = lambda: False) -> Work:
        """Fire what is due, apply what cases sent each other, open what is scheduled, deliver what waits. Never raises for
        one case: what fails is named in `problems` and tried again in the next round. Once `stopping` is true, what is in
        hand is finished and the rest left to other workers."""
        now = self.clock.now()
        opened, problems = schedules.open_due(self, now, stopping)
        alarms: list[str] = []
        fired, applied = self.fire(problems, stopping, alarms)
        name = owner or f"worker-{self.entropy(6).hex()}"
        sent = delivery.deliver(self.store, self.channels, self.clock, name, quiet=self.quiet, stopping=stopping)
        return Work(fired, applied, opened, sent.sent, sent.failed + sent.dead, tuple(problems), tuple(alarms))

    def fire(
        self, problems: MutableSequence[str], stopping: Callable[[], bool] = lambda: False, alarms: MutableSequence[str] | None = None
    ) -> tuple[int, int]:  # fmt: skip
        """Apply everything that is due and what cases sent each other; the number of events and of items. A case that cannot
        be advanced holds up no other; it is named in `problems`. What nobody acknowledges is named in `alarms`."""
        return rounds.fire(self, problems, stopping, [] if alarms is None else alarms)

    def retry_parked(self, key: str) -> Text | None:
        """Carry out what one case sent another and was parked, now that the reason is mended. Why it is parked anew, None when
        it took effect; NotFound when nothing with this key is parked."""
        return rounds.retry_parked(self, key)

    def resend(self, message: Notification) -> bool:
        """Let a notification that failed go out again, told anew by the event that it is of: with the address and the
        channels that there are now, and not while its recipient is to be left in peace. False when it did not fail; Refused
        when it still cannot be told."""
        held = self._held(message.case)
        case = fold(Event.from_text(row.text) for row in self.store.events(held.id) if row.seq <= message.seq)
        event = Event.from_text(self.store.events(held.id, message.seq - 1)[0].text)
        anew = [
            told
            for told in self.renderer.notifications(self.program(case), case, event, held.personal)
            if (told.template, told.recipient) == (message.template, message.recipient)
        ]
        told = next((told for told in anew if told.channel == message.channel), anew[0])
        if told.problem is not None:
            raise Refused("unrenderable", Text.parse(told.problem), case=case.number, key=message.key)
        return self.store.retry(replace(told, key=message.key), self.quiet.free(told, self.clock.now()))

    # -- taking up files

    def refresh(self) -> tuple[Event, ...]:
        """Take up the files as they are now: every procedure that is in order is kept as a version for ever, and people
        who came or left are known. Returns what was recorded of it in the office's own stream. Invalid when office.yaml or
        organisation.yaml cannot be used; then everything stays as it was."""
        with self.files.steady():
            digest = self.files.digest()
            if (digest, self.store.setting(COMPILED)) == self._seen:
                return ()
            if self._seen[0] not in ("", digest):
                self._reorganise(Organisation.from_plain(self.files.organisation(), self.files.office().language))
            return self._take_up(digest, self.by)

    def record(
        self, happened: Sequence[stream.Happened], *, by: str, versions: Iterable[Version] = (), put: Put | None = None
    ) -> tuple[Event, ...]:
        """Record in the office's own stream what somebody decided for the office, keep the versions that it needs, let what he
        put come into force, and let new cases run under what follows from it. Returns all that was recorded."""
        with self.files.steady():
            return self._take_up(self.files.digest(), by, happened, versions, put)

    def _take_up(
        self, digest: str, by: str, happened: Sequence[stream.Happened] = (), versions: Iterable[Version] = (), put: Put | None = None
    ) -> tuple[Event, ...]:  # fmt: skip
        self.lulls.clear()
        self._published = take_up(self, by, happened, versions, put)
        self.renderer.quiet = self.quiet = Quiet(
            self._published.quiet, self.office, self.zone, self.blind, self.customers.hours_of, self._agreed
        )
        self._seen = (digest, self.store.setting(COMPILED))
        return self._published.events

    def _reorganise(self, organisation: Organisation) -> None:
        self.office = self.files.office()
        self._calendars.clear()
        self.organisation = organisation
        self.role_labels = {spoken: organisation.labels(spoken) for spoken in ("zh", "en")}
        self.renderer = Renderer(
            organisation, office=self.office.model_dump(), language=self.office.language, zone=self.zone,
            channels=list(self.channels), quiet=self.quiet, profile=self.customers.profile, source=self._source,
        )  # fmt: skip

    def _source(self, identity: str, seq: int) -> tuple[Program, Case, Event]:
        """An event of a case, with the case after it."""
        events = [Event.from_text(row.text) for row in self.store.events(identity) if row.seq <= seq]
        case = fold(events)
        return self.program(case), case, events[-1]

    def _agreed(self, message: Notification) -> bool:
        if message.recipient != "customer" or not self._published.asks:
            return True
        return self.renderer.agreed(*self._source(message.case, message.seq), message.template)

    def log(self, after: int = 0) -> Iterator[Event]:
        """What happened to the office itself and to no case: the events of its own stream with a number above `after`."""
        return stream.events(self.store, after)

    def _held(self, ref: str) -> Held:
        held = self.store.get(ref)
        if held is None:
            raise unknown(self.store, ref)
        return held


log = logging.getLogger("guanjia.engine")

MOST_ATTACHED = 10 * 2**20
"""Bytes of one attachment."""


def _work(engine: Engine, command: Command) -> Callable[[Transaction], Result | GuanjiaError]:
    return lambda tx: carry_out(engine, tx, command)


class _Foreseen(GuanjiaError):
    """What a command would do; raised, so that nothing of it remains, numbers and locks included."""

    def __init__(self, result: Result | GuanjiaError) -> None:
        super().__init__(Text("预览", "a preview"))
        self.result = result


def _foreseen(engine: Engine, command: Command) -> Callable[[Transaction], Result | GuanjiaError]:
    def work(tx: Transaction) -> Result | GuanjiaError:
        raise _Foreseen(carry_out(engine, tx, command, dry=True))

    return work


def _database(folder: Path, database: str) -> str:
    return database if "://" in database or database == ":memory:" else str(folder / database)
