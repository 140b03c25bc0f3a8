"""The state space: every situation that a case can be in, as far as the lens tells situations apart.

A node stands for all cases with one key and holds one of them, a value that the core made. From it every command is tried that
somebody could give, and every due thing that could come next; the core makes each step. Time stands still here: only which
of the due things comes first is chosen, all orders that are not certainly impossible. So there are more ways here than
there can be, never fewer; what a way is worth `replaying` finds out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from ...clock import Instant, from_iso
from ...core import advance
from ...core.allowing import unwritable
from ...core.attempt import Attempt, select
from ...core.parts import BranchProgram
from ...core.surroundings import Facts, Surroundings
from ...errors import Refused
from ...expressions import Expression
from ...model.case import Case
from ...model.event import SYSTEM, Actor, Command, Event, openings
from ...model.frozen import changed
from ...model.procedure import Field
from .asking import Circle, Place, Some, Unfixed, Values, Var, Watched, comes_true
from .domains import CUSTOMER, Domains, People, actors, hand, person
from .keys import Keys
from .order import Starts, sooner
from .relevance import Lens, inert, of_clock
from .situations import EDITOR, Edge, Move, Node, Rivals


class Space:
    """What was explored. `whole`: all of it."""

    def __init__(self, program: Watched, lens: Lens, limit: int, told: Callable[[int], None] | None = None) -> None:
        self.program, self.lens, self.limit, self.told = program, lens, limit, told
        self.now: Instant = from_iso("2026-03-02T10:00", program.calendar(None).zone)
        self._triggers = cache(program.triggers_of)
        self.domains = Domains(program, lens, self.now)
        program.asking.offered = self.domains.outside
        self.starts = Starts(self.now)
        self.nodes: dict[Any, Node] = {}
        self.roots: list[Node] = []
        self.followed: dict[Place, tuple[Node | None, Move]] = {}
        """The first way on which each branch was followed."""
        self.rivals: list[Rivals] = []
        self.whole = False
        self._next: dict[Any, tuple[Var, tuple[Values, ...]]] = {}
        """How what is open parted at a step like this."""
        self._opened: dict[Any, Mapping[str, Any]] = {}
        self._pending: deque[Node] = deque()
        self._inert = {
            place: inert(lens, program, branch)
            for table in (*program.branches.values(), {"reopen": list(program.reopen)})
            for several in table.values()
            for branch in several
            if (place := program.places[id(branch)])
        }
        self.keys = Keys(program, lens)
        program.asking.alike = self._alike
        self._watched: dict[str, Expression] = {}
        self._reads = {
            clock.name: {path for each in of_clock(clock) for path in each.paths} for clock in program.clocks
        }
        """What the expressions of each clock read."""
        self._over = {clock.name: (*clock.stop.expressions, *clock.cancel.expressions) for clock in program.clocks}
        self.onward: Mapping[str, str] = {}
        """Actions that may be taken at once (`relevance.onward`)."""
        self._left: set[str] = set()
        """States from which everything was tried nonetheless, once."""
        self._tracks = any(node.kind in ("parallel", "track") for node in program.nodes.values())

    # -- exploring

    def explore(
        self, stop: Callable[[Space, Node], bool] | None = None, until: Callable[[Space, Node], bool] | None = None
    ) -> Space:
        """All of it, or as much as the limit allows; nothing is looked for beyond nodes at which `stop` says so, and nothing more
        once `until` does of one that was looked at."""
        for identity in ("0",):
            for mode in (None, *(self.program.procedure.modes if self.lens.mode else ())):
                for actor in self._openers():
                    base = Command("open", self.program.procedure.procedure, actor=actor, customer=CUSTOMER, mode=mode)
                    self._try(None, Move("open", identity, actor), base)
                    if actor is not SYSTEM and "opener" not in self.lens.who and self.roots:
                        break
        while self._pending:
            node = self._pending.popleft()
            if stop is not None and stop(self, node):
                continue
            self._expand(node)
            node.seen = True
            if until is not None and until(self, node):
                return self
            if self.told is not None and not len(self.nodes) % 50:
                self.told(len(self.nodes))
            if len(self.nodes) > self.limit:
                return self
        self.whole = True
        return self

    def _openers(self) -> list[Actor]:
        return actors(self.program.procedure.open_by, None, both="opener" in self.lens.who)

    def _expand(self, node: Node) -> None:
        case = node.case
        if case.finished:
            if self.program.reopen and not case.merged:
                self._act(node, "reopen", list(self.program.reopen))
            return
        forced = self._at_once(case)
        if forced is not None:
            node.due = (forced,)
            self._due(node, *forced)
            return
        hidden = self.lens.hidden
        found = self._triggers(case.states)
        ahead = [leaf for leaf in case.states if leaf in self.onward and leaf not in hidden]
        for leaf in ahead:
            if leaf in self._left:
                self._act(node, self.onward[leaf], found[f"act:{self.onward[leaf]}"])
                if node.edges:
                    return
        self._left |= set(ahead)
        for trigger, branches in found.items():
            if hidden and all(branch.owner.name in hidden for branch in branches):
                continue
            kind, _, name = trigger.partition(":")
            if kind == "act":
                if not self._spent(branches):
                    self._act(node, name, branches)
            elif kind == "signal" and not self._spent(branches):
                self._try(node, Move("signal", name, self._sender(branches, case)), None)
        node.due = tuple(self._coming(case))
        for kind, key in node.due:
            self._due(node, kind, key)
        if self.lens.havoc:
            self._edit(node, found)
        if self.lens.assigned or self.keys.who:
            self._assign(node)
        for name, status in node.children.items():
            if not status["closed"]:
                self._close_child(node, name)
        if self.lens.ladders and any(climb.open and climb.told for climb in case.climbs.values()):
            who = next(person for climb in case.climbs.values() if climb.open for person in climb.people)
            self._try(node, Move("ack", "", hand(who.removeprefix("staff:"))), None)

    def _alike(self, one: Case, other: Case) -> bool:
        return one.fields == other.fields and bool(self.keys.bare(one, {}) == self.keys.bare(other, {}))

    def _spent(self, branches: list[BranchProgram]) -> bool:
        """Whether nothing new can come of these: they change nothing that is told apart, and each was followed before."""
        places = [self.program.places[id(branch)] for branch in branches]
        return bool(places) and all(self._inert[place] and place in self.followed for place in places)

    def _sender(self, branches: list[BranchProgram], case: Case) -> Actor:
        words = [word for branch in branches for word in branch.by]
        return SYSTEM if not words else next(iter(actors(words, case, both=False)), SYSTEM)

    def _act(self, node: Node, name: str, branches: list[BranchProgram]) -> None:
        personal = name in self.lens.by or any(self._tells_who(branch) for branch in branches)
        wide = personal or len({branch.by for branch in branches}) > 1
        words = list(dict.fromkeys(word for branch in branches for word in (branch.by or ("anyone",))))
        for word in words:
            done = False
            for actor in actors((word,), node.case, both=True):
                done = self._try(node, Move("act", name, actor), None)
                if done and not personal:
                    break
            if done and not wide:
                break

    def _tells_who(self, branch: BranchProgram) -> bool:
        if any(("actor",) in expression.paths or "is_role(" in expression.source for _, expression in branch.guards):
            return True
        reads = ("actor",)
        effects = tuple.__iter__(branch.effects)
        return any(reads in expression.paths for effect in effects for expression in effect.values.values())

    def _edit(self, node: Node, found: Mapping[str, list[BranchProgram]]) -> None:
        read: set[str] = set()
        for branch in found.get("always", ()):
            read |= {path[0] for _, guard in branch.guards for path in guard.paths if len(path) == 1}
        for clock in self.program.clocks:
            read |= {path[0] for path in self._reads[clock.name] if len(path) == 1}
        for leaf in node.case.states:
            for above in self.program.nodes[leaf].path:
                for delay in above.delays:
                    if delay.at is not None:
                        read |= {path[0] for path in delay.at.paths if len(path) == 1}
        names = tuple(sorted(read & self.program.fields.keys()))
        if names:
            by = SYSTEM if self.program.writers.keys() & names else EDITOR
            self._try(node, Move("edit", "", by, names=names), None)

    def _assign(self, node: Node) -> None:
        hands = (person("hand"), person("hand", 2)) if self.keys.who else (person("hand"),)
        for who in hands:
            if node.case.assignee is None or (self.keys.who and node.case.assignee != who):
                self._try(node, Move("assign", who, EDITOR), None)

    def _close_child(self, node: Node, name: str) -> None:
        closed = {**node.children, name: {"closed": True, "outcome": None}}
        self._reach(node, Move("child", name), node.case, closed, True)

    # -- time

    def _at_once(self, case: Case) -> tuple[str, str] | None:
        """What is due without any time going by."""
        from ...model.case import due_things

        at, _, kind, key = min(due_things(case), default=(self.now + 1, 0, "", ""))
        return (kind, key) if at <= self.now else None

    def _coming(self, case: Case) -> Iterator[tuple[str, str]]:
        armed = [delay for key in case.delays if (delay := self.keys.delays[key]).owner.name not in self.lens.hidden]
        for delay in armed:
            if not any(sooner(self.starts, other, delay) for other in armed if other is not delay):
                yield "delay", delay.key
        for clock in case.clocks.values():
            if clock.status == "running" and clock.pending:
                varies = self.program.clock_by_name[clock.name].varies or clock.extended
                for at, _, threshold in clock.pending if varies else clock.pending[:1]:
                    yield "clock", f"{clock.name}.{threshold}"
                    if not varies and at:
                        break
        for key, climb in case.climbs.items():
            if climb.due is not None:
                yield "climb", key

    def _due(self, node: Node, kind: str, key: str) -> None:
        self._try(node, Move(kind, key), Command("due", ""))

    def _falls_due(self, case: Case, kind: str, key: str) -> Case:
        """The case in which this due thing, and no other before it, has come."""
        if kind == "delay":
            return case.changed(delays={**case.delays, key: changed(case.delays[key], due=self.now, order=-1)})
        if kind == "climb":
            return case.changed(climbs={**case.climbs, key: changed(case.climbs[key], due=self.now, order=-1)})
        name, _, threshold = key.partition(".")
        clock = case.clocks[name]
        place = next(index for index, item in enumerate(clock.pending) if item[2] == threshold)
        passed = tuple(item[2] for item in clock.pending[:place])
        late = self.program.clock_by_name[name].by_name[threshold]
        over = (late.share is None and late.sign > 0) or (late.share or 0) >= 10_000
        due = min(clock.due, self.now) if over and clock.due is not None else clock.due
        clock = changed(
            clock, due=due, fired=(*clock.fired, *passed),
            pending=((self.now, -1, threshold), *clock.pending[place + 1 :]),
        )  # fmt: skip
        return case.changed(clocks={**case.clocks, name: clock})

    # -- trying

    def _try(self, node: Node | None, move: Move, command: Command | None) -> bool:
        """Make the move with every choice of what it turns out to read; whether the core ever allowed it."""
        start = self._start(node, move)
        context = (move.kind, move.name, move.actor.roles, None if node is None else self._around(node.case, move))
        pending: list[dict[Var, Values]] = [{}]
        for name, held in start.inputs.items():
            # What a later guard asks of the past is to be given in every way.
            if isinstance(held, Some) and (move.name, name) in self.lens.given:
                pending = [{**fixed, held.var: (value,)} for fixed in pending for value in held.values]
        done = False
        while pending:
            fixed = pending.pop()
            at = (context, *((var, tuple(map(str, values))) for var, values in fixed.items()))
            split = self._next.get(at)
            if split is None or not start.parts(split, fixed):
                try:
                    done = self._step(node, move, command, start, fixed) or done
                    continue
                except Unfixed as unfixed:
                    split = self._next[at] = unfixed.var, unfixed.groups
            var, groups = split
            pending += [{**fixed, var: group} for group in reversed(groups)]
        return done

    def _start(self, node: Node | None, move: Move) -> Start:
        """What is open as the move begins."""
        asked = self._asked(move)
        inputs: dict[str, Any] = {}
        for name, item in asked.items():
            given = item.default is not None or (item.required and move.kind == "act")
            inputs[name] = self._open(("input", name, move.name), item, absent=not given)
        if move.kind == "edit":
            inputs = {name: self._open(("new", name), self.program.fields[name], absent=True) for name in move.names}
        return Start(self._fields(node, self._required(node, move)), inputs)

    def _open(self, var: Var, field: Field, *, absent: bool) -> Any:
        values = self.domains.of(var, field, absent=absent)
        return values[0] if len(values) == 1 else Some(var, tuple(values), field)

    def _fields(self, node: Node | None, required: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """The fields of a case as they may stand in a situation, `required` ones given."""
        if node is not None and not self.lens.havoc:
            anew = {name: self._any(name, absent=False) for name in required}
            return {**node.case.fields, **anew} if anew else node.case.fields
        who = None if node is None or self.keys.who else node.case.assignee
        if (required, who) not in self._opened:
            found = {name: self._any(name, absent=name not in required) for name in self.program.fields}
            for name, held in found.items():
                if self.program.fields[name].type == "staff" and who is not None and isinstance(held, Some):
                    # Whether it is the responsible one is told apart: somebody of all people it may be.
                    several = (who if value == person("hand") else value for value in held.values)
                    found[name] = Some(held.var, tuple(dict.fromkeys(several)), held.field)
            self._opened[required, who] = found
        return self._opened[required, who]

    def _any(self, name: str, *, absent: bool) -> Any:
        item = self.program.fields[name]
        return self._open(("field", name), item, absent=absent and (self.lens.havoc or item.default is None))

    def _around(self, case: Case, move: Move) -> tuple[Any, ...]:
        """What of the active states decides what a move does, but for what is asked of tracks."""
        if not self._tracks:
            return case.states
        trigger = f"{move.kind}:{move.name}" if move.kind != "clock" else f"breach:{move.name.partition('.')[0]}"
        found = self._triggers(case.states)
        return *map(id, (*found.get(trigger, ()), *found.get("always", ()))), case.finished

    def _asked(self, move: Move) -> Mapping[str, Field]:
        if move.kind in ("act", "signal"):
            return self.program.inputs.get((move.kind, move.name), {})
        return {}

    def _required(self, node: Node | None, move: Move) -> tuple[str, ...]:
        """Fields that have a value after this, given now or before."""
        if node is None:
            return tuple(name for name, item in self.program.fields.items() if item.required)
        if move.kind != "act":
            return ()
        branches = self._triggers(node.case.states).get(f"act:{move.name}", ()) if move.name != "reopen" else self.program.reopen  # fmt: skip
        return tuple(dict.fromkeys(name for branch in branches for name in branch.require))

    def _step(
        self, node: Node | None, move: Move, command: Command | None, start: Start, fixed: dict[Var, Values]
    ) -> bool:
        """Make the move with what is fixed; whether the core allowed it."""
        program, asking = self.program, self.program.asking
        facts = People(
            {"id": move.name if node is None else "", "number": "N-1"},
            {} if node is None else node.children,
            choosing=self.keys.who,
        )
        facts.fixed = fixed
        asking.begin(fixed)
        fields = narrowed(start.fields, fixed)
        case: Case | None = None
        if node is None:
            assert command is not None
            given = {name: value for name, value in fields.items() if value is not None}
            barred = {name for name in given if unwritable(program, None, command.actor, (name,))}
            command = replace(command, values={name: value for name, value in given.items() if name not in barred})
        else:
            case = node.case.changed(fields=fields)
            if move.timed:
                case = self._falls_due(case, move.kind, move.name)
            if not self._settled(case, facts):
                return False
            if command is None:
                command = self._command(move, case, narrowed(start.inputs, fixed))
                if move.kind == "act" and not self._allowed(case, command, facts):
                    return False
        try:
            events, after = advance(program, case, command, self.now, facts)
        except (Refused, Circle):
            return False
        if not events:
            return False
        followed, whole = list(asking.followed), self._whole(move, fixed)
        rivals = self._rivals(case, whole, command, facts, followed) if self._tracks and case is not None else ()
        for place in followed:
            self.followed.setdefault(place, (node, whole))
        for places in rivals:
            if node is not None and all(known.places != places for known in self.rivals):
                self.rivals.append(Rivals(node, whole, places))
        certain = all(var[0] != "holds" or comes_true(var[1], program.fields) for var in fixed)
        children = self._children(node, events)
        after = self._kept(after, move, start, fixed)
        self._reach(node, whole, after, children, certain, events, tuple(followed))
        for variant in self._late(case, after):
            self._reach(node, whole, variant, children, False, events, tuple(followed))
        return True

    def _whole(self, move: Move, fixed: Mapping[Var, Values]) -> Move:
        return move._replace(fixed=tuple((var, tuple(map(_plain, values))) for var, values in fixed.items()))

    def _kept(self, after: Case, move: Move, start: Start, fixed: Mapping[Var, Values]) -> Case:
        """The case with what is known of it from now on, and no more."""
        if any(isinstance(value, Some) for value in start.inputs.values()) and move.name in after.past:
            past = after.past[move.name]
            was = {name: _renamed(value, move.name, name, fixed) for name, value in past.input.items()}
            after = after.changed(past={**after.past, move.name: changed(past, input=was)})
        if self.lens.havoc:
            return after
        fields, kept = narrowed(after.fields, fixed), self.lens.kept
        if kept is not None:  # those too that were given no value so far: in another case they have one
            fields |= {name: self._any(name, absent=True) for name in self.program.fields if name not in kept}
        return after.changed(fields=fields)

    def _allowed(self, case: Case, command: Command, facts: People) -> bool:
        """Whether the core will follow some branch; to be refused takes it long, for it says why."""
        inputs = command.values
        see = Surroundings(
            self.program, case, self.now, command.actor, Facts(facts), {}, inputs, asked=self._asked_of(command)
        )
        attempt = Attempt(self.program, case, see, command.actor, by_person=True, inputs=inputs)
        if case.finished:
            return any(attempt.consider(branch) for branch in self.program.reopen)
        return bool(select(self.program, case.states, f"act:{command.name}", attempt))

    def _settled(self, case: Case, facts: People) -> bool:
        """Whether the case could stand so: what follows by itself from how it stands has followed already. No `always` waits to be
        taken, no clock goes on that has to stop, nobody is responsible whose own matter it is."""
        if case.finished:
            return True
        if case.assignee is not None and any(
            case.assignee == case.fields.get(name) for name in self.program.procedure.conflicts
        ):
            return False
        see = Surroundings(self.program, case, self.now, SYSTEM, Facts(facts), {})
        sure = self.program.asking.sure
        for clock in case.clocks.values():
            if clock.open and any(sure(over.root, see) for over in self._over[clock.name]):
                return False
        if "always" not in self.program.machine.events:
            return True
        for leaf in case.states:
            for branch in self.program.branches.get(leaf, {}).get("always", ()):
                past = case.past.get(branch.name)
                if branch.at_most is not None and past is not None and past.count >= branch.at_most:
                    continue
                if branch.target is not None and all(sure(guard.root, see) for _, guard in branch.guards):
                    return False
        return True

    def watched(self, claim: Expression) -> Expression:
        """A claim as it is asked of this space."""
        if claim.source not in self._watched:
            self._watched[claim.source] = self.program.watch(claim)
        return self._watched[claim.source]

    def possible(self, node: Node, claim: Expression, wanted: bool) -> tuple[tuple[Var, Values], ...] | None:
        """With what values of all that is open in a situation a claim comes to `wanted`; None where with none."""
        facts = People({}, node.children, choosing=False)
        case = node.case.changed(fields=self._fields(node))
        pending: list[dict[Var, Values]] = [{}]
        while pending:
            fixed = pending.pop()
            self.program.asking.begin(fixed)
            see = Surroundings(self.program, case, self.now, SYSTEM, Facts(facts), {})
            try:
                if bool(claim.evaluate(see)) == wanted and self._settled(case, facts):
                    return tuple(fixed.items())
            except Unfixed as unfixed:
                pending += [{**fixed, unfixed.var: group} for group in reversed(unfixed.groups)]
        return None

    def _command(self, move: Move, case: Case, given: Mapping[str, Any]) -> Command:
        if move.kind in ("act", "signal"):
            values = {name: value for name, value in given.items() if value is not None}
            return Command(move.kind, move.name, case.id, values, move.actor)  # type: ignore[arg-type]
        if move.kind == "edit":
            return Command("edit", "", case.id, given, move.actor, key="k")
        if move.kind == "assign":
            return Command("assign", move.name, case.id, {}, move.actor, reason="by hand")
        return Command("ack", "", case.id, {}, move.actor)

    def _rivals(
        self, case: Case, move: Move, command: Command, facts: People, followed: list[Place]
    ) -> list[tuple[Place, Place]]:
        """Branches of tracks of which only one has its way."""
        trigger = f"{move.kind}:{move.name}"
        found = [self.program.branches.get(leaf, {}).get(trigger, ()) for leaf in case.states]
        if len({branch.owner.name for several in found for branch in several}) < 2:
            return []
        see = Surroundings(
            self.program, case, self.now, move.actor, Facts(facts), {}, command.values, asked=self._asked_of(command)
        )
        wanted: list[BranchProgram] = []
        for leaf in case.states:
            attempt = Attempt(self.program, case, see, move.actor, by_person=move.kind == "act", inputs=command.values)
            wanted += [b for b, _ in select(self.program, (leaf,), trigger, attempt) if b not in wanted]
        taken = [b for b in wanted if self.program.places[id(b)] in followed]
        return [
            (self.program.places[id(won)], self.program.places[id(lost)])
            for lost in wanted if lost not in taken
            for won in taken if won.owner not in lost.owner.path and lost.owner not in won.owner.path
        ]  # fmt: skip

    def _asked_of(self, command: Command) -> Mapping[str, Field]:
        return self.program.inputs.get((command.kind, command.name), {})

    def _late(self, before: Case | None, after: Case) -> Iterator[Case]:
        """The same case with a clock stopped too late, where that need not show before: a shorter target came with the stop, or
        while it stood still."""
        for name, clock in after.clocks.items():
            definition = self.program.clock_by_name[name]
            known = None if before is None else before.clocks.get(name)
            ended = known is not None and known.open and clock.status == "met" and definition.varies
            now = definition.sla.from_ == "now"
            past = (definition.from_expression is not None and not now) or definition.from_clock is not None or definition.from_name not in (None, "open")  # fmt: skip
            started = past and clock.open and (known is None or known.cycle != clock.cycle)
            if ended or started:
                late = changed(clock, status="breached" if ended else clock.status, breached_at=self.now, pending=tuple(
                    item for item in clock.pending if item[0] > (clock.due or 0)) if started else ())  # fmt: skip
                yield after.changed(clocks={**after.clocks, name: late})

    def _children(self, node: Node | None, events: tuple[Event, ...]) -> Mapping[str, Any]:
        known = {} if node is None else node.children
        opened = [name for event in events for name, _, _, _ in openings(event.data)]
        fresh = {name: {"closed": False, "outcome": None} for name in opened if name in self.lens.children}
        return {**known, **fresh} if fresh else known

    # -- situations

    def _reach(
        self, node: Node | None, move: Move, after: Case, children: Mapping[str, Any], certain: bool,
        events: tuple[Event, ...] = (), followed: tuple[Place, ...] = (),
    ) -> None:  # fmt: skip
        key = self.keys.of(after, children)
        there = self.nodes.get(key)
        if there is None:
            depth = 0 if node is None else node.depth + 1
            there = self.nodes[key] = Node(after, key, children, None, depth)
            there.came = (there if node is None else node, move)
            self._pending.append(there)
            if node is None:
                self.roots.append(there)
        if node is not None:
            node.edges.append(Edge(move, there, certain, events, followed))


class Start(NamedTuple):
    """A step before it is made: fields and inputs, each a value or `Some`."""

    fields: Mapping[str, Any]
    inputs: Mapping[str, Any]

    def parts(self, split: tuple[Var, tuple[Values, ...]], fixed: Mapping[Var, Values]) -> bool:
        """Whether groups that were found in another situation are the parts of what is open in this one."""
        var, groups = split
        if var[0] in ("holds", "fact", "outside"):
            return True
        held = (self.fields if var[0] == "field" else self.inputs).get(var[1])
        if var in fixed:
            values = fixed[var]
        elif isinstance(held, Some) and held.var == var:
            values = held.values
        else:
            return False
        return sorted(map(str, values)) == sorted(str(value) for group in groups for value in group)


def narrowed(table: Mapping[str, Any], fixed: Mapping[Var, Values]) -> dict[str, Any]:
    """A table in which what is fixed stands as it is."""
    found = dict(table)
    for name, held in table.items():
        if type(held) is Some and (values := fixed.get(held.var)) is not None:
            found[name] = values[0] if len(values) == 1 else Some(held.var, values, held.field)
    return found


def _renamed(value: Any, action: str, name: str, fixed: Mapping[Var, Values]) -> Any:
    if type(value) is not Some:
        return value
    return Some(("was", action, name), fixed.get(value.var, value.values), value.field)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
