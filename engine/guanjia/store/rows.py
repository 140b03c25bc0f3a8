"""Between the nouns of the interface and the rows of a table.

The names of `Columns` and of a message's fields are, in this order, the names of the columns; so one tuple goes in and
comes out of every database. Searching folds ASCII letters only, as SQLite does, in every store alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from ..clock import Instant
from ..model.event import Notification
from .interface import RECORDER, Columns, OutboxRow

COLUMNS = Columns._fields
NOTIFICATION = ("key", "case_id", *(field.name for field in fields(Notification) if field.name not in ("key", "case")))
DELIVERY = ("status", "attempts", "next_at", "last_error", "sent_at", "owner", "note")
OUTBOX = NOTIFICATION + DELIVERY
RENEWED = ("channel", "address", "language", "subject", "body")
"""What of a message may be another when it is tried again."""

NEW_MESSAGE = (*NOTIFICATION, "status", "next_at")

_notification_values = attrgetter(*("case" if name == "case_id" else name for name in NOTIFICATION))
_delivery_values = attrgetter(*DELIVERY)
_OUTSIDE = NOTIFICATION.index("outside")
_UPPER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def fold(text: str) -> str:
    """`text` with ASCII letters in lower case."""
    return text.translate(_UPPER)


def words(text: str | None) -> list[str]:
    """The words of a search, folded."""
    return fold(text).split() if text else []


def first_status(message: Notification) -> str:
    """The status in which a message is written."""
    if message.problem is not None:
        return "unrenderable"
    return "recorded" if message.channel == RECORDER else "waiting"


def first_try(message: Notification) -> Instant:
    """When a new message may first be claimed."""
    return message.created_at if message.not_before is None else message.not_before


def together(row: OutboxRow) -> tuple[str, Instant, int] | None:
    """What goes out as one message has the same: for one person, since one instant, tried equally often. None: by itself."""
    told = row.notification
    return None if told.digest is None or told.not_before is None else (told.digest, told.not_before, row.attempts)


def message_values(message: Notification) -> tuple[Any, ...]:
    """The row of a new message, with the columns `NEW_MESSAGE`."""
    status = first_status(message)
    return (*_notification_values(message), status, first_try(message) if status == "waiting" else None)


def outbox_row(row: Sequence[Any]) -> OutboxRow:
    """A message from a row with the columns `OUTBOX`."""
    own = list(row[: len(NOTIFICATION)])
    own[_OUTSIDE] = bool(own[_OUTSIDE])
    return OutboxRow(Notification(*own), *row[len(NOTIFICATION) :])


def outbox_values(row: OutboxRow) -> tuple[Any, ...]:
    """The values of a message with the columns `OUTBOX`."""
    return (*_notification_values(row.notification), *_delivery_values(row))
