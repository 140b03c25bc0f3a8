"""From what an event says must be told to the messages themselves.

The funnel renders before it commits, from plain data only. Whatever cannot be rendered or reaches nobody is kept as a
notification with its problem: it blocks no case, and shows in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core import Program
from ..core.surroundings import entitled
from ..errors import GuanjiaError, Text
from ..expressions import Rendered, Templates
from ..model.case import Case
from ..model.customer import Customer
from ..model.event import BUILT_IN, Event, Notification
from ..people.organisation import Contact, Organisation
from .message import Message, Own, clear
from .quiet import Quiet

PREFERRED = ("mail", "file", "console")
"""Which channel is used when a notice names none: the first that the office has and that reaches the recipient."""

RECORDER = "recorder"

BUILT_IN_TEMPLATES = {
    "zh/undone.text": "主题：【{{ number }}】更正\n【{{ number }}】刚才的“{{ undone | label }}”已经撤回，之前就此发出的通知作废，给您带来不便，敬请谅解。\n",
    "en/undone.text": "Subject: [{{ number }}] correction\n[{{ number }}] “{{ undone | label }}” was taken back; what you were told of it holds no more. We apologise.\n",
    "zh/code.text": "主题：【{{ number }}】您的回复码\n【{{ number }}】您的回复码：{{ code }}。{{ until | at }} 前有效，只能用一次，请勿转告他人。\n",
    "en/code.text": "Subject: [{{ number }}] your code\n[{{ number }}] Your code for answering: {{ code }}. Good until {{ until | at }}, for one answer. Do not pass it on.\n",
}
"""What is said where an office has no words of its own for it."""

_templates: dict[str, Templates] = {}
"""By the hash of a version: compiled once, for every engine."""


def group(word: str) -> str:
    """The recipient of a message about nobody being there: the word for people as it is, or `role:<role>`."""
    return word if ":" in word else f"role:{word}"


def unheard(event: Event) -> list[str]:
    """The words for people that meant nobody, for which there is a message that says so. That there are no customers is no fault of
    the office: the step itself says it."""
    return [who for who in event.data.get("nobody", ()) if who != "customers"]


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
        profile: Callable[[str], Customer | None] = lambda id: None,
        source: Callable[[str, int], tuple[Program, Case, Event]] | None = None,
    ) -> None:
        self.organisation = organisation
        self.office = office
        self.language = language
        self.zone: str = zone
        self.channels = tuple(channels)
        self.quiet = quiet or Quiet()
        self._profile = profile
        """What the register knows of a customer; None where it does not know them."""
        self.source = source
        """An event of another case, with the case after it: of what a customer is told that this other case tells."""
        self._labels: dict[tuple[str, str], Mapping[str, str]] = {}

    def notifications(
        self, program: Program, case: Case, event: Event, personal: Mapping[str, Any]
    ) -> Iterator[Notification]:
        """Every notification that the event asks for. `case` is the case after the event."""
        for who in unheard(event):
            called = self.called(program, who)
            text = f"没有人可以收到：{called.zh} / nobody to tell: {called.en}"
            yield self._problem(case, event, "-", group(who), text)
        if (sought := event.data.get("unassigned")) is not None:
            called = self.called(program, sought)
            text = f"没有人可以负责：{called.zh} / nobody can be responsible: {called.en}"
            yield self._problem(case, event, "-", f"assign:{sought}", text)
        if (ladder := event.data.get("alarm")) is not None:
            called = self.called(program, ladder)
            text = f"升级“{called.zh}”到顶也没有人可以收到 / nobody at the top of the ladder “{called.en}” to tell"
            yield self._problem(case, event, "-", f"ladder:{ladder}", text)
        for notice, recipient, message in self._messages(program, case, event, personal):
            if message is None:
                text = f"名册里没有 {recipient} / the organisation does not know {recipient}"
                yield self._problem(case, event, notice["template"], recipient, text)
                continue
            for channel in self._channels(notice, message.to):
                yield self._render(message, channel)

    def proofs(
        self, program: Program, case: Case, event: Event, personal: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Rendered | Text]]:
        """Every message that the event asks for, written in each language and for each channel that its template has, whoever
        reads it: the recipient, the key of the text, and what it says, or why it cannot be written."""
        for notice, recipient, message in self._messages(program, case, event, personal):
            if message is None:
                continue
            texts = self._of(message.program)
            for key in texts.of(notice["template"]):
                language, _, rest = key.partition("/")
                spoken = message._replace(to=replace(message.to, language=language))
                try:
                    chosen = texts.choose(notice["template"], rest.rpartition(".")[2], language)
                    yield recipient, key, _marked(message, chosen.render(spoken.data(chosen.names)))
                except GuanjiaError as error:
                    yield recipient, key, error.text

    def _messages(
        self, program: Program, case: Case, event: Event, personal: Mapping[str, Any]
    ) -> Iterator[tuple[Mapping[str, Any], str, Message | None]]:
        """What an event tells whom; None where nobody is known by that name."""
        for notice in event.data.get("notify", ()):
            for recipient in notice["to"]:
                to = self._contact(program, case, recipient, personal)
                if to is None:
                    yield notice, recipient, None
                    continue
                message = Message(self, program, case, event, notice, recipient, to, personal)
                if "of" in notice and self.source is not None:
                    about, of, told = self.source(*notice["of"])
                    message = message._replace(program=about, case=of, event=told, own=Own(case, event))
                yield notice, recipient, message

    def _channels(self, notice: Mapping[str, Any], to: Contact) -> tuple[str, ...]:
        if "channel" in notice:
            return tuple(notice["channel"])
        for channel in (to.channel, *PREFERRED) if to.channel else PREFERRED:
            if channel in self.channels and (channel != "mail" or "mail" in to.addresses):
                return (channel,)
        return ("none",)

    def _contact(self, program: Program, case: Case, recipient: str, personal: Mapping[str, Any]) -> Contact | None:
        if recipient == "customer":
            return self._customer(program, case, personal)
        return self.organisation.contact(recipient)

    def _customer(self, program: Program, case: Case, personal: Mapping[str, Any]) -> Contact:
        """Whoever the case is for: as the register knows them, and for what it does not know from the fields of the case (`language`,
        the first of type email, `name`)."""
        addresses: dict[str, str] = {}
        for name, field in program.procedure.fields.items():
            value = clear(case.fields.get(name), personal)
            if field.type == "email" and value and "mail" not in addresses:
                addresses["mail"] = value
        spoken = case.fields.get("language")
        language = spoken if spoken in ("zh", "en") else self.language
        name = clear(case.fields.get("name") or case.fields.get("contact"), personal) or ""
        known = self._profile(case.customer) if case.customer else None
        if known is None:
            return Contact(language, addresses, True, name)
        ways = (("mail", known.mails), ("sms", known.phones))
        addresses |= {channel: found[0] for channel, found in ways if found}
        return Contact(known.language or language, addresses, True, known.name or name, known.channel, known.hours)

    def agreed(self, program: Program, case: Case, event: Event, template: str) -> bool:
        """Whether the customer of a case may be told still what an event told them by this template."""
        told = (it for it in self._messages(program, case, event, {}) if it[0]["template"] == template)
        return not any(it is not None and self._unasked(it.program, case, recipient) for _, recipient, it in told)

    def _unasked(self, program: Program, case: Case, recipient: str) -> bool:
        """Whether the procedure tells its customers of something that this one has not agreed to."""
        purpose = program.procedure.purpose
        if purpose is None or recipient != "customer":
            return False
        known = self._profile(case.customer) if case.customer else None
        return known is None or known.restricted or not known.agrees(purpose)

    def _render(self, message: Message, channel: str) -> Notification:
        program, to, case, event = message.program, message.to, message.mine.case, message.mine.event
        template, recipient = message.notice["template"], message.recipient
        mode = program.procedure.modes.get(case.mode) if case.mode else None
        drill = mode is not None and mode.outside == "record" and to.outside
        kept_in = drill or self._unasked(program, case, recipient)
        address = to.addresses.get(channel, "") or ("" if channel == "mail" else recipient)
        subject, body, problem = "", "", None
        language = to.language
        try:
            chosen = self._of(program).choose(template, channel, language)
            language, subject, body = _marked(message, chosen.render(message.data(chosen.names)))
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
        return made if problem is not None or kept_in else self.quiet.placed(made, message.whom(address), to.hours)

    def _problem(self, case: Case, event: Event, template: str, recipient: str, problem: str) -> Notification:
        return Notification(
            key=f"{case.id}:{event.seq}:{template}:{recipient}:none", case=case.id, seq=event.seq, template=template,
            recipient=recipient, channel="none", address="", language=self.language, subject="", body="",
            created_at=event.recorded_at, problem=problem,
        )  # fmt: skip

    def _of(self, program: Program) -> Templates:
        known = _templates.get(program.hash)
        if known is None:
            compiled = Templates({**BUILT_IN_TEMPLATES, **program.version.templates})
            known = _templates.setdefault(program.hash, compiled)
        return known

    def words(self, program: Program, language: str) -> Mapping[str, str]:
        """What people call everything, in one language; another one's words where that has none. The procedure's own words come
        first: a role may be called like one of its values."""
        key = (program.hash, language)
        known = self._labels.get(key)
        if known is None:
            words: Mapping[str, Mapping[str, str]] = program.procedure.labels  # type: ignore[assignment]
            other = words.get("en" if language == "zh" else "zh", {})
            known = self._labels[key] = {
                **BUILT_IN[language],
                **self.organisation.labels(language),
                **_tabled(program, language),
                **other,
                **words.get(language, {}),
            }
        return known

    def called(self, program: Program, word: str) -> Text:
        """What people call somebody by id, or a word for people."""
        if word in self.organisation.staff:
            return Text(self.organisation.name(word), self.organisation.name(word))
        if word in self.organisation.roles:
            return entitled({"labels": {spoken: self.organisation.labels(spoken) for spoken in ("zh", "en")}}, word)
        return entitled({"labels": {spoken: self.words(program, spoken) for spoken in ("zh", "en")}}, word)

    def person(self, who: str | None) -> dict[str, str] | None:
        contact = self.organisation.contact(f"staff:{who}") if who else None
        return {"name": contact.name, "id": who or "", "phone": contact.addresses.get("sms", "")} if contact else None


def _tabled(program: Program, language: str) -> dict[str, str]:
    """What registries call their columns and choices."""
    found: dict[str, str] = {}
    for spoken in ("en" if language == "zh" else "zh", language):
        for shape in program.procedure.registries.values():
            found |= shape.labels.get(spoken, {})  # type: ignore[call-overload]
    return found


def _marked(message: Message, text: Rendered) -> Rendered:
    """The text of a case in a mode says so where it begins."""
    name = message.mine.case.mode
    mode = message.program.procedure.modes.get(name) if name else None
    if mode is None:
        return text
    prefix = (mode.prefix.zh if text.language == "zh" else mode.prefix.en) or f"[{name}] "
    return Rendered(text.language, prefix + text.subject, prefix + text.body)
