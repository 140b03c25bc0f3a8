"""The YAML language server that editors use, over its standard input and output, asked one thing at a time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.offices import ROOT

PLACE = ROOT / "build/editor/node_modules/yaml-language-server/bin/yaml-language-server"
"""Where `make editor` puts it."""


class Server:
    def __init__(self, schemas: Mapping[str, str | Sequence[str]]) -> None:
        """`schemas`: file of a schema -> the files that it is for."""
        self.process = subprocess.Popen(["node", str(PLACE), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.number = 0
        self.told: dict[str, list[Any]] = {}
        self.settings = {
            "yaml": {
                "schemas": {Path(file).as_uri(): glob for file, glob in schemas.items()}, "completion": True, "hover": True, "validate": True,
                "schemaStore": {"enable": False},
            }
        }  # fmt: skip
        about = {"processId": None, "rootUri": None, "capabilities": {"workspace": {"configuration": True}}}
        self.ask("initialize", about)
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": self.settings})

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        mine = self.number
        self._send({"id": mine, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == mine and "method" not in message:
                return message.get("result")
            self._answer(message)

    def open(self, uri: str, text: str) -> list[Any]:
        """Show it a file; what it finds wrong there."""
        self.told.pop(uri, None)
        self.tell(
            "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}
        )
        while uri not in self.told:
            self._answer(self._receive())
        return self.told[uri]

    def _answer(self, message: Mapping[str, Any]) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            self.told[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:
            asked = message.get("params") or {}
            wanted = [self.settings.get(item.get("section")) for item in asked.get("items", ())]
            self._send(
                {"id": message["id"], "result": wanted if message["method"] == "workspace/configuration" else None}
            )

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        size = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        if not size:
            raise EOFError("the language server has ended")
        found: dict[str, Any] = json.loads(self.process.stdout.read(size))
        return found
