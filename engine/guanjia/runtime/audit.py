"""The auditor: does every case equal its history, and does everything beside the history agree with it?

For each case it folds the events, checks the chain of hashes, and compares what lies beside: snapshot, columns, notifications,
what was asked of other cases, personal values, attachments, parent and children. Then the office's own stream, the versions,
the answers to command keys, and the register of customers. It changes nothing, and may run while everybody works: what it finds wrong of a case that was
changed under its eyes is looked at anew. What no chain of hashes can show, a history whose end was cut off, is seen by an
`anchor` that is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import evolve, next_due
from ..errors import GuanjiaError, StoreError, Text, plural
from ..model.case import Case
from ..model.event import GENESIS, PERSONAL, Event, chain, commit, is_personal
from ..store.interface import EventRow, Held
from .attachments import OVERHEAD
from .auditing_customers import customers
from .between import asked
from .columns import columns
from .counted import rows
from .publishing import TABLE
from .rendering import group, unheard

if TYPE_CHECKING:
    from .engine import Engine

MOST_LOOKS = 5
"""How often a case that somebody changes meanwhile is looked at."""


class Problem(NamedTuple):
    """One thing that is wrong. `code` is a key of HINTS, `case` the number of a case, "" where it is of none."""

    code: str
    text: Text
    case: str = ""

    @property
    def hint(self) -> Text:
        return HINTS[self.code]

    def __str__(self) -> str:
        return str(self.text)


_EVIDENCE = Text(
    "历史被人绕过程序改过。先把数据库另存一份作为证据，再从备份恢复（guanjia restore），并查明谁能直接写数据库。",
    "Somebody changed the history behind the program's back. Keep a copy of the database as evidence, restore a backup "
    "(guanjia restore), and find out who can write to the database itself.",
)
_BESIDE = Text(
    "历史完好，旁边的数据不对：磁盘故障、别的程序写过数据库，或是程序的错误。从备份恢复，并报告给开发者。",
    "The history is whole, what lies beside it is not: the disk failed, another program wrote to the database, or the program is at "
    "fault. Restore a backup, and report it.",
)
HINTS = {
    "database": Text(
        "停止使用，把数据库文件连同 -wal、-shm 另存一份，再从备份恢复（guanjia restore）。",
        "Stop using it, keep a copy of the database with its -wal and -shm, then restore a backup (guanjia restore).",
    ),
    "history": _EVIDENCE,
    "anchor": _EVIDENCE,
    "snapshot": _BESIDE,
    "columns": _BESIDE,
    "notification": _BESIDE,
    "between": _BESIDE,
    "relation": _BESIDE,
    "personal": Text(
        "个人信息与历史里的承诺值不符。从备份恢复；在此之前不要相信这些值。",
        "A personal value is not what the history vouches for. Restore a backup; do not trust the value until then.",
    ),
    "attachment": Text("从备份恢复这个附件；在此之前不要相信它的内容。", "Restore the attachment from a backup; do not trust it until then."),
    "version": Text(
        "在办工单要靠它才能继续。从备份恢复。", "Open cases need it to go on. Restore a backup."
    ),
    "registry": Text(
        "在办工单不受影响，它们各自留着所指的那一行；从备份恢复，以前的版本才看得到。",
        "No case needs it: each keeps its row. Restore a backup to see again how the registry was.",
    ),
    "command": _BESIDE,
}  # fmt: skip
"""What to do, by the code of a problem."""


def audit(engine: Engine, progress: Callable[[int], None] | None = None) -> list[Problem]:
    """Everything that is wrong; empty when nothing is. `progress` is called with the number of cases checked so far."""
    found = list(beside(engine))
    try:
        for number, (_, problems) in enumerate(cases(engine), 1):
            found += problems
            if progress is not None:
                progress(number)
    except StoreError as error:
        found.append(ended(error))
    return found


def ended(error: StoreError) -> Problem:
    """That the cases could not be gone over to the end, where the order in which they lie is damaged; any other error is raised."""
    if "damaged" not in error.data:
        raise error
    return Problem("database", error.text)


def beside(engine: Engine) -> Iterator[Problem]:
    """What is wrong with the database as a whole and with what is of no single case."""
    store = engine.store
    for problem in store.integrity():
        yield Problem("database", Text(f"数据库：{problem.zh}", f"Database: {problem.en}"))
    yield from _office(engine)
    for _, (hash, procedure, canonical) in store.dump("versions"):
        if hashlib.sha256(canonical.encode()).hexdigest() != hash:
            yield Problem("version", Text(
                f"流程“{procedure}”的版本 {hash[:12]} 被改动过",
                f"the version {hash[:12]} of the procedure {procedure!r} was altered"))  # fmt: skip
    yield from _commands(engine)
    yield from _inbox(engine)
    for code, text in customers(engine):
        yield Problem(code, text)


def cases(engine: Engine, after: str = "") -> Iterator[tuple[str, list[Problem]]]:
    """Every case with an id above `after`: its id and what is wrong with it."""
    for identity in engine.store.cases(after):
        yield identity, _looked_at(engine, identity)


def _looked_at(engine: Engine, identity: str) -> list[Problem]:
    for _ in range(MOST_LOOKS):
        held = engine.store.get(identity)
        problems = list(_case(engine, identity, held))
        if not problems or held is None:
            break
        now = engine.store.get(identity)
        if now is not None and now.seq == held.seq:
            break
    return problems


def _case(engine: Engine, identity: str, held: Held | None) -> Iterator[Problem]:
    name = identity
    try:
        if held is None:
            raise ValueError("no snapshot")
        name = str(json.loads(held.snapshot)["number"])
        record = _History(identity, name, [row for row in engine.store.events(identity) if row.seq <= held.seq])
        if record.problem is None:
            yield from _compared(engine, held, record)
        else:
            yield record.problem
    except (GuanjiaError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        yield Problem(
            "history", Text(f"工单 {name}：无法核对（{error}）", f"Case {name}: cannot be checked ({error})"), name
        )


class _History:
    """The events of a case, folded: the case that they make, and what they ask for."""

    def __init__(self, identity: str, name: str, rows: list[EventRow]) -> None:
        self.head = GENESIS
        self.case: Case | None = None
        self.problem: Problem | None = None
        self.told: set[str] = set()
        self.asked: set[str] = set()
        self.committed: set[str] = set()
        self.kept: set[str] = set()
        """What was committed to and nobody had destroyed."""
        self._of: dict[str, set[str]] = {}
        self.files: list[dict[str, Any]] = []
        for place, row in enumerate(rows, 1):
            event = _event(row, identity, place, self.head)
            if event is None:
                self.problem = Problem("history", Text(
                    f"工单 {name}：第 {place} 条记录被改动过（哈希链断开）",
                    f"Case {name}: event {place} was altered (the hash chain is broken)"), name)  # fmt: skip
                return
            self._take(row, event)
        if self.case is None:
            self.problem = Problem("history", Text(f"工单 {name} 没有记录", f"Case {name} has no events"), name)

    def _take(self, row: EventRow, event: Event) -> None:
        self.head = row.head
        self.case = evolve(self.case, event)
        self.told |= _told(event)
        self.asked |= {item.key for item in asked(self.case, event, {})}
        self._personal(event)
        if event.type == "attached":
            self.files.append(event.data["file"])

    def _personal(self, event: Event) -> None:
        found = set(_commitments(event.data)) - self.committed  # what is named again may be gone by now
        self.committed |= found
        self.kept |= found - event.data.get("codes", {}).keys()  # a one-time code stands in its message alone
        for name, value in [*event.data.get("set", {}).items(), *event.data.get("input", {}).items()]:
            if is_personal(value):
                self._of.setdefault(name, set()).add(value[PERSONAL])
        if event.type == "forgotten":
            fields = event.data.get("fields")
            self.kept -= set().union(*(self._of.get(name, ()) for name in fields)) if fields else self.kept


def _event(row: EventRow, case: str, seq: int, before: bytes) -> Event | None:
    """The event of a row, when everything that the row says of it is so."""
    if row.seq != seq or chain(before, row.text) != row.head:
        return None
    event = Event.from_text(row.text)
    return event if (event.case, event.seq, event.recorded_at) == (case, seq, row.recorded_at) else None


def _told(event: Event) -> set[str]:
    """The notifications that an event asks for, by key without the channel."""
    if event.data.get("quiet"):
        return set()
    mark = f"{event.case}:{event.seq}"
    keys = {f"{mark}:{notice['template']}:{to}" for notice in event.data.get("notify", ()) for to in notice["to"]}
    keys |= {f"{mark}:-:{group(who)}" for who in unheard(event)}
    if "unassigned" in event.data:
        keys.add(f"{mark}:-:assign:{event.data['unassigned']}")
    if "alarm" in event.data:
        keys.add(f"{mark}:-:ladder:{event.data['alarm']}")
    return keys


def _commitments(data: Any) -> Iterator[str]:
    if is_personal(data):
        yield data[PERSONAL]
    elif isinstance(data, dict):
        for value in data.values():
            yield from _commitments(value)
    elif isinstance(data, list):
        for value in data:
            yield from _commitments(value)


def _compared(engine: Engine, held: Held, record: _History) -> Iterator[Problem]:
    """What lies beside a sound history, compared with it."""
    store, case = engine.store, record.case
    assert case is not None

    def differs(code: str, zh: str, en: str) -> Problem:
        return Problem(code, Text(f"工单 {case.number}：{zh}", f"Case {case.number}: {en}"), case.number)

    if (held.seq, held.head) != (case.seq, record.head):
        yield differs(
            "history",
            "链头与记录不符（可能少了最后几条）",
            "the chain's head does not fit the events (the last may be missing)",
        )
    if json.loads(held.snapshot) != json.loads(json.dumps(case.to_plain())):
        yield differs("snapshot", "快照与历史不符", "the snapshot does not equal the history")
    if store.version(case.version) is None:
        yield differs(
            "version",
            f"数据库里没有它的流程版本 {case.version[:12]}",
            f"the database lacks its procedure version {case.version[:12]}",
        )
    elif store.columns(case.id) != columns(engine.program(case), case, next_due(case)):
        yield differs("columns", "列表所用的列与历史不符", "the columns for lists do not equal the history")
    elif tuple(store.alike(case.id)) != rows(engine.program(case), case):
        yield differs("columns", "计数所用的记录与历史不符", "what it is counted under does not equal the history")
    kept = {key.rpartition(":")[0] for key in store.outbox_keys(case.id)}
    for key in sorted(kept - record.told):
        yield differs("notification", f"通知 {key} 没有对应的记录", f"the notification {key} belongs to no event")
    for key in sorted(record.told - kept):
        yield differs(
            "notification",
            f"记录要求的通知 {key} 不在发件箱",
            f"the notification {key} that an event asks for is not in the outbox",
        )
    for key in sorted(record.asked):
        if store.inbox_status(key) is None:
            yield differs(
                "between",
                f"记录要求别的工单做的事 {key} 没有留下",
                f"what an event asks of another case is missing: {key}",
            )
    try:
        personal = store.sealed(case.id)
    except StoreError as error:
        personal, record.kept = (), set()
        yield differs("personal", error.text.zh, error.text.en)
    if missing := record.kept - {commitment for commitment, _, _ in personal}:
        yield differs(
            "personal",
            f"{len(missing)} 项个人信息不见了，历史里没有人销毁过",
            f"{plural(len(missing), 'personal value is', 'personal values are')} missing that nobody had destroyed",
        )
    for commitment, salt, value in personal:
        if commit(salt, json.loads(value)) != commitment:
            yield differs(
                "personal",
                f"个人信息 {commitment[:12]} 与历史不符",
                f"the personal value {commitment[:12]} is not what the history vouches for",
            )
        elif commitment not in record.committed:
            yield differs(
                "personal",
                f"个人信息 {commitment[:12]} 不属于任何记录",
                f"the personal value {commitment[:12]} belongs to no event",
            )
    for file in record.files:
        content = store.blob(file["sha256"])
        if content is None:
            yield differs("attachment", f"附件“{file['name']}”不见了", f"the attachment {file['name']!r} is missing")
        elif (hashlib.sha256(content).hexdigest(), len(content)) != (file["sha256"], _length(file)):
            yield differs("attachment", f"附件“{file['name']}”被改动过", f"the attachment {file['name']!r} was altered")
    yield from _related(engine, case, record, differs)


def _length(file: Mapping[str, Any]) -> int:
    """Bytes that lie in the store: of a sealed file more than of the clear one."""
    size: int = file["size"]
    return size + OVERHEAD if "key" in file else size


def _related(
    engine: Engine, case: Case, record: _History, differs: Callable[[str, str, str], Problem]
) -> Iterator[Problem]:
    store = engine.store
    if case.parent is not None and store.get(case.parent) is None:
        yield differs("relation", f"上级工单 {case.parent} 不存在", f"its parent {case.parent} does not exist")
    for name, child in case.children.items():
        opening = [key for key in record.asked if key.endswith(f":open:{name}")]
        pending = any(store.inbox_status(key) in ("waiting", "dropped") for key in opening)
        if not pending and store.get(child) is None:
            yield differs(
                "relation", f"下级工单“{name}”（{child}）不存在", f"its child {name!r} ({child}) does not exist"
            )


def _office(engine: Engine) -> Iterator[Problem]:
    """The office's own stream, and the versions that it published."""
    head, place, published = GENESIS, 0, set()
    tables: dict[str, str] = {}
    while rows := engine.store.office_events(place):
        for row in rows:
            place += 1
            event = _event(row, "", place, head)
            if event is None:
                yield Problem("history", Text(
                    f"办公室记录：第 {place} 条被改动过（哈希链断开）",
                    f"The office's stream: event {place} was altered (the hash chain is broken)"))  # fmt: skip
                return
            head = row.head
            if event.type == "published":
                published.add(event.data["version"])
            if event.type == "amended" and event.data["version"] is not None:
                tables[event.data["version"]] = event.name
    for hash in sorted(published):
        if engine.store.version(hash) is None:
            yield Problem("version", Text(
                f"发布过的流程版本 {hash[:12]} 不在数据库里", f"the published version {hash[:12]} is not in the database"))  # fmt: skip

    for hash, name in sorted(tables.items()):
        kept = engine.store.setting(TABLE + hash)
        if kept is None or hashlib.sha256(kept.encode()).hexdigest() != hash:
            yield Problem("registry", Text(
                f"台账“{name}”的版本 {hash[:12]} 不在数据库里，或被改动过", f"the version {hash[:12]} of the registry {name!r} is not in the database, or was altered"))  # fmt: skip


def _commands(engine: Engine) -> Iterator[Problem]:
    for _, (key, _digest, answer) in engine.store.dump("commands"):
        try:
            given = json.loads(answer)
            held = engine.store.get(given["case"])
            sound = (
                held is not None
                and held.id == given["case"]
                and given["number"] == json.loads(held.snapshot)["number"]
                and 1 <= given["seq"] <= held.seq
            )
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            yield Problem("command", Text(
                f"命令键“{key}”的答复指向不存在的记录", f"the answer to the command key {key!r} points to no event"))  # fmt: skip


def _inbox(engine: Engine) -> Iterator[Problem]:
    for _, (key, sender, *_rest) in engine.store.dump("inbox"):
        seq, _, what = key.removeprefix(f"{sender}:").partition(":")
        rows = engine.store.events(sender, int(seq) - 1)[:1] if seq.isdecimal() else ()
        if not rows or what.partition(":")[0] not in Event.from_text(rows[0].text).data:
            yield Problem("between", Text(
                f"工单之间的命令 {key} 没有对应的记录", f"the command between cases {key} belongs to no event"))  # fmt: skip
