"""Leaving people in peace: what is not urgent waits for the hours in which they may be told, and then goes out together.

A message that has to wait stands in the outbox at once, with its key and its text as of its event; only its instant is
later. Messages that waited for the same instant, for the same person by the same channel, are handed over as one digest,
whose key follows from theirs: a digest that is handed over twice is one message to its receiver. What is urgent never waits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..calendars import Calendar, compile_calendar, flatten
from ..clock import Instant
from ..errors import GuanjiaError
from ..expressions import Templates
from ..model.event import Notification

if TYPE_CHECKING:
    from ..model.office import Office


MOST_TURNS = 20
"""How often the calendars of an office and the hours of a customer are laid beside each other."""


class Quiet:
    """What one office says of it. `given`: `calendars` for customers and staff, `templates` of digests; nothing: nobody waits."""

    def __init__(
        self, given: Mapping[str, Any] | None = None, office: Office | None = None, zone: str = "UTC",
        blind: Callable[[str], str] = str, hours: Callable[[Notification], tuple[str, ...]] = lambda message: (),
        agreed: Callable[[Notification], bool] = lambda message: True,
    ) -> None:  # fmt: skip
        self._blind = blind
        self._hours = hours
        """In which the customer of a message wants to be told; nothing where they did not say."""
        self.agreed = agreed
        """Whether its recipient may be told of it still: what has to be told may be, and what they agreed to."""
        self._data: Mapping[str, Any] = (given or {}).get("calendars", {})
        self._calendars: dict[str, Calendar] = {}
        self._templates = Templates((given or {}).get("templates", {}))
        self._office = office
        self._zone = zone

    def free(self, message: Notification, at: Instant) -> Instant:
        """The first instant, from `at` on, at which its recipient may be told."""
        return self._first(at, self._calendars_of(message, self._hours(message)))

    def placed(self, message: Notification, whom: str, hours: tuple[str, ...] = ()) -> Notification:
        """A new message with the instant until which it waits, and what it may go out together with. `whom` it is for, and the hours
        in which they want to be told."""
        calendars = self._calendars_of(message, hours)
        if not calendars:
            return message
        at = message.created_at
        free = self._first(at, calendars)
        if free == at and message.urgency == "low":
            free = self._first(calendars[0].add_days(at, 1, working=False, first_day_counts=True), calendars)
        same = "\x1f".join((whom, message.address, message.channel, message.language))
        digest = self._blind(hashlib.sha256(same.encode()).hexdigest())[:32]
        return replace(message, digest=digest, not_before=None if free == at else free)

    def as_one(self, messages: Sequence[Notification]) -> Notification:
        """The digest of several messages for one person. An office without a template for it has a plain one."""
        last = messages[-1]
        keys = "\n".join(message.key for message in messages)
        told = replace(last, key=f"digest:{hashlib.sha256(keys.encode()).hexdigest()}", template="digest")
        office = self._office
        name = {"zh": office.name.zh, "en": office.name.en}.get(last.language) if office else None
        data = {
            "count": len(messages), "language": last.language, "zone": self._zone,
            "items": [{"subject": each.subject, "body": _without_subject(each), "at": each.created_at} for each in messages],
            "office": {"name": name or "", "phone": office.phone if office else ""},
        }  # fmt: skip
        try:
            rendered = self._templates.render("digest", last.channel, last.language, data)
        except GuanjiaError:
            subject = f"{len(messages)} 条通知" if last.language == "zh" else f"{len(messages)} notifications"
            body = "\n\n".join(f"{each.subject}\n{_without_subject(each)}" for each in messages)
            return replace(told, subject=subject, body=body)
        return replace(told, subject=rendered.subject, body=rendered.body)

    def _calendars_of(self, message: Notification, hours: tuple[str, ...]) -> Sequence[Calendar]:
        """All that have to be open for whoever it is for: those of the office, and hours of their own."""
        found = [calendar] if (calendar := self._calendar(message)) is not None else []
        if hours and message.urgency != "urgent":
            name = f"hours {hours}"
            if name not in self._calendars:
                data = {"zone": self._zone, "week": {"mon-sun": list(hours)}}
                self._calendars[name] = compile_calendar(flatten("hours", {"hours": data}))
            found.append(self._calendars[name])
        return found

    def _first(self, at: Instant, calendars: Sequence[Calendar]) -> Instant:
        """The first instant, from `at` on, at which all of them are open; where they never are together, one of the last."""
        for _ in range(MOST_TURNS):
            before = at
            for calendar in calendars:
                at = calendar.next_open(at)
            if at == before:
                break
        return at

    def _calendar(self, message: Notification) -> Calendar | None:
        """Of whoever it is for; None where he is told at any time."""
        whom = "staff" if message.recipient.startswith("staff:") else "customers"
        if message.urgency == "urgent" or whom not in self._data:
            return None
        known = self._calendars.get(whom)
        if known is None:
            known = self._calendars[whom] = compile_calendar(self._data[whom])
        return known


def _without_subject(message: Notification) -> str:
    """The text, where the subject is its first line without that."""
    return message.body.removeprefix(f"{message.subject}\n").strip("\n")
