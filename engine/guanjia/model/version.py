"""A procedure with everything that a case of it is pinned to: what a hash names for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import ConfigDict, Field as Key

from .node import Node
from .procedure import Procedure
from .standards import Held

LANGUAGE_VERSION = 1


class Version(Node):
    """A procedure with everything that a case of it is pinned to. `hash` names it for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, ignored_types=(cached_property,))

    language: int = LANGUAGE_VERSION
    procedure: Procedure
    calendars: dict[str, dict[str, Any]] = Key(default_factory=dict)
    """Each calendar that the procedure names, as the plain canonical data that `calendars` compiles."""
    templates: dict[str, str] = Key(default_factory=dict)
    """Each template that it can send, by `<language>/<name>.<channel>`, and what those include."""
    standards: dict[str, Held] = Key(default_factory=dict)
    """Each standard that its limits name, with the limits that overlays set beside it."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Version:
        """What was worked out of the one is not true of the other."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("canonical", "hash"):
            copied.__dict__.pop(name, None)
        return copied

    @cached_property
    def canonical(self) -> str:
        """The same text for the same meaning: defaults left out, short forms spelt out, no spaces or comments."""
        data = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        # Keys are not sorted: the order in which states, clocks and thresholds are written decides between equals.
        return json.dumps({"language": self.language} | data, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()
