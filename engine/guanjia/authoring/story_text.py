"""A story as the text of a story file, in the style in which people write them: a line a step, short keys in braces.

What is written is read back as the very same story.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..model.stories import Moment, Story, Then

_PLAIN = re.compile(r"[A-Za-z_\u3400-\u9fff](?:[\w .\-\u3000-\u303f\uff00-\uffef\u3400-\u9fff]*[\w.\u3400-\u9fff])?")
_AMOUNT = re.compile(r"[0-9]+(?:[0-9hm]*[hms]| days?| workdays?)")
_MEANT = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}
"""Words that some reader of YAML takes for something else than themselves."""


def story_text(story: Story) -> str:
    """An item of `stories:`."""
    head = [
        f"  - story: {scalar(story.story)}",
        f"    at: {story.at}",
        f"    open: {flow(_plain(story.open))}",
        "    steps:",
    ]
    return "\n".join([*head, *(f"      - {_step(step)}" for step in story.steps)]) + "\n"


def step_text(step: Moment) -> str:
    """One step, as it stands in a file."""
    return _step(step)


def _step(step: Moment) -> str:
    plain = _plain(step)
    if len(plain) == 1:
        ((key, value),) = plain.items()
        if not isinstance(value, dict) or isinstance(step.then, Then):
            return f"{key}: {flow(value)}"
    return flow(plain)


def _plain(node: Any) -> dict[str, Any]:
    """What it says, in the order in which its keys are declared; what it does not say is left out."""
    found: dict[str, Any] = node.model_dump(by_alias=True, exclude_defaults=True)
    return found


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(name))}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return (
            flow(value[0]) if len(value) == 1 and isinstance(value[0], str) else "[" + ", ".join(map(flow, value)) + "]"
        )
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return scalar(str(value))


def scalar(text: str) -> str:
    """A text, in quotes where it would be read as something else without them."""
    plain = (_PLAIN.fullmatch(text) is not None and text.lower() not in _MEANT) or _AMOUNT.fullmatch(text) is not None
    return text if plain else '"' + "".join(map(_quoted, text)) + '"'


def _quoted(sign: str) -> str:
    """A sign between quotes; what is not seen is spelt out."""
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable():
        return sign
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
