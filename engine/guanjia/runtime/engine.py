"""The engine: one office at work, and the one funnel through which every change of every case goes.

`execute(command)` reads the case, applies what is due, decides, evolves, renders what must be told, and writes it all in one
transaction of the store. People, timers, imports, other cases and host programs all come in here. An Engine may be used
from any number of threads.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ..calendars import Calendar, compile_calendar
from ..channels.interface import Channel
from ..clock import MINUTE, Clock, Instant, SystemClock
from ..core import Account, Option, Program, account, available, compile, fold
from ..errors import Conflict, GuanjiaError, NotFound, Refused, StoreError, Text
from ..failpoints import fp
from ..language import OfficeFiles
from ..model.case import Case
from ..model.event import PERSONAL, SYSTEM, Actor, Command, Event, Notification, is_personal, short
from ..model.procedure import Version
from ..people.organisation import Organisation
from ..store.interface import Held, InboxItem, Query, Row, Store, Transaction
from . import delivery, logs, schedules, stream
from .funnel import Recent, Result, as_case, carry_out, suppose, unknown, with_facts
from .publishing import COMPILED, take_up
from .quiet import Quiet
from .rendering import Renderer
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


class Engine:
    """One office: its files, its store, its people, its channels, and a clock."""

    def __init__(
        self, store: Store, *, files: OfficeFiles, organisation: Organisation, clock: Clock | None = None,
        channels: Mapping[str, Channel] | None = None, entropy: Callable[[int], bytes] = secrets.token_bytes,
        by: str = SYSTEM.id, blind: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self.store = store
        self.blind = blind
        """Of what is only ever compared, such as the digest of a command: so that nobody finds out by trying what it was of."""
        self.files = files
        self.organisation = organisation
        self.clock = clock or SystemClock()
        self.channels = dict(channels or {})
        self.entropy = entropy
        self.by = by
        """Who is recorded as having taken up the files."""
        self.recent = Recent()
        self.zone = files.office().zone
        self._programs: dict[str, Program] = {}
        self._seen: tuple[str, str | None] = ("", None)
        """The files and the compiled copy of them as they were when they were last taken up."""
        self._calendars: dict[str, Calendar] = {}
        self.quiet = Quiet()
        self._reorganise(organisation)
        self.refresh()

    @classmethod
    def at(
        cls, folder: str | Path, *, clock: Clock | None = None, database: str | None = None,
        entropy: Callable[[int], bytes] = secrets.token_bytes, by: str = SYSTEM.id,
    ) -> Engine:  # fmt: skip
        """Open the office in `folder`: its files are read and checked, its database is created or migrated.

        With `database=":memory:"` it is a rehearsal: cases are gone with the engine, and messages are recorded, not sent.

        `by` is recorded as whoever took up files that changed: the id of a member of staff, or a user of the machine.

        Invalid when the office's own files cannot be used; StoreError when its database cannot.
        """
        from ..channels import open_channels
        from ..channels.recorder import Recorder
        from ..store import open_store
        from .sealing import of_office

        files = OfficeFiles(folder)
        office = files.office()
        plain = open_store(_database(Path(folder), database or office.database))
        plain.migrate()
        store, keys = of_office(plain, Path(folder))
        organisation = Organisation.from_plain(files.organisation(), office.language)
        channels = open_channels(office.channels.model_dump(), Path(folder))
        if database == ":memory:":  # a rehearsal: nobody is told of what never was
            channels = {name: Recorder(name) for name in channels}
        known = None if by in organisation.staff else organisation.by_user(by)
        return cls(
            store, files=files, organisation=organisation, clock=clock, channels=channels, entropy=entropy,
            by=known.id if known else by, blind=keys.blind,
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
        outcome = self._carried(command)
        fp("after_answer")
        if any("open" in event.data or "emit" in event.data or "closed" in event.data for event in outcome.events):
            self._pass_on()
            if outcome.case.children or outcome.case.parent:
                outcome = replace(outcome, case=self.case(outcome.case.id))
        return outcome

    def _carried(self, command: Command, blobs: Sequence[tuple[str, bytes]] = ()) -> Result:
        """Carry it out and say so in the log."""
        try:
            outcome = self.store.transact(lambda tx: carry_out(self, tx, command, blobs))
        except GuanjiaError as error:
            outcome = error
        logs.command(self.store, command, outcome)
        if isinstance(outcome, GuanjiaError):
            raise outcome
        return outcome

    def execute_many(self, commands: Sequence[Command]) -> Sequence[Result | GuanjiaError]:
        """Carry out commands in order under one commit; each is all or nothing on its own, and answered by its own error."""
        outcomes = self.store.transact_many([_work(self, command) for command in commands])
        for command, outcome in zip(commands, outcomes, strict=True):
            logs.command(self.store, command, outcome)
        self._pass_on()
        return outcomes

    def _pass_on(self) -> None:
        """What commands ask of other cases, at once. They are done already: what fails here is left to the worker."""
        try:
            self._apply_inbox()
        except StoreError as error:
            logs.tell(log, logging.WARNING, "waits", Text(
                f"工单之间的命令留给后台去办：{error.text.zh}", f"What cases send each other waits for the worker: {error.text.en}"))  # fmt: skip

    def open(
        self, procedure: str, *, actor: Actor | str, key: str | None = None, mode: str | None = None,
        customer: str | None = None, at: Instant | None = None, reason: str | None = None, **values: Any,
    ) -> Result:  # fmt: skip
        """Open a case. `values` are fields of the procedure by name; text is converted by each field's type."""
        return self.execute(
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
        return self.execute(
            Command("act", action, ref, values, self.actor(actor), key, at=at, reason=reason, expect=expect)
        )

    def signal(
        self, ref: str, name: str, *, actor: Actor | str = SYSTEM, key: str | None = None, **values: Any
    ) -> Result:
        return self.execute(Command("signal", name, ref, values, self.actor(actor), key))

    def edit(
        self, ref: str, *, actor: Actor | str, key: str | None = None, reason: str | None = None, **values: Any
    ) -> Result:
        return self.execute(Command("edit", "", ref, values, self.actor(actor), key, reason=reason))

    def assign(
        self, ref: str, to: str, *, actor: Actor | str, key: str | None = None, reason: str | None = None
    ) -> Result:
        """Make somebody responsible by hand; NotFound when nobody has that id."""
        return self.execute(Command("assign", to, ref, {}, self.actor(actor), key, reason=reason))

    def reveal(self, ref: str, *, actor: Actor | str, reason: str) -> Mapping[str, Any]:
        """The personal values of a case in clear, by the name of the field; that they were looked at, by whom and why, stands in
        its history. Needs the right `reveal`, where it is not one's own case."""
        case = self.execute(Command("reveal", "", ref, {}, self.actor(actor), reason=reason)).case
        personal = self._held(case.id).personal
        return {name: personal.get(value[PERSONAL]) for name, value in case.fields.items() if is_personal(value)}

    def forget(self, ref: str, *, actor: Actor | str, reason: str) -> Sequence[Case]:
        """Destroy the personal data of a closed case and of the cases that it opened, for ever: values, and the texts of all
        messages. The history stays and verifies. Needs the right `privacy`."""
        family, who = [self.case(ref)], self.actor(actor)
        for case in family:
            children = map(self.store.columns, case.children.values())
            family += [self.case(it.number) for it in children if it is not None and it.parent == case.id]
        # One that is open comes first, and is refused before anything is gone.
        family.sort(key=lambda case: case.finished)
        return [self.execute(Command("forget", "", case.id, {}, who, reason=reason)).case for case in family]

    def forget_person(
        self, customer: str, *, actor: Actor | str, reason: str, progress: Callable[[int], None] | None = None
    ) -> tuple[Sequence[str], Sequence[str]]:
        """`forget` for every case of a customer, however many: ids of those that are done, and of those that are open still and
        keep what they need. Broken off, call it again: what is forgotten has nothing left to destroy."""
        who, after, done, still = self.actor(actor), 0, [], []
        while rows := self.store.list(
            Query(customer=customer, open=None, mode=None, order="opened", limit=200, offset=after)
        ):
            after += len(rows)
            still += [row.id for row in rows if row.columns.closed_at is None]
            due = [row.id for row in rows if row.columns.closed_at is not None and self.store.sealed(row.id)]
            commands = [Command("forget", "", case, {}, who, reason=reason) for case in due]
            for case, outcome in zip(due, self.execute_many(commands), strict=True):
                if isinstance(outcome, GuanjiaError):
                    raise outcome
                done.append(case)
            if progress is not None:
                progress(after)
        return done, still

    def adjust(
        self, ref: str, clock: str, way: Literal["pause", "resume", "reset"], *, actor: Actor | str, reason: str,
        key: str | None = None, at: Instant | None = None,
    ) -> Result:  # fmt: skip
        """Pause a clock of the case by hand, let it go on, or reset it. Needs the right `clocks`."""
        return self.execute(Command("clock", clock, ref, {"way": way}, self.actor(actor), key, at=at, reason=reason))

    def acknowledge(self, ref: str, *, actor: Actor | str, key: str | None = None, reason: str | None = None) -> Result:
        """Acknowledge the escalations of a case; only somebody who was told of one may (Refused, code `role`)."""
        return self.execute(Command("ack", "", ref, {}, self.actor(actor), key, reason=reason))

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
        return self.execute(Command("migrate", version, ref, values, self.actor(actor), key, reason=reason))

    def take_in(self, commands: Sequence[Command], *, by: Actor | str, reason: str, key: str | None = None) -> Result:
        """Take in an old case with what happened to it: `open` first, then what was done with it, each command with its own `at`
        and the actor who did it then. Decided as it would have been at those instants and told to nobody; all or nothing. Needs the
        right `backdate`. Refused names the first step that does not fit."""
        who = self.actor(by)
        return self.store.transact(lambda tx: take_in(self, tx, commands, who, reason, key))

    def preview(self, commands: Sequence[Command]) -> Sequence[Result | GuanjiaError]:
        """What these commands would do, each for itself: decided like any other, and nothing of it is written."""
        outcomes = self.store.transact_many([_foreseen(self, command) for command in commands])
        return [outcome.result if isinstance(outcome, _Foreseen) else outcome for outcome in outcomes]

    def note(self, ref: str, text: str, *, actor: Actor | str, key: str | None = None) -> Result:
        return self.execute(Command("note", "", ref, {"text": text}, self.actor(actor), key))

    def attach(self, ref: str, name: str, content: bytes, *, actor: Actor | str, key: str | None = None) -> Result:
        """Keep a file with the case. At most `MOST_ATTACHED` bytes."""
        if len(content) > MOST_ATTACHED:
            megabytes = MOST_ATTACHED // 2**20
            raise Refused("size", Text(f"附件不能超过 {megabytes} MB。", f"An attachment is at most {megabytes} MB."))
        about = {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        command = Command("attach", name, ref, about, self.actor(actor), key)
        return self._carried(command, [(str(about["sha256"]), content)])

    # -- reading

    def case(self, ref: str) -> Case:
        """The case by id or number, as it was last written. NotFound."""
        return as_case(self._held(ref))

    def history(self, ref: str) -> tuple[Event, ...]:
        return tuple(Event.from_text(row.text) for row in self.store.events(self._held(ref).id))

    def personal(self, ref: str) -> Mapping[str, Any]:
        return self._held(ref).personal

    def list(self, query: Query) -> Sequence[Row]:
        return self.store.list(query)

    def events(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, str, Event]]:
        """Events of all cases in commit order, from a cursor on: (cursor, case id, event)."""
        return [(cursor, case, Event.from_text(row.text)) for cursor, case, row in self.store.feed(after, limit)]

    def available(self, ref: str, actor: Actor | str) -> tuple[Option, ...]:
        """What could be done with the case now, and why not."""
        held = self._held(ref)
        case = as_case(held)
        who, now = self.actor(actor), self.clock.now()
        return self.store.transact(
            lambda tx: with_facts(
                self, tx, case, {"personal": held.personal, "labels": self.role_labels},
                lambda facts: available(self.program(case), case, who, now, facts), now,
            )
        )  # fmt: skip

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
        return account(self.program(case), [*events, *ahead.events], clock, now, ahead.personal, cycle)

    def program(self, case: Case) -> Program:
        return self.compiled(case.version)

    def working(self, calendar: str) -> Calendar:
        """A calendar as the office's files have it now, by its name. Invalid when they cannot be read."""
        known = self._calendars.get(calendar)
        if known is None:
            known = self._calendars[calendar] = compile_calendar(self.files.calendars()[calendar])
        return known

    def procedures(self) -> Sequence[str]:
        return self.files.procedures()

    def actor(self, who: Actor | str) -> Actor:
        """The actor of a staff id; an Actor is taken as it is."""
        return who if isinstance(who, Actor) else self.organisation.actor(who)

    # -- the worker's work

    def run_once(self, *, owner: str | None = None, stopping: Callable[[], bool] = lambda: False) -> Work:
        """Fire what is due, apply what cases sent each other, open what is scheduled, deliver what waits. Never raises for
        one case: what fails is named in `problems` and tried again in the next round. Once `stopping` is true, what is in
        hand is finished and the rest left to other workers."""
        now = self.clock.now()
        opened, problems = schedules.open_due(self, now)
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
        fired = applied = 0
        stuck: list[str] = []
        for moment in self._moments(self.clock.now(), stuck):
            if stopping():
                break
            fired += self._fire(moment, problems, stuck, stopping, [] if alarms is None else alarms)
            applied += self._apply_inbox(moment)
        return fired, applied

    def _moments(self, now: Instant, stuck: Sequence[str]) -> Iterator[Instant]:
        """The minutes up to now in which something fell due or was sent, then now: a worker that comes late takes them one
        after the other, so that what one case waits for from another comes in time, as it would have with a worker on duty."""
        last, sent = 0, sorted(_minute(item.since) for item in map(_Sent, self.store.inbox()))
        while True:
            firsts = [at for at in sent if at > last][:1]
            if due := [case for case in self.store.due(now, 1 + len(stuck)) if case not in stuck]:
                columns = self.store.columns(due[0])
                firsts.append(now if columns is None or columns.next_due is None else columns.next_due)
            last = max(_minute(min(firsts, default=now)), last + MINUTE)
            if last >= now:
                break
            yield last
        yield now

    def _fire(
        self, until: Instant, problems: MutableSequence[str], stuck: MutableSequence[str], stopping: Callable[[], bool],
        alarms: MutableSequence[str],
    ) -> int:  # fmt: skip
        """Apply everything that is due, many cases to a commit."""
        fired = 0
        work = partial(self._due, until)
        while not stopping() and (outcomes := self.store.transact_due(until, MOST_TOGETHER, work, stuck)):
            for case, outcome in outcomes:
                if isinstance(outcome, GuanjiaError):
                    problems.append(f"{case}: {outcome}")
                if isinstance(outcome, GuanjiaError) or not outcome.events:
                    stuck.append(case)
                else:
                    fired += len(outcome.events)
                    logs.due(case, outcome.case.number, outcome.events)
                    alarms += [
                        _alarm(outcome.case, event)
                        for event in outcome.events
                        if event.type == "alarmed" or "unassigned" in event.data
                    ]
        return fired

    def _due(self, until: Instant, tx: Transaction, case: str) -> Result | GuanjiaError:
        try:
            return carry_out(self, tx, Command("due", "", case), until=until)
        except (GuanjiaError, OSError):
            raise
        except Exception as error:  # a fault of ours at one case must not stop the deadlines of all the others
            logs.failed(log, error, case=case)
            raise _fault(error, case=case) from error

    def _apply_inbox(self, until: Instant | None = None) -> int:
        """Carry out what cases sent each other, as of an instant, else each as of its own minute: whoever hears of it is not
        brought beyond that before. What a case refuses is parked, and so is what the program fails at, so that it holds up
        nothing else; what the database could not do just now waits."""
        applied, now = 0, self.clock.now()
        while items := [item for item in map(_Sent, self.store.inbox()) if until is None or item.since <= until]:
            for item in items:
                outcome: Result | GuanjiaError
                try:
                    outcome = self.store.transact(
                        partial(self._receive, item, until or min(_minute(item.since) or now, now))
                    )
                except StoreError:
                    raise
                except GuanjiaError as error:
                    outcome = error
                if isinstance(outcome, Conflict) and outcome.data.get("again"):
                    continue
                if isinstance(outcome, GuanjiaError):
                    self._park(item, outcome.text)
                elif not outcome.events:
                    self._park(item, Text("它没有改变什么", "it changed nothing"))
                elif item.command is not None:
                    logs.command(self.store, item.command, outcome)
                fp("after_item")
                applied += 1
        return applied

    def _park(self, item: _Sent, why: Text) -> None:
        self.store.drop_inbox(item.key, str(why))
        logs.tell(log, logging.WARNING, "parked", Text(
            f"工单之间的一条命令被拒绝：guanjia inbox（{short(item.key)}）",
            f"a command between cases was refused: guanjia inbox ({short(item.key)})"),
            item=short(item.key), case=item.command.case if item.command else None)  # fmt: skip

    def _receive(self, item: _Sent, until: Instant | None, tx: Transaction) -> Result | GuanjiaError:
        if item.command is None:
            return Refused("inbox", Text("这条命令已损坏，读不懂", "this command is damaged and cannot be understood"))
        try:
            return carry_out(self, tx, item.command, inbox=item.key, until=until)
        except (GuanjiaError, OSError):
            raise
        except Exception as error:
            logs.failed(log, error, item=short(item.key))
            raise _fault(error) from error

    def retry_parked(self, key: str) -> Text | None:
        """Carry out what one case sent another and was parked, now that the reason is mended. Why it is parked anew, None when
        it took effect; NotFound when nothing with this key is parked."""
        if not self.store.retry_inbox(key):
            raise NotFound(
                Text(f"没有搁置的命令“{key}”。", f"No command {key!r} is parked."),
                Text("搁置的见 guanjia inbox", "Parked ones: guanjia inbox"),
            )
        self._apply_inbox()
        parked = (why for item, why in self.store.dropped_inbox(MOST_PARKED) if item.key == key)
        return next(map(Text.parse, parked), None)

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

    # -- definitions

    def refresh(self) -> tuple[Event, ...]:
        """Take up the files as they are now: every procedure that is in order is kept as a version for ever, and people
        who came or left are known. Returns what was recorded of it in the office's own stream. Invalid when office.yaml or
        organisation.yaml cannot be used; then everything stays as it was."""
        digest = self.files.digest()
        if (digest, self.store.setting(COMPILED)) == self._seen:
            return ()
        if self._seen[0] not in ("", digest):
            self._reorganise(Organisation.from_plain(self.files.organisation(), self.files.office().language))
        return self._take_up(digest, self.by)

    def record(
        self, happened: Sequence[stream.Happened], *, by: str, versions: Iterable[Version] = ()
    ) -> tuple[Event, ...]:
        """Record in the office's own stream what somebody decided for the office, keep the versions that it needs, and let new
        cases run under what follows from it. Returns all that was recorded."""
        return self._take_up(self.files.digest(), by, happened, versions)

    def _take_up(
        self, digest: str, by: str, happened: Sequence[stream.Happened] = (), versions: Iterable[Version] = ()
    ) -> tuple[Event, ...]:
        self._published = take_up(self, by, happened, versions)
        self.renderer.quiet = self.quiet = Quiet(self._published.quiet, self.office, self.zone, self.blind)
        self._seen = (digest, self.store.setting(COMPILED))
        return self._published.events

    def _reorganise(self, organisation: Organisation) -> None:
        self.office = self.files.office()
        self._calendars.clear()
        self.organisation = organisation
        self.role_labels = {spoken: organisation.labels(spoken) for spoken in ("zh", "en")}
        self.renderer = Renderer(
            organisation, office=self.office.model_dump(), language=self.office.language, zone=self.zone,
            channels=list(self.channels), quiet=self.quiet,
        )  # fmt: skip

    def log(self, after: int = 0) -> Iterator[Event]:
        """What happened to the office itself and to no case: the events of its own stream with a number above `after`."""
        return stream.events(self.store, after)

    def compiled(self, hash: str) -> Program:
        """The program of a version that is kept. NotFound."""
        program = self._programs.get(hash)
        if program is None:
            canonical = self.store.version(hash)
            if canonical is None:
                raise NotFound(
                    Text(f"数据库里没有流程版本 {hash[:12]}。", f"The database has no procedure version {hash[:12]}."),
                    Text("请运行 guanjia audit。", "Run guanjia audit."),
                )
            program = self._programs[hash] = compile(Version.model_validate_json(canonical))
        return program

    def know(self, version: Version) -> None:
        """Let commands that are only previewed name a version that is not kept."""
        self._programs.setdefault(version.hash, compile(version))

    def openable(self) -> Sequence[str]:
        """The procedures of which cases can be opened now: those whose files are in order, or were."""
        return list(self._published.versions)

    def unpublished(self) -> tuple[str, ...]:
        """Procedures whose file cannot be read as it is now; cases go on under the versions that there are."""
        return tuple(sorted(self._published.invalid))

    def opening(self, procedure: str) -> Program:
        """What new cases run under: the last version that was in order. Invalid when there never was one, NotFound."""
        versions, invalid = self._published.versions, self._published.invalid
        if procedure not in versions and procedure in invalid:
            raise invalid[procedure]
        if procedure not in versions:
            known = sorted({*versions, *invalid})
            raise NotFound(
                Text(f"没有流程“{procedure}”。", f"There is no procedure {procedure!r}."),
                Text(f"有：{'、'.join(known)}", f"There are: {', '.join(known) or 'none'}"),
                known=known,
            )
        return self.compiled(versions[procedure])

    def _held(self, ref: str) -> Held:
        held = self.store.get(ref)
        if held is None:
            raise unknown(self.store, ref)
        return held


MOST_TOGETHER = 50
"""Due cases that are advanced under one commit: enough to share its cost, few enough not to hold others up."""

log = logging.getLogger("guanjia.engine")

MOST_PARKED = 100_000
"""Parked commands that are looked through for one."""

MOST_ATTACHED = 10 * 2**20
"""Bytes of one attachment."""


def _fault(error: Exception, **data: Any) -> GuanjiaError:
    """A fault of ours, without what it says: that may hold what a resident typed."""
    kind = type(error).__name__
    return GuanjiaError(Text(f"程序出错：{kind}", f"the program failed: {kind}"), **data)


def _work(engine: Engine, command: Command) -> Callable[[Transaction], Result | GuanjiaError]:
    return lambda tx: carry_out(engine, tx, command)


def _alarm(case: Case, event: Event) -> str:
    if (sought := event.data.get("unassigned")) is not None:
        return str(
            Text(
                f"{case.number}：没有人可以负责（{sought}）：guanjia assign {case.number}",
                f"{case.number}: nobody can be responsible ({sought}): guanjia assign {case.number}",
            )
        )
    if (ladder := event.data.get("alarm")) is not None:
        return str(
            Text(
                f"{case.number}：升级“{ladder}”到顶也没有人可以收到",
                f"{case.number}: nobody at the top of the ladder {ladder} to tell",
            )
        )
    ladder = event.data["unanswered"]
    return str(
        Text(
            f"{case.number}：升级“{ladder}”到顶仍没有人确认：guanjia ack {case.number}",
            f"{case.number}: nobody acknowledged the last level of {ladder}: guanjia ack {case.number}",
        )
    )


class _Foreseen(GuanjiaError):
    """What a command would do; raised, so that nothing of it remains, numbers and locks included."""

    def __init__(self, result: Result | GuanjiaError) -> None:
        super().__init__(Text("预览", "a preview"))
        self.result = result


def _foreseen(engine: Engine, command: Command) -> Callable[[Transaction], Result | GuanjiaError]:
    def work(tx: Transaction) -> Result | GuanjiaError:
        raise _Foreseen(carry_out(engine, tx, command, dry=True))

    return work


def _minute(at: Instant) -> Instant:
    """The first full minute that is not before it."""
    return -(-at // MINUTE) * MINUTE


class _Sent:
    """What one case sent another: the command, None when it is damaged, and since when it is to be carried out."""

    def __init__(self, item: InboxItem) -> None:
        self.key = item.key
        try:
            plain = json.loads(item.command)
            self.since: Instant = int(plain.pop("since", 0))
            self.command: Command | None = Command(case=item.receiver, actor=SYSTEM, key=item.key, **plain)
        except (ValueError, TypeError, AttributeError, RecursionError):
            self.since, self.command = 0, None


def _database(folder: Path, database: str) -> str:
    return database if "://" in database or database == ":memory:" else str(folder / database)
