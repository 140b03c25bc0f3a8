"""Guards, computed values and templates: read, typed, evaluated, explained. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .language import Expression, parse, tree
from .scope import scope_of
from .types import Environment, ExpressionError, Function, Part, Scope, Type

if TYPE_CHECKING:
    from .templates import Entry, Rendered, RenderError, Templates

__all__ = [
    "Entry", "Environment", "Expression", "ExpressionError", "Function", "Part", "RenderError", "Rendered", "Scope", "Templates",
    "Type", "parse", "scope_of", "tree",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("Entry", "RenderError", "Rendered", "Templates"):
        from . import templates

        return getattr(templates, name)
    raise AttributeError(name)
