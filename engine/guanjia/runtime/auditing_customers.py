"""The auditor's look at the register of customers: the chain of each, and whether what lies beside it agrees with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import StoreError, Text
from ..model.event import GENESIS, Event, chain, commit
from ..store.customers import HeldCustomer
from ..store.paging import pages
from .customer_reading import as_customer
from .sealed_customers import terms_of

if TYPE_CHECKING:
    from .engine import Engine

PAGE = 1000
MOST_LOOKS = 5
"""How often a customer whom somebody changes meanwhile is looked at."""


def customers(engine: Engine) -> Iterator[tuple[str, Text]]:
    """Everything that is wrong with the register: (code, as `audit.HINTS` has it, and the sentence)."""
    rows = engine.store.customers
    raw = getattr(rows, "within", rows)
    for page in pages(lambda after: raw.list(after, PAGE), "", lambda held: held.id):
        for held in page:
            yield from _looked_at(engine, held.id)


def _looked_at(engine: Engine, id: str) -> list[tuple[str, Text]]:
    problems: list[tuple[str, Text]] = []
    rows = engine.store.customers
    for _ in range(MOST_LOOKS):
        try:
            held = rows.get(id)
            problems = [] if held is None else list(_customer(engine, held))
        except StoreError as error:
            return [("personal", error.text)]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            return [("history", Text(f"客户 {id}：无法核对（{error}）", f"Customer {id}: cannot be checked ({error})"))]
        now = rows.get(id)
        if not problems or held == now:
            break
    return problems


def _customer(engine: Engine, held: HeldCustomer) -> Iterator[tuple[str, Text]]:
    name = held.id

    def differs(code: str, zh: str, en: str) -> tuple[str, Text]:
        return code, Text(f"客户 {name}：{zh}", f"Customer {name}: {en}")

    head, last, events = GENESIS, "", []
    rows = engine.store.customers
    for place, row in enumerate(rows.events(name), 1):
        head = chain(head, row.text)
        event = Event.from_text(row.text)
        told = (event.case, event.seq, event.recorded_at, row.seq)
        if head != row.head or told != (f"customer:{name}", place, row.recorded_at, place):
            yield differs(
                "history",
                f"第 {place} 条记录被改动过（哈希链断开）",
                f"event {place} was altered (the hash chain is broken)",
            )
            return
        last = event.data.get("commitment", last)
        events.append(event)
    if (held.seq, held.head) != (len(events), head):
        yield differs(
            "history",
            "链头与记录不符（可能少了最后几条）",
            "the chain's head does not fit the events (the last may be missing)",
        )
        return
    who = as_customer(held)
    if who.forgotten != any(event.type == "forgotten" for event in events):
        yield differs("personal", "销毁与记录不符", "what is destroyed does not fit the events")
    elif not who.forgotten and commit(*json.loads(held.record)) != last:
        yield differs("personal", "资料与承诺值不符", "what is known of them is not what the history vouches for")
    elif sorted(rows.terms(name)) != sorted(terms_of(rows, who)):
        yield differs("columns", "查找所用的索引与资料不符", "what finds them does not fit what is known of them")
    merged = next((event.name for event in reversed(events) if event.type == "merged"), None)
    if held.survivor != merged or (merged is not None and rows.get(merged) is None):
        yield differs("relation", "并入的客户与记录不符", "whom they were merged into does not fit the events")
    stood = [event.recorded_at for event in events if event.type in ("registered", "verified")]
    if not who.forgotten and held.verified_at != stood[-1]:
        yield differs("columns", "核实时间与记录不符", "when they were verified does not fit the events")
