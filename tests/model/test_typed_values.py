"""From what somebody typed to what a case holds."""

from __future__ import annotations

import pytest
from guanjia.errors import Refused
from guanjia.model.procedure import Field
from guanjia.values import coerce

DANGER = Field(type="boolean")


@pytest.mark.parametrize(
    ("typed", "held"), [("是", True), ("否", False), ("yes", True), ("No", False), ("true", True), ("0", False)]
)
def test_yes_and_no_are_taken_in_both_languages(typed: str, held: bool) -> None:
    assert coerce("danger", DANGER, typed) is held


def test_what_is_neither_yes_nor_no_is_told_the_words_that_are_shown_and_taken() -> None:
    with pytest.raises(Refused) as refused:
        coerce("danger", DANGER, "也许")
    assert "“也许”不是“是”或“否”" in refused.value.text.zh
    assert "'也许' is neither yes nor no" in refused.value.text.en


@pytest.mark.parametrize(
    "kind", ["text", "room", "phone", "email", "integer", "money", "boolean", "instant", "date", "duration", "choice"]
)
@pytest.mark.parametrize("typed", ["漏水\ud83d", "\udc00", "坏\x07了"])
def test_what_nothing_can_write_or_show_is_refused_and_not_repeated_whatever_the_type(kind: str, typed: str) -> None:
    with pytest.raises(Refused) as refused:
        coerce("x", Field(type=kind, of=("a",) if kind == "choice" else ()), typed)  # type: ignore[arg-type]
    assert f"{refused.value}".encode()
    assert "\x07" not in str(refused.value)
    assert "half a character" in refused.value.text.en or "control characters" in refused.value.text.en


@pytest.mark.parametrize(
    ("typed", "held"),
    [("1,234", "1234"), ("-1,234,567.5", "-1234567.5"), ("¥ 1,234.50", "1234.50"), ("1.5", "1.5"), ("１２", "12")],
)
def test_commas_may_stand_between_thousands(typed: str, held: str) -> None:
    assert coerce("d", Field(type="decimal"), typed) == held


@pytest.mark.parametrize("typed", ["1,5", "12,34", "1,00", "0,75", "1,2345", "1234,567", ",5", "1,", "1.5,000"])
def test_a_decimal_comma_is_no_sign_of_thousands(typed: str) -> None:
    for kind in ("decimal", "money"):
        with pytest.raises(Refused, match="write a decimal point"):
            coerce("d", Field(type=kind), typed)  # type: ignore[arg-type]


def test_a_whole_number_that_is_too_large_is_said_to_be_that() -> None:
    with pytest.raises(Refused, match="is too large"):
        coerce("n", Field(type="integer"), str(2**63))
