"""The year, looked at from its end: is anything stuck, was every schedule met, does every clause hold; and its figures as tables."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import mean

from guanjia.authoring.reports import REPORTS, Facts, facts_of
from guanjia.authoring.reports.kinds import Asked
from guanjia.clock import DAY
from guanjia.core import next_due
from guanjia.errors import Text
from guanjia.runtime.engine import Engine
from guanjia.runtime.planning import planned

from tests.year import held_cases, held_staff  # noqa: F401  # their checks are counted among those of `held`
from tests.year.held import OF_CASE, OF_YEAR, Held, Seen, Year
from tests.year.office import Home


class Judged:
    """What a whole history comes to."""

    def __init__(self, engine: Engine, year: Year) -> None:
        self.engine, self.year, self.held = engine, year, Held()
        self.stuck: list[str] = []
        self.open = self.events = 0
        self.by_procedure: dict[str, Counter[str]] = defaultdict(Counter)
        self.scores: dict[str, list[int]] = defaultdict(list)
        real: list[Facts] = []
        for seen in self._cases():
            year.gather(seen)
            self.held.case(seen)
            self._count(seen)
            if seen.case.mode is None:
                real.append(seen.facts)
        self._report(real)
        self.held.year(year)

    def _cases(self) -> Iterator[Seen]:
        engine = self.engine
        for id in engine.store.cases():
            events = engine.history(id)
            facts = facts_of(events, lambda case: engine.program(case).procedure)
            yield Seen(facts.case, events, facts, engine.program(facts.case), engine.organisation)

    def _count(self, seen: Seen) -> None:
        case, row = seen.case, self.by_procedure[seen.case.procedure]
        row["cases"] += 1
        row["closed"] += case.finished
        row["events"] += len(seen.events)
        row["kept"] += sum(promise.kept for promise in seen.facts.promises)
        row["broken"] += sum(not promise.kept for promise in seen.facts.promises)
        row["messages"] += sum(len(note["to"]) for event in seen.events for note in event.data.get("notify", ()))
        self.events += len(seen.events)
        self.scores[case.procedure] += [event.data["input"]["score"] for event in seen.took("rate")]
        if not case.finished:
            self.open += 1
            if next_due(case) is None and not any(climb.open for climb in case.climbs.values()):
                self.stuck.append(f"{case.number} {'+'.join(case.states)}")

    def _report(self, facts: list[Facts]) -> None:
        """What the reports of the office say, beside what the history does."""
        engine, year = self.engine, self.year
        asked = Asked(
            0, year.end + DAY, engine.files.standards() or {}, lambda id: Text(*[engine.organisation.name(id)] * 2)
        )
        (clocks,) = REPORTS["sla"][0](facts, asked).tables
        for place, name in ((2, "kept"), (3, "broken")):
            year.reports[name] = sum(row[place].value or 0 for row in clocks.rows)  # type: ignore[union-attr]
        analysed = REPORTS["complaint_analysis"][0](facts, asked)
        for table in analysed.tables:
            if table.key == "severity":
                year.reports["complaints"] = sum(row[1].value or 0 for row in table.rows)  # type: ignore[union-attr]
        for language in ("zh", "en"):
            page = REPORTS["pledge"][0](facts, asked)
            year.pledge[language] = "\n".join(
                str(getattr(cell, language))
                for table in page.tables
                for row in table.rows
                for cell in row
                if isinstance(cell, Text)
            )

    # -- in words

    def figures(self) -> str:
        """Cases by procedure, and what became of them."""
        heads = ("cases", "closed", "events", "messages", "kept", "broken")
        lines = [f"{'procedure':<20}" + "".join(f"{head:>10}" for head in heads) + f"{'score':>8}"]
        total: Counter[str] = Counter()
        for name, row in sorted(self.by_procedure.items()):
            score = f"{mean(self.scores[name]):.2f}" if self.scores[name] else ""
            lines.append(f"{name:<20}" + "".join(f"{row[head]:>10,}" for head in heads) + f"{score:>8}")
            total += row
        every = [score for scores in self.scores.values() for score in scores]
        satisfied = f"{100 * sum(score > 3 for score in every) / len(every):.1f} %" if every else "-"
        lines.append(f"{'all':<20}" + "".join(f"{total[head]:>10,}" for head in heads))
        judged = total["kept"] + total["broken"]
        lines.append(
            f"promises kept: {100 * total['kept'] / max(judged, 1):.1f} % of {judged:,}; satisfied: {satisfied} of {len(every):,} who were asked; still open: {self.open:,}"
        )
        return "\n".join(lines)

    def clauses(self) -> str:
        """A row for each clause: in how many things it was looked at, and in how many it held."""
        lines = [f"{'clause':<8}{'looked at':>10}{'held':>10}  what is looked at"]
        for clause in sorted({*OF_CASE, *OF_YEAR}, key=int):
            names = [check.__name__ for _, check in OF_CASE[clause]] + [check.__name__ for check in OF_YEAR[clause]]
            looked, failed = self.held.looked[clause], len(self.held.failed[clause])
            lines.append(
                f"{clause:<8}{looked:>10,}{looked - failed:>10,}  {'; '.join(name.replace('_', ' ') for name in names)}"
            )
        return "\n".join(lines)


def look_at_register(engine: Engine, year: Year, homes: list[Home]) -> None:
    """What the register knows of each household, and whom it lists as not verified for half of the time."""
    for home in homes:
        year.registered[home.customer] = list(engine.customers.history(home.customer))
    days = max(1, (year.end - year.begin) // DAY // 2)
    year.stale_before = year.end - days * DAY
    year.stale = {it.id for it in engine.customers.stale(days, limit=len(homes) + 1)}


def look_at_schedules(engine: Engine, year: Year) -> None:
    """What each schedule was to open since the worker first looked, and the case that it opened for it."""
    for name, schedule in engine.office.schedules.items():
        at = year.begin
        while at < year.end:
            until = min(at + 30 * DAY, year.end)
            for it in planned(engine, schedule, at, until):
                key = ":".join(filter(None, ("schedule", name, it.row, it.name)))
                answer = engine.store.transact(lambda tx, key=key: tx.read(None, key)).answer
                year.planned[key] = it.at, None if answer is None else json.loads(answer.text)["case"]
            at = until
