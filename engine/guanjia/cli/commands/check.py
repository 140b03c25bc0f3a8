"""`check`: is what the administrator wrote right?"""

from __future__ import annotations

import os

from ...errors import NotFound, Text, plural
from ..desk import Desk
from ..failure import INVALID, OK, Usage
from ..out import Ink
from ..spec import Argument, Command, Option, json_option


def check(
    desk: Desk, *, file: tuple[str, ...], as_json: bool, sarif: bool, explain: str | None, fix: bool, dry_run: bool
) -> int:
    if explain is not None:
        return _explain(desk, explain, as_json)
    if dry_run and not fix:
        raise Usage(Text("--dry-run 只和 --fix 同用。", "--dry-run goes with --fix."))
    wanted = [_within(desk.folder, path) for path in file]
    if fix:
        if wanted:
            raise Usage(
                Text("--fix 改的是整个办公室，不和文件同用。", "--fix mends the whole office: it takes no files.")
            )
        return _fix(desk, dry_run=dry_run, as_json=as_json)

    from ...authoring import remembering

    every = remembering.check(desk.folder)
    findings = [item for item in every if not wanted or any(_lies(item.file, path) for path in wanted)]
    errors = [item for item in findings if item.severity == "error"]
    out = desk.out
    if as_json:
        out.json(
            [
                {
                    "severity": item.severity, "code": item.code, "file": item.file, "line": item.line, "column": item.column,
                    "text": {"zh": item.text.zh, "en": item.text.en},
                    "hint": None if item.hint is None else {"zh": item.hint.zh, "en": item.hint.en}, "page": f"docs/checks.md#{item.code}",
                }
                for item in findings
            ]
        )  # fmt: skip
        return INVALID if errors else OK
    if sarif:
        from importlib.metadata import version

        from ...authoring import interchange

        out.json(interchange.sarif(findings, out.say, version("guanjia")))
        return INVALID if errors else OK
    for finding in findings:
        out.finding(finding, err=False)
    warnings = len(findings) - len(errors)
    if findings:
        codes = " | ".join(dict.fromkeys(item.code for item in findings))
        out.line()
        out.lines(
            Text(
                f"每一种的说明和例子：guanjia check --explain {codes}",
                f"What each means, with an example: guanjia check --explain {codes}",
            )
        )
    if errors and not wanted:
        from ...authoring.fixing import offers

        if offers(desk.folder, every):
            out.lines(
                Text(
                    "有的可以替您改好；先看看怎么改：guanjia check --fix --dry-run",
                    "Some can be mended for you; to see how: guanjia check --fix --dry-run",
                )
            )
    if elsewhere := len(every) - len(findings):
        out.line(Text(f"别的文件还有 {elsewhere} 处：guanjia check", f"In other files: {elsewhere} (guanjia check)"))
    if errors:
        out.line(
            Ink(
                Text(f"{len(errors)} 处错误，{warnings} 处提醒。", f"Errors: {len(errors)}, warnings: {warnings}."),
                "late",
            )
        )
        return INVALID
    out.line(
        Ink(Text("文件没有错误。", "The files hold no errors."), "good"),
        Text(f"提醒 {warnings} 处。", f" Warnings: {warnings}.") if warnings else "",
    )
    return OK


def _within(folder: str, path: str) -> str:
    """A file or folder of the office as findings name it: from here, or from the office's folder."""
    for base in (os.getcwd(), folder):
        real = os.path.realpath(os.path.join(base, path))
        if os.path.exists(real) and (real + os.sep).startswith(os.path.join(os.path.realpath(folder), "")):
            return os.path.relpath(real, os.path.realpath(folder)).replace(os.sep, "/")
    raise NotFound(
        Text(f"办公室里没有 {path}。", f"There is no {path} in the office."),
        Text("写从这里或从办公室文件夹数起的路径，如 procedures/repair.yaml",
             "Write the path from here or from the folder of the office, as procedures/repair.yaml"),
    )  # fmt: skip


def _lies(file: str, path: str) -> bool:
    return path in (".", file) or file.startswith(f"{path}/")


def _fix(desk: Desk, *, dry_run: bool, as_json: bool) -> int:
    """Mend what can be mended safely, showing the difference first."""
    from ...authoring.fixing import mend

    mended, out = mend(desk.folder), desk.out
    errors = [item for item in mended.left if item.severity == "error"]
    if as_json and not dry_run:
        mended.write()
    if as_json:
        out.json(
            {"files": sorted(mended.files), "fixed": [{"code": it.code, "file": it.file, "line": it.line, "column": it.column} for it in mended.findings],
             "diff": list(mended.diff()), "errors": len(errors), "written": not dry_run}
        )  # fmt: skip
    else:
        for line in mended.diff():
            style = {"+": "good", "-": "late", "@": "dim"}.get(line[:1], "")
            out.line(Ink(line, style))
        if not dry_run:
            mended.write()
        count = len(mended.findings)
        if count:
            out.line()
            said = Text(
                f"可以改好 {count} 处，没有改动文件；去掉 --dry-run 就改。",
                f"{count} can be mended; no file was changed. Leave out --dry-run to do it.",
            )
            out.line(Ink(said if dry_run else Text(f"改好了 {count} 处。", f"{count} mended."), "good"))
        else:
            out.line(Text("没有可以放心替您改的。", "There is nothing that can be mended safely."))
        if errors:
            out.line(
                Ink(
                    Text(
                        f"还有 {len(errors)} 处错误：guanjia check",
                        f"{plural(len(errors), 'error is', 'errors are')} left: guanjia check",
                    ),
                    "late",
                )
            )
    return INVALID if errors else OK


def _explain(desk: Desk, code: str, as_json: bool) -> int:
    """What a code means: what is wrong and why, a wrong example and the right one."""
    from ...authoring.pages import page

    found, out = page(code.strip("[]")), desk.out
    if as_json:
        out.json(
            {
                "code": found.code,
                "text": {"zh": found.text.zh, "en": found.text.en},
                "wrong": found.wrong,
                "right": found.right,
            }
        )
        return OK
    out.line(Ink(found.code, "bold"), Ink(f"  {found.anchor}", "dim"))
    out.lines(found.text)
    for title, style, example in (
        (Text("错", "Wrong"), "late", found.wrong),
        (Text("对", "Right"), "good", found.right),
    ):
        if example is not None:
            out.line()
            out.line(Ink(title, style))
            for line in example.split("\n"):
                out.line("  ", line)
    return OK


COMMANDS = {
    "check": Command(
        "check", check,
        [
            Argument("file", metavar="FILE", required=False, many=True, complete="files", say=Text("只说这些文件（或文件夹）里的；不写则整个办公室", "say only what is in these files (or folders); without, the whole office")),
            Option("--explain", metavar="CODE", complete="findings", say=Text("说明一种检查结果：错在哪里、为什么、怎么写", "explain one code: what is wrong, why, what to write")),
            Option("--fix", flag=True, say=Text("改好可以放心改的：拼错的名字、该加引号的数、全角标点、制表符", "mend what can be mended safely: misspelt names, numbers that are text, full-width punctuation, tabs")),
            Option("--dry-run", to="dry_run", flag=True, say=Text("只显示 --fix 会改什么", "only show what --fix would change")),
            json_option(),
            Option("--sarif", flag=True, say=Text("输出 SARIF，供编辑器和代码平台读取", "print SARIF, for editors and code forges")),
        ],
        say=Text("检查办公室的文件；有错误则以 3 退出。", "Check the files of the office; the exit code is 3 when there are errors."),
        more=Text("每一处都给出 文件:行:列、错在哪里、应当怎么写。一个文件也总是和整个办公室对照着检查。", "Each is given as file:line:column with what is wrong and what to write instead. A file too is checked against the whole office."),
        examples=("guanjia check", "guanjia check procedures/repair.yaml", "guanjia check --explain unbounded-wait", "guanjia check --fix --dry-run"),
    ),
}  # fmt: skip
