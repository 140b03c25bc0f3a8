"""Taking back, for the model (model.py): before somebody does something the whole case is laid aside, and taking it back lays it down
again."""

from __future__ import annotations

from dataclasses import fields, replace

from tests.runtime.model_case import Ask, Case, Item, Last, No, copied
from tests.runtime.model_deeds import Deeds
from tests.runtime.model_rules import UNDO
from tests.runtime.model_step import Step

KEPT = ("events", "last", "personal", "keyed", "begun", "unreached")
"""What taking back leaves alone."""


class TakingBack(Deeds):
    def aside(self, case: Case) -> Case:
        return copied(replace(case, events=[], last=None, personal=[]))

    def took(self, case: Case, before: Case, step: Step) -> None:
        """Remember that somebody took this step, for as long as it may be taken back."""
        kind, name = step.event.type, step.event.name
        acted = kind in ("acted", "reopened")
        span = UNDO[case.procedure].get(name, UNDO[case.procedure][""]) if acted else UNDO[case.procedure][""]
        case.last = Last(name if acted else kind, step.seq, step.who.id, self.now + span, before, over=step.sets_off)

    def withhold(self, case: Case, since: int) -> list[str]:
        """Messages of events from a number on that still wait are not sent; who was told already."""
        told: list[str] = []
        self.withdrawn = []
        for place, message in enumerate(self.messages):
            if message.case != case.number or message.seq < since:
                continue
            if message.waits:
                self.messages[place] = message._replace(recorded=True)
                self.withdrawn.append(place)
            elif message.left and not message.destroyed:
                told.append(message.recipient)
        return told

    def do_undo(self, case: Case, ask: Ask, at: int) -> None:
        last = case.last
        if last is None or last.over or last.actor != ask.who.id or self.now >= last.until:
            raise No("undo")
        step = Step(self, case, "undone", last.name, ask.who, at)
        told = self.withhold(case, last.seq)
        parted = case.merged is not None and last.before.merged is None
        for place in case.withdrawn if parted else ():  # nobody would have heard of it
            self.messages[place] = self.messages[place]._replace(recorded=False)
        for who in dict.fromkeys(told):  # which takes along what waits again
            self.write(case, step.seq, "undone", who)
        if parted:
            self.asks = True
            self.inbox.append(Item("yield", at, case.number, case.merged, case.number))
        before = last.before.children  # what was still to be opened then may be there by now
        last.before.children = {name: number or case.children.get(name) for name, number in before.items()}
        for it in fields(Case):
            if it.name not in KEPT:
                setattr(case, it.name, getattr(last.before, it.name))
        case.last = None
