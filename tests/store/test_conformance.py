"""The conformance suite on the stores in memory, in a file, and on a server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from guanjia.people.keys import Keys, Secrets
from guanjia.runtime.sealing import sealed
from guanjia.store import Store
from guanjia.store.memory import MemoryStore

from tests.store.conformance import Conformance
from tests.store.conformance_customers import CustomersConformance


class TestEveryStore(Conformance, CustomersConformance):
    """Run three times by the fixture `store`."""


class TestASealedStore(Conformance, CustomersConformance):
    """Whoever works with it notices nothing of the keys."""

    @pytest.fixture
    def store(self) -> Store:
        return sealed(MemoryStore(), Keys(Secrets.new()))

    @pytest.fixture
    def reopened(self, store: Store) -> Callable[[], Store]:
        return lambda: store
