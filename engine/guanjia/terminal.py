"""Text on its way to a terminal: made safe, measured, cut.

What a resident typed may hold control characters that would move the cursor, colour the screen or turn the writing round.
Everything that is printed passes `safe_text`.
"""

from __future__ import annotations

import re
import unicodedata

UNSEEN = "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
"""Beyond the control characters of ASCII: what moves the cursor, turns the writing round, or is not seen at all."""

_UNSAFE = re.compile(f"[\x00-\x1f{UNSEEN}]")
_NO_WIDTH = {"Mn", "Me", "Cf"}


def safe_text(text: str, *, newlines: bool = False) -> str:
    """`text` with every control, direction and invisible character made visible; line ends and tabs stay if wanted."""

    def visible(found: re.Match[str]) -> str:
        sign = found[0]
        if newlines and sign in "\n\t":
            return sign
        code = ord(sign)
        if code < 0x20:
            return " " if sign in "\n\t\r" else chr(0x2400 + code)
        return "\u2421" if code == 0x7F else "\ufffd"

    return _UNSAFE.sub(visible, text)


def width(text: str) -> int:
    """Columns that the text takes in a terminal: Chinese signs take two; combining ones and selectors none."""
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(sign) in "WF" else 0 if unicodedata.category(sign) in _NO_WIDTH else 1
        for sign in text
    )


def clip(text: str, columns: int) -> str:
    """At most `columns` wide; what was cut is told by an ellipsis."""
    if width(text) <= columns:
        return text
    kept, used = [], 1
    for sign in text:
        used += width(sign)
        if used > columns:
            break
        kept.append(sign)
    return "".join(kept) + "…"
