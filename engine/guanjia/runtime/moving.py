"""Moving open cases to other versions, many at a time: first what would change, then doing it.

A plan says for each version that open cases are pinned to which version they would come under: the same procedure and the same
templates with other calendars. Cases are read by the index of their version, a batch to a commit, so memory does not grow
with their number and other people's commands come in between. A case that was moved is under the other version: whoever
stops half way and begins again finds only the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..clock import Instant
from ..errors import GuanjiaError, NotFound, Refused, Text
from ..model.event import SYSTEM, Actor, Command
from ..model.suspension import Suspension, as_written, suspensions, under
from ..model.version import Version
from . import stream
from .funnel import Result
from .unsaid import kept

if TYPE_CHECKING:
    from .engine import Engine

BATCH = 100
"""Cases to a commit: enough to share its cost, few enough to keep nobody waiting."""

MOST_EXAMPLES = 10
MOST_REFUSED = 100


@dataclass(frozen=True)
class Plan:
    """Where open cases would go: for each version that they are pinned to the one to come under, and how many they are."""

    targets: Mapping[str, Version]
    counts: Mapping[str, int]
    calendars: tuple[str, ...]
    """The calendars that are others than those cases run under."""
    procedure: str | None = None
    """The procedure whose present version they would come under, where that is the reason."""

    @property
    def cases(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Example:
    """A deadline that moves. `after` is None where it stands still from now on."""

    case: str
    number: str
    procedure: str
    clock: str
    before: Instant | None
    after: Instant | None
    breaches: bool


@dataclass
class Refusals:
    """Of many cases those that stayed as they were."""

    refused: int = 0
    reasons: list[tuple[str, Text]] = field(default_factory=list)
    """The first of them, by id, and why."""

    def refuse(self, identity: str, error: GuanjiaError) -> None:
        self.refused += 1
        if len(self.reasons) < MOST_REFUSED:
            self.reasons.append((identity, error.text))


@dataclass
class Tally(Refusals):
    """What moving cases did, or would do."""

    cases: int = 0
    deadlines: int = 0
    """Deadlines that moved."""
    breaches: int = 0
    """Deadlines that were ahead and are over by the move."""
    delays: int = 0
    provisional: int = 0
    """Deadlines among those that moved that are provisional still."""
    rejudged: int = 0
    """Verdicts that stand, and would be others now."""
    procedures: dict[str, Tally] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    def add(self, identity: str, outcome: Result | GuanjiaError) -> None:
        if isinstance(outcome, GuanjiaError):
            self.refuse(identity, outcome)
            return
        event = next((event for event in outcome.events if event.type == "migrated"), None)
        if event is None:
            return
        examples = list(_moved(outcome, event.data, event.occurred_at))
        for tally in (self, self.procedures.setdefault(outcome.case.procedure, Tally())):
            tally.cases += 1
            tally.deadlines += len(examples)
            tally.breaches += sum(example.breaches for example in examples)
            tally.delays += len(event.data.get("delays", ()))
            tally.provisional += sum(
                plain["status"] == "running" and plain.get("provisional", False)
                for plain in event.data.get("clocks", {}).values()
            )
            tally.rejudged += len(event.data.get("rejudged", ()))
        room = MOST_EXAMPLES - len(self.examples)
        self.examples += examples[:room]


def plan(engine: Engine, names: Sequence[str] | None = None, decided: Sequence[Suspension] | None = None) -> Plan:
    """Where open cases would go by the calendars as the files have them now (only those named; none of them for an empty
    list), under the suspensions that are recorded, or under those that are `decided` instead. NotFound for an unknown
    name; Invalid when the calendars cannot be read."""
    written = engine.files.calendars() if names is None or names else {}
    for name in names or ():
        if name not in written:
            raise NotFound(
                Text(f"没有日历“{name}”。", f"There is no calendar {name!r}."),
                Text(f"有：{'、'.join(sorted(written))}", f"There are: {', '.join(sorted(written))}"),
                known=sorted(written),
            )  # fmt: skip
    fresh = {name: written[name] for name in (written if names is None else names)}
    known = suspensions(engine.log()) if decided is None else decided
    targets: dict[str, Version] = {}
    counts: dict[str, int] = {}
    changed: set[str] = set()
    for pinned, count in sorted(engine.store.pins().items()):
        version = engine.compiled(pinned).version
        target = under(version, known, fresh)
        if target.hash != pinned:
            targets[pinned], counts[pinned] = target, count
            both = {**version.calendars, **target.calendars}
            changed |= {as_written(name) for name in both if version.calendars.get(name) != target.calendars.get(name)}
    return Plan(targets, counts, tuple(sorted(changed)))


def plan_procedure(engine: Engine, name: str) -> Plan:
    """Where open cases of a procedure would go: under the version that new cases run under. NotFound, Invalid."""
    target = engine.opening(name).version
    counts = {
        pinned: count
        for pinned, count in sorted(engine.store.pins().items())
        if pinned != target.hash and engine.compiled(pinned).procedure.procedure == name
    }
    return Plan(dict.fromkeys(counts, target), counts, (), name)


def foresee(
    engine: Engine, plan: Plan, options: Mapping[str, Any], tally: Tally, progress: Callable[[int], None] | None = None
) -> None:
    """Fill the tally with what moving every case of the plan would do; nothing is written."""
    for version in plan.targets.values():
        engine.know(version)
    _each(plan, engine, SYSTEM, "?", options, engine.preview, tally, progress)


def carry_out(
    engine: Engine, plan: Plan, actor: Actor, reason: str, options: Mapping[str, Any], tally: Tally,
    progress: Callable[[int], None] | None = None, happened: Sequence[stream.Happened] | None = None,
) -> None:  # fmt: skip
    """Record the decision in the office's own stream, then move every case of the plan. The tally is filled as it goes on,
    so that it is right whenever somebody stops it. Refused without the right `calendar` or without a reason.

    `happened` is the decision (a suspension), else that calendars were applied.
    """
    entitled(engine, actor, reason)
    reason = kept(engine, reason)
    for version in plan.targets.values():
        engine.know(version)  # ahead of everything: what cannot be compiled is not decided either
    moves = [[pinned, target.hash, plan.counts[pinned]] for pinned, target in plan.targets.items()]
    applied = stream.Happened(
        "applied", plan.procedure or "", {"calendars": list(plan.calendars), "moves": moves, **options, "reason": reason}
    )  # fmt: skip
    engine.record(
        [*(happened or ()), applied] if plan.targets else list(happened or ()),
        by=actor.id,
        versions=plan.targets.values(),
    )
    _each(plan, engine, actor, reason, options, engine.carry_out_many, tally, progress)
    engine.pass_on()  # after all of them: none hears of another ahead of its own move, whichever comes first


def entitled(engine: Engine, actor: Actor, reason: str) -> None:
    """Refused unless this person may decide what time is, and says why."""
    if actor.kind == "customer" or not engine.organisation.may(actor, "calendar"):
        raise Refused(
            "role",
            Text("让在办工单改用新版流程、新日历，或者暂停计时，需要 calendar 权限。",
                 "To move open cases to another version or calendar, or to suspend clocks, needs the right `calendar`."),
            Text("在 organisation.yaml 里给角色写 rights: [calendar]。", "Give a role rights: [calendar] in organisation.yaml."),
        )  # fmt: skip
    if not reason.strip():
        raise Refused("reason", Text("须写明原因（--reason）。", "A reason is needed (--reason)."))


def _each(
    plan: Plan, engine: Engine, actor: Actor, reason: str, options: Mapping[str, Any],
    run: Callable[[Sequence[Command]], Sequence[Result | GuanjiaError]], tally: Tally, progress: Callable[[int], None] | None,
) -> None:  # fmt: skip
    done = 0
    for pinned, target in plan.targets.items():
        for batch in _batches(engine.store.pinned(pinned)):
            commands = [Command("migrate", target.hash, case, options, actor, reason=reason) for case in batch]
            for case, outcome in zip(batch, run(commands), strict=True):
                tally.add(case, outcome)
            done += len(batch)
            if progress is not None:
                progress(done)


def _batches(cases: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(cases, BATCH)):
        yield batch


def _moved(result: Result, data: Mapping[str, Any], at: Instant) -> Iterator[Example]:
    was: Mapping[str, Instant | None] = data.get("was", {})
    for clock, plain in data.get("clocks", {}).items():
        before, after = was.get(clock), plain.get("due")
        if before != after:
            late = after is not None and after <= at and (before is None or before > at)
            yield Example(result.case.id, result.case.number, result.case.procedure, clock, before, after, late)
