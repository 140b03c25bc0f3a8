"""The reports that the rule book names, each a function of the facts of all cases and a period.

A thing belongs to the period in which it happened: a promise to when it was kept or broken, a stay to when it ended, a complaint to when it
was made. So the months add up, and one that is over never changes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...clock import DAY, Instant
from ...errors import Text
from ...model.procedure import Procedure
from ...model.standards import Held
from ..limits import measured, sentence_of
from .facts import Facts, Promise
from .figures import Cell, Figure, Report, Table, count, mean, rank, share

AGAIN = 90 * DAY
"""Within so long the same matter in the same place is the same complaint again (domain: three of one cause in a quarter)."""
SCORE = "score"
"""The field that holds what somebody said of the work, 1 to 5."""


class Asked(NamedTuple):
    """What a report is asked for: from `since` on, before `until`."""

    since: Instant
    until: Instant
    standards: Mapping[str, Held]
    name: Callable[[str], Text]
    """What staff is called."""
    whom: str | None = None
    """Of the staff only this person; None: everybody."""

    def covers(self, at: Instant | None) -> bool:
        return at is not None and self.since <= at < self.until

    @property
    def before(self) -> Asked:
        """The period of the same length just before."""
        return self._replace(since=self.since - (self.until - self.since), until=self.since)


def sla(facts: Sequence[Facts], asked: Asked) -> Report:
    """Promises kept and broken, by procedure and clock."""
    found: dict[tuple[str, str], list[tuple[Facts, Promise]]] = defaultdict(list)
    for it in facts:
        for promise in it.promises:
            if asked.covers(promise.at):
                found[it.case.procedure, promise.clock].append((it, promise))
    rows = []
    for (_, clock), judged in sorted(found.items()):
        procedure = judged[0][0].procedure
        rows.append(
            (
                _label(procedure, procedure.procedure),
                _label(procedure, clock),
                *_kept([(it.number, promise.kept) for it, promise in judged]),
            )
        )
    return Report("sla", Text("时限兑现", "Promises kept"), (Table("clocks", Text("", ""), (*_OF, *_KEPT), ("procedure", "clock", "kept", "broken", "share"), tuple(rows)),))  # fmt: skip


def pledge(facts: Sequence[Facts], asked: Asked) -> Report:
    """What residents were pledged, beside what was done. Nothing in it is of a single person."""
    found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for it in facts:
        for promise in it.promises:
            if asked.covers(promise.at):
                for standard in promise.standards:
                    found[standard].append((it.number, promise.kept))
    rows = [
        (sentence_of(held.standard.item), measured(held.standard), *_kept(found.get(name, [])))
        for name, held in asked.standards.items()
        if held.standard.pledged
    ]
    head = (Text("承诺", "PLEDGE"), Text("时限", "LIMIT"), *_KEPT)
    return Report("pledge", Text("服务承诺兑现", "The pledge, and what was done"), (Table("pledges", Text("", ""), head, ("item", "limit", "kept", "broken", "share"), tuple(rows)),))  # fmt: skip


def cycle_time(facts: Sequence[Facts], asked: Asked) -> Report:
    """How long cases took from opening to closing, and how long they stayed in each state, by the clock on the wall."""
    whole: dict[str, list[tuple[int, str]]] = defaultdict(list)
    stays: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    procedures: dict[str, Procedure] = {}
    for it in facts:
        name = it.case.procedure
        procedures[name] = it.procedure
        whole[name] += [(at - it.case.opened_at, it.number) for at in it.closings if asked.covers(at)]
        for stay in it.stays:
            if stay.left is not None and asked.covers(stay.left):
                stays[name, stay.state].append((stay.left - stay.entered, it.number))
    cases: list[tuple[Cell, ...]] = [
        (_label(procedures[name], name), *_times(values)) for name, values in sorted(whole.items()) if values
    ]
    order = {
        (name, state): number
        for name, procedure in procedures.items()
        for number, (state, _, _) in enumerate(procedure.walk())
    }
    states: list[tuple[Cell, ...]] = [
        (_label(procedures[name], name), _label(procedures[name], state), *_times(values))
        for (name, state), values in sorted(stays.items(), key=lambda item: (item[0][0], order.get(item[0], 0)))
    ]
    return Report(
        "cycle_time", Text("办理用时", "Time taken"),
        (
            Table("cases", Text("从登记到办结", "From opening to closing"), (_OF[0], *_TIMES), ("procedure", *_TIME_KEYS), tuple(cases)),
            Table("states", Text("在各状态停留", "In each state"), (_OF[0], Text("状态", "STATE"), *_TIMES), ("procedure", "state", *_TIME_KEYS), tuple(states)),
        ),
    )  # fmt: skip


def complaint_analysis(facts: Sequence[Facts], asked: Asked, procedure: str = "complaint") -> Report:
    """Of what people complained: by each choice that a case records, most first, beside the period before; again and again; by building."""
    of = [it for it in facts if it.case.procedure == procedure]
    now, then = ([it for it in of if period.covers(it.case.opened_at)] for period in (asked, asked.before))
    tables = [_summary(now, of, asked)]
    definition = of[-1].procedure if of else None
    if definition is not None:
        for name, field in definition.fields.items():
            if field.type == "choice":
                tables.append(_pareto(name, _label(definition, name), now, then, _chosen(name), definition))
    tables.append(_pareto("building", Text("楼栋", "building"), now, then, _building, None))
    return Report(
        "complaint_analysis", Text("投诉分析", "Complaints analysed"), tuple(table for table in tables if table.rows)
    )


def appraisal(facts: Sequence[Facts], asked: Asked) -> Report:
    """For each of the staff what the cases say of the work: closed, and mainly his, promises kept, marks, reopened. The same history gives
    the same figures for ever, whoever asks and when."""
    closed, reopened = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    judged, marks, deeds = (
        defaultdict[str, list[tuple[str, bool]]](list),
        defaultdict[str, list[tuple[float, str]]](list),
        defaultdict[str, list[str]](list),
    )
    for it in facts:
        for at in it.closings:
            if asked.covers(at) and (worker := it.mainly(at)):
                closed[worker].append(it.number)
                if isinstance(score := it.case.fields.get(SCORE), int | float):
                    marks[worker].append((score, it.number))
        for at in it.reopenings:
            if asked.covers(at) and (worker := it.mainly(at)):
                reopened[worker].append(it.number)
        for promise in it.promises:
            if asked.covers(promise.at) and promise.who:
                judged[promise.who].append((it.number, promise.kept))
        for deed in it.deeds:
            if asked.covers(deed.at) and not deed.actor.startswith(("customer:", "system")):
                deeds[deed.actor].append(it.number)
    people = sorted(who for who in {*closed, *reopened, *judged, *marks, *deeds} if asked.whom in (None, who))
    rows = [
        (
            asked.name(who),
            count(closed[who]),
            count(deeds[who]),
            *_kept(judged[who]),
            mean(marks[who]),
            count(reopened[who]),
        )
        for who in people
    ]
    head = (
        Text("员工", "STAFF"),
        Text("办结", "CLOSED"),
        Text("操作", "ACTIONS"),
        *_KEPT,
        Text("评分", "MARKS"),
        Text("重开", "REOPENED"),
    )
    keys = ("staff", "closed", "actions", "kept", "broken", "share", "marks", "reopened")
    return Report(
        "appraisal",
        Text("员工考核数据", "What the cases say of the staff's work"),
        (Table("staff", Text("", ""), head, keys, tuple(rows)),),
    )


REPORTS: Mapping[str, tuple[Callable[[Sequence[Facts], Asked], Report], Text]] = {
    "sla": (sla, Text("时限守住了多少，按流程和时限", "promises kept and broken, by procedure and clock")),
    "pledge": (pledge, Text("对业主的承诺兑现了多少", "what residents were pledged, beside what was done")),
    "cycle_time": (cycle_time, Text("办理用时：从登记到办结，在各状态", "time taken: from opening to closing, and in each state")),
    "complaint_analysis": (complaint_analysis, Text("投诉分析：类别、原因、楼栋、重复", "complaints by category, cause and building, and those that came again")),
    "appraisal": (appraisal, Text("员工考核数据：办结、及时、评分、重开", "the staff's work: closed, in time, marks, reopened")),
}  # fmt: skip

_OF = (Text("流程", "PROCEDURE"), Text("时限", "CLOCK"))
_KEPT = (Text("守住", "KEPT"), Text("超时", "BROKEN"), Text("兑现率", "SHARE"))
_TIMES = (Text("件次", "TIMES"), Text("中位", "MEDIAN"), Text("九成以内", "P90"), Text("最长", "LONGEST"))
_TIME_KEYS = ("times", "median", "p90", "longest")


def _label(procedure: Procedure, name: str) -> Text:
    return Text(procedure.label(name, "zh"), procedure.label(name, "en"))


def _kept(judged: Iterable[tuple[str, bool]]) -> tuple[Figure, Figure, Figure]:
    judged = list(judged)
    kept = [number for number, good in judged if good]
    broken = [number for number, good in judged if not good]
    return count(kept), count(broken), share(kept, [number for number, _ in judged])


def _times(values: Sequence[tuple[int, str]]) -> tuple[Figure, ...]:
    return count(number for _, number in values), rank(values, 0.5), rank(values, 0.9), rank(values, 1.0)


def _summary(now: Sequence[Facts], of: Sequence[Facts], asked: Asked) -> Table:
    again = _again(now, of)
    reopened = [it.number for it in of for at in it.reopenings if asked.covers(at)]
    marks = [(score, it.number) for it in now if isinstance(score := it.case.fields.get(SCORE), int | float)]
    head = (Text("件数", "CASES"), Text("重复", "AGAIN"), Text("重开", "REOPENED"), Text("评分", "MARKS"))
    row: tuple[Cell, ...] = (count(it.number for it in now), count(again), count(reopened), mean(marks))
    return Table("summary", Text("总数", "In all"), head, ("cases", "again", "reopened", "marks"), (row,))


def _again(now: Sequence[Facts], of: Sequence[Facts]) -> list[str]:
    """Those that are the matter of an earlier one once more: the same category in the same place, not long after."""
    earlier: dict[tuple[object, object], list[Instant]] = defaultdict(list)
    for it in of:
        earlier[_matter(it)].append(it.case.opened_at)
    return [
        it.number
        for it in now
        if _matter(it)[0] is not None and any(0 < it.case.opened_at - at <= AGAIN for at in earlier[_matter(it)])
    ]


def _matter(it: Facts) -> tuple[object, object]:
    fields = it.case.fields
    return fields.get("room") or fields.get("place"), fields.get("category")


def _pareto(
    key: str,
    title: Text,
    now: Sequence[Facts],
    then: Sequence[Facts],
    value: Callable[[Facts], object],
    labels: Procedure | None,
) -> Table:
    """How often each value came, most first, with the share of all up to it, and how often in the period before."""
    cases: dict[str, list[str]] = defaultdict(list)
    for it in now:
        if (found := value(it)) is not None:
            cases[str(found)].append(it.number)
    earlier = Counter(str(found) for it in then if (found := value(it)) is not None)
    whole = [number for numbers in cases.values() for number in numbers]
    head = (Text("选项", "CHOICE"), Text("件数", "CASES"), Text("累计", "UP TO HERE"), Text("上期", "BEFORE"))
    return Table(key, title, head, (key, "cases", "cumulated", "before"), tuple(_ranked(cases, whole, earlier, labels)))


def _ranked(
    cases: Mapping[str, list[str]], whole: Sequence[str], earlier: Mapping[str, int], labels: Procedure | None
) -> Iterator[tuple[Cell, ...]]:
    up_to: list[str] = []
    for name, numbers in sorted(cases.items(), key=lambda item: (-len(item[1]), item[0])):
        up_to += numbers
        called = Text(name, name) if labels is None else _label(labels, name)
        yield (
            called,
            count(numbers),
            Figure("share", len(up_to) / len(whole), tuple(up_to)),
            Figure("count", earlier.get(name, 0)),
        )


def _chosen(name: str) -> Callable[[Facts], object]:
    return lambda it: it.case.fields.get(name)


def _building(it: Facts) -> str | None:
    """The building of a room: the part ahead of the first dash."""
    room = str(it.case.fields.get("room") or "")
    return room.partition("-")[0] if "-" in room else None
