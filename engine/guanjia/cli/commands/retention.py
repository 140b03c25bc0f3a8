"""`retention` and `hold`: for how long personal data is kept, what goes now, and what must stay although its time is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import Text, plural
from ...model.event import Command as Asked
from ...store.interface import Query
from .. import words
from ..desk import Desk
from ..failure import OK, REFUSED
from ..out import Ink, Piece
from ..progress import progress
from ..spec import Argument, Command, Entry, Group, Option, json_option

if TYPE_CHECKING:
    from ...model.node import Labelled
    from ...model.retention import Period
    from ...runtime.retention import Due

ALL = Text("全部个人信息", "all that is personal")


def list_(desk: Desk, *, as_json: bool) -> None:
    from ...runtime.retention import Rules

    engine = desk.engine
    rows: list[tuple[str, str | None, Period | None, Labelled | None]] = []
    for name in engine.openable():
        program = engine.opening(name)
        rules, whole = Rules.of(program), program.procedure.retention
        rows.append((name, None, rules.after, whole.basis if whole is not None else None))
        rows += [(name, one, period, None) for one, period in rules.fields.items()]
    if as_json:
        desk.out.json(
            [
                {"procedure": name, "field": one, "after": None if period is None else period.text.en,
                 "basis": _said(desk, basis) or None}
                for name, one, period, basis in rows
            ]
        )  # fmt: skip
        return
    never = Ink(Text("没有写：不会自己到期", "not said: it never ends by itself"), "soon")
    table: list[list[Piece]] = [
        [
            desk.label(name, name), ALL if one is None else desk.label(name, one), never if period is None else period.text,
            Ink(_said(desk, basis), "dim"),
        ]
        for name, one, period, basis in rows
    ]  # fmt: skip
    head = (
        Text("流程", "PROCEDURE"),
        Text("什么", "WHAT"),
        Text("办结后保存", "KEPT AFTER CLOSING"),
        Text("依据", "BASIS"),
    )
    desk.out.table(table, head, flex=3, wrapped=True)


def run(desk: Desk, *, dry: bool, as_json: bool) -> int:
    from ...runtime import retention
    from ...runtime.rekeying import entitled

    engine, out = desk.engine, desk.out
    if not dry:
        entitled(engine, desk.actor)
    total = desk.store.count(Query(open=False, mode=None))
    with progress(out, Text("查找", "Looking"), total) as bar:
        found = list(retention.due(engine, bar))
    done = 0
    refused: list[tuple[Due, Text]] = []
    if not dry:
        with progress(out, Text("销毁", "Destroying"), sum(not item.held for item in found)) as bar:
            done, refused = retention.run(engine, found, desk.actor, bar)
    groups = _groups(found)
    if as_json:
        out.json(
            {
                "done": not dry,
                "due": [
                    {"procedure": procedure, "field": name, "cases": len(items), "since": iso(min(items), desk.zone)}
                    for (procedure, name), items in groups.items()
                ],
                "forgotten": done,
                "held": [item.number for item in found if item.held and desk.eyes.sees(item.case)],
                "refused": [{"number": item.number, "zh": why.zh, "en": why.en} for item, why in refused],
            }
        )  # fmt: skip
        return REFUSED if refused else OK
    _tell(desk, found, groups)
    if done:
        out.line(Ink(Text(f"已销毁 {done} 个工单期满的个人信息。", f"The personal data of {plural(done, 'case')} whose time was over is destroyed."), "good"))  # fmt: skip
    for item, why in refused:
        out.line(Ink("! ", "late"), item.number, "  ", why)
    return REFUSED if refused else OK


def _said(desk: Desk, basis: Labelled | None) -> str:
    if basis is None:
        return ""
    both = (basis.zh, basis.en) if desk.out.language == "zh" else (basis.en, basis.zh)
    return both[0] or both[1] or ""


def _groups(found: Sequence[Due]) -> dict[tuple[str, str | None], list[int]]:
    """Since when each kind of thing is over, once for each case: by procedure and field, None for all of a case."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    for item in found:
        for name in (item.fields or (None,)) if not item.held else ():
            groups.setdefault((item.procedure, name), []).append(item.since)
    return dict(sorted(groups.items(), key=lambda pair: (pair[0][0], pair[0][1] or "")))


def _tell(desk: Desk, found: Sequence[Due], groups: dict[tuple[str, str | None], list[int]]) -> None:
    out = desk.out
    if not groups:
        out.line(Ink(Text("没有保存期满的个人信息。", "No personal data has been kept for its time."), "good"))
    else:
        rows: list[list[Piece]] = [
            [
                desk.label(procedure, procedure), ALL if name is None else desk.label(procedure, name), str(len(items)),
                words.when(min(items), desk.zone),
            ]
            for (procedure, name), items in groups.items()
        ]  # fmt: skip
        out.table(
            rows,
            (Text("流程", "PROCEDURE"), Text("什么", "WHAT"), Text("工单", "CASES"), Text("最早期满", "OVER SINCE")),
        )
    held = [item for item in found if item.held]
    if held:
        seen = [item.number for item in held if desk.eyes.sees(item.case)]
        shown = out.both("、", ", ").join(seen[:10]) + (" …" if len(held) > len(seen[:10]) else "")
        out.line(
            Ink(
                Text(
                    f"{len(held)} 个在保全中，不动：{shown}",
                    f"{plural(len(held), 'is on hold and stays', 'are on hold and stay')}: {shown}",
                ),
                "soon",
            )
        )


def hold(desk: Desk, *, ref: str, lift: bool, reason: str | None, key: str | None, as_json: bool) -> None:
    result = desk.engine.execute(Asked("hold", "", ref, {"on": not lift}, desk.actor, key, reason=reason))
    if as_json:
        desk.out.json(
            {"number": result.case.number, "id": result.case.id, "version": result.case.seq, "hold": result.case.hold}
        )
        return
    number = result.case.number
    desk.out.line(
        Ink(Text(f"{number} 已解除保全。", f"The hold on {number} is lifted."), "good")
        if lift
        else Ink(Text(f"{number} 已保全：个人信息不会销毁，直到解除。", f"{number} is on hold: its personal data stays until that is lifted."), "good")
    )  # fmt: skip


COMMANDS: dict[str, Any] = {
    "retention": Group(
        "retention",
        {
            Text("保存期限", "Retention"): {
                "list": Entry("retention", Text("各流程保存多久，依据什么", "for how long each procedure keeps, and on what ground")),
                "run": Entry("retention", Text("销毁保存期满的；可中断，再运行就接着做", "destroy what has been kept for its time; broken off, run it again")),
            }
        },
        default="list",
        say=Text("个人信息的保存期限。", "For how long personal data is kept."),
    ),
    "list": Command("list", list_, [json_option()], say=Text("列出保存期限。", "List for how long what is kept."), examples=("guanjia retention",)),
    "run": Command(
        "run", run,
        [Option("--dry-run", to="dry", flag=True, say=Text("只列出，不销毁", "only list it")), json_option()],
        say=Text("销毁保存期满的个人信息。", "Destroy the personal data that has been kept for its time."),
        more=Text("期限写在流程文件的 retention 里，从办结算起。需要 privacy 权限；经过照旧可查、可核对。保全中的工单不动。",
                  "The time is that of `retention` in the procedure's file, counted from the closing. Needs the right `privacy`; the history "
                  "stays and verifies. Cases on hold are not touched."),
        examples=("guanjia retention run --dry-run", "guanjia retention run"),
    ),
    "hold": Command(
        "hold", hold,
        [
            Argument("ref", complete="references", say=Text("工单编号", "number of the case")),
            Option("--lift", flag=True, say=Text("解除保全", "lift the hold")),
            Option("--reason", metavar="TEXT", say=Text("原因，例如案号", "why, such as the number of the suit")),
            Option("--key", metavar="KEY", say=Text("幂等键：同一个键只办一次", "happens once however often sent with the same key")),
            json_option(),
        ],
        say=Text("保全：诉讼、投诉、调查还要用的个人信息，期满也不销毁。", "Keep what a suit, a complaint or an inquiry still needs, although its time is over."),
        more=Text("需要 privacy 权限和原因，都记在经过里；--lift 解除。", "Needs the right `privacy` and a reason, which stand in the history; --lift ends it."),
        examples=("guanjia hold TS-2026-00001 --reason '(2026) 浙 01 民初 12 号'", "guanjia hold TS-2026-00001 --lift --reason 已结案"),
    ),
}  # fmt: skip
