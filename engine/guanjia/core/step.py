"""One step of a case: a trigger fires, states are left and entered, effects are done, clocks and delays follow.

A `Step` gathers what becomes the data of one event. It works on a case that never changes; what the step has done so far
(fields set, the new assignee) lies beside it and is seen by the expressions that come later in the same step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..calendars import parse_amount
from ..clock import Instant
from ..errors import Refused, Text
from ..expressions import Expression
from ..model.case import Case, Climb, Clock, Delay
from ..model.event import Actor, is_personal, openings
from ..model.procedure import Field
from ..values import as_held, spelled
from . import assigning, clocks, counting, households, ladders
from .following import follow
from .parts import BranchProgram, DelayProgram, EffectProgram, Node
from .personal import unsaid
from .program import Program
from .surroundings import Facts, Surroundings, called


class Step:
    """The making of one event of `case` at `now`."""

    def __init__(
        self, program: Program, case: Case, now: Instant, actor: Actor, facts: Facts, personal: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None, asked: Mapping[str, Field] | None = None,
    ) -> None:  # fmt: skip
        self.program = program
        self.case = case
        self.now = now
        self.facts = facts
        self.data: dict[str, Any] = {}
        self.leaves = case.states
        self.occurred: set[str] = set()
        """Names of this step: the trigger and the states entered; what clocks listen to."""
        self.clock: str | None = None
        """The clock of which this step is a threshold."""
        self.reopening = False
        self.told: set[tuple[str, str]] = set()
        """(template, recipient): nobody is told the same thing twice in one step."""
        self.raised: list[str] = []
        """Signals to this case itself, to be taken after the step."""
        self.fields = dict(case.fields)
        self.assignee = case.assignee
        self.clocks: dict[str, Clock] = dict(case.clocks)
        self.climbs: dict[str, Climb] = dict(case.climbs)
        self.entries = dict(case.entries)
        self.see = Surroundings(
            program, case, now, actor, facts, personal, inputs, self.fields, asked=asked, entries=self.entries
        )

    def happens(self, name: str) -> None:
        """The trigger is accepted. Guards were asked before; effects and whatever follows see it in the past already."""
        self.occurred.add(name)
        self.see.happened = name

    # -- moving

    def take(self, branch: BranchProgram, leaf: str) -> None:
        """Follow one branch from one active innermost state: exit, do, enter; inside out and outside in."""
        target = branch.target
        if target is None:
            self.do(branch.effects)
            return
        inside, entered = branch.way or self._way(branch, target)
        leaving = [node for node in self._active() if node is not inside and inside in node.path]
        for node in reversed(leaving):
            self._leave(node)
        kept = [name for name in self.leaves if self.program.nodes[name] not in leaving]
        self.do(branch.effects)
        for node in entered:
            self._enter(node)
        self.leaves = (*kept, *(node.name for node in entered if node.leaf))
        if kept:
            self.leaves = tuple(sorted(self.leaves, key=lambda name: self.program.nodes[name].index))

    def _way(self, branch: BranchProgram, target: Node) -> tuple[Node, tuple[Node, ...]]:
        """The state inside which the branch happens, and the states that it enters; worked out once unless history decides."""
        inside = domain(branch)
        entered: list[Node] = []
        for node in self._aims(target):
            _enter_path(node, inside, entered)
        _fill(entered, inside)
        entered.sort(key=lambda node: node.index)
        way = (inside, tuple(entered))
        if target.kind != "history":
            branch.way = way
        return way

    def begin(self) -> None:
        """Enter the initial states; delays of the procedure itself begin with the case."""
        for delay in self.program.root.delays:
            self.arm(delay, self.now)
        entered: list[Node] = []
        _fill(entered, self.program.root)
        entered.sort(key=lambda node: node.index)
        for node in entered:
            self._enter(node)
        self.leaves = tuple(node.name for node in entered if node.leaf)

    def _active(self) -> list[Node]:
        """Active states outer first, in the order written."""
        if len(self.leaves) == 1:
            return list(self.program.nodes[self.leaves[0]].path[1:])
        nodes = {node.index: node for leaf in self.leaves for node in self.program.nodes[leaf].path[1:]}
        return [nodes[index] for index in sorted(nodes)]

    def _leave(self, node: Node) -> None:
        if node.exit:
            self.do(node.exit)
        self.data.setdefault("exited", []).append(node.name)
        if node.remembers:
            inside = [name for name in self.leaves if node in self.program.nodes[name].path]
            self.data.setdefault("history", {})[node.name] = inside
        for delay in node.delays:
            if delay.key in self.case.delays or delay.key in self.data.get("delays", {}):
                self.data.setdefault("delays", {})[delay.key] = None

    def _enter(self, node: Node) -> None:
        self.data.setdefault("entered", []).append(node.name)
        self.occurred.add(node.name)
        for delay in node.delays:
            self.arm(delay, self.now)
        if node.entry:
            self.do(node.entry)

    def _aims(self, target: Node) -> list[Node]:
        if target.kind != "history":
            return [target]
        above = target.parent
        assert above is not None
        before = self.case.history.get(above.name)
        if before is None:
            return [self.program.nodes[target.state.default]] if target.state.default else [above]
        remembered = [self.program.nodes[name] for name in before]
        if target.state.history == "deep":
            return remembered
        depth = len(above.path)
        return list(dict.fromkeys(node.path[depth] for node in remembered))

    def arm(self, delay: DelayProgram, since: Instant, *, again: bool = False) -> None:
        """Start a delay of a state just entered, or an `every` again, counted from when it was due."""
        armed = self.armed(delay, since, again=again)
        if armed is not None:
            self.data.setdefault("delays", {})[delay.key] = armed.to_plain()

    def armed(self, delay: DelayProgram, since: Instant, *, again: bool = False) -> Delay | None:
        """The delay as it is when it is armed at an instant; None for one `at` an instant that is not known."""
        if delay.at is not None:
            due = delay.at.evaluate(self.see)
            if due is None:
                return None
            due = max(due, since)  # what is over already runs out at once, not in the past
        else:
            assert delay.amount is not None
            due = delay.calendar.after(since, delay.amount, due=again)
        return Delay(delay.name, delay.owner.name, due, delay.order, since)

    # -- effects

    def do(self, effects: Iterable[EffectProgram]) -> None:
        for effect in effects:
            if effect.when is None or effect.when.evaluate(self.see):
                getattr(self, f"_{effect.kind}")(effect)

    def _set(self, effect: EffectProgram) -> None:
        assert effect.effect.set is not None
        for name, constant in effect.effect.set.items():
            field = self.program.procedure.fields[name]
            expression = effect.values.get(name)
            value: Any = constant if expression is None else self._value(expression)
            self.change(name, value if is_personal(value) else as_held(field, value))

    def _value(self, expression: Expression) -> Any:
        """What the expression gives; a personal value stays a reference, or is masked in what is made of it, so that it never
        lies in clear in an event."""
        held = self._named(expression)
        if is_personal(held):
            return held
        see, value = self.see, expression.evaluate(self.see)
        return unsaid(self.program, self.case, self.fields, see.inputs, see.personal, expression.paths, value)

    def _named(self, expression: Expression) -> Any:
        """What is held of the field or input that the expression merely names."""
        head, _, rest = expression.source.strip().partition(".")
        return self.see.inputs.get(rest) if head == "input" else self.fields.get(head) if not rest else None

    def _passed(self, expression: Expression) -> Any:
        """What another case is given: a field as it is held, of what is reckoned a number as text."""
        held, value = self._named(expression), self._value(expression)
        return held if isinstance(held, str) else str(value) if isinstance(value, Decimal) else value

    def change(self, name: str, value: Any) -> None:
        if self.fields.get(name) != value:
            self.fields[name] = value
            self.data.setdefault("set", {})[name] = value
            if name in self.program.entries:
                self._point(name, value)

    def _point(self, field: str, key: Any) -> None:
        """Take in the row to which the field points from now on, as it is now. A person who names one that is not there is refused;
        what the engine is handed on (by another case, of old times) stays, and says nothing more than its key."""
        of = self.program.entries[field]
        row = None if key is None else self.facts.ask(f"entry:{of}:{key}")
        if row is None and key is not None and self.see.actor.kind != "system" and not self.facts.given.get("taken_in"):
            label = self.program.procedure.label
            what, whose = spelled(called(self.program, field), field), (label(of, "zh"), label(of, "en"))
            raise Refused(
                "field",
                Text(
                    f"{what.zh}不对：“{whose[0]}”里没有“{key}”", f"{what.en} will not do: “{whose[1]}” has no {key!r}"
                ),
                Text(f"有哪些：guanjia registry show {of}", f"Those there are: guanjia registry show {of}"),
                field=field,
            )
        self.entries.pop(field, None)
        if row is not None:
            self.entries[field] = row
        self.data.setdefault("entries", {})[field] = row

    def _assign(self, effect: EffectProgram) -> None:
        assigning.assign(self, effect)

    def hand_to(self, who: str | None) -> None:
        self.assignee = who
        self.see.case = self.see.case.changed(assignee=who)
        self.data["assignee"] = who
        self.data.pop("stands_in", None)
        if who is not None:
            self.data.pop("unassigned", None)

    def _lacking(self, who: str) -> None:
        lacking = self.data.setdefault("nobody", [])
        if who not in lacking:
            lacking.append(who)

    def _notify(self, effect: EffectProgram) -> None:
        for notice in effect.notices:
            given = {name: self._value(expression) for name, expression in notice.given}
            self.tell(notice.template, notice.to, notice.channel, given, **notice.more)

    def tell(
        self, template: str, words: Iterable[str], channel: Iterable[str] = (), given: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:  # fmt: skip
        words = tuple(words)
        to = [person for person in self.recipients(words) if (template, person) not in self.told]
        self.told |= {(template, person) for person in to}
        about: dict[str, Any] = dict(more)
        if channel:
            about["channel"] = list(channel)
        if given:
            about["with"] = given
        if to:
            self.data.setdefault("notify", []).append({"template": template, "to": to, **about})
        if "customers" in words or ("customer" in to and self.case.absorbed):
            self.relay(template, self.attached("customers" in words), about)

    def relay(self, template: str, cases: Iterable[str], about: Mapping[str, Any]) -> None:
        """Let the customers of other cases be told the same, each by his own case."""
        to = [case for case in cases if (template, f"case:{case}") not in self.told]
        self.told |= {(template, f"case:{case}") for case in to}
        if to:
            self.data.setdefault("relay", []).append({"template": template, "to": to, **about})

    def attached(self, children: bool) -> list[str]:
        """The cases whose customers hear what this one tells its own: those that go on in it and, where they are meant, the
        open ones below it, also those that this very step opens for households. A customer of several of them hears it once."""
        found, customers = [], {self.case.customer} - {None}
        if self.case.absorbed or (children and self.case.children):
            for identity, about in self.facts.need("attached").items():
                if identity not in self.case.absorbed and (not children or about["closed"]):
                    continue
                if about["customer"] is None or about["customer"] not in customers:
                    found.append(identity)
                    customers.add(about["customer"])
        fresh = openings(self.data) if children else ()
        return found + [id for _, id, customer, _ in fresh if customer is not None and customer not in customers]

    def recipients(self, words: Iterable[str]) -> tuple[str, ...]:
        """Everybody whom the words mean, once each; a word that means nobody is recorded."""
        found: dict[str, None] = {}
        for word in words:
            people = self.people(word)
            if not people and not (word == "customers" and self.attached(True)):
                self._lacking(word)
            found |= dict.fromkeys(people)
        return tuple(found)

    def people(self, word: str) -> list[str]:
        """Recipients by word: relations, `staff:<id>`, a field of type staff, or a role, a team, its lead, those on duty."""
        if word == "substitute":
            return self._standing_in()
        if word in ("customer", "customers"):
            return ["customer"] if word == "customer" or self.has_customer() else []
        who: str | None
        if word in ("assignee", "opener", "previous"):
            who = self.assignee if word == "assignee" else getattr(self.case, word)
        elif word.startswith("staff:"):
            return [word]
        elif (field := self.program.procedure.fields.get(word)) is not None and field.type == "staff":
            who = self.fields.get(word)
        else:
            return [f"staff:{who}" for who in self.facts.need(word if ":" in word else f"role:{word}")]
        if who is not None and who in ("customer", self.case.customer):
            return ["customer"]
        return [f"staff:{who}"] if who and who != "system" else []

    def has_customer(self) -> bool:
        """Whether the case says whose it is, by an id or by how to call or reach them: what concerns many is mostly nobody's own."""
        fields = self.program.procedure.fields
        return self.case.customer is not None or any(
            self.fields.get(name) is not None
            for name, field in fields.items()
            if field.type in ("email", "phone") or name in ("name", "contact")
        )

    def _standing_in(self) -> list[str]:
        """Whoever stands in for the assignee: the first of those who could take his work for him."""
        if self.assignee is None:
            return []
        tiers = self.facts.need(f"able:person::::{self.assignee}")
        return next(
            ([f"staff:{who}" for who in ids if who != self.assignee] for tier, ids in tiers if tier != "named"), []
        )

    def _escalate(self, effect: EffectProgram) -> None:
        escalate = effect.effect.escalate
        assert escalate is not None
        if escalate.ladder is not None:
            ladders.begin(self, self.program.ladders[escalate.ladder])
            return
        self.data.setdefault("escalated", []).extend(escalate.to)
        self.tell(escalate.template, escalate.to)

    def _extend(self, effect: EffectProgram) -> None:
        for name, extension in (effect.effect.extend or {}).items():
            clock = self.clocks.get(name)
            if clock is not None and clock.open:
                definition, more = self.program.clock_by_name[name], parse_amount(extension.by)
                self.put(clocks.extend(self.program, definition, clock, more, extension.from_, self.now))

    def _open(self, effect: EffectProgram) -> None:
        for procedure, child in (effect.effect.open or {}).items():
            given = {
                name.partition(".")[2]: self._passed(expression)
                for name, expression in effect.values.items()
                if name.startswith(f"{procedure}.")
            }
            name = wanted = child.as_ or procedure
            if (where := effect.values.get(f"{procedure}:households")) is not None:
                told = households.chosen(self, name, where.evaluate(self.see))
                if told:
                    self.data.setdefault("open", []).append(
                        {"procedure": procedure, "as": name, "households": told, "wait": child.wait, "values": given}
                    )
                continue
            opened = self.data.setdefault("open", [])
            taken = {*self.case.children, *(item["as"] for item in opened)}
            for number in range(2, len(taken) + 2):
                if name not in taken:
                    break
                name = f"{wanted}_{number}"
            identity = households.child_id(self.case, name)
            opened.append({"procedure": procedure, "as": name, "id": identity, "wait": child.wait, "values": given})

    def _emit(self, effect: EffectProgram) -> None:
        emit = effect.effect.emit
        assert emit is not None
        if emit.to == "self":
            self.raised.append(emit.signal)
        elif (mine := self._all_of(emit.to)) is not None:
            about = self.facts.need("attached").items() if mine else ()
            to = [id for id, child in about if id in mine and not (child["closed"] or id in self.case.absorbed)]
            self.data.setdefault("emit", []).append({"signal": emit.signal, "to": emit.to, "cases": to})
        else:
            self.data.setdefault("emit", []).append({"signal": emit.signal, "to": emit.to})

    def _all_of(self, word: str) -> Collection[str] | None:
        """The children that a word means together: all of them, or all households under that name; None where it means one case."""
        children = self.case.children
        if word == "children":
            return children.values()
        return [id for name, id in children.items() if name.startswith(f"{word}:")] or None

    def _log(self, effect: EffectProgram) -> None:
        self.data.setdefault("log", []).append(effect.effect.log)

    # -- clocks, delays, and the end of the step

    def settle(self, before: Surroundings | None) -> dict[str, Any]:
        """Let clocks and dated delays follow what the step did, and return the event's data.

        `before` is what expressions saw ahead of the step: a start or reset by expression needs it to have become true.
        """
        if self.leaves != self.case.states or "entered" in self.data:
            self.data["states"] = list(self.leaves)
        closing = self._final() if "entered" in self.data else None
        if self.program.procedure.counts:
            counting.cross(self)
        over = (
            self.case.finished and "closed" not in self.data
        )  # its fields may be put right; nothing follows from that
        if not over and (self.program.clocks or "set" in self.data):
            after = self.after() if self.program.looks else self.see
            for definition in self.program.clocks:
                follow(self, definition, before, after)
            after.clock = None
            self._dated(after)
        if closing is not None:
            self.data["closed"] = {"outcome": closing}
            for clock in list(self.clocks.values()):
                if clock.open:
                    self.put(clocks.end(self.program, clock, "cancelled", self.now))
        if self.climbs:
            ladders.follow(self)
        if self.facts.used:
            self.data["facts"] = dict(self.facts.used)
        return self.data

    def ahead(self) -> Surroundings:
        """What expressions saw of the case before this step. One that is only being opened is alike to none."""
        return Surroundings(self.program, self.case, self.now, self.see.actor, self.facts, self.see.personal)

    def after(self) -> Surroundings:
        """What expressions see once the states of this step are taken."""
        case = self.see.case.changed(states=self.leaves, assignee=self.assignee, clocks=self.clocks, climbs=self.climbs)
        see = self.see
        return Surroundings(
            self.program,
            case,
            self.now,
            see.actor,
            self.facts,
            see.personal,
            see.inputs,
            self.fields,
            see.happened,
            see.asked,
            self.entries,
        )

    def _final(self) -> str | None:
        for leaf in self.leaves:
            node = self.program.nodes[leaf]
            if node.finishes:
                return node.state.outcome or node.name
        return None

    def _dated(self, after: Surroundings) -> None:
        """`at:` follows its expression while the state is active: an appointment that is moved moves its reminder, one that is
        called off takes it along."""
        if "set" not in self.data:
            return
        before = Surroundings(self.program, self.case, self.now, self.see.actor, self.facts, self.see.personal)
        for leaf in self.leaves:
            for node in self.program.nodes[leaf].path:
                for delay in node.delays:
                    if delay.at is None:
                        continue
                    armed = self.case.delays.get(delay.key)
                    due = delay.at.evaluate(after)
                    if due == delay.at.evaluate(before):
                        continue  # it is where it was: what has run out does not run out again
                    if due is not None:
                        moved = Delay(delay.name, delay.owner.name, max(due, self.now), delay.order, self.now)
                        self.data.setdefault("delays", {})[delay.key] = moved.to_plain()
                    elif armed is not None:
                        self.data.setdefault("delays", {})[delay.key] = None

    def put(self, clock: Clock) -> None:
        """The clock is so from now on."""
        self.clocks[clock.name] = clock
        self.data.setdefault("clocks", {})[clock.name] = clock.to_plain()

    def retire(self, clock: Clock) -> None:
        """A finished cycle makes room for a new one; it is kept as it is for ever."""
        self.data.setdefault("cycles", []).append(clock.to_plain())


def domain(branch: BranchProgram) -> Node:
    """The state inside which a transition happens: what lies below it is left and entered, it itself is not.

    A transition into its own state stays inside it unless it says `reenter`; one from track to track leaves them all.
    """
    owner, target = branch.owner, branch.target
    assert target is not None
    if owner in target.path and not branch.branch.reenter and owner.kind != "parallel":
        return owner
    for node in reversed(owner.path[:-1]):
        if node in target.path and node is not target and node.kind != "parallel":
            return node
    return owner.path[0]


def _enter_path(target: Node, domain: Node, entered: list[Node]) -> None:
    for node in target.path[target.path.index(domain) + 1 :]:
        if node not in entered:
            entered.append(node)


def _fill(entered: list[Node], domain: Node) -> None:
    """Add the initial states of everything entered that has none of its children among them."""
    pending = [domain, *entered]
    while pending:
        node = pending.pop()
        wanted: list[Node] = []
        if node.kind == "parallel" or (node.kind == "root" and node.state.tracks):
            wanted = [child for child in node.children if child not in entered]
        elif node.children and not any(child in entered for child in node.children):
            initial = node.state.initial
            wanted = [next(child for child in node.children if child.name == initial)]
        entered.extend(wanted)
        pending.extend(wanted)
