"""The conformance suite on the stores in memory, in a file, and on a server."""

from __future__ import annotations

from tests.store.conformance import Conformance


class TestEveryStore(Conformance):
    """Run three times by the fixture `store`."""
