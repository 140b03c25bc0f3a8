"""The kinds of values in expressions, and what an expression needs from whoever evaluates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..clock import Instant
from ..errors import GuanjiaError, Text


class Type(NamedTuple):
    """text integer decimal boolean choice date instant span amount list any none; `of` are the values of a choice.

    A span is elapsed microseconds (`minutes(30)`), an amount is days of a calendar (`workdays(2)`), an instant is microseconds.
    """

    kind: str
    of: tuple[str, ...] = ()


class Function(NamedTuple):
    parameters: tuple[str, ...]
    result: Type


class Scope(Protocol):
    """Which names there are, and of which type."""

    @property
    def functions(self) -> Mapping[str, Function]: ...
    def type_of(self, path: tuple[str, ...]) -> Type | None: ...
    def known(self, prefix: tuple[str, ...]) -> Sequence[str]: ...


class Environment(Protocol):
    """What the names mean now."""

    def look(self, path: tuple[str, ...]) -> Any: ...
    def call(self, name: str, args: tuple[Any, ...]) -> Any: ...
    def shift(self, at: Instant, amount: Any, sign: int) -> Instant | None: ...


class Part(NamedTuple):
    """A part of a guard that is false, and the values of the names in it."""

    source: str
    values: Mapping[tuple[str, ...], Any]


class ExpressionError(GuanjiaError):
    """What is wrong with an expression; `offset` counts characters from its beginning."""

    def __init__(self, text: Text, hint: Text | None, offset: int) -> None:
        super().__init__(text, hint)
        self.offset = offset
