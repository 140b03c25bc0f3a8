"""What a channel is: something that takes a rendered notification and hands it over to the outside, or says why not.

A channel is handed the same notification again after a crash or a retry, always with the same key, and puts that key where
the receiver can see it (Message-ID, file name). It says "no" by `Undeliverable`: for good (a wrong address) or for now.
"""

from __future__ import annotations

from typing import Protocol

from ..errors import GuanjiaError, Text
from ..model.event import Notification


class Undeliverable(GuanjiaError):
    """The other side did not take it. `permanent`: trying again will not help."""

    def __init__(self, text: Text, *, permanent: bool = False) -> None:
        super().__init__(text)
        self.permanent = permanent


class Channel(Protocol):
    name: str

    def send(self, notification: Notification) -> str:
        """Hand it over; returns a short note for the record (e.g. the server's answer). Undeliverable when refused."""

    def close(self) -> None: ...
