"""The messages of the model (model.py): what is written, until when it waits, and what leaves together. Residents are left in peace
at night."""

from __future__ import annotations

from collections import defaultdict

from tests.runtime.model_case import Case, Message
from tests.runtime.model_register import Register
from tests.runtime.model_time import DAY, HOUR, local, midnight

RANK = ("low", "normal", "urgent")


def in_line(one: Message, other: Message) -> bool:
    """Whether both wait, of one case and for one recipient."""
    return one.waits and other.waits and one[0] == other[0] and one.recipient == other.recipient


class Outbox(Register):
    def __init__(self, now: int) -> None:
        super().__init__()
        self.now = now
        self.messages: list[Message] = []
        self.parcels = 0
        """How many left."""
        self.asking = False
        """Requests tell customers only what they agreed to."""

    def write(
        self, case: Case, seq: int, template: str, recipient: str, urgency: str = "normal", of: str | None = None
    ) -> None:
        """`of`: of which procedure it is, where another case told this one of it."""
        outside = recipient == "customer"
        asks = outside and self.asking and (of or case.procedure) == "request"
        if outside:
            self.seal(case)
        new = Message(
            case.number,
            seq,
            template,
            recipient,
            (outside and case.mode == "drill") or (asks and not self.agreed(case.customer)),
            urgency,
            until=self.now,
            asks=asks,
            sealed=case.keyed,
        )
        if outside and urgency != "urgent":
            person = case.customer or case.number
            until = self.opening(person, self.now)
            if until == self.now and urgency == "low":
                until = self.opening(person, midnight(local(self.now).date()) + DAY)
            new = new._replace(person=person, until=until, put_off=until > self.now)
        for place, before in enumerate(self.messages if new.waits else ()):
            if in_line(before, new) and before.until > new.until:
                both = max(before.urgency, new.urgency, key=RANK.index)
                goes = {"until": new.until, "put_off": new.put_off, "person": new.person, "urgency": both}
                self.messages[place] = before._replace(**goes)
        self.messages.append(new)

    def opening(self, person: str, at: int) -> int:
        """The first instant from this one on at which somebody may be told: between eight in the morning and nine in the evening,
        and in hours of his own."""
        known = self.known(person)
        own = known.hours if known else (0, 24)
        opens, closes = max(8, own[0]), min(21, own[1])
        day = midnight(local(at).date())
        return max(at, day + opens * HOUR) if at < day + closes * HOUR else day + DAY + opens * HOUR

    def seal(self, case: Case) -> None:
        """Something of a case comes under its key: so does all that is written in the same transaction."""
        if not case.keyed:
            case.keyed = True
            for place, it in enumerate(self.messages):
                if it.case == case.number and it.seq > case.begun:
                    self.messages[place] = it._replace(sealed=True)

    def hand_over(self) -> None:
        """What may leave now does, in the order in which it was written."""
        customers = {case.number: case.customer for case in self.cases.values()}
        for place, it in enumerate(self.messages):
            if it.waits and it.until <= self.now and it.asks and not self.agreed(customers[it.case]):
                self.messages[place] = it._replace(recorded=True)
        due = {it.person for it in self.messages if it.waits and it.until <= self.now and it.person}
        held = {person: later for person in due if (later := self.opening(person, self.now)) > self.now}
        for place, it in enumerate(self.messages):
            later = held.get(it.person, 0)
            if it.waits and it.until < later:
                behind = [
                    each.until for each in self.messages[place:] if each.urgency == "urgent" and in_line(it, each)
                ]
                if behind and min(behind) < later:
                    goes = it._replace(until=min(behind), put_off=False, person="", urgency="urgent")
                else:
                    goes = it._replace(until=later, put_off=True)
                self.messages[place] = goes
        together: dict[object, list[int]] = defaultdict(list)
        for place, it in enumerate(self.messages):
            if it.waits and it.until <= self.now:
                together[(it.person, it.until) if it.put_off and not it.destroyed else place].append(place)
        for places in together.values():
            self.parcels += 1
            for place in places:
                self.messages[place] = self.messages[place]._replace(left=(self.now, self.parcels))
        first: dict[object, int] = {}
        for place, it in enumerate(self.messages):
            if it.left and it.left[0] == self.now:
                self.messages[place] = it._replace(
                    behind=first.setdefault((it.case, it.recipient), it.left[1]) != it.left[1]
                )
