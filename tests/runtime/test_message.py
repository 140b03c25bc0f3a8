"""What a template sees."""

from __future__ import annotations

from guanjia.expressions.words import AROUND
from guanjia.language.checks.words import TEMPLATE_DATA
from guanjia.runtime.message import SEEN


def test_the_checker_lets_templates_name_exactly_what_they_will_see():
    assert set(SEEN) | {"summary"} == TEMPLATE_DATA
    assert set(SEEN) > AROUND
