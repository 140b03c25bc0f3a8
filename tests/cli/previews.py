"""A preview that runs beside a test: its server, and requests to it as a browser sends them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import Any

from guanjia.cli.preview.server import Bell, Server
from guanjia.cli.preview.session import Session
from guanjia.clock import ManualClock

from tests import offices
from tests.offices import MONDAY


class Preview:
    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.host = f"127.0.0.1:{server.port}"

    @property
    def address(self) -> str:
        return self.server.address

    def request(
        self, path: str = "", *, method: str = "GET", token: str | None = None, body: bytes | None = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:  # fmt: skip
        """One request; `headers` by their names with `_` for `-`, an empty one is left out."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        given = {"Host": self.host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            connection.putrequest(method, f"/{self.server.token if token is None else token}/{path}", skip_host=True)
            for name, value in {**given, **({} if body is None else {"Content-Length": str(len(body))})}.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def state(self, language: str = "en", **asked: str) -> dict[str, Any]:
        query = "&".join(f"{name}={value}" for name, value in {"lang": language, **asked}.items())
        answer, body = self.request(f"state?{query}", Sec_Fetch_Site="same-origin")
        assert answer.status == 200, body
        told: dict[str, Any] = json.loads(body)
        return told

    def play(self, do: str, name: str = "", language: str = "en", **asked: Any) -> dict[str, Any]:
        """What the page is answered when somebody plays: the state, or the problem."""
        body = json.dumps({"do": do, "name": name, "lang": language, **asked}).encode()
        own = {"Origin": f"http://{self.host}", "Content_Type": "application/json"}
        answer, told = self.request("play", method="POST", body=body, **own)
        assert answer.status == 200, told
        played: dict[str, Any] = json.loads(told)
        return played

    def follow(self, after: int) -> Iterator[int]:
        """The numbers that a page which follows is told."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("GET", f"/{self.server.token}/follow?after={after}")
        try:
            for line in connection.getresponse():
                if line.startswith(b"data: "):
                    yield int(line[6:])
        finally:
            connection.close()

    def until(self, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The state once it is so, as a page comes to know it."""
        while not holds(state := self.state()):
            next(self.follow(state["number"]))
        return state

    def stories(self, number: int) -> dict[str, Any]:
        """The state once so many stories have run."""
        return self.until(lambda it: not it["stories"]["running"] and len(it["stories"]["results"]) >= number)


class _Nothing(dict[str, Any]):
    """Keeps nothing."""

    def __setitem__(self, name: str, value: Any) -> None: ...


@contextmanager
def previewed(folder: Path) -> Iterator[Preview]:
    # Files are saved while they are looked at: what was read then is not what the digest was of, and must not be kept for others.
    kept, offices.READ = offices.READ, _Nothing()
    try:
        with _served(folder) as preview:
            yield preview
    finally:
        offices.READ = kept


@contextmanager
def _served(folder: Path) -> Iterator[Preview]:
    bell = Bell()
    session = Session(folder, bell, "en", ManualClock(MONDAY))
    server = Server(0, session.answer, session.look, bell, str(folder))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Preview(folder, server)
    finally:
        server.shutdown()
        server.server_close()
        session.close()
        thread.join(10)
