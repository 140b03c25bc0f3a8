"""`schema`: what editors need to complete and explain the files of an office."""

from __future__ import annotations

from ...errors import Text
from ..desk import Desk
from ..failure import Usage
from ..out import Ink
from ..spec import Argument, Command, Option

KINDS = (
    "procedure", "fragment", "stories", "office", "organisation", "calendar", "roster", "registry", "standards", "overlay", "clauses",
)  # fmt: skip
"""Those of `language.schema.FILES`, which is not loaded to say what there is."""


def schema(desk: Desk, *, kind: str | None, write: bool) -> None:
    from ...authoring import editors
    from ...language.schema import schema as made

    out = desk.out
    if write == (kind is not None):
        raise Usage(
            Text("要写哪一种文件，或 --write。", "Say which kind of file, or --write."),
            Text(f"有：{'、'.join(KINDS)}", f"There are: {', '.join(KINDS)}"),
        )
    if kind is not None:
        out.json(made(kind))
        return
    written, kept = editors.write(desk.folder)
    for path in written:
        out.line(Ink(Text(f"已写 {path}", f"wrote {path}"), "good"))
    for path in kept:
        out.line(Ink(Text(f"没有动 {path}", f"left {path} as it is"), "dim"))
    if editors.SETTINGS in kept:
        out.lines(
            Text(
                "编辑器设置已有；里面要有的见 docs/editors.md",
                "There are settings already; docs/editors.md says what they need.",
            )
        )


COMMANDS = {
    "schema": Command(
        "schema", schema,
        [
            Argument("kind", metavar="KIND", required=False, words=KINDS, say=Text("哪一种文件", "which kind of file")),
            Option("--write", flag=True, say=Text("写进办公室文件夹：schemas/ 和编辑器设置", "write it into the office: schemas/ and the settings of the editor")),
        ],
        say=Text("JSON Schema：让编辑器补全并解释每一个键（中英文）。", "JSON Schema: lets an editor complete and explain every key, in both languages."),
        more=Text("guanjia init 已经写好；升级以后再 --write 一次。哪些编辑器、怎样设置，见 docs/editors.md。", "guanjia init writes it; write it anew after an upgrade. docs/editors.md tells which editors and how."),
        examples=("guanjia schema procedure", "guanjia schema --write"),
    ),
}  # fmt: skip
