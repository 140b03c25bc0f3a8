"""Named moments at which a process may die: what tests kill it at, to prove that nothing is lost whatever the moment.

`fp(name)` stands where something has just happened and the next thing has not. It is nothing but a look at one global
while nobody has armed it; nothing outside of a test ever does. The names tell the way of one command in order, and a
test kills the program at each of them, for every kind of command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

FAILPOINTS = (
    # a command, in the funnel and in the store
    "after_begin",  # the store's transaction has begun; nothing was read yet
    "after_read",  # case and command key were read
    "before_write",  # everything was decided and rendered
    "after_event_insert",
    "after_case_write",
    "after_key_insert",
    "after_item_done",  # the inbox item that the command came from
    "after_personal_insert",
    "after_message_insert",
    "after_item_insert",
    "after_blob_insert",
    "before_commit",
    "after_commit",  # durable; nobody knows it yet
    "after_answer",  # the engine has it; what cases sent each other still waits
    # the worker
    "after_schedule_open",  # a case was opened by the calendar; the schedule does not know it yet
    "after_item",  # an item of the inbox took effect or was parked
    "after_claim",  # messages are leased to this worker
    "after_hand_over",  # a channel has the message; the store does not know it yet
    "after_mark",  # a message was marked as sent
    "after_failure_mark",  # a message was put back, or given up
    "after_hold",  # a message was put back because its recipient is to be left in peace now
    # what is of no case
    "after_office_event_insert",
    "after_version_insert",
    "after_setting_insert",
    "after_customer_write",  # the row of a customer; in PostgreSQL its event does not stand yet
    "before_migration_commit",
)

_armed: Callable[[str], None] | None = None


def fp(name: str) -> None:
    """This moment has come. `name` is one of FAILPOINTS."""
    if _armed is not None:
        _armed(name)


@contextmanager
def armed(at: Callable[[str], None]) -> Iterator[None]:
    """While this lasts, call `at` with the name of every failpoint of this process that is reached."""
    global _armed  # noqa: PLW0603
    before, _armed = _armed, at
    try:
        yield
    finally:
        _armed = before
