"""`check` and `test`: is what the administrator wrote right, and does it do what its stories say?"""

from __future__ import annotations

from ...errors import Text
from ..desk import Desk
from ..failure import INVALID, OK, REFUSED
from ..naming import PROCEDURE, nameless
from ..out import Ink
from ..spec import Argument, Command, Option, json_option


def check(desk: Desk, *, as_json: bool) -> int:
    from ...language import OfficeFiles

    findings = OfficeFiles(desk.folder).check()
    errors = [item for item in findings if item.severity == "error"]
    out = desk.out
    if as_json:
        out.json(
            [
                {
                    "severity": item.severity, "code": item.code, "file": item.file, "line": item.line, "column": item.column,
                    "text": {"zh": item.text.zh, "en": item.text.en},
                    "hint": None if item.hint is None else {"zh": item.hint.zh, "en": item.hint.en},
                }
                for item in findings
            ]
        )  # fmt: skip
        return INVALID if errors else OK
    for finding in findings:
        out.finding(finding, err=False)
    warnings = len(findings) - len(errors)
    if findings:
        out.line()
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


def test(desk: Desk, *, name: tuple[str, ...], verbose: bool, as_json: bool) -> int:
    from ...authoring.stories import run_stories
    from ...language import OfficeFiles

    out, known = desk.out, OfficeFiles(desk.folder).procedures()
    for wanted in name:
        if wanted not in known:
            raise nameless(PROCEDURE, wanted, known)
    passed, failed, plain = 0, 0, []
    for result in run_stories(desk.folder, list(name)):
        passed += result.passed
        failed += not result.passed
        if as_json:
            message = result.message
            plain.append(
                {"procedure": result.procedure, "story": result.name, "passed": result.passed, "place": result.place,
                 "message": None if message is None else {"zh": message.zh, "en": message.en}}
            )  # fmt: skip
        elif not result.passed:
            out.line(Ink("✗ ", "late"), result.procedure, "  ", Ink(result.name, "bold"))
            out.line("  ", Ink(f"{result.place}: ", "bold"), result.message or "")
        elif verbose:
            out.line(Ink("✓ ", "good"), result.procedure, "  ", result.name)
    if as_json:
        out.json(plain)
    elif not passed + failed:
        out.line(Text("没有情景测试。", "There are no stories."))
    else:
        out.line(
            Ink(
                Text(f"情景：通过 {passed}，失败 {failed}", f"Stories: {passed} passed, {failed} failed"),
                "late" if failed else "good",
            )
        )
    return REFUSED if failed else OK


COMMANDS = {
    "check": Command(
        "check", check, [json_option()],
        say=Text("检查办公室的所有文件；有错误则以 3 退出。", "Check all files of the office; the exit code is 3 when there are errors."),
        more=Text("每一处都给出 文件:行:列、错在哪里、应当怎么写。", "Each is given as file:line:column with what is wrong and what to write instead."),
    ),
    "test": Command(
        "test", test,
        [
            Argument("name", metavar="PROCEDURE", many=True, required=False, complete="procedures", say=Text("只跑这些流程的（默认全部）", "only of these procedures (default: all)")),
            Option("--verbose", "-v", flag=True, say=Text("通过的也列出", "name those that passed too")),
            json_option(),
        ],
        say=Text("运行流程旁边的情景测试（*.stories.yaml）；有失败则以 1 退出。", "Run the stories beside the procedures (*.stories.yaml); the exit code is 1 when one fails."),
    ),
}  # fmt: skip
