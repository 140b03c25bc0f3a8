"""The clauses of a rule book as `clauses.yaml` has them: what is demanded, how it is checked, what carries it out, and what proves that."""

from __future__ import annotations

from pydantic import Field as Key

from .node import Labelled, Node, Words


class Clause(Node):
    """One demand of the rule book."""

    clause: Labelled
    source: str = ""
    """Where it stands in the book that it was taken from."""
    check: Labelled
    """How somebody sees whether it is kept."""
    done_by: Words = Key(min_length=1)
    """What carries it out: `procedure complaint`, `clock complaint.receipt`, `report sla`, `command customer stale` …"""
    stories: dict[str, Words] = Key(default_factory=dict)
    """Procedure -> its stories that prove the check."""
    tests: Words = ()
    """Tests of the program that prove it, where it is a matter of the program and not of the office."""


class Clauses(Node):
    """clauses.yaml"""

    clauses: dict[str, Clause] = Key(min_length=1)
