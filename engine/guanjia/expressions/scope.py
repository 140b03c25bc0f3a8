"""A scope made of plain tuples, as `model.scope` gives them, so that neither room needs to know the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .types import Function, Type


class Plain(Protocol):
    """Names by path and functions by name, both with their kinds as plain tuples."""

    @property
    def names(self) -> Mapping[tuple[str, ...], tuple[str, tuple[str, ...]]]: ...

    @property
    def functions(self) -> Mapping[str, tuple[tuple[str, ...], str]]: ...


class PlainScope:
    """A `Scope` over plain tuples."""

    def __init__(self, plain: Plain) -> None:
        self.functions = {
            name: Function(parameters, Type(result)) for name, (parameters, result) in plain.functions.items()
        }
        self._names = plain.names

    def type_of(self, path: tuple[str, ...]) -> Type | None:
        """The type of a name, None when there is no such name."""
        kind = self._names.get(path)
        return None if kind is None else Type(*kind)

    def known(self, prefix: tuple[str, ...]) -> Sequence[str]:
        """What may follow `prefix`, in the order declared."""
        depth = len(prefix)
        return list(dict.fromkeys(path[depth] for path in self._names if len(path) > depth and path[:depth] == prefix))


def scope_of(plain: Plain) -> PlainScope:
    """The scope that the names of a procedure (`model.scope.names_of`) make."""
    return PlainScope(plain)
