"""A played case as the page shows it: where it stands, what may be done as whom, its clocks and why, its history, its messages.

The words are those of the command line (`telling`, `show`, `why`), printed on a `Sheet`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...authoring.playing import Played
from ...authoring.story_text import step_text, story_text
from ...core import Option, evolve, recalculated
from ...errors import Refused, Text
from ...model.case import Case
from ...model.event import SYSTEM, Event
from ...model.procedure import Field
from .. import words
from ..commands import show, why
from ..desk import Desk
from ..out import Ink
from ..telling import Telling
from ..values import rows_of
from . import forms
from .forms import Plain
from .sheet import Sheet

CUSTOMER = "customer"
SPOKEN = {"zh": "中文", "en": "English"}
"""What a language is called by those who speak it."""


def view(played: Played, language: str, wanted: str) -> Plain:
    """Everything of the case in one language; `wanted` is as whom somebody wants to act."""
    return _View(played, language).all(wanted)


class _View:
    def __init__(self, played: Played, language: str) -> None:
        self.played, self.language = played, language
        self.sheet = Sheet(language)
        self.desk = Desk(self.sheet, played.clock, played.engine)
        self.case = played.case
        self.telling = Telling(self.desk, self.case)
        self.telling.lines = False
        self.staff = forms.people(self.desk.known.get("organisation", {}).get("staff", {}))
        self.fields: Mapping[str, Field] = self.telling.procedure.fields

    def all(self, wanted: str) -> Plain:
        played, case, label = self.played, self.case, self.telling.label
        state = label(case.outcome or "") if case.finished else self.telling.states(case.states)
        options = {who: self._options(who) for who, _ in (*self.staff, (CUSTOMER, ""))}
        who = wanted if wanted in options else self._likely(options)
        return {
            "number": case.number, "state": state, "closed": case.finished, "assignee": self.desk.person(case.assignee),
            "mode": label(case.mode) if case.mode else None, "now": self._now(), "stop": self._stop(), "steps": len(played.thens) - 1,
            "next": self._at(played.next()), "tomorrow": self._at(played.tomorrow()),
            "people": [
                {"id": each, "name": self._named(each), "can": sum(it.allowed for it in found) if found is not None else None}
                for each, found in options.items()
            ],
            "as": who, "refused": self._unseen(who) if options[who] is None else None,
            "actions": [self._action(it) for it in options[who] or () if it.allowed],
            "unable": [
                {"label": self.telling.named(it.action), "why": [text.get(self.language) for text in it.why]}
                for it in options[who] or () if not it.allowed
            ],
            "more": list(self._more()),
            "fields": [
                [label(name), self.telling.value(case.fields[name], field)]
                for name, field in self.fields.items() if case.fields.get(name) is not None
            ],
            "clocks": list(self._clocks()), "climbs": self._climbs(), "history": list(self._history()),
            "messages": list(self._messages()), "story": story_text(played.story()),
        }  # fmt: skip

    # -- who, and what

    def _options(self, who: str) -> tuple[Option, ...] | None:
        """What somebody may do; None where he does not see the case."""
        try:
            return self.played.engine.available(self.case.id, self.played.telling.who(who))
        except Refused:
            return None

    def _unseen(self, who: str) -> str:
        try:
            self.played.engine.available(self.case.id, self.played.telling.who(who))
        except Refused as refused:
            return refused.text.get(self.language)
        return ""

    def _likely(self, options: Mapping[str, tuple[Option, ...] | None]) -> str:
        """Whoever is likely to do the next thing: who is responsible, else the first who can do something."""
        able = [who for who, found in options.items() if found and any(it.allowed for it in found)]
        liked = [who for who in (self.case.assignee, self.case.opener) if who in able]
        return next(iter((*liked, *able, *options)))

    def _named(self, who: str) -> str:
        if who == CUSTOMER:
            return self.desk.short(who)
        roles = self.played.engine.organisation.roles_of(who)
        return f"{self.desk.short(who)} · {self.desk.entitled(roles[0])}" if roles else self.desk.short(who)

    def _action(self, option: Option) -> Plain:
        label = self.telling.label
        asked = {
            name: field
            for name in (*option.requires, *option.optional)
            if (field := self.telling.asked(option, name)) is not None
        }
        return {
            "kind": "when", "name": option.action, "label": label(option.action),
            "to": label(option.to) if option.to is not None else None,
            "inputs": self._inputs(asked, option.requires, set(option.inputs)),
        }  # fmt: skip

    def _inputs(self, fields: Mapping[str, Field], needed: tuple[str, ...], own: set[str]) -> list[Plain]:
        def now(name: str) -> str | None:
            held = None if name in own else self.case.fields.get(name)
            return None if held is None else self.telling.value(held, self.fields.get(name))

        return forms.inputs(
            fields,
            fields,
            needed,
            label=self.telling.label,
            language=self.language,
            staff=self.staff,
            now=now,
            rows=lambda field: [list(row) for row in rows_of(self.desk, field)],
        )

    def _more(self) -> Iterator[Plain]:
        """What else can happen to a case: signals, and what people do by hand."""
        say, case, label = self.sheet.both, self.case, self.telling.label
        program = self.telling.program
        for trigger in () if case.finished else program.triggers_of(case.states):
            kind, _, name = trigger.partition(":")
            if kind == "signal":
                asked = program.inputs.get(("signal", name), {})
                yield {"kind": kind, "name": name, "label": say(f"信号“{label(name)}”", f"signal “{label(name)}”"), "to": None,
                       "inputs": self._inputs(asked, tuple(it for it, field in asked.items() if field.required), set(asked))}  # fmt: skip
        if case.finished:
            return
        yield {"kind": "edit", "name": "", "label": say("修改字段", "change fields"), "to": None, "inputs": self._inputs(self.fields, (), set())}  # fmt: skip
        person = Field(type="staff")
        assign = forms.inputs(["to"], {"to": person}, ("to",), label=lambda _: say("谁", "who"), language=self.language, staff=self.staff)  # fmt: skip
        yield {"kind": "assign", "name": "", "label": say("指定责任人", "make somebody responsible"), "to": None, "inputs": assign}  # fmt: skip
        if any(climb.open and climb.told for climb in case.climbs.values()):
            yield {"kind": "ack", "name": "", "label": say("确认收到升级", "acknowledge the escalation"), "to": None, "inputs": []}  # fmt: skip
        for name, clock in case.clocks.items():
            ways = {"running": ("pause", "reset"), "paused": ("resume", "reset")}.get(clock.status, ())
            for way in ways:
                yield {"kind": way, "name": name, "label": self._by_hand(way, label(name)), "to": None, "inputs": []}

    def _by_hand(self, way: str, name: str) -> str:
        return self.sheet.say(
            {
                "pause": Text(f"人工暂停“{name}”", f"pause “{name}” by hand"),
                "resume": Text(f"人工恢复“{name}”", f"let “{name}” go on"),
                "reset": Text(f"人工重新起算“{name}”", f"reset “{name}”"),
            }[way]
        )

    # -- time

    def _now(self) -> str:
        from ...clock import moment

        day = words.weekday(moment(self.played.now, self.desk.zone).date())
        return f"{words.when(self.played.now, self.desk.zone)} {self.sheet.say(day)}"

    def _at(self, at: int | None) -> str | None:
        return None if at is None else words.by(at, self.desk.zone)

    def _clocks(self) -> Iterator[Plain]:
        now, anew = self.played.now, recalculated(self.played.history)
        for clock in (*self.case.clocks.values(), *reversed(self.case.cycles)):
            row = show.clock_row(self.desk, self.telling, clock, now, anew)
            account = self.played.engine.why(self.case.id, clock.name, cycle=clock.cycle, actor=SYSTEM)
            self.sheet.take()
            why.tell(self.desk, self.telling, account, False)
            yield {
                "id": f"{clock.name}.{clock.cycle}",
                "cells": [self.sheet.cell(piece) for piece in row],
                "why": self.sheet.take()[1:],
            }

    def _climbs(self) -> list[Plain]:
        self.sheet.take()
        show.climbs(self.desk, self.telling, self.case)
        return self.sheet.take()[1:]

    # -- what was

    def _history(self) -> Iterator[Plain]:
        for event in self.played.history:
            late = event.type == "reached" and event.name.endswith(".due")
            style = "late" if late else "dim" if event.type == "refused" else ""
            yield {
                "at": words.when(event.occurred_at, self.desk.zone), "text": self.sheet.cell(Ink(self.telling.event(event), style)),
                "who": self.desk.person(event.actor), "details": [self.sheet.cell(piece) for piece in self.telling.details(event)],
            }  # fmt: skip

    def _messages(self) -> Iterator[Plain]:
        """Every message with its text in each language and for each channel, the latest first."""
        engine, program = self.played.engine, self.telling.program
        rows = engine.store.outbox(case=self.case.id, limit=1000)
        case: Case | None = None
        told: list[Plain] = []
        for event in self.played.history:
            case = evolve(case, event)
            texts: dict[tuple[str, str], list[Plain]] = {}
            for recipient, key, made in engine.renderer.proofs(program, case, event, self.telling.personal):
                language, _, rest = key.partition("/")
                template, _, channel = rest.rpartition(".")
                text: Plain = {
                    "language": language,
                    "spoken": SPOKEN.get(language, language),
                    "channel": channel,
                    "subject": "",
                    "body": "",
                    "problem": None,
                }
                if isinstance(made, Text):
                    text["problem"] = made.get(self.language)
                else:
                    text |= {"subject": made.subject, "body": made.body}
                texts.setdefault((template, recipient), []).append(text)
            for row in rows:
                sent = row.notification
                if sent.seq == event.seq and (sent.template, sent.recipient) not in texts:
                    texts[sent.template, sent.recipient] = []
            told += [self._message(event, rows, *key, found) for key, found in texts.items()]
        yield from reversed(told)

    def _message(self, event: Event, rows: Any, template: str, recipient: str, texts: list[Plain]) -> Plain:
        sent = [
            row
            for row in rows
            if (row.notification.seq, row.notification.template, row.notification.recipient)
            == (event.seq, template, recipient)
        ]
        return {
            "id": f"{event.seq}.{template}.{recipient}", "at": words.when(event.occurred_at, self.desk.zone), "template": template,
            "to": self.desk.person(recipient), "texts": texts,
            "sent": [
                {
                    "channel": row.notification.channel, "language": row.notification.language, "subject": row.notification.subject,
                    "waits": self.sheet.say(waits) if (waits := words.waits(row, self.desk.zone, self.played.now)) else None,
                    "problem": None if (problem := row.notification.problem) is None else Text.parse(problem).get(self.language),
                }
                for row in sent
            ],
        }  # fmt: skip

    def _stop(self) -> Plain | None:
        return stop(self.played, self.language)


def stop(played: Played, language: str) -> Plain | None:
    """Where the case no longer goes under the rules as they are now; None where it goes to its end."""
    stopped = played.stop
    if stopped is None:
        return None
    step = played.script.steps[stopped.step] if stopped.step >= 0 else None
    left = len(played.script.steps) - max(stopped.step, 0)
    what = (
        Text("立案", "the opening") if step is None else Text(f"第 {stopped.step + 1} 步", f"step {stopped.step + 1}")
    )
    return {
        "what": what.get(language), "step": step_text(step) if step is not None else None, "left": left,
        "why": stopped.why.text.get(language), "hint": stopped.why.hint.get(language) if stopped.why.hint is not None else None,
    }  # fmt: skip
