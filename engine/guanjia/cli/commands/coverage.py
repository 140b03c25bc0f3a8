"""`coverage`: the clauses of the rule book, and which of them the office carries out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import NotFound, Text
from ..desk import Desk
from ..failure import OK, REFUSED
from ..out import Ink
from ..progress import progress
from ..spec import Argument, Command, Entry, Group, json_option, load

if TYPE_CHECKING:
    from ...authoring.clauses import Judged


def coverage(desk: Desk, *, names: tuple[str, ...], as_json: bool) -> int:
    from ...authoring.clauses import judge
    from ...authoring.limits import sentence_of
    from ...language import OfficeFiles
    from ...language.clauses import read_clauses

    files, out = OfficeFiles(desk.folder, still=True), desk.out
    known, _ = read_clauses(files)
    if unknown := [name for name in names if name not in known]:
        raise NotFound(
            Text(f"没有条款“{unknown[0]}”。", f"There is no clause {unknown[0]!r}."),
            Text(f"有：{'、'.join(known)}", f"There are: {', '.join(known)}"),
        )
    with progress(out, Text("逐条核对", "Going through the clauses"), len(known)) as bar:
        found = list(judge(files, names, list(_commands()), bar))
    open_ = [judged for judged in found if judged.against]
    if as_json:
        out.json([_plain(judged) for judged in found])
        return REFUSED if open_ else OK
    for judged in found:
        good = not judged.against
        sign = Ink("✓ " if good else "✗ ", "good" if good else "late")
        out.line(
            sign,
            Ink(f"{judged.name:<4}", "bold"),
            sentence_of(judged.clause.clause),
            Ink(f"  {judged.clause.source}", "dim"),
        )
        if names:
            out.lines(
                Text(
                    f"怎么查：{sentence_of(judged.clause.check).zh}",
                    f"checked by: {sentence_of(judged.clause.check).en}",
                ),
                indent="      ",
            )
            out.lines(
                Text(
                    f"由它执行：{'、'.join(judged.clause.done_by)}",
                    f"carried out by: {', '.join(judged.clause.done_by)}",
                ),
                indent="      ",
            )
            for procedure, stories in judged.clause.stories.items():
                for story in stories:
                    out.lines(
                        Text(f"证明：{procedure} “{story}”", f"proven by: {procedure}, “{story}”"), indent="      "
                    )
            for test in judged.clause.tests:
                out.lines(Text(f"证明：程序的测试 {test}", f"proven by the program's test {test}"), indent="      ")
        for place, text in judged.against:
            out.lines(Text(f"{place}：{text.zh}", f"{place}: {text.en}"), indent="      ")
    total = len(found)
    out.line(
        Ink(
            Text(
                f"条款 {total} 条：落实 {total - len(open_)}，未落实 {len(open_)}",
                f"Clauses: {total}; carried out {total - len(open_)}, not {len(open_)}",
            ),
            "late" if open_ else "good",
        )
    )
    return REFUSED if open_ else OK


def _plain(judged: Judged) -> dict[str, object]:
    return {
        "name": judged.name, **judged.clause.model_dump(mode="json", exclude_defaults=True),
        "kept": not judged.against, "against": [{"place": place, "zh": text.zh, "en": text.en} for place, text in judged.against],
    }  # fmt: skip


def _commands(group: Group | None = None, path: str = "") -> list[str]:
    """Every command by its path."""
    from ..run import ROOT

    found = []
    for name, entry in (group or ROOT).entries.items():
        made = load(entry, name) if isinstance(entry, Entry) else entry
        found.append(f"{path}{name}")
        if isinstance(made, Group):
            found += _commands(made, f"{path}{name} ")
    return found


COMMANDS = {
    "coverage": Command(
        "coverage", coverage,
        [
            Argument("names", metavar="CLAUSE…", required=False, many=True, say=Text("哪些条款，并写出怎么查、由什么执行、由什么证明（默认：全部，只列结果）", "which clauses, with how they are checked, carried out and proven (default: all, in brief)")),
            json_option(),
        ],
        say=Text("管理制度的条款落实了没有：每条由什么流程、时限、报表执行，由哪些情景证明。", "Whether the clauses of the rule book are carried out: by which procedures, clocks and reports, and by which stories that is proven."),
        more=Text("条款写在 clauses.yaml，可以加自己的。有未落实的以 1 退出。", "The clauses stand in clauses.yaml; add your own. The exit code is 1 where one is not carried out."),
        examples=("guanjia coverage", "guanjia coverage 12 16"),
    ),
}  # fmt: skip
