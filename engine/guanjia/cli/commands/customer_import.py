"""`customer import`: a table of customers, looked at first and taken in with `--apply`."""

from __future__ import annotations

import os
import shlex
from typing import Any

from ...errors import Text, plural
from ..desk import Desk
from ..failure import piecewise
from ..out import Ink
from ..progress import progress
from ..spec import Argument, Command, Option, json_option
from .customer_acts import FIELDS

MOST_SHOWN = 10


def import_(desk: Desk, *, file: str, apply: bool, refused: str | None, reason: str | None, as_json: bool) -> int:
    from ...authoring import customer_import as importing

    out, stopped, actor = desk.out, False, desk.actor
    with progress(out, Text("读取", "Reading"), None):
        found = importing.read(desk.engine, file)
    with progress(out, Text("导入", "Importing") if apply else Text("核对", "Comparing"), len(found.persons)) as bar:
        try:
            importing.bring_in(desk.engine, found, actor, apply=apply, reason=reason, progress=bar)
        except KeyboardInterrupt:
            stopped = True
    aside = (refused or f"{os.path.splitext(file)[0]}.refused.csv") if found.refused else None
    if aside is not None:
        importing.write_refused(found, aside, out.language)
    if as_json:
        out.json(_plain(found, aside, applied=apply))
    else:
        _told(desk, found, file, aside, applied=apply)
    return piecewise(out, len(found.refused), stopped=stopped)


def _told(desk: Desk, found: Any, file: str, aside: str | None, *, applied: bool) -> None:
    out = desk.out
    if found.ignored:
        names = "、".join(found.ignored)
        out.line(
            Ink(
                Text(
                    f"不认识的列，略过：{names}", f"Columns that are not known and left out: {', '.join(found.ignored)}"
                ),
                "soon",
            )
        )
    done = Text("已导入", "Taken in") if applied else Text("预览，未作改动", "A preview; nothing was changed")
    out.line(Ink(Text(
        f"{done.zh}。共 {found.rows} 行：新增 {found.new} 人，更新 {found.changed} 人，无变化 {found.same} 人，拒绝 {len(found.refused)} 行。",
        f"{done.en}. {plural(found.rows, 'row')}: {plural(found.new, 'person')} new, {found.changed} changed, {found.same} the same, {plural(len(found.refused), 'row')} refused."), "bold"))  # fmt: skip
    for kind, title in (("new", Text("新增", "new")), ("changed", Text("更新", "changed"))):
        for row, who, names in found.first[kind]:
            fields = [FIELDS[name] for name in names if name in FIELDS]
            out.line("  ", title, Text(f"  第 {row} 行  ", f"  row {row}  "), Ink(who.id or "", "bold"), " ", who.name or "—", "  ",
                     Ink(Text("、".join(each.zh for each in fields), ", ".join(each.en for each in fields)), "dim"))  # fmt: skip
        if getattr(found, kind) > len(found.first[kind]):
            out.line(Ink("  …", "dim"))
    for row, _, why in found.refused[:MOST_SHOWN]:
        out.line(Ink("! ", "late"), Text(f"第 {row} 行：{why.zh}", f"row {row}: {why.en}"))
    if aside is not None:
        out.line(
            Text(
                f"被拒绝的行和原因在 {aside}，改好后可直接导入它。",
                f"The refused rows and why are in {aside}; mend them there and import that file.",
            )
        )
    if not applied and found.new + found.changed:
        line = f"{desk.line} customer import {shlex.quote(file)} --apply"
        out.line(Text(f"照此导入：{line}", f"To do so: {line}"))


def _plain(found: Any, aside: str | None, *, applied: bool) -> dict[str, Any]:
    return {
        "applied": applied, "rows": found.rows, "new": found.new, "changed": found.changed, "same": found.same,
        "refused": len(found.refused), "refused_file": aside, "ignored": found.ignored,
        "first": [{"kind": kind, "row": row, "id": who.id or None, "name": who.name, "fields": list(names)}
                  for kind, some in found.first.items() for row, who, names in some],
        "reasons": [{"row": row, "zh": why.zh, "en": why.en} for row, _, why in found.refused[:100]],
    }  # fmt: skip


COMMANDS = {
    "import": Command(
        "import", import_,
        [
            Argument("file", metavar="FILE", complete="files", say=Text("CSV 或 XLSX，第一行是列名", "CSV or XLSX; the first row names the columns")),
            Option("--apply", flag=True, say=Text("照预览导入；不写只预览", "do it; without it only a preview")),
            Option("--refused", metavar="FILE", say=Text("被拒绝的行写到哪个文件（默认在旁边，….refused.csv）", "where refused rows go (beside it, ….refused.csv)")),
            Option("--reason", metavar="TEXT", say=Text("原因", "why")), json_option(),
        ],
        say=Text("从表格导入客户：先预览新增、更新、拒绝多少，再 --apply。需要 customers 权限。",
                 "Take in customers from a table: a preview of what is new, changed and refused, then --apply. Needs the right `customers`."),
        more=Text("认识的列：编号、姓名、电话（可有电话2…）、邮箱、小区、房号、关系、入住日期、迁出日期、语言、渠道、时段。有编号的按编号认人，否则按同一电话或房号加同一姓名。"
                  "重复导入不会重复登记；中断后再运行即可。",
                  "Columns: id, name, phone (and phone2 …), mail, site, room, relation, since, until, language, channel, hours. A person is known by "
                  "the id, else by the same phone or room and the same name. Importing again doubles nobody; broken off, run it again."),
        examples=("guanjia customer import 业主.xlsx", "guanjia customer import owners.csv --apply"),
    ),
}  # fmt: skip
