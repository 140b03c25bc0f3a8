"""`prove` says the same as everything that a case can do, one by one: on small procedures drawn at random, gone through by the core itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from guanjia.authoring.prove import Claim, prove
from guanjia.core import advance, compile, fold
from guanjia.errors import Invalid
from guanjia.model.version import Version

from tests.authoring.small_procedures import All, Drawn, Outside
from tests.authoring.test_prove import version
from tests.scale import drawn, scale, tell

CORPUS = ("201.3", "894063207", "801465516", "498856989")
"""Procedures on which the two once did not agree, and on which a proof once took very long; they are tried first."""

SECONDS = 10
"""Of this process, within which a procedure is proved and gone through."""


def judged(seeds: Iterator[str] | tuple[str, ...], wanted: int) -> Counter[str]:
    """Try so many procedures; what came of them, and every one in which something is not as it is said."""
    counted: Counter[str] = Counter()
    for seed in seeds:
        if counted["procedures"] == wanted:
            break
        began = time.process_time()
        found = valid(seed)
        if found is None:
            continue
        procedure, written = found
        every = {True: All(compile(written), procedure.fields, edits=True)}
        if not every[True].whole:
            continue
        truth = {"ends": every[True].ends(), "bounded": every[True].bounded(), "reachable": every[True].everything()}
        for name, (way, what, edits) in procedure.claims.items():
            if edits not in every:
                every[edits] = All(compile(written), procedure.fields, edits=edits)
            truth[name] = every[edits].holds(what, way)
        claims = {claim.name: claim for claim in prove(written).claims}
        for name, holds in truth.items():
            counted[claims[name].verdict] += 1
            assert claims[name].verdict in ("undecided", "proved" if holds else "refuted"), (seed, name, procedure.text)
            assert replayed(written, claims[name]), (seed, name, procedure.text)
        counted["procedures"] += 1
        assert time.process_time() - began < SECONDS, (seed, procedure.text)
    return counted


def valid(seed: str) -> tuple[Drawn, Version] | None:
    procedure = Drawn(seed)
    try:
        return procedure, version(procedure.text)
    except Invalid:
        return None


def replayed(written: Version, claim: Claim) -> bool:
    """Whether an example is a history of a real case, made again by the core alone."""
    case: Any = None
    for done in claim.done:
        outside = Outside(id=done.after.id, number=done.after.number)
        _, case = advance(compile(written), case, done.command, done.at, outside)
        if (case.states, case.fields) != (done.after.states, done.after.fields):
            return False
    return not claim.done or fold([event for done in claim.done for event in done.events]) == claim.done[-1].after


def test_prove_agrees_with_all_that_a_case_can_do_on_small_procedures() -> None:
    assert judged(CORPUS, len(CORPUS))["procedures"] == len(CORPUS)
    random = drawn()
    counted = judged(iter(lambda: str(random.randrange(10**9)), ""), scale(12, 300, faults=60))
    tell("prove agrees with all that a case can do", **counted)
    assert counted["undecided"] * 5 < sum(counted[verdict] for verdict in ("proved", "refuted", "undecided"))
