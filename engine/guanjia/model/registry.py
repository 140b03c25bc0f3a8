"""Registries: the office's tables of what its cases are about, as files of `registries/` say it, and as they are kept.

A lift, a route, a price, a drill of the yearly plan is a row of a registry; columns are typed as fields of procedures are. A procedure
is pinned to the columns (`Shape`), a case to the row that it points to, as that was then. A registry that was taken up is kept for
ever under its hash, so that what was planned at an instant can be told from what the registry said at that instant.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .node import Name, Scalar
from .procedure import Shape

LONGEST_KEY = 60
"""Characters of the longest key of a row: it stands in lists and in keys of commands."""


class RegistryFile(Shape):
    """A file registries/<name>.yaml. The rows stand in it, or in registries/<name>.csv beside it."""

    registry: Name
    version: str | None = None
    """How the office calls this edition of it, where it does: 2026-1."""
    rows: tuple[dict[Name, Scalar | tuple[Scalar, ...] | None], ...] = ()

    @property
    def shape(self) -> Shape:
        return Shape(key=self.key, columns=self.columns, labels=self.labels)


@dataclass(frozen=True)
class Registry:
    """A registry as it was taken up. `rows`: key -> column -> value as a case holds it, in the order written."""

    name: str
    version: str | None
    shape: Shape
    rows: Mapping[str, Mapping[str, Any]]

    @property
    def canonical(self) -> str:
        """The same text for the same meaning."""
        shape = self.shape.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        plain = {"registry": self.name, "version": self.version, **shape, "rows": self.rows}
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @classmethod
    def of(cls, canonical: str) -> Registry:
        plain = json.loads(canonical)
        name, version, rows = plain.pop("registry"), plain.pop("version"), plain.pop("rows")
        return cls(name, version, Shape.model_validate(plain), rows)

    def told(self) -> list[tuple[str, str]]:
        """Each key, with the first other text of its row: by what people know it."""
        first = next(
            (name for name, field in self.shape.columns.items() if name != self.shape.key and field.type == "text"), ""
        )
        return [(key, str(row.get(first) or "")) for key, row in self.rows.items()]

    def label(self, name: str, language: str) -> str:
        """What people call the registry, a column or a choice."""
        words = self.shape.labels
        spoken = (language[:2], "en", "zh")
        return next((words[each][name] for each in spoken if name in words.get(each, {})), name)  # type: ignore[index,call-overload]
