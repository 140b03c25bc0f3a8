"""Mail against real servers on loopback: whatever they answer, the message is kept and keeps its identity."""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import select
import socket
import stat
import threading

import pytest
from aiosmtpd.controller import Controller
from guanjia.channels.file import FileChannel
from guanjia.channels.interface import Undeliverable
from guanjia.channels.mail import MailChannel, compose
from guanjia.clock import MINUTE, SECOND, ManualClock
from guanjia.model.event import Notification
from guanjia.runtime.delivery import BACK_OFF, deliver
from guanjia.store.memory import MemoryStore
from hypothesis import given, settings, strategies as st

from tests.store.making import change as written

NOW = 1_772_413_200_000_000


def message(**changes) -> Notification:
    given = {
        "key": "case:3:late:customer:mail", "case": "case", "seq": 3, "template": "late", "recipient": "customer",
        "channel": "mail", "address": "王芳 <fang@example.com>", "language": "zh", "subject": "【TS-1】已受理", "body": "您好。\n已受理。\n",
        "created_at": NOW,
    }  # fmt: skip
    return Notification(**(given | changes))


class Inbox:
    """A server that takes everything, or answers what it is told to."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.taken: list[email.message.EmailMessage] = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return self.answer


@pytest.fixture
def inbox():
    handler = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


def channel(port: int, timeout: float = 5) -> MailChannel:
    return MailChannel(
        {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "管家 <office@example.com>",
            "timeout": timeout,
        }
    )


def test_a_mail_arrives_with_its_words_and_its_identity(inbox):
    for _ in range(2):
        channel(inbox.port).send(message())
    first, second = inbox.taken
    assert first["Subject"] == "【TS-1】已受理"
    assert first.get_content().replace("\r\n", "\n") == "您好。\n已受理。\n"
    assert first["To"].addresses[0].display_name == "王芳"
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(("answer", "permanent"), [("451 later", False), ("554 never", True)])
def test_what_the_server_says_decides_whether_it_is_tried_again(inbox, answer, permanent):
    inbox.answer = answer
    with pytest.raises(Undeliverable) as refused:
        channel(inbox.port).send(message())
    assert refused.value.permanent is permanent
    assert answer.split()[1] in str(refused.value)


def peer(script) -> int:
    """A server that does what `script(connection)` does, once."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            script(connection)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def silent(connection) -> None:
    connection.recv(1000)


def nonsense(connection) -> None:
    connection.sendall(b"\x00\xff hello?\r\n")
    connection.recv(1000)


def trickles(connection) -> None:
    """Always in time for the next byte, and never at the end."""
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"2")
            if select.select([connection], [], [], 0.02)[0] and not connection.recv(100):
                return


def talks_without_end(connection) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"220-and another thing\r\n" * 100)


def dies_after_taking(connection) -> None:
    connection.sendall(b"220 x\r\n")
    for answer in (b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
        connection.recv(10_000)
        connection.sendall(answer)
    connection.recv(100_000)


@pytest.mark.parametrize("script", [silent, nonsense, trickles, talks_without_end, dies_after_taking])
def test_a_peer_that_hangs_talks_nonsense_or_dies_costs_nothing_but_time(script):
    with pytest.raises(Undeliverable) as refused:
        channel(peer(script), timeout=0.3).send(message())
    assert not refused.value.permanent


def taking(*farewell: bytes):
    """Takes the message, and then says what is given."""

    def script(connection) -> None:
        connection.sendall(b"220 x\r\n")
        for answer in (b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n", *farewell):
            connection.recv(100_000)
            connection.sendall(answer)
        connection.recv(100)

    return script


@pytest.mark.parametrize("farewell", [(), (b"421 I am off\r\n",), (b"\x00\xff\r\n",), (b"221",)])
def test_what_a_peer_has_accepted_is_not_sent_again_whatever_it_says_afterwards(farewell):
    assert "accepted" in channel(peer(taking(*farewell)), timeout=0.3).send(message())


def test_a_peer_that_is_not_there_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Undeliverable) as refused:
        channel(port).send(message())
    assert not refused.value.permanent


@settings(deadline=None, max_examples=60)
@given(subject=st.text(max_size=80), body=st.text(max_size=200))
def test_no_subject_or_body_adds_a_header(subject, body):
    made = compose(message(subject=subject, body=body), "office@example.com", "example.com")
    read = email.message_from_bytes(made.as_bytes(), policy=email.policy.default)
    assert set(read.keys()) <= {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip


def test_a_file_that_is_handed_over_twice_is_one_file(tmp_path):
    files = FileChannel(tmp_path / "outbox")
    for _ in range(2):
        files.send(message(channel="file", address="customer"))
    (only,) = (tmp_path / "outbox").iterdir()
    assert "【TS-1】已受理" in only.read_text()


def test_messages_lie_for_their_owner_alone_unless_he_opens_the_folder(tmp_path):
    folder, files = tmp_path / "outbox", FileChannel(tmp_path / "outbox")
    before = os.umask(0o022)
    try:
        files.send(message(channel="file", address="customer"))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (only,) = folder.iterdir()
        for opened, readable in ((0o700, 0o600), (0o750, 0o640), (0o777, 0o644)):
            folder.chmod(opened)
            files.send(message(channel="file", address="customer"))
            assert stat.S_IMODE(only.stat().st_mode) == readable
    finally:
        os.umask(before)


def kept(*messages: Notification) -> MemoryStore:
    store = MemoryStore()
    store.migrate()
    change = written("case", steps=3, notifications=messages)
    store.transact(lambda tx: tx.write(change))
    return store


class Stubborn:
    """Refuses for now, for ever."""

    name = "mail"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def send(self, notification):
        raise self.error

    def close(self) -> None: ...


def test_a_message_is_tried_again_ever_later_and_then_is_a_dead_letter():
    from guanjia.errors import Text

    store = kept(message())
    now, waits = NOW, []
    for _ in range(len(BACK_OFF)):
        done = deliver(store, {"mail": Stubborn(Undeliverable(Text("不", "no")))}, ManualClock(now), "w")
        assert done.failed == 1
        (row,) = store.outbox()
        waits.append((row.next_at or 0) - now)
        now = row.next_at or 0
    assert tuple(waits) == BACK_OFF
    assert deliver(store, {"mail": Stubborn(Undeliverable(Text("不", "no")))}, ManualClock(now), "w").dead == 1
    assert store.outbox()[0].status == "dead"


def test_a_fault_of_the_channel_loses_nothing():
    store = kept(message())
    assert deliver(store, {"mail": Stubborn(ZeroDivisionError("oops"))}, ManualClock(NOW), "w").failed == 1
    assert "ZeroDivisionError" in (store.outbox()[0].last_error or "")


def test_a_worker_that_died_while_sending_is_followed_by_another():
    store = kept(message())
    assert len(store.claim(NOW, "dead worker", NOW + MINUTE)) == 1
    assert not store.claim(NOW + 30 * SECOND, "other", NOW + 90 * SECOND)
    assert len(store.claim(NOW + MINUTE, "other", NOW + 2 * MINUTE)) == 1
    assert not store.sent(message().key, "dead worker", NOW + MINUTE)
    assert store.sent(message().key, "other", NOW + MINUTE)
