"""`diagram`: the picture of a procedure, with the path of a case or the past of all cases on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import NotFound, Text
from ..desk import Desk
from ..failure import Usage
from ..naming import no_procedure
from ..out import Ink, write
from ..spec import Argument, Command, Option

if TYPE_CHECKING:
    from ...model.event import Event
    from ...model.procedure import Procedure


def diagram(desk: Desk, *, name: str, format: str, file: str | None, stats: bool) -> None:
    from ...authoring import diagram as drawing

    procedure, case = _what(desk, name)
    if case is not None and stats:
        raise Usage(
            Text("--stats 画的是全部工单，不能同时指定一个工单。", "--stats draws all cases; a single one cannot be named with it."),
            Text(f"去掉 --stats，或写流程名：{procedure.procedure}", f"Leave --stats out, or name the procedure: {procedure.procedure}"),
        )  # fmt: skip
    picture = drawing.picture(procedure, desk.out.language, desk.entitled)
    traces = None
    if case is not None:
        traces = drawing.of_case(picture.root, desk.engine.history(case, actor=desk.asking))
    elif stats:
        traces = drawing.of_cases(picture.root, _histories(desk, procedure.procedure))
    text = drawing.FORMATS[format](picture, traces)
    if file is None:
        desk.out.raw(text)
        return
    write(file, text)
    desk.out.line(Ink(Text(f"已画好：{file}", f"Drawn: {file}"), "good"))


def _what(desk: Desk, name: str) -> tuple[Procedure, str | None]:
    """The procedure of that name as its file is now, or that a case of that number runs under; Refused where whoever asks does not see
    the case."""
    known = desk.engine.procedures()
    if name in known:
        return desk.engine.files.version(name).procedure, None
    try:
        case = desk.engine.case(name, actor=desk.asking)
    except NotFound:
        if any(sign.isdigit() for sign in name):  # the number of a case
            raise
        raise no_procedure(desk, name, known) from None
    return desk.engine.program(case).procedure, case.id


def _histories(desk: Desk, procedure: str) -> Iterator[tuple[Event, ...]]:
    from ...store.interface import Query

    engine, at = desk.engine, 0
    while rows := engine.list(
        Query(procedure=procedure, open=None, order="opened", limit=500, offset=at), actor=desk.asking
    ):
        at += len(rows)
        for row in rows:
            yield engine.history(row.id, actor=desk.asking)


COMMANDS = {
    "diagram": Command(
        "diagram", diagram,
        [
            Argument("name", metavar="PROCEDURE|CASE", complete="procedures", say=Text("流程名，或工单号（画出它走过的路和现在的位置）", "a procedure, or the number of a case: where it has been and is")),
            Option("--format", metavar="svg|mermaid|dot", words=("svg", "mermaid", "dot"), default="svg", say=Text("画成什么（默认 svg）", "the notation (default svg)")),
            Option("--out", "-o", to="file", metavar="FILE", complete="files", say=Text("写到文件；不写则输出到屏幕", "write it to a file; else it is printed")),
            Option("--stats", flag=True, say=Text("画上历史：每条路走过几次，每个状态平均停留多久", "with the past on it: how often each way was taken, how long the mean stay was")),
        ],
        say=Text("画出流程的图：状态、谁能做什么、时限；也可画一个工单走过的路。", "Draw a procedure: states, who may do what, clocks; or the path of a case on it."),
        more=Text(
            "SVG 可用浏览器打开、打印、放进文档。虚线是到时自动走的路；标“有条件”的，鼠标停在上面可看条件。",
            "An SVG opens in any browser, prints, and goes into documents. Dashed ways are taken by time; where it says “on a condition”, rest the pointer on it."),
        examples=("guanjia diagram repair -o repair.svg", "guanjia diagram BX-2026-00001 -o case.svg", "guanjia diagram complaint --stats -o month.svg", "guanjia diagram repair --format mermaid"),
    ),
}  # fmt: skip
