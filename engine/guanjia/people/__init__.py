"""Who there is, who is on duty, who could take work, what they may do; customers; the keys of personal data.

Names are found when they are first asked for: a command that opens a sealed record needs the keys and no organisation, and starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assignment import Call, able, owners
    from .duty import Duty, Turn
    from .organisation import Contact, Organisation

__all__ = ["Call", "Contact", "Duty", "Organisation", "Turn", "able", "owners"]

_PLACES = {
    "Call": "assignment", "Contact": "organisation", "Duty": "duty", "Organisation": "organisation", "Turn": "duty",
    "able": "assignment", "owners": "assignment",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_PLACES[name]}", __name__), name)
