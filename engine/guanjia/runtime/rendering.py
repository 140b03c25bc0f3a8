"""From what an event says must be told to the messages themselves.

The funnel renders before it commits, from plain data only. Whatever cannot be rendered or reaches nobody is kept as a
notification with its problem: it blocks no case, and shows in the outbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core import Program
from ..errors import GuanjiaError
from ..expressions import Templates
from ..model.case import Case, Climb
from ..model.event import PERSONAL, Event, Notification, is_personal
from ..model.frozen import quick
from ..people.organisation import Contact, Organisation
from .quiet import Quiet

PREFERRED = ("mail", "file", "console")
"""Which channel is used when a notice names none: the first that the office has and that reaches the recipient."""

RECORDER = "recorder"


@quick
@dataclass(frozen=True, slots=True)
class Addressee:
    recipient: str
    name: str
    language: str
    addresses: Mapping[str, str]
    outside: bool
    customer: bool


class Renderer:
    """Renders the notifications of one office. Templates are compiled once for each procedure version."""

    def __init__(
        self,
        organisation: Organisation,
        *,
        office: Mapping[str, Any],
        language: str,
        zone: str,
        channels: Sequence[str],
    ) -> None:
        self.organisation = organisation
        self.office = office
        self.language = language
        self.zone = zone
        self.channels = tuple(channels)
        self.quiet = Quiet()
        self._templates: dict[str, Templates] = {}
        self._labels: dict[tuple[str, str], Mapping[str, str]] = {}

    def notifications(
        self, program: Program, case: Case, event: Event, personal: Mapping[str, Any]
    ) -> Iterator[Notification]:
        """Every notification that the event asks for. `case` is the case after the event."""
        for who in event.data.get("nobody", ()):
            text = f"没有人可以收到：{who} 名下没有在职人员 / nobody to tell: {who} has no active staff"
            yield self._problem(case, event, "-", f"role:{who}", text)
        if (ladder := event.data.get("alarm")) is not None:
            text = f"升级“{ladder}”到顶也没有人可以收到 / nobody at the top of the ladder {ladder} to tell"
            yield self._problem(case, event, "-", f"ladder:{ladder}", text)
        for notice in event.data.get("notify", ()):
            for recipient in notice["to"]:
                to = self._addressee(program, case, recipient, personal)
                if to is None:
                    text = f"名册里没有 {recipient} / the organisation does not know {recipient}"
                    yield self._problem(case, event, notice["template"], recipient, text)
                    continue
                for channel in self._channels(notice, to):
                    yield self._render(program, case, event, notice, to, channel, personal)

    def _channels(self, notice: Mapping[str, Any], to: Addressee) -> tuple[str, ...]:
        if "channel" in notice:
            return tuple(notice["channel"])
        for channel in PREFERRED:
            if channel in self.channels and (channel != "mail" or "mail" in to.addresses):
                return (channel,)
        return ("none",)

    def _addressee(self, program: Program, case: Case, recipient: str, personal: Mapping[str, Any]) -> Addressee | None:
        if recipient == "customer":
            return self._customer(program, case, personal)
        contact: Contact | None = self.organisation.contact(recipient)
        if contact is None:
            return None
        return Addressee(recipient, contact.name, contact.language, contact.addresses, contact.outside, False)

    def _customer(self, program: Program, case: Case, personal: Mapping[str, Any]) -> Addressee:
        """Whoever the case is for: language and mail address from its own fields (`language`, the first of type email)."""
        addresses: dict[str, str] = {}
        for name, field in program.procedure.fields.items():
            value = _clear(case.fields.get(name), personal)
            if field.type == "email" and value and "mail" not in addresses:
                addresses["mail"] = value
        spoken = case.fields.get("language")
        language = spoken if spoken in ("zh", "en") else self.language
        name = _clear(case.fields.get("name") or case.fields.get("contact"), personal) or ""
        return Addressee("customer", name, language, addresses, True, True)

    def _render(
        self, program: Program, case: Case, event: Event, notice: Mapping[str, Any], to: Addressee, channel: str,
        personal: Mapping[str, Any],
    ) -> Notification:  # fmt: skip
        template = notice["template"]
        mode = program.procedure.modes.get(case.mode) if case.mode else None
        kept_in = mode is not None and mode.outside == "record" and to.outside
        address = to.addresses.get(channel, "") or ("" if channel == "mail" else to.recipient)
        subject, body, problem = "", "", None
        language = to.language
        try:
            data = self._data(program, case, event, notice, to, personal)
            rendered = self._of(program).render(template, channel, to.language, data)
            subject, body, language = rendered.subject, rendered.body, rendered.language
            if mode is not None:
                prefix = (mode.prefix.zh if language == "zh" else mode.prefix.en) or f"[{case.mode}] "
                subject, body = prefix + subject, prefix + body
        except GuanjiaError as error:
            problem = str(error.text)
        if problem is None and channel == "none":
            problem = "办公室没有能送达此人的渠道 / the office has no channel that reaches this recipient"
        elif problem is None and channel == "mail" and not address:
            problem = "没有邮箱地址 / there is no mail address"
        message = Notification(
            key=f"{case.id}:{event.seq}:{template}:{to.recipient}:{channel}", case=case.id, seq=event.seq,
            template=template, recipient=to.recipient, channel=RECORDER if kept_in else channel, address=address,
            language=language, subject=subject, body=body, created_at=event.recorded_at, outside=to.outside, problem=problem,
            urgency=notice.get("urgency", program.procedure.urgency),
        )  # fmt: skip
        return message if problem is not None or kept_in else self.quiet.placed(message, self._whom(case, to, address))

    def _whom(self, case: Case, to: Addressee, address: str) -> str:
        """Who it is, across cases and as surely as anything says: the customer of the case, else whoever has the address."""
        if not to.customer:
            return to.recipient
        return f"customer:{case.customer}" if case.customer else address if "@" in address else case.id

    def _problem(self, case: Case, event: Event, template: str, recipient: str, problem: str) -> Notification:
        return Notification(
            key=f"{case.id}:{event.seq}:{template}:{recipient}:none", case=case.id, seq=event.seq, template=template,
            recipient=recipient, channel="none", address="", language=self.language, subject="", body="",
            created_at=event.recorded_at, problem=problem,
        )  # fmt: skip

    def _of(self, program: Program) -> Templates:
        known = self._templates.get(program.hash)
        if known is None:
            known = self._templates[program.hash] = Templates(program.version.templates)
        return known

    def _data(
        self, program: Program, case: Case, event: Event, notice: Mapping[str, Any], to: Addressee,
        personal: Mapping[str, Any],
    ) -> dict[str, Any]:  # fmt: skip
        """What a template sees: plain values only."""
        fields = {name: case.fields.get(name) for name in program.procedure.fields}
        hidden = to.outside and not to.customer
        data: dict[str, Any] = {
            name: "***" if hidden and is_personal(value) else _clear(value, personal) for name, value in fields.items()
        }
        given = {name: _clear(value, personal) for name, value in event.data.get("input", {}).items()}
        clock, _, threshold = event.name.partition(".") if event.type == "reached" else ("", "", "")
        climb = case.climbs[notice["climb"]["key"]] if "climb" in notice else None
        if climb is not None:
            clock = climb.clock or ""
        held = case.clocks.get(clock)
        dues = [
            item.due
            for item in case.clocks.values()
            if item.due is not None and item.status == "running" and _concerns(program, item.name, to)
        ]
        return {
            **data,
            "number": case.number, "procedure": case.procedure, "state": case.states[0] if case.states else "",
            "labels": self._words(program, to.language), "language": to.language, "zone": self.zone,
            "office": {"name": self.office["name"].get(to.language) or "", "phone": self.office.get("phone", "")},
            "recipient": {"name": to.name}, "assignee": self._person(case.assignee), "now": event.occurred_at,
            "opened_at": case.opened_at, "due": (held.due if held else None) or min(dues, default=None),
            "clock": clock, "threshold": threshold, "clocks": _clocks(program, case), "input": given,
            "reason": event.data.get("reason"), "outcome": case.outcome,
            "climb": None if climb is None else self._climb(program, climb, notice["climb"]["levels"]),
            **{name: _clear(value, personal) for name, value in notice.get("with", {}).items()},
        }  # fmt: skip

    def _climb(self, program: Program, climb: Climb, levels: Sequence[int]) -> dict[str, Any]:
        """What a template of a ladder sees: the level told last, of how many, and all that this message tells."""
        ladder = program.procedure.ladders[climb.ladder]
        told = [
            {"level": item.level, "at": item.at, "to": list(ladder.levels[item.level - 1].to)}
            for item in climb.told
            if item.level in levels
        ]
        return {"ladder": climb.ladder, "level": levels[-1], "levels": len(ladder.levels), "told": told}

    def _words(self, program: Program, language: str) -> Mapping[str, str]:
        """What people call everything, in one language; another one's words where that has none."""
        key = (program.hash, language)
        known = self._labels.get(key)
        if known is None:
            words: Mapping[str, Mapping[str, str]] = program.procedure.labels  # type: ignore[assignment]
            other = words.get("en" if language == "zh" else "zh", {})
            known = self._labels[key] = {**other, **words.get(language, {}), **self.organisation.labels(language)}
        return known

    def _person(self, who: str | None) -> dict[str, str] | None:
        contact = self.organisation.contact(f"staff:{who}") if who else None
        return {"name": contact.name, "id": who or "", "phone": contact.addresses.get("sms", "")} if contact else None


def _concerns(program: Program, clock: str, to: Addressee) -> bool:
    """Whether the recipient was promised it: a customer nothing that is so among ourselves or with a contractor."""
    sla = program.procedure.sla.get(clock)
    return not to.customer or sla is None or sla.kind == "sla"


def _clocks(program: Program, case: Case) -> dict[str, dict[str, Any]]:
    """When each clock is due; none for one that does not run."""
    running = {name: clock.due for name, clock in case.clocks.items() if clock.status == "running"}
    return {name: {"due": running.get(name)} for name in program.procedure.sla}


def _clear(value: Any, personal: Mapping[str, Any]) -> Any:
    return personal.get(value[PERSONAL]) if is_personal(value) else value
