"""`handbook`: the written rule book made of the files, and what changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...clock import Instant
from ...errors import NotFound, Text
from ..desk import Desk
from ..naming import no_procedure
from ..out import Ink, write
from ..spec import Argument, Command, Option

if TYPE_CHECKING:
    from ...authoring.handbook import House

PARTS = ("rules", "roles", "pledge", "standards")
FORMATS = ("html", "md", "pdf")


def handbook(
    desk: Desk, *, names: tuple[str, ...], format: str | None, file: str | None, part: str | None, old: str | None
) -> None:
    from ...authoring import handbook as books

    suffix = Path(file).suffix.lstrip(".").lower() if file else ""
    form = format or (suffix if suffix in FORMATS else "html")
    if form == "pdf" and file is None:
        raise _nowhere()
    house, day = _house(desk, names), desk.out.say(books.day(desk.now(), desk.zone))
    if old is None:
        document = books.handbook(house, desk.out.language, day, PARTS if part is None else (part,))
    else:
        document = books.notice_of_change(_earlier(desk, house, old, names), house, desk.out.language, day)
    if form == "pdf":
        from ...authoring.handbook.printed import printed

        assert file is not None
        write(file, printed(books.page(document)))
    else:
        text = (books.markdown if form == "md" else books.page)(document)
        if file is None:
            desk.out.raw(text)
            return
        write(file, text)
    desk.out.line(Ink(Text(f"已写好：{file}", f"Written: {file}"), "good"))


def _nowhere() -> Exception:
    from ..failure import Usage

    return Usage(Text("PDF 要写到文件：--out 制度.pdf", "A PDF is written to a file: --out rules.pdf"))


def _house(desk: Desk, names: Sequence[str]) -> House:
    """The office as its files are now, with the procedures named, in their order; with all where none is named. Invalid, NotFound."""
    from dataclasses import replace

    from ...authoring.handbook import editions, house_of
    from ...language import OfficeFiles

    files = OfficeFiles(desk.folder, still=True)
    known = files.procedures()
    for name in names:
        if name not in known:
            raise no_procedure(desk, name, known)
    house = house_of(files, names or known)
    return replace(house, editions=dict(editions(desk.store, house.versions, desk.zone)))


def _earlier(desk: Desk, house: House, old: str, names: Sequence[str]) -> House:
    """The rules of another folder, or those that were in force at the end of a day."""
    from ...authoring.handbook import as_of, house_of
    from ...language import OfficeFiles

    if Path(old, "office.yaml").is_file():
        files = OfficeFiles(old, still=True)
        return house_of(files, [name for name in files.procedures() if not names or name in names])
    return as_of(house, desk.store, _end(desk, old), names)


def _end(desk: Desk, old: str) -> Instant:
    from datetime import date, datetime, time, timedelta
    from zoneinfo import ZoneInfo

    from ...clock import instant

    try:
        day = date.fromisoformat(old)
    except ValueError:
        raise NotFound(
            Text(f"“{old}”不是办公室的文件夹，也不是日期。", f"{old!r} is neither the folder of an office nor a date."),
            Text("写成 --diff 2026-01-01（那天所用的制度），或另一份办公室文件夹", "Write --diff 2026-01-01 (the rules of that day), or the folder of another office."),
        ) from None  # fmt: skip
    return instant(datetime.combine(day + timedelta(days=1), time(), ZoneInfo(desk.zone)))


COMMANDS = {
    "handbook": Command(
        "handbook", handbook,
        [
            Argument("names", metavar="PROCEDURE…", required=False, many=True, complete="procedures", say=Text("写哪些流程，按什么次序（默认：全部）", "which procedures, in which order (default: all)")),
            Option("--out", "-o", to="file", metavar="FILE", complete="files", say=Text("写到文件；不写则输出到屏幕", "write it to a file; else it is printed")),
            Option("--format", metavar="html|md|pdf", words=FORMATS, say=Text("写成什么（默认看文件名，否则 html）；pdf 用本机的浏览器印", "the form (default by the name of the file, else html); pdf is printed by a browser of this machine")),
            Option("--part", metavar="|".join(PARTS), words=PARTS, say=Text("只写一部分：制度、岗位索引、服务承诺、标准表", "only one part: the rules, the index by role, the pledge, the standards")),
            Option("--diff", to="old", metavar="DATE|FOLDER", say=Text("改写变更通知：与那天的制度、或另一份办公室文件夹相比", "a notice of changes instead: since the rules of a day, or of another folder of the office")),
        ],
        say=Text("由流程文件写成管理制度：目的、职责、程序、时限与依据、逐级上报、记录、流程图。", "The written rule book, made of the procedures: aim, duties, steps, limits and their basis, escalation, records, flows."),
        more=Text("制度和系统照办的是同一份文件，所以不会两样。语言用 --lang 选。", "People read what is carried out, so the two cannot differ. Choose the language with --lang."),
        examples=("guanjia handbook -o 制度.html", "guanjia handbook complaint repair -o rules.pdf", "guanjia handbook --part pledge -o pledge.html", "guanjia handbook --diff 2026-01-01 -o notice.md"),
    ),
}  # fmt: skip
