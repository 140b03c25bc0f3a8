"""What every definition is made of: strict and frozen models, and the parts that stand in all of them (names, words, guards)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field as Key,
    StrictBool as Flag,
    StrictInt as Whole,
    StrictStr,
)

from ..errors import Text
from .retention import Period

Languages = Literal["zh", "en"]


def wrong(zh: str, en: str) -> ValueError:
    """A refusal in both languages: `language` tells it at the place where the value was written."""
    return ValueError(Text(zh, en))


def _is_name(value: str) -> str:
    if not value.isidentifier():
        raise wrong(
            f"“{value}”不能作名字：只用文字、数字和 _，不以数字开头",
            f"{value!r} is not a name: letters, digits and _ only, not beginning with a digit",
        )
    return value


def _is_period(value: str) -> str:
    Period.parse(value)
    return value


def as_list(value: Any) -> Any:
    """One where several may stand is a list of one."""
    return value if isinstance(value, list | tuple) or value is None else [value]


Name = Annotated[str, AfterValidator(_is_name)]
Expression = Annotated[str, Key(min_length=1)]
Duration = Annotated[str, Key(min_length=1)]
Scalar = Flag | Whole | Decimal | StrictStr
Kept = Annotated[str, AfterValidator(_is_period)]
"""A `retention.Period` as it is written."""
Names = Annotated[tuple[Name, ...], BeforeValidator(as_list)]
Words = Annotated[tuple[str, ...], BeforeValidator(as_list)]


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Labelled(Node):
    """A sentence in the languages that the office speaks."""

    zh: str | None = None
    en: str | None = None


class Guard(Node):
    """A condition with the author's own words for its refusal."""

    that: Expression
    else_: Labelled | None = Key(None, alias="else")


def _guards(value: Any) -> Any:
    several = as_list(value)
    if not isinstance(several, list):
        return several
    return [{"that": item} if isinstance(item, str) else item for item in several]


Guards = Annotated[tuple[Guard, ...], BeforeValidator(_guards)]
