"""What a text in YAML says, apart from the signs with which it says it: to know whether an edit lost anything."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

from ..model.identifiers import narrow


class Said(NamedTuple):
    """`words`: the letters and digits of every key and value, in order. `places`: where each of these stands, from and to.
    `bare`: (line, key) of the keys without a value."""

    words: str
    places: tuple[tuple[int, int], ...]
    bare: frozenset[tuple[int, str]]

    @classmethod
    def of(cls, text: str) -> Said | None:
        """None for what is no YAML."""
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        scalars: list[Any] = []
        bare: set[tuple[int, str]] = set()
        before: Any = None
        try:
            events: Any = yaml.parse(text, Loader=loader)
            for event in events:
                if isinstance(event, yaml.ScalarEvent):
                    if not event.value and not event.style and isinstance(before, yaml.ScalarEvent):
                        key: Any = before.start_mark
                        bare.add((key.line + 1, before.value))
                    scalars.append(event)
                before = event
        except yaml.YAMLError:
            return None
        places = tuple((each.start_mark.index, each.end_mark.index) for each in scalars)
        return cls(words("\n".join(each.value for each in scalars)), places, frozenset(bare))


def words(text: str) -> str:
    """Its letters and digits, wide ones as plain ones."""
    return re.sub(r"\W+", "", narrow(text))
