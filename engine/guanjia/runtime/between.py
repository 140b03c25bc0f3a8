"""What an event asks of other cases: to open a child, to take a signal, to hear that a child has closed, to take up the other
end of a tie, to tell their customers.

Each becomes an item of the inbox, written with the event, with a key that derives from it: so it is carried out once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..model.case import Case
from ..model.event import PERSONAL, Event, is_personal, openings
from ..store.interface import InboxItem

PASSED_ON = frozenset({"open", "emit", "closed", "ties", "relay"})
"""The keys of an event that ask something of other cases."""


def asked(case: Case, event: Event, personal: Mapping[str, Any]) -> Iterator[InboxItem]:
    """The items of an event. `case` is the case after it."""
    for name, id, customer, child in openings(event.data):
        values = {
            name: personal.get(value[PERSONAL]) if is_personal(value) else value
            for name, value in child["values"].items()
            if value is not None
        }
        values["$id"] = id
        command = {"kind": "open", "name": child["procedure"], "values": values, "parent": case.id, "mode": case.mode,
                   "customer": customer or case.customer, "site": case.site}  # fmt: skip
        # A household's is known by its id from the first: what is sent to it next stands in line behind its opening.
        yield _item(f"{case.id}:{event.seq}:open:{name}", event, None if customer is None else id, command)
    for number, tie in enumerate(event.data.get("ties", ())):
        command = {"kind": "link", "name": tie["name"], "values": {"case": case.id, "way": tie["way"]}}
        yield _item(f"{case.id}:{event.seq}:ties:{number}", event, tie["case"], command)
    for number, notice in enumerate(event.data.get("relay", ())):
        about = {key: value for key, value in notice.items() if key not in ("template", "to")}
        values = {"of": [case.id, event.seq], **about}
        for other in notice["to"]:
            command = {"kind": "tell", "name": notice["template"], "values": values}
            yield _item(f"{case.id}:{event.seq}:relay:{number}:{other}", event, other, command)
    for number, sent in enumerate(event.data.get("emit", ())):
        if "cases" in sent:
            for other in sent["cases"]:
                key = f"{case.id}:{event.seq}:emit:{sent['signal']}:{number}:{other}"
                yield _item(key, event, other, {"kind": "signal", "name": sent["signal"]})
            continue
        receiver = case.parent if sent["to"] == "parent" else case.children.get(sent["to"].removeprefix("child."))
        if receiver is not None:
            key = f"{case.id}:{event.seq}:emit:{sent['signal']}:{number}"
            yield _item(key, event, receiver, {"kind": "signal", "name": sent["signal"]})
    if event.data.get("closed") and case.parent is not None:
        command = {"kind": "link", "name": case.number, "values": {"case": case.id}}
        yield _item(f"{case.id}:{event.seq}:closed", event, case.parent, command)


def _item(key: str, cause: Event, receiver: str | None, command: dict[str, Any]) -> InboxItem:
    text = json.dumps(command | {"since": cause.occurred_at}, ensure_ascii=False)
    return InboxItem(key, cause.case, receiver, text)
