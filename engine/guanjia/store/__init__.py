"""Where cases are kept: one interface, several databases behind it. Drivers are imported only when a store is opened."""

from .interface import (
    Answer,
    Change,
    Columns,
    EventRow,
    Held,
    InboxItem,
    OfficeChange,
    OutboxRow,
    Query,
    Read,
    Row,
    Store,
    Transaction,
)
from .opening import open_store

__all__ = [
    "Answer",
    "Change",
    "Columns",
    "EventRow",
    "Held",
    "InboxItem",
    "OfficeChange",
    "OutboxRow",
    "Query",
    "Read",
    "Row",
    "Store",
    "Transaction",
    "open_store",
]
