"""`backup`, `restore`, `export`, `import`: an office carried to another disk, another machine, another kind of database."""

from __future__ import annotations

import os
from itertools import chain

from ...clock import iso
from ...errors import Refused, Text, plural
from ...model.event import Event
from ...model.rights import check_whole
from ...people.keys import FILE, read
from ...store.interface import Query
from ...store.records import BACKED_UP
from .. import words
from ..desk import Desk
from ..out import Ink
from ..progress import progress
from ..spec import Argument, Command, Option, json_option


def backup(desk: Desk, *, file: str, as_json: bool) -> None:
    out = desk.out
    _whole(desk)
    _new(file)
    with progress(out, Text("备份", "Copying"), None) as bar:
        desk.store.backup(file, None if bar is None else lambda done, total: bar(done))
    desk.store.set_setting(BACKED_UP, str(desk.now()))
    size = os.path.getsize(file)
    if as_json:
        out.json({"file": file, "bytes": size})
        return
    out.line(Ink(Text(f"已备份到 {file}（{_size(size)}）。", f"The backup is in {file} ({_size(size)})."), "good"))
    out.line(
        Text(
            "请存到另一台机器上；用 guanjia restore 恢复。没有 office.key 个人信息就读不出来：请另存一份，不要和备份放在一起。",
            "Keep it on another machine; guanjia restore puts it back. Without office.key nobody can read the personal data in it: keep "
            "a copy of that elsewhere.",
        )
    )


def _whole(desk: Desk) -> None:
    """To carry the whole office away is to see all of it."""
    if desk.looker is not None:
        check_whole(desk.known.get("organisation", {}), desk.looker)


def restore(desk: Desk, *, file: str, send: bool, as_json: bool) -> None:
    from ...runtime.restoring import restore as put_back
    from ...store import open_store
    from ...store.sqlite import SqliteStore

    store = open_store(desk.database)
    store.close()
    if not isinstance(store, SqliteStore):
        raise Refused(
            "kind",
            Text(
                "这个办公室的数据库是 PostgreSQL，备份用它自己的 pg_restore 恢复。",
                "The database of this office is PostgreSQL: its own pg_restore restores backups.",
            ),
            Text(
                "guanjia export 写的文件用 guanjia import 导入。",
                "What guanjia export wrote goes in by guanjia import.",
            ),
        )
    put_back(file, store.path, desk.now(), send=send)
    _there(desk, file, send=send, as_json=as_json)


def export(desk: Desk, *, file: str, as_json: bool) -> None:
    from ...runtime import export as lines

    out = desk.out
    _whole(desk)
    _new(file)
    with progress(out, Text("导出", "Exporting"), None) as bar:
        rows = lines.write(desk.store, file, bar)
    if as_json:
        out.json({"file": file, "rows": rows, "bytes": os.path.getsize(file)})
        return
    out.line(Ink(Text(f"已把 {rows} 行导出到 {file}。", f"{plural(rows, 'row is', 'rows are')} in {file}."), "good"))
    out.line(Text(
        "个人信息在里面是密文：导入到别处时，把 office.key 一并放进那里的文件夹。用 guanjia import 导入空的数据库。",
        "Personal data is sealed in it: where it is imported, office.key is needed too. guanjia import takes it into an empty database."))  # fmt: skip


def import_(desk: Desk, *, file: str, send: bool, as_json: bool) -> None:
    from ...runtime import export as lines
    from ...runtime.holding import word
    from ...store import open_store

    total = os.path.getsize(file) if os.path.isfile(file) else None
    with progress(desk.out, Text("导入", "Importing"), total) as bar:
        rows = lines.read(file, bar)
        first = [row for row in (next(rows, None),) if row is not None]  # what is no export makes no database
        # In the same transaction: there is no moment in which a worker could send what was imported.
        held = [] if send else [("settings", word(desk.now(), os.path.basename(file)))]
        store = open_store(desk.database)
        try:
            store.migrate()
            store.load(chain(held, first, rows))
        finally:
            store.close()
    _there(desk, file, send=send, as_json=as_json)


def _there(desk: Desk, file: str, *, send: bool, as_json: bool) -> None:
    """What the office is now: how much there is, up to when, and what is held."""
    store, out = desk.store, desk.out
    cases = store.count(Query(open=None, mode=None))
    changed = store.list(Query(open=None, mode=None, order="changed", limit=1))
    last = Event.from_text(store.events(changed[0].id)[-1].text).recorded_at if changed else None
    counts = store.outbox_counts()
    waiting = counts["waiting"] + counts["sending"]
    if as_json:
        at = None if last is None else iso(last, desk.zone)
        out.json({"file": file, "cases": cases, "last_event": at, "held": None if send else waiting})
        return
    at = words.when(last, desk.zone)
    out.line(
        Ink(
            Text(
                f"{cases} 个工单已就位，最后改动于 {at}。",
                f"{plural(cases, 'case is', 'cases are')} in place; the last change is of {at}.",
            ),
            "good",
        )
    )
    if not send:
        out.line(Text(
            f"{waiting} 条待发通知和以后的通知都先扣住，以免重复打扰；想好了用 guanjia outbox release 放行。",
            f"{plural(waiting, 'message that waits', 'messages that wait')} and all that follow are held, so that nobody is told twice; guanjia outbox release lets them go."))  # fmt: skip
    if lost := _unreadable(desk):
        out.line(Ink(Text(
            f"{lost} 个工单的个人信息，这里的 {FILE} 解不开：把当时的 {FILE} 放回办公室文件夹。",
            f"The personal data of {plural(lost, 'case')} cannot be opened with the {FILE} that is here: put back the one of that time."), "late"))  # fmt: skip
    out.line(Text("请用 guanjia audit 核对。", "Verify it with guanjia audit."))


def _unreadable(desk: Desk) -> int:
    """Cases whose key none of the office's keys opens."""
    from ...runtime.rekeying import wrapped_by

    kept = read(os.path.join(desk.folder, FILE))
    known = {"", *kept.keys} if kept is not None else {""}
    return sum(count for name, count in wrapped_by(desk.store).items() if name not in known)


def _new(file: str) -> None:
    if os.path.lexists(file):
        raise Refused(
            "exists",
            Text(f"已经有文件 {file}。", f"There is a file {file} already."),
            Text("请换一个文件名。", "Give another name."),
        )


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MB" if count >= 2**20 else f"{count / 2**10:.0f} KB"


_SEND = Option("--send", flag=True, say=Text(
    "照常发送通知；不写则先全部扣住", "send messages as usual; else all of them are held"))  # fmt: skip
_HELD = Text(
    "副本里待发的通知多半早已发出，期间到时的事也会重新触发；所以先不发送，用 guanjia outbox release 放行。",
    "What waits to be sent in a copy has probably been sent since, and what fell due since then falls due anew; so nothing is sent "
    "until guanjia outbox release.",
)

COMMANDS = {
    "backup": Command(
        "backup", backup,
        [Argument("file", say=Text("备份写到这个新文件", "the new file for the backup")), json_option()],
        say=Text("备份数据库；大家可以照常工作。", "Back up the database while everybody works."),
        more=Text(
            "备份的是 SQLite 数据库在某一刻的完整内容；PostgreSQL 请用 pg_dump，或 guanjia export。文件夹里的流程、模板、日历另行备份。",
            "It is the SQLite database as it is at one moment; for PostgreSQL use pg_dump, or guanjia export. Procedures, templates and "
            "calendars of the folder are backed up as any files are."),
        examples=("guanjia backup /mnt/usb/$(date +%F).db",),
    ),
    "restore": Command(
        "restore", restore,
        [Argument("file", say=Text("guanjia backup 写的文件", "what guanjia backup wrote")), _SEND, json_option()],
        say=Text("用备份恢复数据库；原有的数据库须先移走。", "Put a backup in the place of the database, from where the old one was moved away."),
        more=_HELD,
        examples=("guanjia restore /mnt/usb/2026-11-24.db",),
    ),
    "export": Command(
        "export", export,
        [Argument("file", say=Text("新文件；以 .gz 结尾则压缩", "the new file; compressed when it ends in .gz")), json_option()],
        say=Text("把整个办公室导出为 JSON 行，与数据库的种类无关。", "Write the whole office as lines of JSON, whatever its database is."),
        examples=("guanjia export office.jsonl.gz",),
    ),
    "import": Command(
        "import", import_,
        [Argument("file", say=Text("guanjia export 写的文件", "what guanjia export wrote")), _SEND, json_option()],
        say=Text("把导出的办公室导入 office.yaml 所写的空数据库。", "Take an exported office into the empty database that office.yaml names."),
        more=_HELD,
        examples=("guanjia import office.jsonl.gz",),
    ),
}  # fmt: skip
