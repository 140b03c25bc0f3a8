"""How messages leave the house. Every channel is one class with `send`; see interface.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .interface import Channel, Undeliverable

__all__ = ["Channel", "Undeliverable", "open_channels"]


def open_channels(definition: Mapping[str, Any], folder: Path) -> dict[str, Channel]:
    """The channels that office.yaml names, and the recorder, which is always there for drills."""
    from .recorder import Recorder

    opened: dict[str, Channel] = {"recorder": Recorder()}
    if definition.get("console"):
        from .console import Console

        opened["console"] = Console()
    if definition.get("file") is not None:
        from .file import FileChannel

        opened["file"] = FileChannel(folder / definition["file"].get("folder", "outbox"))
    if definition.get("mail") is not None:
        from .mail import MailChannel

        opened["mail"] = MailChannel(definition["mail"])
    return opened
