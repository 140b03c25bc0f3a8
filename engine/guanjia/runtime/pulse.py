"""Whether a worker is alive and of use, for whoever watches over it: systemd, the platform of a container, a balancer.

It is alive while it shows signs of life: a round that ended, well or not, a message handed over, some due cases committed. It is
ready when its last round reached the database, and it has not been told to stop. A database that is away makes a
worker unready, not dead: to start it anew would not bring the database back. systemd hears of it by its notification socket
(sd_notify), everybody else by HTTP.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from ..errors import Refused, Text, because

SILENCE = 180.0
"""Seconds without a sign of life after which a worker counts as hung: longer than any one thing that it does may take."""

OFTEN = 1.0
"""Seconds between two words to systemd."""


class Pulse:
    """Signs of life of one worker, by the machine's monotonic clock. Safe from any thread."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._last = seconds()
        self._told = float("-inf")
        self._well = False
        self._stopping = False
        self._ready = False

    @property
    def alive(self) -> bool:
        return self._seconds() - self._last < SILENCE

    @property
    def ready(self) -> bool:
        return self.alive and self._well and not self._stopping

    def beat(self) -> None:
        """It does something."""
        self._last = self._seconds()
        if self._last - self._told >= OFTEN:
            self._told = self._last
            notify("WATCHDOG=1")

    def ended(self, *, well: bool) -> None:
        """A round is over; `well`: it reached the database."""
        self._well = well
        self.beat()
        if well and not self._ready:
            self._ready = True
            notify("READY=1")

    def stop(self) -> None:
        self._stopping = True
        notify("STOPPING=1")


def notify(state: str) -> None:
    """Tell systemd, where it asked for it. Whoever does not listen must not stop the work."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    where = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            out.sendto(state.encode(), where)
    except OSError:
        return


class Answering:
    """Answers `GET /live` and `GET /ready` at an address: 200 or 503, and one word. Refused when the address cannot be had."""

    def __init__(self, pulse: Pulse, host: str, port: int) -> None:
        class Asked(BaseHTTPRequestHandler):
            server_version, sys_version, timeout = "guanjia", "", 5

            def do_GET(self) -> None:
                answers = {"/live": pulse.alive, "/ready": pulse.ready}
                good = answers.get(self.path)
                code, word = (404, "unknown") if good is None else (200, "ok") if good else (503, "unavailable")
                body = f"{word}\n".encode()
                self.send_response(code)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Who asks is nobody's concern."""

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """One that asks nonsense or goes away is no error of ours."""

        try:
            self._server = Server((host, port), Asked)
        except OSError as error:
            why = because(error)
            raise Refused(
                "address",
                Text(f"不能在 {host}:{port} 上应答：{why.zh}。", f"Cannot answer at {host}:{port}: {why.en}."),
                Text("请换一个地址或端口。", "Give another address or port."),
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="guanjia-health", daemon=True)

    def __enter__(self) -> Answering:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
