"""`explain-file`: a procedure in plain words, also one that is not in the office yet."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import GuanjiaError, Invalid, NotFound, Refused, Text, because
from ..desk import Desk
from ..naming import PROCEDURE, nameless
from ..spec import Argument, Command, json_option

if TYPE_CHECKING:
    from ...language import OfficeFiles
    from ...model.procedure import Procedure


def explain_file(desk: Desk, *, name: str, as_json: bool) -> None:
    from ...authoring.explaining import explain
    from ...core.surroundings import entitled

    files = _office(desk)
    procedure = _procedure(desk, files, name)
    lines = explain(procedure, partial(entitled, {"labels": _roles(files)}), partial(_another, files))
    out = desk.out
    if as_json:
        out.json(
            [
                {"level": line.level, "heading": line.heading, "text": {"zh": line.text.zh, "en": line.text.en}}
                for line in lines
            ]
        )
        return
    for number, line in enumerate(lines):
        if line.heading and number and not line.level:
            out.line()
        out.lines(line.text, indent="  " * line.level, style="bold" if line.heading else "")


def _office(desk: Desk) -> OfficeFiles | None:
    """The files of the office; a file that is in none can be explained too."""
    from ...language import OfficeFiles

    try:
        return OfficeFiles(desk.folder, still=True)
    except GuanjiaError:
        return None


def _another(files: OfficeFiles | None, name: str) -> Procedure | None:
    """Another procedure of the office, where its file is in order."""
    with suppress(GuanjiaError):
        return None if files is None or name not in files.procedures() else files.version(name).procedure
    return None


def _roles(files: OfficeFiles | None) -> dict[str, dict[str, str]]:
    from ...people.organisation import Organisation

    try:
        people = None if files is None else Organisation.from_plain(files.organisation(), files.office().language)
    except Invalid:
        people = None
    return {} if people is None else {spoken: people.labels(spoken) for spoken in ("zh", "en")}


def _procedure(desk: Desk, files: OfficeFiles | None, name: str) -> Procedure:
    """The procedure of this name, or the one in this file. Invalid with everything that is wrong in it."""
    from ...language import draft_procedure

    known = [] if files is None else files.procedures()
    if files is not None and name in known:
        return files.version(name).procedure
    path = Path(name)
    if not path.is_file():
        if path.suffix in (".yaml", ".yml") or "/" in name:
            raise NotFound(Text(f"没有文件 {name}。", f"There is no file {name}."))
        raise nameless(PROCEDURE, name, known)
    try:
        text = path.read_bytes()
    except OSError as error:
        why = because(error)
        raise Refused("file", Text(f"读不了 {name}：{why.zh}", f"{name} cannot be read: {why.en}")) from None
    draft = draft_procedure(text, name) if files is None else files.judge(text, name)
    wrong = [finding for finding in draft.findings if finding.severity == "error"]
    if wrong or draft.procedure is None:
        raise Invalid(wrong)
    return draft.procedure


COMMANDS = {
    "explain-file": Command(
        "explain-file", explain_file,
        [
            Argument("name", metavar="FILE|PROCEDURE", complete="procedures", say=Text("流程名，或一个流程文件（不必已在办公室里）", "a procedure, or the file of one, in the office or not yet")),
            json_option(),
        ],
        say=Text("用大白话讲一个流程：谁能办什么、承诺多久、迟了怎样、怎么结束。", "A procedure in plain words: who may do what, what is promised, what happens when it is late, how it ends."),
        more=Text("文件有错误时改为指出错在哪里，以 3 退出。", "Where the file is wrong, it says where instead, and the exit code is 3."),
        examples=("guanjia explain-file repair", "guanjia --lang en explain-file drafts/parcel.yaml"),
    ),
}  # fmt: skip
