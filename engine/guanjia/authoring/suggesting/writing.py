"""A story as people write it: one step a line, in the short form of YAML."""

from __future__ import annotations

import json
import re
from typing import Any

from .offers import Plain

_PLAIN = re.compile(r"[^\W\d_][\w ·.→（）-]*[\w）]|[^\W\d]")
_TAKEN = frozenset({"true", "false", "null"})


def story_text(name: str, at: str, opening: Plain, steps: list[Plain]) -> str:
    """The lines of one story, as they stand under `stories:`."""
    lines = [
        f"  - story: {written(name)}",
        f"    at: {at}",
        f"    open: {written({key: value for key, value in opening.items() if value != {}})}",
        "    steps:",
        *(f"      - {_step(step)}" for step in steps),
    ]
    return "\n".join(lines) + "\n"


def _step(step: Plain) -> str:
    """An instant and what must hold stand without braces around the step."""
    if len(step) == 1 and "until" in step:
        return f"until: {step['until']}"
    return f"then: {written(step['then'])}" if "then" in step else written(step)


def written(value: Any) -> str:
    """A value in the short form of YAML, in quotes where it would be read otherwise."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN else json.dumps(text, ensure_ascii=False)
