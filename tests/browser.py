"""A real browser for the tests: Debian's chromium, driven by its own chromedriver in the W3C WebDriver protocol.

The protocol is JSON over HTTP, so that the standard library is all it takes (docs/decisions). Where chromium is not installed the
tests are skipped, loudly; in CI they fail. The browser has a profile of its own, asks no other machine for anything, and is gone
afterwards.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""By which the protocol names elements."""
WAIT = 20_000
"""Milliseconds that something may take to be there."""

FOREIGN = "preview.example"
"""A name of somebody else that is pointed at this machine; every other name leads nowhere."""

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--disable-default-apps", "--no-default-browser-check", "--mute-audio",
    f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


def find() -> tuple[str, str] | None:
    """chromium and chromedriver; None where one of them is not there."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


def required() -> bool:
    return bool(os.environ.get("CI")) or os.environ.get("GUANJIA_REQUIRE_BROWSER") == "1"


class Browser:
    """One window. What is looked for is waited for, by the driver and not by sleeping."""

    def __init__(self, port: int, binary: str, profile: str) -> None:
        self._port = port
        options = {"binary": binary, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"goog:chromeOptions": options, "timeouts": {"implicit": WAIT, "script": WAIT, "pageLoad": WAIT}, "goog:loggingPrefs": {"browser": "ALL"}}  # fmt: skip
        self._session = ""
        self._session = str(self._say("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"])

    def _say(self, method: str, path: str, given: Mapping[str, Any] | None = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            where = f"/session/{self._session}{path}" if self._session else "/session"
            connection.request(method, where, None if given is None else json.dumps(given), {"Content-Type": "application/json"})  # fmt: skip
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{answer['error']}: {answer['message'].splitlines()[0]}")
        return answer

    # -- windows

    def go(self, address: str) -> None:
        self._say("POST", "/url", {"url": address})

    def size(self, width: int, height: int = 900, *, phone: bool = False) -> None:
        """The size of what is seen of the page, in its pixels."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def colours(self, scheme: str) -> None:
        """`light` or `dark`, as whoever looks has set the system."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def cdp(self, command: str, **parameters: Any) -> Any:
        return self._say("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        told = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(told["data"]))

    def complaints(self) -> list[str]:
        """What the browser had to say against the page: errors of scripts, and what its policy kept from it."""
        return [str(entry["message"]) for entry in self._say("POST", "/se/log", {"type": "browser"})]

    def close(self) -> None:
        self._say("DELETE", "")

    # -- what is on the page

    def run(self, script: str, *given: Any) -> Any:
        return self._say("POST", "/execute/sync", {"script": script, "args": list(given)})

    def one(self, css: str, text: str = "") -> str:
        """An element, once there is one; with `text` the first in which these words stand."""
        how = {"using": "xpath", "value": _with(css, text)} if text else {"using": "css selector", "value": css}
        return str(self._say("POST", "/element", how)[ELEMENT])

    def text(self, css: str) -> str:
        """All words of an element, those too that have to be scrolled to."""
        return str(self._say("GET", f"/element/{self.one(css)}/text"))

    def wait(self, css: str, text: str) -> None:
        self.one(css, text)

    def click(self, css: str, text: str = "") -> None:
        """Click it; where it was drawn anew at that very moment, the new one."""
        for last in (False, False, True):
            try:
                found = self.one(css, text)
                self.run("arguments[0].scrollIntoView({block: 'center'})", {ELEMENT: found})  # not below the header
                self._say("POST", f"/element/{found}/click", {})
                return
            except AssertionError as error:
                if last or not str(error).startswith("stale"):
                    raise

    def type(self, css: str, text: str) -> None:
        found = self.one(css)
        self._say("POST", f"/element/{found}/clear", {})
        self._say("POST", f"/element/{found}/value", {"text": text})

    def choose(self, css: str, value: str) -> None:
        """An option of a select by its value."""
        self._say("POST", f"/element/{self.one(f'{css} option[value={json.dumps(value)}]')}/click", {})


def _with(tag: str, text: str) -> str:
    """The innermost element of the kind (`tag`, `tag#id` or `#id`) in which these words stand."""
    found = re.fullmatch(r"([a-z0-9]*)(?:#([\w-]+))?(?: ([a-z0-9]+))?", tag)
    assert found is not None, tag
    first, identity, below = found.groups()
    path = f"//{first or '*'}" + (f"[@id='{identity}']" if identity else "") + (f"//{below}" if below else "")
    assert "'" not in text
    return f"{path}[contains(normalize-space(.), '{text}')]"


@contextmanager
def running(found: tuple[str, str]) -> Iterator[Browser]:
    """A browser with a profile of its own, ended with all that it started."""
    binary, driver = found
    with tempfile.TemporaryDirectory(prefix="guanjia-browser-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**{name: value for name, value in os.environ.items() if "proxy" not in name.lower()}, "HOME": folder},
        )  # fmt: skip
        try:
            assert process.stdout is not None
            told = (re.search(r"successfully on port (\d+)", line) for line in process.stdout)
            port = next(int(line[1]) for line in told if line)
            browser = Browser(port, binary, f"{folder}/profile")
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout is not None:
                process.stdout.close()
