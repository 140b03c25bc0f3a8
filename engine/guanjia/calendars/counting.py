"""How an amount in days is counted: which days of its own count, and what becomes of its last one.

Five choices. A calendar sets them for all limits on it (`counting:`), one limit may set them anew; what is not said stays as it is.
`civil_code` is the way of the Chinese Civil Code (articles 201 and 203): the day of the start does not count; a last day
that is a rest day gives way to the first working day after it; the last day ends with business, or at 24:00 where there
are no business hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from ..errors import Text


class Counting(NamedTuple):
    """The choices, as they are when nobody says otherwise: a day counts when the clock runs as it ends."""

    first_day: bool = False
    """Whether the day of the start counts."""
    pause_day: bool = False
    """Whether a day on which the clock is paused counts."""
    resume_day: bool = True
    """Whether a day on which the clock goes on counts."""
    roll_over: bool = False
    """Whether days that end on a day without working time end with the next working day instead."""
    ends: Literal["midnight", "closing"] = "midnight"
    """Whether the last day ends at 24:00 or when its working time is over."""

    def changed(self, said: str | Mapping[str, Any] | None) -> Counting:
        """With what is said of it: the name of a ready-made one, or choices, `like` one perhaps. It has been checked."""
        if said is None:
            return self
        if isinstance(said, str):
            return READY[said]
        choices = {key: value for key, value in said.items() if key != "like" and value is not None}
        return (READY[said["like"]] if said.get("like") else self)._replace(**choices)

    def to_plain(self) -> dict[str, Any]:
        """What differs from the usual, as canonical data has it."""
        return {key: value for key, value in self._asdict().items() if value != getattr(USUAL, key)}


USUAL = Counting()
READY = {"civil_code": Counting(roll_over=True, ends="closing")}
ENDS = ("midnight", "closing")


def wrong_counting(given: Any) -> Iterator[tuple[tuple[str, ...], Text, Text]]:
    """Everything that is wrong in what is written under `counting`, as (path into it, what is wrong, what to do)."""
    if isinstance(given, str):
        if given not in READY:
            yield (), Text(f"没有叫“{given}”的计日方式", f"there is no way of counting {given!r}"), _ready(given)
        return
    if not isinstance(given, Mapping) or not given:
        text = Text("counting 应为现成的方式，或一组选择", "counting is a ready-made way, or a mapping of choices")
        yield (), text, _ready("")
        return
    for key, value in given.items():
        if key == "like":
            if not isinstance(value, str) or value not in READY:
                text = Text(f"没有叫“{value}”的计日方式", f"there is no way of counting {value!r}")
                yield (key,), text, _ready(str(value))
        elif key not in Counting._fields:
            close = get_close_matches(str(key), Counting._fields, 1)
            listed = ", ".join(("like", *Counting._fields))
            hint = Text(f"是不是 {close[0]}？", f"did you mean {close[0]}?") if close else None
            text = Text(f"不认识“{key}”", f"unknown key {key!r}")
            yield (key,), text, hint or Text(f"可用：{listed}", f"there are: {listed}")
        elif key == "ends":
            if value not in ENDS:
                text = Text(f"ends 不能是“{value}”", f"ends cannot be {value!r}")
                hint = Text(
                    "写 midnight（24:00）或 closing（下班时）", "write midnight (24:00) or closing (when work is over)"
                )
                yield (key,), text, hint
        elif not isinstance(value, bool):
            text = Text(f"{key} 应为 true 或 false", f"{key} is true or false")
            yield (key,), text, Text(f"写成 {key}: true", f"write {key}: true")


def _ready(given: str) -> Text:
    close = get_close_matches(given.replace("-", "_"), READY, 1)
    if close:
        return Text(f"是不是 {close[0]}？", f"did you mean {close[0]}?")
    return Text("写 civil_code，或如 {first_day: true}", "write civil_code, or e.g. {first_day: true}")
