"""The service standards of an office as `standards.yaml` and `overlays/*.yaml` say them: what is promised, and on what ground.

Every limit of a procedure names the standard that it keeps. An overlay holds what a city or a contract sets on top: where two
limits hold, the one that ends first counts.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Key, StrictBool as Flag, model_validator

from .node import Duration, Labelled, Name, Node, wrong
from .procedure import CountingKey

Basis = Literal["law", "standard", "contract", "company"]
"""What a limit rests upon: a statute, a published standard, a contract, or the office's own decision."""


class Limit(Node):
    """How long something may take, and who says so."""

    within: Duration | None = None
    then: Duration | None = None
    """After `within` of working time: so much more, around the clock."""
    calendar: Name | None = None
    counting: CountingKey | None = None
    basis: Basis
    source: Labelled = Labelled()
    """Where it is written: the text, and its article."""
    verified: Flag = False
    """Whether somebody has seen it there."""

    @model_validator(mode="after")
    def _says_where(self) -> Limit:
        if self.basis in ("law", "standard") and not (self.source.zh or self.source.en):
            raise wrong(
                "依据是法规或标准的，要写 source：哪部法规、第几条",
                "what rests upon a law or a standard names its source: the text and the article",
            )
        if self.within is None and (self.then or self.calendar or self.counting):
            raise wrong("没有 within，就没有 then、calendar、counting", "then, calendar and counting go with a within")
        return self


class Standard(Limit):
    """One thing that the office promises: a limit in time, or a share. Without either the limit comes with the case."""

    item: Labelled
    at_least: str | None = None
    """A share that is to be reached: `95%`."""
    pledged: Flag = False
    """Whether residents read it on the page of pledges."""

    @model_validator(mode="after")
    def _one_measure(self) -> Standard:
        if self.within is not None and self.at_least is not None:
            raise wrong("within 和 at_least 只写一个", "a standard has a within or an at_least, not both")
        if self.at_least is not None and not _is_share(self.at_least):
            raise wrong("at_least 写成百分比，例如 95%", "at_least is a percentage such as 95%")
        return self


def _is_share(text: str) -> bool:
    number = text.removesuffix("%").strip()
    return text.endswith("%") and number.replace(".", "", 1).isdigit() and 0 < float(number) <= 100


class Standards(Node):
    """standards.yaml"""

    standards: dict[Name, Standard] = Key(min_length=1)


class Overlay(Node):
    """overlays/*.yaml: limits that hold beside those of the standards, where office.yaml names the overlay."""

    overlay: Name
    limits: dict[Name, Limit]

    @model_validator(mode="after")
    def _only_what_was_seen(self) -> Overlay:
        for name, limit in self.limits.items():
            if not limit.verified or limit.within is None:
                raise wrong(
                    f"“{name}”：附加规定只收查证过的时限，要有 within 和 verified: true",
                    f"{name}: an overlay holds only limits that somebody has seen: within, and verified: true",
                )
        return self


class Held(Node):
    """A standard as a version keeps it: with the limits that overlays set beside it, by the name of the overlay."""

    standard: Standard
    overlays: dict[Name, Limit] = Key(default_factory=dict)

    @property
    def limits(self) -> list[Limit]:
        """The standard's own and those of the overlays."""
        return [self.standard, *self.overlays.values()]

    @property
    def lawful(self) -> bool:
        """Whether a law sets any of it, so that its clock never stands still."""
        return any(limit.basis == "law" for limit in self.limits)
