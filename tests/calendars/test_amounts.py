"""Amounts of time: one way to write each, and a refusal that says which."""

from __future__ import annotations

import pytest
from guanjia.calendars import Amount, AmountError, format_amount, parse_amount
from guanjia.clock import HOUR, MINUTE, SECOND
from hypothesis import given, settings, strategies as st


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("90s", Amount("time", 90 * SECOND)),
        ("30m", Amount("time", 30 * MINUTE)),
        ("2h30m", Amount("time", 150 * MINUTE)),
        ("1h0m5s", Amount("time", HOUR + 5 * SECOND)),
        ("PT2H", Amount("time", 2 * HOUR)),
        ("PT2H30M", Amount("time", 150 * MINUTE)),
        ("10 days", Amount("days", 10)),
        ("1 day", Amount("days", 1)),
        ("5 workdays", Amount("workdays", 5)),
        (" 1workday ", Amount("workdays", 1)),
    ],
)
def test_what_can_be_written(text: str, amount: Amount) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("5d", ["5 days", "5 workdays"]),
        ("5 d", ["5 days", "5 workdays"]),
        ("P5D", ["5 days", "5 workdays"]),
        ("5天", ["5 days", "5 workdays"]),
        ("2 weeks", ["14 days", "10 workdays"]),
        ("1:30", ["1h30m", "1m30s"]),
        ("90 minutes", ["90m"]),
        ("30 min", ["30m"]),
        ("30 分钟", ["30m"]),
        ("2小时30分", ["2h30m"]),
        ("1个半小时", ["1h30m"]),
        ("1 hour and 30 minutes", ["1h30m"]),
        ("1.5h", ["1h30m"]),
        ("0.25 hours", ["15m"]),
        ("2H", ["2h"]),
        ("pt2h", ["2h"]),
        ("３０m", ["30m"]),
        ("5个工作日", ["5 workdays"]),
        ("5 business days", ["5 workdays"]),
        ("3 calendar days", ["3 days"]),
    ],
)
def test_what_was_meant_is_told(text: str, hints: list[str]) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(text)
    assert refused.value.hint
    for hint in hints:
        assert parse_amount(hint)
        assert hint in refused.value.hint.en
        assert hint in refused.value.hint.zh


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("5d", "自然日还是工作日", "calendar days or working days"),
        ("1 month", "月和年长短不一", "differ in length"),
        ("P1M", "月和年长短不一", "differ in length"),
        ("2 years", "月和年长短不一", "differ in length"),
        ("3个月", "月和年长短不一", "differ in length"),
        ("30", "没有单位", "no unit"),
        ("1.5", "没有单位", "no unit"),
        ("1:30", "没有单位", "no unit"),
        ("0m", "没有时间", "no time at all"),
        ("0 days", "没有时间", "no time at all"),
        ("", "不是一段时间", "no amount"),
        ("P", "不是一段时间", "no amount"),
        ("PT", "不是一段时间", "no amount"),
        ("-30m", "不是一段时间", "no amount"),
        ("1day12h", "不是一段时间", "no amount"),
        ("soon", "不是一段时间", "no amount"),
    ],
)
def test_what_is_refused_says_why_in_both_languages(text: str, zh: str, en: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(text)
    assert zh in refused.value.text.zh
    assert en in refused.value.text.en
    assert refused.value.hint


@settings(deadline=None)
@given(st.text(max_size=12) | st.text("0123456789.:hmsdPTwoy 天个", max_size=8))
def test_any_text_is_an_amount_or_is_refused_with_a_hint(text: str) -> None:
    try:
        amount = parse_amount(text)
    except AmountError as error:
        refused = error
    else:
        assert amount.value > 0
        return
    assert refused.hint


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(h: int, m: int, s: int) -> None:
    if h or m or s:
        amount = Amount("time", h * HOUR + m * MINUTE + s * SECOND)
        assert parse_amount(f"{h}h{m}m{s}s") == amount
        assert parse_amount(f"PT{h}H{m}M{s}S") == amount
        assert parse_amount(format_amount(amount, "en").replace(" ", "").replace("min", "m")) == amount


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        (Amount("time", 30 * MINUTE), "30 分钟", "30 min"),
        (Amount("time", 150 * MINUTE), "2 小时 30 分钟", "2 h 30 min"),
        (Amount("time", 90 * SECOND), "1 分钟 30 秒", "1 min 30 s"),
        (Amount("time", 48 * HOUR), "48 小时", "48 h"),
        (Amount("workdays", 5), "5 个工作日", "5 working days"),
        (Amount("workdays", 1), "1 个工作日", "1 working day"),
        (Amount("days", 10), "10 天", "10 days"),
        (Amount("days", 1), "1 天", "1 day"),
    ],
)
def test_amounts_read_as_people_say_them(amount: Amount, zh: str, en: str) -> None:
    assert format_amount(amount, "zh-CN") == zh
    assert format_amount(amount, "en") == en
