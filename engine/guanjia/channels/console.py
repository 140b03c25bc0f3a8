"""Prints messages where the worker runs: for trying things out."""

from __future__ import annotations

import sys
from textwrap import indent
from typing import TextIO

from ..model.event import Notification
from ..terminal import safe_text


class Console:
    name = "console"

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream

    def send(self, notification: Notification) -> str:
        stream = self.stream or sys.stdout
        to = safe_text(f"{notification.recipient} {notification.address}".strip())
        text = safe_text(notification.body, newlines=True).rstrip()
        stream.write(
            f"--- {to}: {safe_text(notification.subject)}\n{indent(text, '  ')}\n"
        )  # no text looks like a head
        stream.flush()
        return "printed"

    def close(self) -> None:
        pass
