"""What rendering a template may cost, counted as it is done; the tree that was checked bounds only what is done once.

A loop costs the nodes in it for each of its items, before it begins; a filter what it reads and writes. So no template runs
long or takes much memory, whatever its data, on any machine alike: there is no clock in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from ..errors import Text

MOST_STEPS = 50_000
"""Nodes of the tree that are evaluated, those in loops as often as the loops go round."""

MOST_TEXT = 256 * 1024
"""Characters of one text that is made on the way."""

MOST_HANDLED = 4 * MOST_TEXT
"""Characters that all filters read and write together."""

MOST_DATA = 1 << 20
"""Characters of what a template is given."""

BILL = ""
"""Under which key of a template's data the bill stands: one that no template can name, and that goes along to what it includes."""

LOOP = "each time"
"""The filter that what is gone over passes through; no template can name it."""


class Costly(Exception):
    """Why it is not done."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Bill:
    """What one rendering has cost so far."""

    __slots__ = ("handled", "steps")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.steps = self.handled = 0
        if sum(_size(value) for name, value in data.items() if name != "labels") > MOST_DATA:
            raise Costly(Text("要写的内容太多", "it is given too much to write"))

    def step(self, count: int) -> None:
        self.steps += count
        if self.steps > MOST_STEPS:
            raise Costly(Text("循环的次数太多", "its loops go round too often"))

    def handle(self, size: int) -> None:
        self.handled += size
        if self.handled > MOST_HANDLED:
            raise Costly(Text("要处理的文字太多", "its filters have too much to do"))


def counted(filter: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, with what it reads and writes put on the bill."""
    contextual = hasattr(filter, "jinja_pass_arg")

    def run(context: Context, value: Any, *given: Any, **named: Any) -> Any:
        bill: Bill = context.parent[BILL]
        bill.handle(_size(value))
        made = filter(context, value, *given, **named) if contextual else filter(value, *given, **named)
        bill.handle(_size(made))
        return made

    return pass_context(run)


@pass_context
def each_time(context: Context, items: Any, nodes: int) -> Any:
    """What a loop goes over, with what the loop will cost put on the bill."""
    bill: Bill = context.parent[BILL]
    bill.step(len(items) * nodes)
    return items


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list | tuple) else 1
