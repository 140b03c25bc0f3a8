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
