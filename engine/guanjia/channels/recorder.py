"""A channel that hands over to nobody: what a drill would have sent outside, and what stories send.

The message stays in the outbox with the note that it was recorded.
"""

from __future__ import annotations

from ..model.event import Notification


class Recorder:
    def __init__(self, name: str = "recorder") -> None:
        self.name = name

    def send(self, notification: Notification) -> str:
        return "recorded"

    def close(self) -> None:
        pass
