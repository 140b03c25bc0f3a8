"""Guanjia (管家): procedures in YAML run as durable cases with deadlines and notifications.

This is the public face; it only re-exports. A name is loaded when it is first used, so that a program pays only for what it
needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clock import Clock, Instant, ManualClock, SystemClock, from_iso, instant, iso, moment
    from .errors import Conflict, Finding, GuanjiaError, Invalid, Misused, NotFound, Refused, StoreError, Text
    from .language import OfficeFiles
    from .model.case import Case
    from .model.event import SYSTEM, Actor, Command, Event, Notification
    from .runtime.engine import Engine, Work
    from .runtime.funnel import Result
    from .runtime.worker import Worker
    from .store import Query, Store, open_store

_HOME = {
    "Actor": "model.event", "Case": "model.case", "Clock": "clock", "Command": "model.event", "Conflict": "errors",
    "Engine": "runtime.engine", "Event": "model.event", "Finding": "errors", "GuanjiaError": "errors", "Instant": "clock",
    "Invalid": "errors", "ManualClock": "clock", "Misused": "errors", "NotFound": "errors", "Notification": "model.event",
    "OfficeFiles": "language", "Query": "store", "Refused": "errors", "Result": "runtime.funnel",
    "SYSTEM": "model.event", "Store": "store", "StoreError": "errors", "SystemClock": "clock", "Text": "errors",
    "Work": "runtime.engine", "Worker": "runtime.worker", "from_iso": "clock", "instant": "clock", "iso": "clock",
    "moment": "clock", "open_store": "store",
}  # fmt: skip

__version__ = "0.1.0"

__all__ = [
    "SYSTEM", "Actor", "Case", "Clock", "Command", "Conflict", "Engine", "Event", "Finding", "GuanjiaError", "Instant",
    "Invalid", "ManualClock", "Misused", "NotFound", "Notification", "OfficeFiles", "Query", "Refused", "Result", "Store",
    "StoreError", "SystemClock", "Text", "Work", "Worker", "__version__", "from_iso", "instant", "iso", "moment", "open_store",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"guanjia has no {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    value = getattr(import_module(f"guanjia.{home}"), name)
    globals()[name] = value
    return value
