"""The auditor: every single change behind the program's back is found, but those that are named here; cut tails by an anchor."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest
from guanjia.clock import DAY, ManualClock
from guanjia.core import fold, next_due
from guanjia.errors import GuanjiaError, NotFound, Refused
from guanjia.language import OfficeFiles
from guanjia.model.event import SYSTEM, Event, chain, to_json
from guanjia.runtime import anchor
from guanjia.runtime.audit import HINTS, audit
from guanjia.runtime.columns import columns
from guanjia.runtime.engine import Engine
from guanjia.store.records import TABLES
from guanjia.store.rows import COLUMNS
from guanjia.store.sqlite import SqliteStore

from tests.offices import MONDAY
from tests.runtime import busy
from tests.scale import drawn, scale

NOT_VOUCHED_FOR = {
    "settings.value", "settings.name", "counters.site", "counters.counter", "counters.year", "counters.value", "commands.digest",
    "commands.key", "commands.answer", "versions.procedure", "events.cursor", "customers.wrapped", "inbox.receiver", "inbox.command", "inbox.status", "inbox.problem",
    *(f"outbox.{name}" for name in TABLES["outbox"].columns if name not in ("key", "case_id")),
}  # fmt: skip
"""Columns whose change no history contradicts: how a message was worded and what became of it, what is of no case, and the order
in which events of different cases were written (for that there is the anchor); and the key of a record that lies in clear here."""


NOTE = "he shouted at us"


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[OfficeFiles, bytes]:
    """The files of a busy office, and its database after some work."""
    folder = tmp_path_factory.mktemp("audited")
    files = OfficeFiles(busy.office(folder / "office"))
    draw = random.Random(7)
    store = SqliteStore(folder / "guanjia.db", synchronous="OFF", wal=False)
    store.migrate()
    with busy.open_desk(store, files, channel=busy.Moody(lambda key: None, draw), seed=7) as desk:
        done = set(busy.at_work(desk, draw, 150))
        assert {"open", "attach", "act", "edit", "run_once"} <= done
        for n in range(3):
            desk.customers.add(actor=SYSTEM, name=f"住户{n}", phones=[f"1380000{n:04}"], rooms=[{"room": "3-1-502"}])
        desk.customers.edit("C-00001", actor=SYSTEM, name="另一位")
        desk.customers.merge("C-00002", "C-00003", actor=SYSTEM, reason="同一人")
        desk.note(desk.open("job", actor="agent.wang", summary="x").case.id, NOTE, actor="agent.wang")
        assert not audit(desk)
    return files, (folder / "guanjia.db").read_bytes()


@contextmanager
def damaged(worked: tuple[OfficeFiles, bytes], path: Path, *statements: str | tuple[str, tuple]) -> Iterator[Engine]:
    """The office over a copy of its database to which somebody said these statements, having dropped all that was in his way."""
    files, content = worked
    path.write_bytes(content)
    with closing(apsw.Connection(str(path))) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(*([statement] if isinstance(statement, str) else statement))
    with busy.open_desk(SqliteStore(path, synchronous="OFF", wal=False), files) as desk:
        yield desk


def rows(worked: tuple[OfficeFiles, bytes], path: Path, sql: str) -> list[tuple]:
    path.write_bytes(worked[1])
    with closing(apsw.Connection(str(path))) as raw:
        return raw.execute(sql).fetchall()


def other(value: object, draw: random.Random) -> object:
    """Another value of the same kind; of text and bytes one bit is another."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value + draw.choice([-1, 1])
    raw = bytearray(value if isinstance(value, bytes) else str(value).encode() or b"?")
    raw[draw.randrange(len(raw))] ^= 1
    return bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")


@pytest.mark.parametrize("name", [f"{table.name}.{column}" for table in TABLES.values() for column in table.columns])
def test_any_column_of_any_row_that_is_changed_is_found(worked, tmp_path, name):
    """Found as a problem, or refused as a database that breaks its own rules; never taken for sound."""
    table, _, column = name.partition(".")
    draw = drawn()
    rowless = table in ("personal", "commands", "counters", "alike") or table.startswith("customer")
    key = TABLES[table].order if rowless else "rowid"
    known = rows(worked, tmp_path / "a.db", f"SELECT {key}, {column} FROM {table}")
    filled = [row for row in known if row[-1] is not None] or known
    where = " AND ".join(f"{part} = ?" for part in key.split(", "))
    for *at, value in draw.sample(filled, min(len(filled), scale(2, 4))):
        new = other(value, draw)
        if name == "outbox.key" and new.rpartition(":")[0] == value.rpartition(":")[0]:
            continue  # by which channel somebody is told may change when it is tried again
        change = (f"UPDATE {table} SET {column} = ? WHERE {where}", (new, *at))
        try:
            with damaged(worked, tmp_path / "b.db", change) as desk:
                found = audit(desk)
        except (apsw.ConstraintError, GuanjiaError):
            continue
        assert found or name in NOT_VOUCHED_FOR, (name, at, value)


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("settings", "counters")])
def test_a_row_that_is_taken_away_is_found(worked, tmp_path, table):
    """But for a forgotten command key, and an inbox item of old."""
    key = TABLES[table].order.split(", ")[0]
    first = rows(worked, tmp_path / "a.db", f"SELECT min({key}) FROM {table}")[0][0]
    with damaged(worked, tmp_path / "b.db", (f"DELETE FROM {table} WHERE {key} = ?", (first,))) as desk:
        found = audit(desk)
    assert bool(found) == (table != "commands"), found


def test_events_that_are_put_in_or_change_places_are_found(worked, tmp_path):
    (case, seq, text, head) = rows(
        worked, tmp_path / "a.db", "SELECT case_id, seq, text, head FROM events WHERE seq = 2 LIMIT 1"
    )[0]
    forged = to_json([case, seq + 1000, "noted", "", "agent.wang", MONDAY, MONDAY, {"text": "x"}])
    put = "INSERT INTO events (case_id, seq, text, head, recorded_at) VALUES (?, ?, ?, ?, ?)"
    swap = "UPDATE events SET text = ?, head = ? WHERE case_id = ? AND seq = ?"
    (one, other_head) = rows(
        worked, tmp_path / "a.db", f"SELECT text, head FROM events WHERE case_id = '{case}' AND seq = 1"
    )[0]
    for statements in (
        [(put, (case, seq + 1000, forged, chain(head, forged), MONDAY))],
        [(swap, (text, head, case, 1)), (swap, (one, other_head, case, 2))],
        [("UPDATE events SET seq = seq + 5000 WHERE case_id = ?", (case,)), ("UPDATE events SET seq = 5003 - seq WHERE case_id = ? AND seq IN (5001, 5002)", (case,)),
         ("UPDATE events SET seq = seq - 5000 WHERE case_id = ? AND seq > 5000", (case,))],
    ):  # fmt: skip
        with damaged(worked, tmp_path / "b.db", *statements) as desk:
            assert audit(desk), statements


def test_every_problem_says_what_to_do_in_both_languages():
    for hint in HINTS.values():
        assert hint.zh
        assert hint.en


# -- what no chain shows


def cut(desk: Engine, case: str, keep: int) -> list[tuple[str, tuple]]:
    """Statements that make of a case what it was after `keep` events, with all that lies beside it."""
    return rewritten(desk, case, [Event.from_text(row.text) for row in desk.store.events(case)][:keep])


def rewritten(desk: Engine, case: str, events: list[Event]) -> list[tuple[str, tuple]]:
    head = bytes(32)
    statements: list[tuple[str, tuple]] = [
        ("DELETE FROM outbox WHERE case_id = ? AND seq > ?", (case, events[-1].seq)),
        ("DELETE FROM events WHERE case_id = ? AND seq > ?", (case, events[-1].seq)),
        ("DELETE FROM commands WHERE json_extract(answer, '$.case') = ?", (case,)),
        ("DELETE FROM inbox WHERE sender = ?", (case,)),
        ("DELETE FROM personal WHERE case_id = ?", (case,)),
    ]
    for event in events:
        head = chain(head, event.text())
        statements.append(
            (
                "UPDATE events SET text = ?, head = ? WHERE case_id = ? AND seq = ?",
                (event.text(), head, case, event.seq),
            )
        )
    folded = fold(events)
    about = columns(desk.program(folded), folded, next_due(folded))
    names = ", ".join(f"{name} = ?" for name in COLUMNS)
    values = tuple(getattr(about, name) for name in COLUMNS)
    statements.append(
        (f"UPDATE cases SET seq = ?, head = ?, snapshot = ?, personal = 0, {names} WHERE id = ?",
         (folded.seq, head, json.dumps(folded.to_plain()), *values, case))
    )  # fmt: skip
    return statements


def test_a_tail_that_was_cut_and_a_history_that_was_rewritten_are_seen_by_an_anchor_alone(worked, tmp_path):
    files, content = worked
    path = tmp_path / "sound.db"
    path.write_bytes(content)
    with busy.open_desk(SqliteStore(path), files) as desk:
        now, none = anchor.verify(desk.store, [], MONDAY)
        (case,) = {event.case for _, _, event in desk.events(limit=10_000) if event.data.get("text") == NOTE}
        events = list(desk.history(case))
        tail = cut(desk, case, len(events) - 1)
        softer = [*events[:-1], Event.from_text(events[-1].text().replace(NOTE, "all is well"))]
        other_tail = rewritten(desk, case, softer)
    assert not none
    assert softer != events
    for statements, said in ((tail, "had 1 more event"), (other_tail, "is not what it was")):
        with damaged(worked, tmp_path / "b.db", *statements) as desk:
            assert not audit(desk)
            _, (problem,) = anchor.verify(desk.store, [now], MONDAY)
            assert said in problem.text.en
    with damaged(
        worked, tmp_path / "b.db", "DELETE FROM office_events WHERE seq = (SELECT max(seq) FROM office_events)"
    ) as desk:
        _, (problem,) = anchor.verify(desk.store, [now], MONDAY)
        assert "had 1 more event" in problem.text.en


def test_a_history_that_goes_on_leads_through_all_its_anchors(worked, tmp_path):
    files, content = worked
    (tmp_path / "a.db").write_bytes(content)
    kept = str(tmp_path / "anchors.jsonl")
    assert anchor.read(kept) == []
    with busy.open_desk(SqliteStore(tmp_path / "a.db"), files, clock=ManualClock(MONDAY + 9 * DAY)) as desk:
        for _ in range(3):
            now, problems = anchor.verify(desk.store, anchor.read(kept), MONDAY)
            assert not problems
            anchor.keep(kept, now)
            desk.open("job", actor="agent.wang", summary="later")
    first, second, third = anchor.read(kept)
    assert first.events < second.events < third.events
    assert len({first.head, second.head, third.head}) == 3


def test_an_anchor_after_a_line_without_an_end_spoils_neither(tmp_path):
    kept, one = tmp_path / "anchors.jsonl", anchor.Anchor(MONDAY, 3, "ab", 1, "cd")
    anchor.keep(str(kept), one)
    kept.write_bytes(kept.read_bytes().rstrip())  # as a line that was pasted
    anchor.keep(str(kept), one)
    assert anchor.read(str(kept)) == [one, one]


def test_an_anchor_that_the_disk_does_not_take_leaves_those_that_are_there(tmp_path, monkeypatch):
    kept, one = tmp_path / "anchors.jsonl", anchor.Anchor(MONDAY, 3, "ab", 1, "cd")
    anchor.keep(str(kept), one)
    before = kept.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotFound, match="the disk is full"):
        anchor.keep(str(kept), one)
    assert kept.read_bytes() == before
    monkeypatch.undo()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))  # a part of the line fits
    try:
        with pytest.raises(NotFound, match="cannot be written"):
            anchor.keep(str(kept), one)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept.read_bytes() == before


def test_what_is_no_file_of_anchors_is_refused(tmp_path):
    (tmp_path / "x").write_text('{"at": "2026-03-02T09:00:00Z", "events": 1}\n')
    with pytest.raises(Refused, match="x:1: this line is no anchor"):
        anchor.read(str(tmp_path / "x"))


# -- while everybody works


def test_an_audit_while_cases_change_under_its_eyes_finds_nothing(store, tmp_path):
    desk = busy.open_desk(store, OfficeFiles(busy.office(tmp_path)), seed=3)
    draw = random.Random(3)
    list(busy.at_work(desk, draw, 40))
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            list(busy.at_work(desk, draw, 5))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(scale(6, 40)):
            assert not audit(desk)
    finally:
        done.set()
        worker.join()
    assert not audit(desk)
