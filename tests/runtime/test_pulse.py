"""Whoever watches over a worker learns in time that it hangs, is of no use, or is on its way out; by HTTP and by systemd's socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from guanjia.errors import GuanjiaError, Refused, StoreError, Text
from guanjia.runtime import pulse as pulses, stats
from guanjia.runtime.pulse import SILENCE, Answering, Pulse
from guanjia.runtime.worker import WORD, Worker
from guanjia.store import open_store

from tests.core.test_statecharts import FLAT
from tests.offices import ROOT, clock_of, engine, shipped, small


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def desk(tmp_path):
    return engine(small(tmp_path, FLAT))


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch):
    """The socket on which systemd listens; what it has heard."""
    path = str(tmp_path / "notify")
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(path)
    ear.setblocking(False)
    monkeypatch.setenv("NOTIFY_SOCKET", path)

    def heard() -> list[str]:
        words = []
        while True:
            try:
                words.append(ear.recv(100).decode())
            except BlockingIOError:
                return words

    yield heard
    ear.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def asked(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_is_alive_while_it_does_something_and_ready_once_a_round_went_well(seconds):
    pulse = Pulse(seconds)
    assert (pulse.alive, pulse.ready) == (True, False)
    pulse.ended(well=True)
    assert (pulse.alive, pulse.ready) == (True, True)
    seconds.now += SILENCE
    assert (pulse.alive, pulse.ready) == (False, False)
    pulse.beat()
    assert (pulse.alive, pulse.ready) == (True, True)
    pulse.ended(well=False)
    assert (pulse.alive, pulse.ready) == (True, False)
    pulse.ended(well=True)
    pulse.stop()
    assert (pulse.alive, pulse.ready) == (True, False)


def test_a_long_round_shows_signs_of_life_between_its_pieces(desk, seconds):
    """Each message takes two minutes; the round takes far longer than anybody would wait for a sign."""
    worker = Worker(desk, pulse=Pulse(seconds))
    alive = []

    class Slow:
        name = "file"

        def send(self, notification):
            seconds.now += 120
            alive.append(worker.pulse.alive)
            return "ok"

    from tests.runtime.test_parked import MONDAY  # the office tells on opening

    desk = engine(small(desk.files.folder.parent / "telling", FLAT.replace("  new:\n", "  new:\n    entry: [{notify: {told: agent}}]\n"), templates=("told",)), at=MONDAY)  # fmt: skip
    worker.engine = desk
    desk.channels["file"] = Slow()
    for _ in range(3):
        desk.open("desk", actor="agent.wang", summary="x")
    worker.run_once()
    assert len(alive) == 6
    assert all(alive)


def test_a_database_that_is_away_makes_it_unready_and_not_dead(desk, monkeypatch):
    worker = Worker(desk)
    worker._round()
    assert worker.pulse.ready

    def away(**_: object) -> None:
        raise StoreError(Text("不在", "away"))

    monkeypatch.setattr(desk, "run_once", away)
    worker._round()
    assert (worker.pulse.alive, worker.pulse.ready) == (True, False)
    monkeypatch.undo()
    worker._round()
    assert worker.pulse.ready


def test_it_answers_by_http(seconds):
    pulse, port = Pulse(seconds), free_port()
    with Answering(pulse, "127.0.0.1", port):
        assert [asked(port, path) for path in ("/live", "/ready")] == [(200, "ok\n"), (503, "unavailable\n")]
        pulse.ended(well=True)
        assert [asked(port, path)[0] for path in ("/live", "/ready", "/", "/live/x", "/../etc/passwd")] == [
            200,
            200,
            404,
            404,
            404,
        ]
        assert asked(port, "/ready", "HEAD") == (200, "")
        assert asked(port, "/ready", "POST")[0] == 501
        seconds.now += SILENCE
        assert asked(port, "/live")[0] == 503
        with socket.create_connection(("127.0.0.1", port)) as rude:  # says nothing, and harms nobody
            rude.sendall(b"\x00\xff\r\n")
            pulse.ended(well=True)
            assert asked(port, "/live")[0] == 200
        with pytest.raises(Refused, match="another program has it"):
            Answering(pulse, "127.0.0.1", port)
    with pytest.raises(Refused):
        Answering(pulse, "192.0.2.1", port)
    Answering(pulse, "127.0.0.1", port)._server.server_close()  # given back


def test_systemd_hears_when_it_is_ready_lives_and_stops(seconds, systemd):
    pulse = Pulse(seconds)
    pulse.ended(well=False)
    assert systemd() == ["WATCHDOG=1"]
    pulse.ended(well=True)
    pulse.ended(well=True)
    assert systemd() == ["READY=1"]
    seconds.now += 1
    pulse.beat()
    pulse.beat()
    assert systemd() == ["WATCHDOG=1"]
    pulse.stop()
    assert systemd() == ["STOPPING=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens"])
def test_a_systemd_that_does_not_listen_stops_nothing(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    pulses.notify("READY=1")


def test_a_real_worker_answers_and_tells_systemd(tmp_path, systemd):
    office, port = shipped(tmp_path / "office"), free_port()
    worker = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "--lang", "en", "--office", str(office), "work", "--health", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert worker.stdout is not None
    worker.stdout.readline()
    while asked(port, "/ready")[0] != 200:
        assert worker.poll() is None
    assert asked(port, "/live") == (200, "ok\n")
    worker.send_signal(signal.SIGTERM)
    _, errors = worker.communicate(timeout=30)
    assert (worker.returncode, errors) == (0, "")
    words = systemd()
    assert (words.count("READY=1"), words.count("STOPPING=1"), "WATCHDOG=1" in words) == (1, 1, True)


@pytest.mark.parametrize("out", ["/dev/full", "pipe"])
def test_a_log_that_nobody_takes_does_not_stop_the_work(tmp_path, out):
    """A full disk, or a reader that has gone: what waits is sent all the same."""
    office = small(
        tmp_path / "office",
        FLAT.replace("  new:\n", "  new:\n    entry: [{notify: {told: agent}}]\n"),
        templates=("told",),
    )
    cli = [sys.executable, str(ROOT / "cli.py"), "--office", str(office), "--as", "agent.wang"]
    for number in range(3):
        subprocess.run([*cli, "open", "desk", "--summary", str(number)], check=True, capture_output=True)
    if out == "pipe":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open(out, os.O_WRONLY)
    said = subprocess.run(
        [*cli, "work", "--once", "--log", "json"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert "Traceback" not in said.stderr
    store = open_store(office / "guanjia.db")
    assert store.outbox_counts()["sent"] == 6
    store.close()


# -- what is left in the database


def test_workers_are_known_by_their_last_round_until_they_go(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)
    first, second = Worker(desk, name="1"), Worker(desk, name="2")
    first.run_once()
    begun = desk.clock.now()
    clock_of(desk).advance(WORD // 2)
    first.run_once()
    second.run_once()
    assert [(it.name.rpartition(":")[2], it.last_round - begun) for it in stats.workers(store, desk.clock.now())] == [
        ("2", WORD // 2),
        ("1", 0),
    ]
    clock_of(desk).advance(WORD)
    first.run_once()
    second._leave()
    assert [(it.name.rpartition(":")[2], it.last_round - begun) for it in stats.workers(store, desk.clock.now())] == [
        ("1", WORD + WORD // 2)
    ]
    clock_of(desk).advance(stats.FORGOTTEN)
    assert stats.workers(store, desk.clock.now()) == []
    second.run_once()
    assert store.setting("workers").count(":") == 2  # the other is forgotten


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"x": "y"}', '{"x": null}', "9" * 5000, "[" * 99999])
def test_a_damaged_list_of_workers_is_written_anew(desk, kept):
    desk.store.set_setting("workers", kept)
    assert stats.workers(desk.store, 0) == []
    try:
        Worker(desk).run_once()
    except GuanjiaError:
        pytest.fail("the round must not fail for it")
    assert len(stats.workers(desk.store, desk.clock.now())) == 1
