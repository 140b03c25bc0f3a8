"""The rules: pure functions from a case and a command to events, and from events to a case."""

from ..model.case import next_due
from .allowing import HIDDEN, allowed, hidden, veiled, veiled_event
from .counting import counted
from .decide import advance, decide, prepare, refusal
from .evolve import evolve, fold
from .marks import marks
from .moving import recalculated
from .options import Option, available
from .program import Program, compile
from .surroundings import NeedFact
from .why import Account, account

__all__ = [
    "HIDDEN", "Account", "NeedFact", "Option", "Program", "account", "advance", "allowed", "available", "compile", "counted", "decide", "evolve", "fold",
    "hidden", "marks", "next_due", "prepare", "recalculated", "refusal", "veiled", "veiled_event",
]  # fmt: skip
