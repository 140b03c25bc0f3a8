"""From what an event says must be told to the messages themselves.

The funnel renders before it commits, from plain data only. Whatever cannot be rendered or reaches nobody is kept as a
notification with its problem: it blocks no case, and shows in the outbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core import Program
from ..errors import GuanjiaError
from ..expressions import Templates
from ..model.case import Case
from ..model.event import Event, Notification
from ..people.organisation import Contact, Organisation
from .message import Message, clear
from .quiet import Quiet

PREFERRED = ("mail", "file", "console")
"""Which channel is used when a notice names none: the first that the office has and that reaches the recipient."""

RECORDER = "recorder"


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
        quiet: Quiet | None = None,
    ) -> None:
        self.organisation = organisation
        self.office = office
        self.language = language
        self.zone: str = zone
        self.channels = tuple(channels)
        self.quiet = quiet or Quiet()
        self._templates: dict[str, Templates] = {}
        self._labels: dict[tuple[str, str], Mapping[str, str]] = {}

    def notifications(
        self, program: Program, case: Case, event: Event, personal: Mapping[str, Any]
    ) -> Iterator[Notification]:
        """Every notification that the event asks for. `case` is the case after the event."""
        for who in event.data.get("nobody", ()):
            text = f"没有人可以收到：{who} 名下没有在职人员 / nobody to tell: {who} has no active staff"
            yield self._problem(case, event, "-", f"role:{who}", text)
        if (sought := event.data.get("unassigned")) is not None:
            text = f"没有人可以负责：{sought} / nobody can be responsible: {sought}"
            yield self._problem(case, event, "-", f"assign:{sought}", text)
        if (ladder := event.data.get("alarm")) is not None:
            text = f"升级“{ladder}”到顶也没有人可以收到 / nobody at the top of the ladder {ladder} to tell"
            yield self._problem(case, event, "-", f"ladder:{ladder}", text)
        for notice in event.data.get("notify", ()):
            for recipient in notice["to"]:
                to = self._contact(program, case, recipient, personal)
                if to is None:
                    text = f"名册里没有 {recipient} / the organisation does not know {recipient}"
                    yield self._problem(case, event, notice["template"], recipient, text)
                    continue
                message = Message(self, program, case, event, notice, recipient, to, personal)
                for channel in self._channels(notice, to):
                    yield self._render(message, channel)

    def _channels(self, notice: Mapping[str, Any], to: Contact) -> tuple[str, ...]:
        if "channel" in notice:
            return tuple(notice["channel"])
        for channel in PREFERRED:
            if channel in self.channels and (channel != "mail" or "mail" in to.addresses):
                return (channel,)
        return ("none",)

    def _contact(self, program: Program, case: Case, recipient: str, personal: Mapping[str, Any]) -> Contact | None:
        if recipient == "customer":
            return self._customer(program, case, personal)
        return self.organisation.contact(recipient)

    def _customer(self, program: Program, case: Case, personal: Mapping[str, Any]) -> Contact:
        """Whoever the case is for: language and mail address from its own fields (`language`, the first of type email)."""
        addresses: dict[str, str] = {}
        for name, field in program.procedure.fields.items():
            value = clear(case.fields.get(name), personal)
            if field.type == "email" and value and "mail" not in addresses:
                addresses["mail"] = value
        spoken = case.fields.get("language")
        language = spoken if spoken in ("zh", "en") else self.language
        name = clear(case.fields.get("name") or case.fields.get("contact"), personal) or ""
        return Contact(language, addresses, True, name)

    def _render(self, message: Message, channel: str) -> Notification:
        program, case, event, to = message.program, message.case, message.event, message.to
        template, recipient = message.notice["template"], message.recipient
        mode = program.procedure.modes.get(case.mode) if case.mode else None
        kept_in = mode is not None and mode.outside == "record" and to.outside
        address = to.addresses.get(channel, "") or ("" if channel == "mail" else recipient)
        subject, body, problem = "", "", None
        language = to.language
        try:
            chosen = self._of(program).choose(template, channel, language)
            language, subject, body = chosen.render(message.data(chosen.names))
            if mode is not None:
                prefix = (mode.prefix.zh if language == "zh" else mode.prefix.en) or f"[{case.mode}] "
                subject, body = prefix + subject, prefix + body
        except GuanjiaError as error:
            problem = str(error.text)
        if problem is None and channel == "none":
            problem = "办公室没有能送达此人的渠道 / the office has no channel that reaches this recipient"
        elif problem is None and channel == "mail" and not address:
            problem = "没有邮箱地址 / there is no mail address"
        made = Notification(
            key=f"{case.id}:{event.seq}:{template}:{recipient}:{channel}", case=case.id, seq=event.seq,
            template=template, recipient=recipient, channel=RECORDER if kept_in else channel, address=address,
            language=language, subject=subject, body=body, created_at=event.recorded_at, outside=to.outside, problem=problem,
            urgency=message.notice.get("urgency", program.procedure.urgency),
        )  # fmt: skip
        return made if problem is not None or kept_in else self.quiet.placed(made, message.whom(address))

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

    def words(self, program: Program, language: str) -> Mapping[str, str]:
        """What people call everything, in one language; another one's words where that has none."""
        key = (program.hash, language)
        known = self._labels.get(key)
        if known is None:
            words: Mapping[str, Mapping[str, str]] = program.procedure.labels  # type: ignore[assignment]
            other = words.get("en" if language == "zh" else "zh", {})
            known = self._labels[key] = {**other, **words.get(language, {}), **self.organisation.labels(language)}
        return known

    def person(self, who: str | None) -> dict[str, str] | None:
        contact = self.organisation.contact(f"staff:{who}") if who else None
        return {"name": contact.name, "id": who or "", "phone": contact.addresses.get("sms", "")} if contact else None
