"""The server of the page: this machine only, for whoever knows the address, and for no page but its own.

It listens on 127.0.0.1. Every path begins with a token that nobody can guess; the host of a request must be this server's own, so
that no foreign name can be pointed at it; what changes something, and all data, is refused to other pages of the same browser. Nothing
is asked of any other machine, and the page may not either (Content-Security-Policy).
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Condition, Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ...errors import Text
from ..failure import describe, write_down

HOST = "127.0.0.1"
MOST = 1_000_000
"""Bytes of one request."""
PAUSE = 0.4
"""Seconds between two looks at the files, while somebody follows them."""
SILENCE = 10.0
"""Seconds after which a page that follows is told that nothing has changed: whoever has gone is noticed so."""
PATIENCE = 30
"""Seconds that a connection may take to say what it wants."""

PARTS = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

Plain = Mapping[str, Any]


class Bell:
    """A number that grows with everything that changes; whoever follows waits for the next one."""

    def __init__(self) -> None:
        self.number = 0
        self._turn = Condition()

    def ring(self) -> None:
        with self._turn:
            self.number += 1
            self._turn.notify_all()

    def wait(self, after: int, seconds: float) -> int:
        """The number as it is, once it is another than `after` or the seconds are over."""
        with self._turn:
            self._turn.wait_for(lambda: self.number != after, seconds)
            return self.number


class Server(ThreadingHTTPServer):
    """`answer(what, asked)` gives what the page asks for; it, and `look`, which says whether a file has changed, run in one thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, port: int, answer: Callable[[str, Plain], Plain], look: Callable[[], bool], bell: Bell, folder: str) -> None:  # fmt: skip
        self.token = secrets.token_urlsafe(24)
        self.bell, self.folder = bell, folder
        self.ended = Event()
        self.followers = 0
        self._answer, self._look = answer, look
        self._worker = ThreadPoolExecutor(1, "preview")
        self._files = Thread(target=self._follow, name="files")
        super().__init__((HOST, port), Handler)
        self._files.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/{self.token}/"

    def ask(self, what: str, asked: Plain) -> Plain:
        return self._worker.submit(self._answer, what, asked).result()

    def _follow(self) -> None:
        """Look at the files again and again, while somebody follows them."""
        while not self.ended.wait(PAUSE):
            if not self.followers:
                continue
            try:
                if self._worker.submit(self._look).result():
                    self.bell.ring()
            except (RuntimeError, CancelledError):  # it ends just now
                return
            except Exception as error:
                self.failed(error)

    def failed(self, error: BaseException) -> str | None:
        return write_down(describe(error, ["preview"]), self.folder)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever reads us may go at any time; all else is written down."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.failed(error)

    def server_close(self) -> None:
        self.ended.set()
        self.bell.ring()
        super().server_close()
        self._worker.shutdown(cancel_futures=True)
        if self._files.is_alive():
            self._files.join()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "guanjia", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        path = self._admitted()
        if path is None:
            return
        name, asked = path, dict(parse_qsl(urlsplit(self.path).query, max_num_fields=20))
        if name in PARTS:
            file, kind = PARTS[name]
            self._send(HTTPStatus.OK, (files(__package__) / file).read_bytes(), kind)
        elif name == "follow":
            self._follow(asked.get("after", ""))
        elif name == "state":
            self._tell(name, asked)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, Text("没有这一页。", "There is no such page."))

    def do_POST(self) -> None:
        path = self._admitted(changing=True)
        if path is None:
            return
        if path != "play":
            self._refuse(HTTPStatus.NOT_FOUND, Text("没有这一页。", "There is no such page."))
            return
        asked = self._read()
        if asked is not None:
            self._tell(path, asked)

    # -- who asks

    def _admitted(self, *, changing: bool = False) -> str | None:
        """The path behind the token; None where the request was refused."""
        server, parts = self.server, urlsplit(self.path).path.split("/")
        own = {f"{host}:{server.port}" for host in (HOST, "localhost")}
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site")
        host = self.headers.get("Host", "")
        token = parts[1] if len(parts) == 3 else ""
        foreign = origin is not None and origin not in {f"http://{name}" for name in own}
        if host not in own:
            self._refuse(
                HTTPStatus.MISDIRECTED_REQUEST,
                Text("这个地址不是本机的预览。", "This address is not that of the preview."),
            )
        elif not secrets.compare_digest(token.encode(), server.token.encode()):
            self._refuse(
                HTTPStatus.NOT_FOUND,
                Text(
                    "地址不完整：请用 guanjia preview 显示的整个地址。",
                    "The address is not whole: take all of what guanjia preview shows.",
                ),
            )
        elif foreign or (changing and origin is None) or not _same(site, page=parts[2] == ""):
            self._refuse(
                HTTPStatus.FORBIDDEN, Text("只回答预览自己的页面。", "Only the page of the preview itself is answered.")
            )
        else:
            return parts[2]
        return None  # fmt: skip

    def _read(self) -> Plain | None:
        """What a request brought: an object of JSON. None where it was refused."""
        kind, length = self.headers.get_content_type(), self.headers.get("Content-Length", "")
        if kind != "application/json" or not (length.isascii() and length.isdigit()) or len(length) > 9:
            self._refuse(HTTPStatus.BAD_REQUEST, Text("要 JSON。", "JSON is wanted."))
        elif int(length) > MOST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Text("太长了。", "That is too long."))
        else:
            try:
                asked = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                asked = None
            if isinstance(asked, dict):
                return asked
            self._refuse(HTTPStatus.BAD_REQUEST, Text("要 JSON。", "JSON is wanted."))
        return None

    # -- what is answered

    def _tell(self, what: str, asked: Plain) -> None:
        try:
            told = self.server.ask(what, asked)
        except Exception as error:
            if self.server.ended.is_set():
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, Text("预览已停止。", "The preview has stopped."))
                return
            place = self.server.failed(error) or "-"
            self._refuse(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                Text(f"程序内部出错，细节写在 {place}。", f"The program itself failed; the details are in {place}."),
            )
            return
        self._send(HTTPStatus.OK, json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"), "application/json")

    def _follow(self, after: str) -> None:
        """Tell each number of the bell, until the page or the server has gone (server-sent events)."""
        number = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else -1
        server = self.server
        self.close_connection = True
        self._head(HTTPStatus.OK, "text/event-stream")
        self.end_headers()
        server.followers += 1
        try:
            while not server.ended.is_set():
                now = server.bell.wait(number, SILENCE)
                self.wfile.write(b": still\n\n" if now == number else f"data: {now}\n\n".encode())
                self.wfile.flush()
                number = now
        except OSError:
            pass  # the page has gone
        finally:
            server.followers -= 1

    def _refuse(self, status: HTTPStatus, why: Text) -> None:
        self.close_connection = True  # what else was sent is not read
        self._send(status, json.dumps({"problem": str(why)}, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self._head(status, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in HEADERS.items():
            self.send_header(name, value)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses by itself (a method that there is not, a line too long) is answered as all else."""
        self.close_connection = True
        self._send(HTTPStatus(code), json.dumps({"problem": HTTPStatus(code).phrase}).encode(), "application/json")

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are nobody's business: the terminal stays as it is."""


def _same(site: str | None, *, page: bool) -> bool:
    """Whether the browser says that it is the page that asks: the page itself may be called up from anywhere."""
    return site is None or site in ("same-origin", "none") or page
