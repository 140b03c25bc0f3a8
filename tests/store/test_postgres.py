"""What is PostgreSQL's own: privileges, round trips, lost connections, and commits that come in another order than cursors."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from guanjia.errors import Conflict, StoreError, Text
from guanjia.store import OfficeChange, Transaction
from guanjia.store.postgres import PostgresStore, store as store_module
from guanjia.store.postgres.pool import Connection
from guanjia.store.postgres.transaction import PostgresTransaction

from tests.store.making import OLD_SNAPSHOT, advance, change, columns, events, message, put, writing


@pytest.fixture
def server(postgres_dsn: str) -> Iterator[PostgresStore]:
    store = PostgresStore(postgres_dsn)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def raw(postgres_dsn: str, server: PostgresStore) -> Iterator[psycopg.Connection]:
    """Somebody else's connection to the same schema, with the rights of the program."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        yield connection


def _as_admin(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn.replace("guanjia@", "postgres@"), autocommit=True)


def test_events_are_append_only_by_privilege_and_by_trigger(
    server: PostgresStore, raw: psycopg.Connection, postgres_dsn: str
) -> None:
    put(server, change("a"))
    server.transact(lambda tx: tx.write_office(OfficeChange(events("", 1, 1))))
    for sql in (
        "UPDATE events SET text = 'x'", "DELETE FROM events", "TRUNCATE events CASCADE",
        "UPDATE office_events SET text = 'x'", "DELETE FROM office_events", "TRUNCATE office_events",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(sql)
        with _as_admin(postgres_dsn) as admin, pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
            admin.execute(sql)
    put(server, change("a", 1))


def test_the_database_itself_holds_the_rules(server: PostgresStore, raw: psycopg.Connection) -> None:
    put(server, change("a", steps=3, notifications=[message("a", 1)]), change("b"))
    for sql in (
        "UPDATE cases SET seq = 9 WHERE id = 'a'",
        "UPDATE cases SET seq = seq - 1 WHERE id = 'a'",
        "UPDATE cases SET number = 'n-b' WHERE id = 'a'",
        "UPDATE outbox SET status = 'lost'",
        "UPDATE outbox SET status = 'sent'",
        "INSERT INTO commands VALUES ('k', 'd', 't'), ('k', 'd', 't')",
        "INSERT INTO counters VALUES ('s', 'c', 2026, 0)",
        "INSERT INTO personal VALUES ('nobody', 'c', 's', 'v')",
        "INSERT INTO events (case_id, seq, text, head, recorded_at) VALUES ('a', 5, '', decode(repeat('00', 32), 'hex'), 1)",
        "INSERT INTO events (case_id, seq, text, head, recorded_at) VALUES ('z', 1, '', decode(repeat('00', 32), 'hex'), 1)",
    ):
        with pytest.raises(psycopg.DatabaseError):
            raw.execute(sql)
    assert list(server.integrity()) == []


def test_a_command_takes_two_round_trips(server: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(server, change("a"))
    trips: list[str] = []
    sync = psycopg.Pipeline.sync
    execute = psycopg.Connection.execute
    leave = psycopg.Pipeline.__exit__
    depth: list[int] = []
    mine = threading.current_thread()

    def counted_execute(self: psycopg.Connection, *args: object, **given: object) -> object:
        if not depth and threading.current_thread() is mine:  # notices are given beside the command
            trips.append("statement")
        return execute(self, *args, **given)  # type: ignore[arg-type]

    def enter(self: psycopg.Pipeline) -> psycopg.Pipeline:
        depth.append(1)
        return original_enter(self)

    def counted_leave(self: psycopg.Pipeline, *args: object) -> None:
        depth.pop()
        trips.append("pipeline")
        leave(self, *args)  # type: ignore[arg-type]

    original_enter = psycopg.Pipeline.__enter__
    monkeypatch.setattr(psycopg.Connection, "execute", counted_execute)
    monkeypatch.setattr(psycopg.Pipeline, "__enter__", enter)
    monkeypatch.setattr(psycopg.Pipeline, "__exit__", counted_leave)
    monkeypatch.setattr(psycopg.Pipeline, "sync", lambda self: (trips.append("sync"), sync(self)))

    def work(tx: Transaction) -> None:
        held = tx.read("a", "key").held
        assert held is not None
        tx.write(
            change(
                "a", held.seq, 2, key=("key", "d", "t"), notifications=[message("a", 1, 2)], personal=[("c", "s", "1")]
            )
        )

    server.transact(work)
    assert trips == ["pipeline", "pipeline"]


def test_an_event_that_commits_late_is_not_missed_by_the_feed(server: PostgresStore, raw: psycopg.Connection) -> None:
    """The first takes its cursor, the second commits before it; the reader waits for the first instead of passing it."""
    put(server, change("a"), change("b"))
    start = server.feed()[-1][0]
    slow = raw
    slow.execute("BEGIN")
    about = '{"site":"s","number":"N-a","procedure":"p","version":"v","states":"","summary":"","opened_at":1,"changed_at":1,"breached":0,"provisional":0,"alarms":0}'
    slow.execute(
        "SELECT write_change('a', 1, 2, '{}', %s::jsonb, ARRAY['late'], ARRAY[decode(repeat('00', 32), 'hex')], ARRAY[1::bigint], NULL)",
        (about,),
    )
    put(server, change("b", 1))
    seen: list[tuple[str, int]] = []
    reader = threading.Thread(target=lambda: seen.extend((case, row.seq) for _, case, row in server.feed(start)))
    reader.start()
    reader.join(0.2)
    assert reader.is_alive()
    slow.execute("COMMIT")
    reader.join(20)
    assert seen == [("a", 2), ("b", 2)]


def test_a_gap_of_a_transaction_that_failed_does_not_stop_the_feed(server: PostgresStore) -> None:
    put(server, change("a"))
    for _ in range(3):
        with pytest.raises(Conflict):
            put(server, change("b", key=("k", "d", "t")), change("c", key=("k", "d", "t")))
    put(server, change("d"))
    assert [case for _, case, _ in server.feed()] == ["a", "b", "d"]
    assert [case for _, case, _ in server.feed(server.feed()[0][0])] == ["b", "d"]


def test_a_connection_that_died_between_commands_is_replaced(server: PostgresStore, postgres_dsn: str) -> None:
    put(server, change("a"))
    for ask in (lambda: advance(server, "a"), lambda: server.get("a"), lambda: server.claim(1, "w", 2)):
        with _as_admin(postgres_dsn) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guanjia'")
        ask()
    assert len(server.events("a")) == 2


@pytest.mark.parametrize(
    "unlucky",
    [
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "DO $$ BEGIN RAISE deadlock_detected; END $$",
        "DO $$ BEGIN RAISE serialization_failure; END $$",
    ],
)
def test_what_is_unlucky_twice_is_no_error_to_anybody(server: PostgresStore, unlucky: str) -> None:
    """A server that fails over ends the connection that was opened anew, too; marking messages may meet two deadlocks in a row."""
    attempts: list[int] = []

    def read(connection: Connection) -> int:
        attempts.append(connection.info.backend_pid)
        if len(attempts) < 3:
            connection.execute(unlucky.encode())
        return len(attempts)

    assert server._read(read) == 3
    attempts.clear()
    with pytest.raises(StoreError):
        server._read(lambda connection: connection.execute("SELECT nonsense"))


def test_a_connection_lost_in_the_middle_leaves_nothing_and_the_work_runs_again(
    server: PostgresStore, postgres_dsn: str
) -> None:
    put(server, change("a"))
    attempts: list[int] = []

    def work(tx: Transaction) -> None:
        held = tx.read("a", None).held
        assert held is not None
        attempts.append(held.seq)
        tx.write(change("a", held.seq))
        if len(attempts) == 1:
            with _as_admin(postgres_dsn) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guanjia'"
                )
        tx.read("a", None)

    server.transact(work)
    assert attempts == [1, 1]
    assert len(server.events("a")) == 2


@pytest.mark.parametrize("opening", [False, True])
@pytest.mark.parametrize("done", [False, True])
def test_a_commit_whose_answer_was_lost_is_looked_up_and_done_once(
    server: PostgresStore, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, done: bool, opening: bool
) -> None:
    put(server, change("a"))
    attempts: list[int] = []

    def work(tx: Transaction) -> str:
        held = tx.read("a", None).held
        assert held is not None
        attempts.append(held.seq)
        tx.write(change("b") if opening else change("a", held.seq))
        return "answered"

    run = PostgresTransaction._run

    def cut(tx: PostgresTransaction, *statements: object) -> object:
        if ("COMMIT", ()) in statements and len(attempts) == 1:
            if done:
                run(tx, *statements)  # type: ignore[arg-type]
            with _as_admin(postgres_dsn) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guanjia'"
                )
            return run(tx, ("SELECT 1", ()))
        return run(tx, *statements)  # type: ignore[arg-type]

    monkeypatch.setattr(PostgresTransaction, "_run", cut)
    assert server.transact(work) == "answered"
    assert attempts == [1] if done else [1, 1]
    assert [len(server.events(name)) for name in "ab"] == ([1, 1] if opening else [2, 0])


def test_a_commit_under_way_is_waited_for_before_it_is_judged(
    server: PostgresStore, raw: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our connection is gone, and the server is writing still: only when it ends is it known that the case stands."""
    each = change("a")
    raw.execute("BEGIN")
    about = '{"site":"s","number":"N-a","procedure":"p","version":"v","states":"","summary":"","opened_at":1,"changed_at":1,"breached":0,"provisional":0,"alarms":0}'
    raw.execute(
        "SELECT write_change('a', 0, 1, '{}', %s::jsonb, ARRAY['x'], ARRAY[%s::bytea], ARRAY[1::bigint], NULL)",
        (about, each.events[-1].head),
    )
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(server._stands(each, StoreError(Text("断", "lost")))))
    asking.start()
    asking.join(0.2)
    assert answers == []
    raw.execute("COMMIT")
    asking.join(20)
    assert answers == [True]


def test_a_server_that_stays_away_leaves_the_result_unknown_and_says_so(
    server: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guanjia.store.postgres.store._PATIENCE", (0.0, 0.0))
    monkeypatch.setattr(server._pool, "_conninfo", "host=/nonexistent")
    with pytest.raises(StoreError, match="may be done or not"):
        server._stands(change("a"), StoreError(Text("断", "lost")))


def test_two_that_lock_each_others_cases_both_succeed(server: PostgresStore) -> None:
    """The server ends the deadlock by giving up one; that one runs again."""
    put(server, change("a"), change("b"))
    met = threading.Barrier(2)
    attempts: list[str] = []

    def run(first: str, second: str) -> None:
        def work(tx: Transaction) -> None:
            attempts.append(first)
            one = tx.read(first, None).held
            if attempts.count(first) == 1:
                met.wait(20)
            two = tx.read(second, None).held
            assert one is not None
            assert two is not None
            tx.write(change(first, one.seq))
            tx.write(change(second, two.seq))

        server.transact(work)

    threads = [threading.Thread(target=run, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(attempts) == 3
    assert [len(server.events(name)) for name in "ab"] == [3, 3]


def test_a_database_of_the_first_schema_is_brought_up_with_everything_in_it(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as first:
        first.setattr(store_module, "MIGRATIONS", store_module.MIGRATIONS[:1])
        first.setattr(store_module, "NEWEST", 1)
        old = PostgresStore(postgres_dsn)
        old.migrate()
        old.close()
    with psycopg.connect(postgres_dsn, autocommit=True) as raw:
        about = '{"site":"s","number":"N-a","procedure":"p","version":"v1","states":"","summary":"","opened_at":1,"changed_at":1,"breached":0}'
        heads = [b"h" * 32] * 2
        raw.execute(
            "SELECT write_change('a', 0, 2, %s, %s::jsonb, %s::text[], %s::bytea[], %s::bigint[], NULL)",
            (OLD_SNAPSHOT, about, ["x", "y"], heads, [1, 1]),
        )
    store = PostgresStore(postgres_dsn)
    store.migrate()
    assert [row.seq for row in store.events("a")] == [1, 2]
    assert store.pins() == {"v1": 1}
    found = store.columns("a")
    assert found is not None
    assert found.provisional == 1
    store.close()


def test_schemas_of_one_database_are_offices_of_their_own(postgres_socket: str) -> None:
    where = f"postgresql://guanjia@/postgres?host={postgres_socket}"
    default, other = PostgresStore(where), PostgresStore(f"{where}&options=-csearch_path%3Doffice_two")
    for store in (default, other):
        store.migrate()
    put(default, change("a"))
    assert other.get("a") is None
    assert default.describe()["database"] == "postgres.guanjia"
    assert other.describe()["database"] == "postgres.office_two"
    for store in (default, other):
        store.close()


def test_what_is_not_ours_or_newer_is_refused(postgres_dsn: str, postgres_socket: str) -> None:
    store = PostgresStore(postgres_dsn)
    with pytest.raises(StoreError, match="not up to date"):
        store.get("a")
    store.migrate()
    with psycopg.connect(postgres_dsn, autocommit=True) as raw:
        raw.execute("INSERT INTO migrations VALUES (99, '0099_future')")
        raw.execute("CREATE SCHEMA foreign_office; CREATE TABLE foreign_office.migrations (id int)")
    newer = PostgresStore(postgres_dsn)
    for ask in (newer.migrate, lambda: newer.get("a"), lambda: put(newer, change("a"))):
        with pytest.raises(StoreError, match="has schema 99"):
            ask()
    foreign = PostgresStore(
        f"postgresql://guanjia@/postgres?host={postgres_socket}&options=-csearch_path%3Dforeign_office"
    )
    with pytest.raises(StoreError, match="belongs to another program"):
        foreign.migrate()
    nobody = PostgresStore(f"postgresql://nobody@/postgres?host={postgres_socket}")
    nowhere = PostgresStore("postgresql://guanjia@/postgres?host=/nonexistent")
    for away in (nobody, nowhere, PostgresStore(postgres_dsn.replace("/postgres?", "/nothere?"))):
        with pytest.raises(StoreError) as caught:
            away.migrate()
        assert caught.value.hint is not None
    with pytest.raises(StoreError):
        PostgresStore("postgresql://host/name?nonsense=1")
    for each in (store, newer, foreign, nobody, nowhere):
        each.close()


def test_works_of_one_batch_that_fail_do_not_spoil_the_connection(server: PostgresStore) -> None:
    """Statements are prepared after some use; one that was never prepared, in a batch that failed, must not be counted on."""
    put(server, change("a", about=columns("N-1", site="x")), change("b", about=columns("N-1", site="y")))
    for number in range(8):
        for bad in (
            writing(change("a")),
            lambda tx: tx.read("N-1", None),
            lambda tx: (tx.write(change("a")), tx.read("a", None)),
        ):
            with pytest.raises(Conflict):
                server.transact(bad)
        outcomes = server.transact_many(
            [writing(change("a")), writing(change(f"c{number}")), lambda tx: tx.read("N-1", None)]
        )
        assert [type(each).__name__ for each in outcomes] == ["Conflict", "NoneType", "Conflict"]
        advance(server, "a")
    assert len(server.events("a")) == 9


def test_a_worker_hears_at_once_of_a_message_that_another_program_wrote(
    server: PostgresStore, postgres_dsn: str
) -> None:
    other = PostgresStore(postgres_dsn)
    other.migrate()
    hints = server.hints()
    assert not hints.wait(0.01)
    put(other, change("a"))
    assert not hints.wait(0.01)
    put(other, change("b", notifications=[message("b", 1)]))
    assert hints.wait(20)
    with _as_admin(postgres_dsn) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guanjia'")
    assert not hints.wait(0.01)
    assert not hints.wait(0.01)
    hints.close()
    other.close()


def test_workers_divide_what_is_due_without_waiting_for_each_other(server: PostgresStore, postgres_dsn: str) -> None:
    put(server, *(change(f"c{number}", about=columns(f"N-{number}", next_due=number)) for number in range(6)))
    other = PostgresStore(postgres_dsn)

    def fire(tx: Transaction, case: str) -> None:
        held = tx.read(case, None).held
        assert held is not None
        tx.write(change(case, held.seq, about=columns(f"N-{case[1:]}", next_due=None)))

    def first(tx: Transaction, case: str) -> None:
        fire(tx, case)
        if case == "c0":
            taken.extend(case for case, _ in other.transact_due(10, 3, fire))

    taken: list[str] = []
    assert [case for case, _ in server.transact_due(10, 3, first)] == ["c0", "c1", "c2"]
    assert taken == ["c3", "c4", "c5"]
    assert list(server.due(10)) == []
    other.close()


@pytest.mark.parametrize("bad", ["", "refused by the work", "refused by the server"])
def test_due_cases_are_written_in_one_exchange_and_one_that_fails_harms_no_other(
    server: PostgresStore, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    put(server, *(change(name, about=columns(f"N-{name}", next_due=10)) for name in "abc"))
    put(server, change("d", notifications=[message("b", 1)]))
    trips: list[int] = []
    run = PostgresTransaction._run
    monkeypatch.setattr(PostgresTransaction, "_run", lambda tx, *more: (trips.append(len(more)), run(tx, *more))[1])

    def work(tx: Transaction, case: str) -> str:
        held = tx.read(case, None).held
        assert held is not None
        twice = [message("b", 1)] if case == "b" and bad == "refused by the server" else []
        tx.write(change(case, held.seq, about=columns(f"N-{case}"), notifications=twice))
        if case == "b" and bad == "refused by the work":
            raise StoreError(Text("不行", "no"))
        return case

    done = dict(server.transact_due(10, 50, work))
    assert (done["a"], done["c"]) == ("a", "c")
    assert isinstance(done["b"], StoreError) == bool(bad)
    assert [len(server.events(name)) for name in "abc"] == [2, 1 if bad else 2, 2]
    assert bad == "refused by the server" or len(trips) == 2
    assert server.due(10) == (["b"] if bad else [])


def test_what_the_server_could_not_serialize_runs_again(server: PostgresStore, postgres_dsn: str) -> None:
    """Under the strictest isolation, which a cluster that is compatible with PostgreSQL may force on everybody."""
    put(server, change("a"), change("b"))
    strict = PostgresStore(f"{postgres_dsn}%20-cdefault_transaction_isolation%3Dserializable")
    attempts: list[int] = []

    def work(tx: Transaction) -> None:
        tx.read("b", None)
        if not attempts:
            advance(server, "a")
        held = tx.read("a", None).held if attempts else None
        attempts.append(0)
        held = held or tx.read("a", None).held
        assert held is not None
        tx.write(change("a", held.seq))

    strict.transact(work)
    assert len(attempts) == 2
    assert len(server.events("a")) == 3
    strict.close()
