"""The hours of a calendar in words: `周一至周五 08:30-18:00` and what holidays change."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from ...errors import Text

_DAYS = (
    Text("周一", "Monday"), Text("周二", "Tuesday"), Text("周三", "Wednesday"), Text("周四", "Thursday"), Text("周五", "Friday"),
    Text("周六", "Saturday"), Text("周日", "Sunday"),
)  # fmt: skip


def hours(calendar: Mapping[str, Any]) -> Text:
    """`calendar` is the canonical data that a version keeps."""
    if calendar.get("always") or "week" not in calendar:
        return Text("不分昼夜", "around the clock")
    zh, en = [], []
    for windows, days in groupby(range(7), key=lambda day: calendar["week"][day]):
        if not windows:
            continue
        first, *rest = list(days)
        times = [f"{_clock(begin)}-{_clock(end)}" for begin, end in windows]
        last = rest[-1] if rest else first
        zh.append(
            (_DAYS[first].zh if last == first else f"{_DAYS[first].zh}至{_DAYS[last].zh}") + " " + "、".join(times)
        )
        en.append(
            (_DAYS[first].en if last == first else f"{_DAYS[first].en} to {_DAYS[last].en}") + " " + ", ".join(times)
        )
    return Text(f"按工作时间（{'；'.join(zh)}）", f"by working hours ({'; '.join(en)})")


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24 if minutes != 1440 else 24:02}:{minutes % 60:02}"
