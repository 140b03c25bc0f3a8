"""A network that fails at the worst moment: a relay to a PostgreSQL server that hangs up at a COMMIT.

Either the commit never arrives, or it arrives and takes place, and its answer is lost. Whoever asked cannot tell which.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator

DONE = b"COMMIT\x00"


class Relay:
    """Listens on loopback; `ahead()` is asked at every COMMIT: "" lets it pass, "before" and "after" hang up."""

    def __init__(self, server: str, ahead: Callable[[], str]) -> None:
        self.ahead = ahead
        self.cuts: Counter[str] = Counter()
        self._server = f"{server}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._spawn(self._accept)

    def _spawn(self, run: Callable[..., None], *given: object) -> None:
        threading.Thread(target=run, args=given, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                loses = threading.Event()
                self._spawn(self._forth, client, server, loses)
                self._spawn(self._back, client, server, loses)

    def _forth(self, client: socket.socket, server: socket.socket, loses: threading.Event) -> None:
        tail = b""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                seen, tail = tail + data, data[-len(DONE) + 1 :]
                how = self.ahead() if DONE in seen else ""
                self.cuts[how] += DONE in seen
                if how == "before":
                    break
                if how == "after":
                    loses.set()
                server.sendall(data)
        if not loses.is_set():
            _hang_up(client, server)

    def _back(self, client: socket.socket, server: socket.socket, loses: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if loses.is_set() and DONE in data:  # what the server says when it is done
                    break
                if not loses.is_set():
                    client.sendall(data)
        _hang_up(client, server)

    def close(self) -> None:
        self._listener.close()


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextlib.contextmanager
def relay(server: str, ahead: Callable[[], str]) -> Iterator[Relay]:
    made = Relay(server, ahead)
    try:
        yield made
    finally:
        made.close()
