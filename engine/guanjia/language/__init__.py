"""YAML text to procedures and offices, or every problem at file:line:column.

A name is loaded when it is first used: whoever asks only whether a file of the folder changed (`folder`) reads no YAML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checks import Around
    from .nodes import Document
    from .office import OfficeFiles
    from .procedures import Draft, draft_procedure, read_procedure_text
    from .reading import read_yaml

_HOME = {
    "Around": "checks", "Document": "nodes", "Draft": "procedures", "OfficeFiles": "office",
    "draft_procedure": "procedures", "read_procedure_text": "procedures", "read_yaml": "reading",
}  # fmt: skip

__all__ = ["Around", "Document", "Draft", "OfficeFiles", "draft_procedure", "read_procedure_text", "read_yaml"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"guanjia.language has no {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value
