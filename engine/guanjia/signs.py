"""The signs of a Chinese keyboard that look like those of YAML and of expressions."""

from __future__ import annotations

WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    "、": ",", "　": " ", "“": '"', "”": '"', "‘": "'", "’": "'", "「": '"', "」": '"', "【": "[", "】": "]",
}  # fmt: skip
"""What is written, what was meant."""


def full_width(text: str) -> str:
    """The full-width punctuation in it, each sign once."""
    return "".join(dict.fromkeys(sign for sign in text if sign in WIDE and not sign.isalnum()))
