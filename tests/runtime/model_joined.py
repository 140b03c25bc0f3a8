"""Cases that belong together, for the model (model.py): one goes on in another, lies below another, has to do with another, or is
made of a part of another; and whose customers hear what a case tells."""

from __future__ import annotations

from tests.runtime.model_case import SYSTEM, Ask, Case, Done, Item, No
from tests.runtime.model_step import Step
from tests.runtime.model_undo import TakingBack


class Joining(TakingBack):
    def other(self, case: Case, ask: Ask) -> tuple[Case, set[str]]:
        """The other case, and what stands against whoever asks to tie it to this one."""
        other = self.cases[ask.values["other"]]
        codes = self.concerns(case, ask.who, "assign")
        if ask.who.kind == "customer" and not self.own(other, ask.who):
            codes.add("sight")  # whoever ties two cases has to see both
        if ask.who.id in other.kin:
            codes.add("conflict")
        if other is case or other.mode != case.mode:
            codes.add("link")
        return other, codes

    def tie(self, case: Case, other: Case, way: str, name: str, at: int) -> None:
        self.asks = True
        self.inbox.append(Item(way, at, case.number, other.number, name))

    def do_merge(self, case: Case, ask: Ask, at: int) -> None:
        other, codes = self.other(case, ask)
        if not ask.reason:
            codes.add("reason")
        if case.closed:
            codes.add("state")
        if other.closed:
            codes.add("link")
        if codes:
            raise No(*codes)
        before = self.aside(case)
        step = Step(self, case, "merged", other.number, ask.who, at)
        self.withhold(case, 1)
        case.withdrawn = list(self.withdrawn)
        case.closed_at, case.outcome, case.merged = at, "merged", other.number
        self.tie(case, other, "absorb", case.number, at)
        for clock in case.clocks.values():
            if clock.open:
                step.end(clock, "cancelled")
        if case.procedure == "request":
            step.tell("told", ("customer",))
        step.done(heard=False)
        self.took(case, before, step)

    def do_link(self, case: Case, ask: Ask, at: int) -> None:
        other, codes = self.other(case, ask)
        way, name = ask.values["way"], ask.name or "related"
        if way == "apart" and other.number != case.parent and other.number not in case.links:
            codes.add("link")
        if way == "child" and (case.parent or case.closed or other.closed or case in self.above(other)):
            codes.add("link")
        if codes:
            raise No(*codes)
        step = Step(self, case, "linked", ask.name, ask.who, at)
        if way == "child":
            case.parent = other.number
            self.tie(case, other, "adopt", case.number, at)
        elif way == "beside":
            case.links[other.number] = name
            self.tie(case, other, "back", name, at)
        elif case.parent == other.number:
            case.parent = None
            self.tie(case, other, "release", case.number, at)
        else:
            del case.links[other.number]
            self.tie(case, other, "part", name, at)
        step.done()
        self.settle(case, at)

    def above(self, case: Case) -> list[Case]:
        found = [case]
        while (parent := found[-1].parent) is not None:
            found.append(self.cases[parent])
        return found[1:]

    def tied(self, item: Item, case: Case, at: int) -> None:
        """The other end of a tie."""
        way, other, name = item.kind, item.sender, item.name
        if way == "absorb" and case.closed and not case.merged:
            raise No("link")
        known = next((name for name, child in case.children.items() if child == other), other)
        step = Step(self, case, "linked", known if way in ("end", "adopt", "release") else name, SYSTEM, at)
        if way in ("end", "adopt"):
            case.children[known] = other
        elif way == "release":
            case.children.pop(known, None)
        elif way == "absorb":
            case.absorbed.append(other)
        elif way == "yield":
            case.absorbed[:] = [known for known in case.absorbed if known != other]
        elif way == "back":
            case.links[other] = name
        else:
            case.links.pop(other, None)
        step.done()
        self.settle(case, at)

    def split(self, ask: Ask, case: Case, at: int) -> Done:
        """A part of a case becomes one of its own: who reported it goes along."""
        self.heard(case, ask.who)
        codes = self.concerns(case, ask.who, "assign") | ({"conflict"} if ask.who.id in case.kin else set())
        if ask.who.role != "agent":
            codes.add("role")
        if case.procedure != "request":  # which only the system opens, and which has no summary
            codes |= {"role", "not_found"}
        if codes:
            raise No(*codes)
        values = {"priority": "usual", "rounds": 0, "summary": "part", "phone": case.phone, **ask.values}
        number = self.next_number("R", "request", case.mode)
        like = Ask("open", "request", who=ask.who, mode=case.mode, customer=case.customer)
        done = self.born(number, "request", "received", like, at, values, links={case.number: "split"})
        self.tie(self.cases[number], case, "back", "split", at)
        return done
