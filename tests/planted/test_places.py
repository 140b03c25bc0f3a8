"""The faults can still be planted: whoever changes a line that one of them makes wrong finds out here, and not weeks later."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.offices import ROOT
from tests.planted.faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_place_of_a_fault_stands_in_the_engine_once_and_its_tests_are_there(fault: Fault) -> None:
    text = (ROOT / "engine/guanjia" / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.right) == 1
    assert fault.right != fault.wrong
    assert all((ROOT / test).exists() for test in fault.tests)


def test_there_are_enough_faults_each_with_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 40
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1
