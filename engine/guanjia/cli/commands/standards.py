"""`standards`: what the office promises, within what time, on what ground, and which clocks of which procedures keep it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from ...errors import Invalid, NotFound, Text
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Command, Option, json_option

if TYPE_CHECKING:
    from ...language import OfficeFiles
    from ...model.procedure import Procedure
    from ...model.standards import Held


def standards(desk: Desk, *, pledged: bool, as_json: bool) -> None:
    from ...authoring.limits import ground, kept_by, measured, sentence_of

    files, out = desk.engine.files, desk.out
    held = files.standards()
    if not held:
        raise NotFound(
            Text("办公室里没有 standards.yaml。", "The office has no standards.yaml."),
            Text("guanjia init 会放一份，可以从它改起", "guanjia init puts one there to begin with"),
        )
    shown = {name: one for name, one in held.items() if one.standard.pledged or not pledged}
    used = {
        name: [f"{procedure.procedure}.{clock}" for procedure, clock in kept]
        for name, kept in kept_by(_procedures(files)).items()
    }
    if as_json:
        out.json(
            [
                {
                    "name": name,
                    **one.model_dump(mode="json", by_alias=True, exclude_defaults=True),
                    "used": used.get(name, []),
                }
                for name, one in shown.items()
            ]
        )
        return
    rows: list[list[Piece]] = []
    for name, one in shown.items():
        for index, (overlay, limit) in enumerate([("", one.standard), *one.overlays.items()]):
            first = index == 0
            said = sentence_of(one.standard.item) if first else overlay
            where = ", ".join(used.get(name, [])) if first else ""
            rows.append(
                [
                    Ink(name if first else "", "bold"),
                    said,
                    measured(limit),
                    ground(limit),
                    Ink(where, "dim"),
                ]
            )
    head = (
        Text("名字", "NAME"),
        Text("事项", "ITEM"),
        Text("时限", "LIMIT"),
        Text("依据", "BASIS"),
        Text("用于", "KEPT BY"),
    )
    out.table(rows, head, flex=1, keep=(0, 2), spare=(4, 3), wrapped=True)


def _procedures(files: OfficeFiles) -> Iterator[Procedure]:
    for name in files.procedures():
        with suppress(Invalid):
            yield files.version(name).procedure


def grounds(desk: Desk, held: Held) -> Iterator[tuple[str, str]]:
    """(what is promised, what it rests upon): the standard's own, then of each overlay that sets a limit beside it."""
    from ...authoring.limits import ground, sentence_of

    item = desk.out.say(sentence_of(held.standard.item))
    for index, limit in enumerate(held.limits):
        yield item if index == 0 else "", desk.out.say(ground(limit))


COMMANDS = {
    "standards": Command(
        "standards", standards,
        [Option("--pledged", flag=True, say=Text("只看写进服务承诺的", "only what residents are promised")), json_option()],
        say=Text("服务标准：承诺什么、时限、依据，由哪些时钟执行。", "Service standards: what is promised, the limit, its basis, and the clocks that keep it."),
        examples=("guanjia standards", "guanjia standards --pledged"),
    ),
}  # fmt: skip
