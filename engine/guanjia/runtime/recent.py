"""Cases as they lie in the store, read: the last few are known without reading them again."""

from __future__ import annotations

from difflib import get_close_matches

from ..clock import Instant
from ..core import next_due
from ..errors import NotFound, Text
from ..model.case import Case
from ..model.identifiers import narrow
from ..store.interface import Held, Query, Store


class Recent:
    """The last few cases that were written, each with its next due instant, by the head of their chain: the hash names the
    history, so what is found is the case that the snapshot would give, without reading it again. Bounded, whatever the
    number of open cases."""

    MOST = 512

    def __init__(self) -> None:
        self._cases: dict[bytes, tuple[Case, Instant | None]] = {}

    def case(self, held: Held) -> tuple[Case, Instant | None]:
        known = self._cases.pop(held.head, None)
        if known is not None:
            return known
        case = as_case(held)
        return case, next_due(case)

    def keep(self, head: bytes, case: Case, due: Instant | None) -> None:
        if len(self._cases) >= self.MOST:
            self._cases.clear()
        self._cases[head] = case, due


def as_case(held: Held) -> Case:
    return Case.from_text(held.snapshot)


def unknown(store: Store, ref: str) -> NotFound:
    """There is no such case: those that were probably meant among the last that changed, and where to look."""
    recent = [row.columns.number for row in store.list(Query(open=None, mode=None, order="changed", limit=500))]
    typed = narrow(ref).upper()
    ends = [
        number for number in recent if typed.isdecimal() and number.rpartition("-")[2].lstrip("0") == typed.lstrip("0")
    ]
    near = ends[:3] or get_close_matches(typed, recent, 3, 0.75)
    meant = Text(f"是不是：{'、'.join(near)}？\n", f"Did you mean {' or '.join(near)}?\n") if near else Text("", "")
    return NotFound(
        Text(f"没有工单“{ref}”。", f"There is no case {ref!r}."),
        Text(
            f"{meant.zh}用 guanjia ls 查看在办的工单，guanjia find 查找。",
            f"{meant.en}See `guanjia ls` for open cases, `guanjia find` to search.",
        ),
        case=ref, known=near,
    )  # fmt: skip
