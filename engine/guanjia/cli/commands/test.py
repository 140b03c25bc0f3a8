"""`test`: does a procedure do what its stories say, and what of it do they reach?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import Invalid, Text, plural
from ..desk import Desk
from ..failure import INVALID, OK, REFUSED, Usage
from ..naming import NO_PROCEDURE, PROCEDURE, nameless
from ..out import Ink, Piece, replace_file, write as write_file
from ..spec import Argument, Command, Option, json_option

if TYPE_CHECKING:
    from ...authoring.coverage import Coverage
    from ...authoring.stories import StoryResult
    from ...language import OfficeFiles


def test(
    desk: Desk, *, name: tuple[str, ...], verbose: bool, as_json: bool, junit: str | None, coverage: bool, at_least: int | None,
    suggest: bool, write: bool,
) -> int:  # fmt: skip
    from ...authoring.coverage import Watches
    from ...authoring.stories import StoryResult, run_stories
    from ...language import OfficeFiles

    out, files = desk.out, OfficeFiles(desk.folder, still=True)
    known = files.procedures()
    for wanted in name:
        if wanted not in known:
            raise nameless(PROCEDURE, wanted, known)
        files.version(wanted)  # what is wrong in it is told at once, and not by each of its stories
    if suggest or write:
        if coverage or at_least is not None or junit is not None or as_json:
            raise Usage(
                Text("--suggest 只写情景，不能与 --coverage、--at-least、--junit、--json 同用。", "--suggest only writes stories; it goes with neither --coverage, --at-least, --junit nor --json."),
            )  # fmt: skip
        for procedure in name or known:
            _suggest(desk, files, procedure, into_file=write)
        if not known:
            out.line(NO_PROCEDURE)
        return OK
    watches = Watches(files) if coverage or at_least is not None else None
    results, broken = list[StoryResult](), dict[str, Invalid]()
    for result in run_stories(desk.folder, list(name), watches=watches):
        results.append(result)
        if not result.passed and not broken and not name:
            broken = _broken(desk, files)
        if not as_json and result.procedure not in broken:
            _one(desk, result, verbose=verbose, of={wrong.text: each for each, wrong in broken.items()})
    if not as_json:
        _unread(desk, results, broken)
    covered = [] if watches is None else watches.coverage()
    if junit is not None:
        from ...authoring import interchange

        write_file(junit, interchange.junit(results, out.say))
    failed = sum(not result.passed for result in results)
    if as_json:
        stories = [_plain(result) for result in results]
        out.json(stories if watches is None else {"stories": stories, "coverage": [_counted(each) for each in covered]})
    elif not results:
        out.line(Text("没有情景测试。", "There are no stories."))
    else:
        passed = len(results) - failed
        text = Text(f"情景：通过 {passed}，失败 {failed}", f"Stories: {passed} passed, {failed} failed")
        out.line(Ink(text, "late" if failed else "good"))
    if covered and not as_json:
        _coverage(desk, covered)
    short = [each for each in covered if at_least is not None and each.share < at_least]
    for each in short:
        out.problem(
            Text(f"{each.procedure} 的情景只走到 {_percent(each)}，要求 {at_least}%。",
                 f"The stories of {each.procedure} reach {_percent(each)} of it; {at_least}% is asked for.")
        )  # fmt: skip
    return INVALID if broken else REFUSED if failed or short else OK


def _broken(desk: Desk, files: OfficeFiles) -> dict[str, Invalid]:
    """The procedures that cannot be read. What is wrong in them is told here, and not by each story that meets it."""
    found: dict[str, Invalid] = {}
    for procedure in files.procedures():
        try:
            files.version(procedure)
        except Invalid as wrong:
            found[procedure] = wrong
    for finding in dict.fromkeys(finding for wrong in found.values() for finding in wrong.findings):
        desk.out.finding(finding)
    return found


def _unread(desk: Desk, results: Sequence[StoryResult], broken: Iterable[str]) -> None:
    for procedure in broken:
        if count := sum(result.procedure == procedure for result in results):
            said = Text(
                f"有错误，{count} 条情景没法跑", f"has errors, so {plural(count, 'story', 'stories')} cannot run"
            )
            desk.out.line(Ink("✗ ", "late"), procedure, "  ", Ink(said, "bold"))


def _one(desk: Desk, result: StoryResult, *, verbose: bool, of: Mapping[Text, str]) -> None:
    """`of`: the procedure that cannot be read, by the message that says why."""
    out = desk.out
    if not result.passed:
        message = result.message
        if message is not None and (wrong := of.get(message)) is not None:
            message = Text(f"{wrong} 有错误，见上", f"{wrong} has errors, see above")
        out.line(Ink("✗ ", "late"), result.procedure, "  ", Ink(result.name, "bold"))
        out.line("  ", Ink(f"{result.place}: ", "bold"), message or "")
    elif verbose:
        out.line(Ink("✓ ", "good"), result.procedure, "  ", result.name)


def _coverage(desk: Desk, covered: Sequence[Coverage]) -> None:
    """How much of each procedure is reached, as a table, and whatever is not, line by line."""
    from ...authoring.coverage import KINDS

    out, rows = desk.out, list[list[Piece]]()
    for each in covered:
        numbers = each.counts()
        cells: list[Piece] = []
        for kind in KINDS:
            reached, of = numbers[kind]
            cells.append(Ink(f"{reached}/{of}" if of else "-", "" if reached == of else "soon"))
        rows.append([Ink(each.procedure, "bold"), *cells, Ink(_percent(each), "good" if each.share == 100 else "soon")])
    out.line()
    out.table(rows, (Text("流程", "PROCEDURE"), *KINDS.values(), Text("合计", "IN ALL")))
    for each in covered:
        if missing := each.missing():
            out.line()
            out.line(Ink(Text(f"{each.procedure}：没有情景走到的", f"{each.procedure}: reached by no story"), "head"))
            for piece in missing:
                out.line("  ", Ink(f"{piece.place}: ", "bold"), piece.text)


def _suggest(desk: Desk, files: OfficeFiles, procedure: str, *, into_file: bool) -> None:
    """Write the stories that are missing, to standard output or behind those of the file; what cannot be reached is told."""
    from ...authoring.suggesting import suggest, with_stories
    from ..progress import progress

    out = desk.out
    with progress(out, Text(f"{procedure}：找没走到的", f"{procedure}: looking for ways"), None) as tell:
        suggested, unreached = suggest(files, procedure, out.language, tell)
    path = files.stories(procedure) or files.folder / f"procedures/{procedure}.stories.yaml"
    if suggested and into_file:
        had = path.read_text(encoding="utf-8") if path.exists() else None
        replace_file(path, with_stories(had, suggested))
        shown = f"procedures/{path.name}"
        out.line(
            Ink(
                Text(
                    f"{shown}：写入 {len(suggested)} 条情景",
                    f"{shown}: {plural(len(suggested), 'story', 'stories')} written",
                ),
                "good",
            )
        )
    elif suggested:
        out.raw(with_stories(None, suggested))
    else:
        out.line(Text(f"{procedure}：没有可补的情景。", f"{procedure}: no story to suggest."), err=True)
    if unreached:
        out.line(Ink(Text(f"{procedure}：走不到的", f"{procedure}: what no way was found to"), "head"), err=True)
    for each in unreached:
        text = Text(f"{each.piece.text.zh}——{each.why.zh}", f"{each.piece.text.en}: {each.why.en}")
        out.line("  ", Ink(f"{each.piece.place}: ", "bold"), text, err=True)


def _percent(each: Coverage) -> str:
    """One decimal, and 100 only where nothing is missing."""
    return f"{int(each.share * 10) / 10:g}%"


def _plain(result: StoryResult) -> dict[str, Any]:
    message = result.message
    return {
        "procedure": result.procedure, "story": result.name, "passed": result.passed, "place": result.place,
        "message": None if message is None else {"zh": message.zh, "en": message.en},
    }  # fmt: skip


def _counted(each: Coverage) -> dict[str, Any]:
    return {
        "procedure": each.procedure, "share": int(each.share * 10) / 10,
        "counts": {kind: {"reached": reached, "of": of} for kind, (reached, of) in each.counts().items()},
        "missing": [
            {"kind": piece.kind, "place": piece.place, "text": {"zh": piece.text.zh, "en": piece.text.en}} for piece in each.missing()
        ],
    }  # fmt: skip


def _share(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= 100):
        raise Usage(
            Text(
                f"{name} 要 0 到 100 的整数，“{text}”不是。",
                f"{name} wants a whole number from 0 to 100; {text!r} is none.",
            )
        )
    return int(text)


COMMANDS = {
    "test": Command(
        "test", test,
        [
            Argument("name", metavar="PROCEDURE", many=True, required=False, complete="procedures", say=Text("只跑这些流程的（默认全部）", "only of these procedures (default: all)")),
            Option("--coverage", flag=True, say=Text("另列出情景走到了流程的多少，哪些没有走到", "also tell how much of each procedure the stories reach, and what they do not")),
            Option("--at-least", to="at_least", metavar="PERCENT", convert=_share, say=Text("覆盖率低于此数则以 1 退出（含 --coverage）", "exit code 1 where less of a procedure is reached (with --coverage)")),
            Option("--suggest", flag=True, say=Text("找出最短的路，把缺的情景写出来", "write the stories that are missing, by the shortest ways")),
            Option("--write", flag=True, say=Text("写到情景文件里，接在已有的后面（含 --suggest）", "write them into the story file, after those that are there (with --suggest)")),
            Option("--junit", metavar="FILE", complete="files", say=Text("另写一份 JUnit 报告（XML），供构建服务器读取", "also write a JUnit report (XML), for build servers")),
            Option("--verbose", "-v", flag=True, say=Text("通过的也列出", "name those that passed too")),
            json_option(),
        ],
        say=Text("运行流程旁边的情景测试（*.stories.yaml）；有失败则以 1 退出。", "Run the stories beside the procedures (*.stories.yaml); the exit code is 1 when one fails."),
        examples=("guanjia test", "guanjia test repair --coverage", "guanjia test --at-least 100", "guanjia test repair --suggest", "guanjia test repair --suggest --write"),
    ),
}  # fmt: skip
