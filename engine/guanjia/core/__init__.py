"""The rules: pure functions from a case and a command to events, and from events to a case."""

from ..model.case import next_due
from .decide import Option, advance, available, decide, prepare, refusal
from .evolve import evolve, fold
from .moving import recalculated
from .program import Program, compile
from .surroundings import NeedFact
from .why import Account, account

__all__ = [
    "Account", "NeedFact", "Option", "Program", "account", "advance", "available", "compile", "decide", "evolve", "fold", "next_due",
    "prepare", "recalculated", "refusal",
]  # fmt: skip
