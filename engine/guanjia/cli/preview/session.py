"""One run of the preview: the office that it follows, its stories, and the case of each procedure that is played by hand.

All of it runs in one thread. What a page asks is answered with the whole state, or with what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...authoring.playing import Played, Script, opens
from ...clock import MINUTE, Clock, moment
from ...errors import GuanjiaError, Invalid, Refused, Text
from ...model.event import Actor
from ...model.procedure import Field, Procedure
from ...model.stories import Moment, Opening
from ..desk import OTHERS
from . import forms, page, played as playing
from .forms import Plain
from .office import Good, Office
from .runs import Runs
from .server import Bell

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d.*")


class Session:
    def __init__(self, folder: Path, bell: Bell, language: str, clock: Clock) -> None:
        self.office = Office(folder)
        self.bell, self.language, self.clock = bell, language, clock
        self.runs = Runs(folder, bell.ring)
        self.cases: dict[str, Played] = {}
        """The case of each procedure that somebody plays."""

    def look(self) -> bool:
        return self.office.look()

    def answer(self, what: str, asked: Mapping[str, Any]) -> Plain:
        if not self.office.digest:
            self.look()
        if what == "play":
            try:
                self._play(asked)
            except GuanjiaError as error:
                return self._wrong(error, self._language(asked))
            self.bell.ring()
        return self._state(asked)

    def close(self) -> None:
        self.runs.close()

    # -- what is shown

    def _language(self, asked: Mapping[str, Any]) -> str:
        wanted = asked.get("lang")
        return wanted if wanted in ("zh", "en") else self.language

    def _procedure(self, asked: Mapping[str, Any]) -> str | None:
        wanted, known = asked.get("procedure"), self.office.procedures
        return wanted if wanted in known else next(iter(known), None)

    def _state(self, asked: Mapping[str, Any]) -> Plain:
        """All that the page shows now. `number` is read first: what changes meanwhile is told once more."""
        number, office = self.bell.number, self.office
        language, procedure = self._language(asked), self._procedure(asked)
        state: Plain = {
            "number": number, "language": language, "words": page.words(language), "office": page.office(office, language),
            "procedure": procedure, "picture": None, "stories": None, "opening": None, "case": None, "stop": None,
        }  # fmt: skip
        if procedure is None:
            return state
        case, good = self._case(procedure), office.good(procedure)
        state["stories"] = page.stories(self.runs.of(procedure, office.digest), language)
        state["picture"] = page.picture(office, procedure, language, case.history if case is not None else ())
        if case is not None and case.begun:
            state["case"] = playing.view(case, language, str(asked.get("as", "")))
        elif good is not None and office.people is not None:
            state["opening"] = self._opening(good.procedure, office.people.staff, language)
            state["stop"] = None if case is None else playing.stop(case, language)
        return state

    def _case(self, procedure: str) -> Played | None:
        """The case that is played, told again where the rules have changed meanwhile."""
        case, good = self.cases.get(procedure), self.office.good(procedure)
        if case is None or good is None:
            return case
        if case.files is not good.files:
            with suppress(Invalid):  # then it stays as it was, under the rules that were in order
                case = self._anew(procedure, good, case.script)
        return case

    def _anew(self, procedure: str, good: Good, script: Script) -> Played:
        case = Played(good.files, procedure, script)
        if procedure in self.cases:
            self.cases[procedure].close()
        self.cases[procedure] = case
        return case

    def _opening(self, procedure: Procedure, staff: Mapping[str, Any], language: str) -> Plain:
        """The form by which a case is opened; whoever may open one comes first."""

        def label(name: str) -> str:
            return procedure.label(name, language)

        def first(who: str) -> bool:
            kind: Any = "customer" if who == playing.CUSTOMER else "staff"
            return opens(procedure, Actor(who, tuple(staff.get(who, {}).get("roles", ())), kind))

        people = forms.people(staff)
        openers = [*people, [playing.CUSTOMER, OTHERS[playing.CUSTOMER].get(language)]]
        needed = [name for name, field in procedure.fields.items() if field.required and field.default is None]
        ordered = [*needed, *(name for name in procedure.fields if name not in needed)]
        zone = self.office.zone
        at = moment(self.clock.now() // MINUTE * MINUTE, zone)
        return {
            "inputs": forms.inputs(ordered, procedure.fields, needed, label=label, language=language, staff=people, rows=self._rows),
            "people": sorted([[*each, first(each[0])] for each in openers], key=lambda each: not each[2]),
            "modes": [[name, label(name)] for name in procedure.modes], "at": f"{at:%Y-%m-%dT%H:%M}",
        }  # fmt: skip

    def _rows(self, field: Field) -> list[list[str]]:
        registry = self.office.files.registries().sound.get(field.of[0])
        return [] if registry is None else [list(row) for row in registry.told()]

    def _wrong(self, error: GuanjiaError, language: str) -> Plain:
        return {
            "problem": error.text.get(language),
            "hint": None if error.hint is None else error.hint.get(language),
            "wrong": forms.wrong(error, language),
        }

    # -- what is played

    def _play(self, asked: Mapping[str, Any]) -> None:
        procedure, what = self._procedure(asked), asked.get("do")
        good = self.office.good(procedure) if procedure is not None else None
        if procedure is None or good is None:
            raise Refused("state", Text("文件改好之后才能试办。", "A case can be played once the files are in order."))
        try:
            if what == "open":
                self._open(procedure, good, asked)
            elif what == "anew":
                if procedure in self.cases:
                    self.cases.pop(procedure).close()
            elif (case := self._case(procedure)) is None or (what != "back" and not case.begun):
                raise Refused("state", Text("还没有立案。", "No case has been opened yet."))
            elif what == "back":
                script = case.script
                told = script.steps if case.stop is None else script.steps[: max(case.stop.step, 0)]
                self._anew(procedure, good, replace(script, steps=told[:-1] if case.stop is None else told))
            else:
                case.move(Moment.model_validate(self._said(case, asked)))
        except ValidationError:
            raise Refused("state", Text("没有这样的一步。", "There is no such step.")) from None

    def _open(self, procedure: str, good: Good, asked: Mapping[str, Any]) -> None:
        at = str(asked.get("at", "")).replace("T", " ")
        opening: Plain = {"by": str(asked.get("by", "")), "with": forms.values(_values(asked), good.procedure.fields)}
        opening |= {name: str(asked[name]) for name in ("mode", "customer") if asked.get(name)}
        name = Text(f"试办 {at}", f"played {at}").get(self._language(asked))
        case = Played(good.files, procedure, Script(name, at, Opening.model_validate(opening)))
        if case.stop is not None:
            case.close()
            raise case.stop.why
        if procedure in self.cases:
            self.cases[procedure].close()
        self.cases[procedure] = case

    def _said(self, case: Played, asked: Mapping[str, Any]) -> Plain:
        """A step as a story says it."""
        kind, name, who = str(asked.get("do")), str(asked.get("name", "")), str(asked.get("as", ""))
        program = case.program
        if kind == "next":
            if (due := case.next()) is None:
                raise Refused("time", Text("没有什么会到期了。", "Nothing falls due any more."))
            return {"until": case.wall(due)}
        if kind == "tomorrow":
            return {"until": case.wall(case.tomorrow())}
        if kind == "wait":
            return {"until": name.replace("T", " ")} if _INSTANT.fullmatch(name.strip()) else {"after": name.strip()}
        if kind in ("when", "signal"):
            asks = program.inputs.get(("act" if kind == "when" else kind, name), {})
            with_ = forms.values(_values(asked), {**program.procedure.fields, **asks})
            return {kind: name, **({"with": with_} if with_ else {}), **({"by": who} if kind == "when" else {})}
        if kind == "edit":
            return {"edit": forms.values(_values(asked), program.procedure.fields), "by": who}
        if kind == "assign":
            return {"assign": str(_values(asked).get("to", "")), "by": who}
        if kind == "ack":
            return {"ack": who}
        return {kind: name, "by": who}


def _values(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    given = asked.get("values")
    return given if isinstance(given, dict) else {}
