"""`calendar apply` and `migrate`: open cases come under the calendars, or the procedure, as they are now, after a look at what that
changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import Text, plural
from .. import words
from ..desk import Desk
from ..failure import OK, Usage, piecewise
from ..naming import NO_PROCEDURE, no_procedure
from ..out import Ink, Piece
from ..progress import progress
from ..spec import Argument, Command, Option, json_option
from ..values import interactive

if TYPE_CHECKING:
    from ...runtime.moving import Plan, Tally
    from ...runtime.moving_back import Back, Last
    from ...runtime.stream import Happened

ALWAYS = ("cases", "deadlines", "breaches")
COUNTS = (
    ("cases", Text("工单", "CASES"), ""), ("deadlines", Text("时限改期", "DEADLINES"), ""), ("breaches", Text("随即超时", "BREACH"), "late"),
    ("delays", Text("延时改期", "DELAYS"), ""), ("provisional", Text("仍暂定", "PROVISIONAL"), "soon"), ("rejudged", Text("判定有异", "REJUDGED"), ""),
)  # fmt: skip
"""What is counted: the name in a tally, its title, the style where there are any. The latter three are shown where there are."""


def apply(
    desk: Desk, *, names: tuple[str, ...], policy: str, notify: bool, yes: bool, reason: str | None, as_json: bool
) -> int:
    from ...runtime import moving

    plan = moving.plan(desk.engine, names or None)
    if not plan.targets and not as_json:
        desk.out.line(
            Ink(
                Text("在办工单用的都是现在的日历，没有要改的。", "Every open case is under the calendars as they are."),
                "good",
            )
        )
        return OK
    return moved(desk, lambda _: (plan, ()), policy=policy, notify=notify, yes=yes, reason=reason, as_json=as_json)


def migrate(
    desk: Desk, *, name: str | None, drop: tuple[str, ...], undo: bool, policy: str, notify: bool, yes: bool, reason: str | None, as_json: bool,
) -> int:  # fmt: skip
    from ...runtime import moving

    known = desk.engine.procedures()
    if name is None and not undo:
        raise Usage(
            Text("要写是哪个流程。", "Say which procedure."),
            Text(f"有：{'、'.join(known)}；撤回上一次：guanjia migrate --undo", f"There are: {', '.join(known)}; to take the last one back: guanjia migrate --undo") if known else NO_PROCEDURE,
        )  # fmt: skip
    if name is not None and name not in known:
        raise no_procedure(desk, name, known)
    if undo:
        if drop or notify or policy != "start":
            raise Usage(Text("--undo 原样撤回，不与 --drop、--notify、--policy 同用。", "--undo puts back what was: it takes no --drop, --notify or --policy."))  # fmt: skip
        return _back(desk, name, yes=yes, reason=reason, as_json=as_json)
    assert name is not None
    plan = moving.plan_procedure(desk.engine, name)
    if not plan.targets and not as_json:
        out, label = desk.out, desk.label(name, name)
        out.line(
            Ink(
                Text(
                    f"在办的“{label}”都已按现在的版本办理。",
                    f"Every open case of “{label}” is under the present version.",
                ),
                "good",
            )
        )
        return OK
    return moved(
        desk, lambda _: (plan, ()), policy=policy, notify=notify, yes=yes, reason=reason, as_json=as_json, drop=drop
    )


def _back(desk: Desk, name: str | None, *, yes: bool, reason: str | None, as_json: bool) -> int:
    """Take the last move of open cases back, after a look at which of them that still fits."""
    from ...runtime import moving, moving_back

    out, engine = desk.out, desk.engine
    last = moving_back.last(engine, name)
    with progress(out, Text("查找", "Looking"), None) as bar:
        cases = moving_back.moved(engine, last, bar)
    back = moving_back.Back()
    if not yes or not cases:
        moving_back.foresee(engine, last, cases, back)
        _print_back(desk, last, back, done=False, as_json=as_json)
        if as_json or not cases or not back.cases:
            return OK
        if not interactive(out):
            out.line(Text("没有作任何改动。要撤回，请加上 --yes --reason 原因", "Nothing was changed. To take it back, add --yes --reason WHY"))  # fmt: skip
            return OK
        moving.entitled(engine, desk.actor, reason or "?")
        reason, agreed = _agreed(desk, reason, Text("现在撤回吗？[y/N]", "Take it back now? [y/N]"))
        if not agreed:
            return OK
        back = moving_back.Back()
    stopped = False
    with progress(out, Text("撤回", "Taking back"), len(cases)) as bar:
        try:
            moving_back.carry_out(engine, last, cases, desk.actor, reason or "", back, bar)
        except KeyboardInterrupt:
            stopped = True
    _print_back(desk, last, back, done=True, as_json=as_json)
    return piecewise(out, back.refused, stopped=stopped)


def _agreed(desk: Desk, reason: str | None, question: Text) -> tuple[str, bool]:
    """Ask at the terminal why, unless that was said, and whether to go on."""
    reason = reason or desk.out.ask(Text("原因：", "Why:"))
    agreed = desk.out.ask(question).strip().lower() in ("y", "yes", "是")
    if not agreed:
        desk.out.line(Text("没有作任何改动。", "Nothing was changed."))
    return reason, agreed


def _print_back(desk: Desk, last: Last, back: Back, *, done: bool, as_json: bool) -> None:
    out, at, label = desk.out, last.decided.recorded_at, desk.label(last.procedure, last.procedure)
    if as_json:
        out.json(
            {"procedure": last.procedure, "decided_at": iso(at, desk.zone), "decided_by": last.decided.actor, "cases": back.cases,
             "refused": back.refused, "done": done,
             "refusals": [{"case": identity, "text": {"zh": why.zh, "en": why.en}} for identity, why in back.reasons]}
        )  # fmt: skip
        return
    when, who = words.when(at, desk.zone, desk.now()), desk.short(last.decided.actor)
    out.line(Text(f"{who} 于 {when} 让“{label}”的在办工单改用了新版本：{last.decided.data['reason']}",
                  f"{who} brought open cases of “{label}” under its new version, {when}: {last.decided.data['reason']}"))  # fmt: skip
    stay = (
        Text(f"，{back.refused} 个留在新版本", f", {plural(back.refused, 'stays', 'stay')} under the new one")
        if back.refused
        else Text("", "")
    )
    out.line(Ink(Text(f"{'已' if done else '可以'}撤回 {back.cases} 个{stay.zh}。", f"{back.cases} {'went' if done else 'would go'} back{stay.en}."), "bold"))  # fmt: skip
    for identity, why in back.reasons:
        columns = desk.store.columns(identity)
        out.line(Ink("! ", "late"), columns.number if columns else identity, "  ", why)


def moved(
    desk: Desk, planned: Callable[[str], tuple[Plan, Sequence[Happened]]], *, policy: str, notify: bool, yes: bool,
    reason: str | None, as_json: bool, drop: Sequence[str] = (),
) -> int:  # fmt: skip
    """Show what moving the cases of a plan would change; then do it, where that was said or is said now. `planned` gives,
    for a reason, the plan and the decision that it carries out."""
    from ...runtime import moving

    out, engine = desk.out, desk.engine
    options = {"policy": policy, "notify": notify, **({"drop": list(drop)} if drop else {})}
    if yes:
        moving.entitled(engine, desk.actor, reason or "")
    else:
        tally, plan = moving.Tally(), planned(reason or "")[0]
        with progress(out, Text("预览", "Looking ahead"), plan.cases) as bar:
            moving.foresee(engine, plan, options, tally, bar)
        _print(desk, plan, tally, done=False, as_json=as_json)
        if as_json or not interactive(out):
            if not as_json:
                out.line(Text("没有作任何改动。要执行，请加上 --yes --reason 原因", "Nothing was changed. To do it, add --yes --reason WHY"))  # fmt: skip
            return OK
        moving.entitled(engine, desk.actor, reason or "?")
        reason, agreed = _agreed(desk, reason, Text("现在执行吗？[y/N]", "Do it now? [y/N]"))
        if not agreed:
            return OK
    tally, (plan, happened) = moving.Tally(), planned(reason or "")
    stopped = False
    with progress(out, Text("调整", "Moving"), plan.cases) as bar:
        try:
            moving.carry_out(engine, plan, desk.actor, reason or "", options, tally, bar, happened)
        except KeyboardInterrupt:
            stopped = True
    _print(desk, plan, tally, done=True, as_json=as_json, stopped=stopped)
    return piecewise(out, tally.refused, stopped=stopped)


def _print(desk: Desk, plan: Plan, tally: Tally, *, done: bool, as_json: bool, stopped: bool = False) -> None:
    if as_json:
        desk.out.json(_plain(desk, plan, tally) | {"done": done and not stopped})
        return
    out = desk.out
    out.line(Ink(_headline(plan, tally, done), "bold"))
    if tally.procedures:
        shown = [(name, title, style) for name, title, style in COUNTS if name in ALWAYS or getattr(tally, name)]
        out.table(
            [
                [desk.label(name, name), *(_count(getattr(part, count), style) for count, _, style in shown)]
                for name, part in tally.procedures.items()
            ],
            [Text("流程", "PROCEDURE"), *(title for _, title, _ in shown)],
            indent="  ",
        )
    if examples := [item for item in tally.examples if desk.eyes.sees(item.case)]:
        out.line(Text("例如：", "For example:"))
        out.table(
            [
                [Ink(item.number, "bold"), desk.label(item.procedure, item.clock), words.by(item.before, desk.zone),
                 "→", words.by(item.after, desk.zone), Ink(Text("超时", "breach"), "late") if item.breaches else ""]
                for item in examples
            ],
            indent="  ",
        )  # fmt: skip
    for identity, why in tally.reasons:
        if desk.eyes.sees(identity):
            out.line(Ink("! ", "late"), desk.number(identity), "  ", why)


def _count(number: int, style: str) -> Piece:
    return Ink(str(number), style if number else "")


def _headline(plan: Plan, tally: Tally, done: bool) -> Text:
    calendars = ", ".join(plan.calendars)
    zh = f"{'已有' if done else '将有'} {tally.deadlines} 个时限改期，其中 {tally.breaches} 个随即超时；涉及 {tally.cases} 个工单"
    many, late = plural(tally.deadlines, "deadline"), tally.breaches
    moved, breached = (
        (f"{many} moved", "breached")
        if done
        else (plural(tally.deadlines, "deadline moves", "deadlines move"), "breaches" if late == 1 else "breach")
    )
    en = f"{moved}, {late} {breached}; {plural(tally.cases, 'case')}"
    if tally.refused:
        zh, en = f"{zh}，{tally.refused} 个不能改用", f"{en}, {tally.refused} refused"
    if plan.procedure is not None:
        return Text(f"{zh}。", f"{en}.")
    return Text(f"{zh}（日历：{calendars or '—'}）。", f"{en} (calendars: {calendars or '—'}).")


def _plain(desk: Desk, plan: Plan, tally: Tally) -> dict[str, Any]:
    def counts(part: Tally) -> dict[str, Any]:
        return {
            "cases": part.cases, "deadlines": part.deadlines, "breaches": part.breaches, "delays": part.delays,
            "provisional": part.provisional, "rejudged": part.rejudged,
        }  # fmt: skip

    def at(instant: int | None) -> str | None:
        return None if instant is None else iso(instant, desk.zone)

    return {
        "calendars": list(plan.calendars), "planned": plan.cases, **counts(tally), "refused": tally.refused,
        "procedures": [{"procedure": name, **counts(part)} for name, part in tally.procedures.items()],
        "examples": [
            {"number": item.number, "procedure": item.procedure, "clock": item.clock, "before": at(item.before),
             "after": at(item.after), "breaches": item.breaches}
            for item in tally.examples if desk.eyes.sees(item.case)
        ],
        "refusals": [
            {"case": identity, "text": {"zh": why.zh, "en": why.en}} for identity, why in tally.reasons if desk.eyes.sees(identity)
        ],
    }  # fmt: skip


def options() -> list[Option]:
    """Options of every command that moves open cases."""
    return [
        Option("--policy", metavar="start|now", words=("start", "now"), default="start", say=Text(
            "start：从起点按新日历重算（默认）；now：已用的时间不变，剩余时间按新日历走",
            "start: count anew from the start (default); now: time used stays, time left counts by the new hours")),
        Option("--notify", flag=True, say=Text("改期后已过的时点也发通知（默认只记录）", "tell what the move has overtaken (else it is only recorded)")),
        Option("--reason", metavar="TEXT", say=Text("原因，记入办公室记录", "why; recorded in the office's own stream")),
        Option("--yes", flag=True, say=Text("不再询问，直接执行", "do it without asking")),
        json_option(),
    ]  # fmt: skip


COMMANDS = {
    "migrate": Command(
        "migrate", migrate,
        [
            Argument("name", metavar="PROCEDURE", required=False, complete="procedures", say=Text("流程的名字", "name of a procedure")),
            Option("--undo", flag=True, say=Text("撤回上一次：改用以后没有再动过的工单回到原来的版本", "take the last one back: cases to which nothing has happened since go back")),
            Option("--drop", metavar="CLOCK", many=True, say=Text("新版本里没有的时限，可以就此取消（可多次）", "a clock that the new version has no more and that may end (may be given several times)")),
            *options(),
        ],
        say=Text("让一个流程的在办工单改按现在的版本办理：先预览，确认后执行。", "Let open cases of a procedure come under its present version: a preview first."),
        more=Text("工单平时按立案时的版本办完。新版本里没有它现在的状态、已填的字段或在计的时限的，留在原处并逐一列出。可随时中断，再运行即继续。需要 calendar 权限。",
                  "Cases end under the version they were opened with. One whose state, values or running clocks the new version does not know stays where it is and is listed. It may be stopped at any time and goes on when run again. Needs the right `calendar`."),
        examples=("guanjia diff repair", "guanjia migrate repair", "guanjia migrate repair --yes --reason 缩短完工时限",
                  "guanjia migrate repair --undo --yes --reason 新规则有误"),
    ),
    "apply": Command(
        "apply", apply,
        [Argument("names", metavar="NAME", many=True, required=False, say=Text("日历的名字；不写则全部", "calendars; all where none is named")), *options()],
        say=Text("让在办工单改用现在的日历：先预览，确认后执行。", "Let open cases come under the calendars as they are now: a preview first."),
        more=Text("工单平时按立案时的日历计算。改了日历、公布了新一年的假期以后，用它让在办工单跟上；可随时中断，再运行即继续。需要 calendar 权限。",
                  "Cases count by the calendars they were opened with. After a calendar was edited or a new year published, this lets open ones follow; it may be stopped at any time and goes on when run again. Needs the right `calendar`."),
        examples=("guanjia calendar apply", "guanjia calendar apply office --yes --reason 公布2027年假期"),
    ),
}  # fmt: skip
