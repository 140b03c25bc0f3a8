"""A claim is worth the bug that it catches: each is run as the project is, and once more with every bug that it is about planted.

    @planted(Bug("elapsed time instead of working time", "guanjia.calendars.Calendar.add", lambda real: lambda self, at, span: at + span))
    def test_c10_half_an_hour_before_closing_gives_the_rest_tomorrow() -> None:
        ...

The claim must hold as it is and fail, by an assertion, with the bug. A crash does not count: it would only show that the
bug was planted badly. Claims make what they use (calendars, engines), so that nothing made before hides the bug.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

import pytest


@dataclass(frozen=True)
class Bug:
    """What goes wrong in other systems, as one replacement. `target` is a dotted name; `instead` makes the wrong thing
    from the real one."""

    name: str
    target: str
    instead: Callable[[Any], Any]

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        owner, _, name = self.target.rpartition(".")
        place = resolve_name(owner)
        patch.setattr(place, name, self.instead(getattr(place, name)))
        # What was read and compiled before would be right still, and what is now would stay wrong.
        patch.setattr("guanjia.core.program._compiled", {})
        patch.setattr("tests.offices.READ", {})


def planted(*bugs: Bug) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a claim into a test that it holds, and one for each bug that it fails with it. Fixtures work as always."""

    def decorate(claim: Callable[..., None]) -> Callable[..., None]:
        wanted = inspect.signature(claim).parameters

        @functools.wraps(claim)
        def test(bug: Bug | None, **given: Any) -> None:
            if bug is None:
                claim(**given)
                return
            with pytest.MonkeyPatch.context() as patch:
                bug.plant(patch)
                try:
                    claim(**given)
                except (AssertionError, pytest.fail.Exception):
                    return
            pytest.fail(f"{claim.__name__} does not notice the bug: {bug.name}")

        extra = inspect.Parameter("bug", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        test.__signature__ = inspect.Signature([extra, *wanted.values()])  # type: ignore[attr-defined]
        names = ["as it is", *(f"planted: {bug.name}" for bug in bugs)]
        return pytest.mark.parametrize("bug", [None, *bugs], ids=names)(test)

    return decorate
