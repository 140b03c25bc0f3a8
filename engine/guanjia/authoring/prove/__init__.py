"""`prove(version)`: is it so of every case, whatever people do and whenever?

The whole state space of a procedure is explored by the core itself (`space`), told apart only as far as it matters
(`relevance`), and each claim is judged on it (`claims`): proved, refuted with a shortest way that was replayed (`replaying`), or
not decided. docs/decisions says what is drawn, what is put together, and where more ways are looked at than there are.
"""

from __future__ import annotations

from .claims import GENERAL, Claim, Verdict
from .proving import Proof, prove
from .telling import Step

__all__ = ["GENERAL", "Claim", "Proof", "Step", "Verdict", "prove"]
