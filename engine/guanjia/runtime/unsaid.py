"""What may be kept in clear of a text that is of no case and of no customer: a reason for the office itself, words for the next shift.

Numbers are masked as everywhere. Names are known to the register alone, which finds a person by the whole name and nothing else; so every
piece of the text that could be a name is asked for. Nothing is sealed here: no person's key would destroy it, for nobody knows whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..model.customer import called
from ..model.identifiers import unsaid

if TYPE_CHECKING:
    from .engine import Engine

_HAN = r"[\u3400-\u9fff\U00020000-\U0003134f·]+"
_WORD = r"[^\W\d_\u3400-\u9fff\U00020000-\U0003134f]+(?:['’-][^\W\d_]+)*"
LONGEST, LONGEST_OF_PARTS, MOST_WORDS = 5, 15, 4
"""Signs of a Chinese name, of one with a dot between its parts, and words of any other."""


def kept(engine: Engine, text: str) -> str:
    """The text with numbers and mail addresses masked, and the names of everybody whom the register knows."""
    register, known = engine.store.customers, dict[str, bool]()
    names = {}
    for piece in _pieces(text):
        name = called(piece)
        if name not in known:
            known[name] = bool(register.find("name", name))
        if known[name]:
            names[piece] = "text"
    return unsaid(text, names)


def _pieces(text: str) -> Iterator[str]:
    """Whatever in the text could be a name. Chinese has no blanks between words, so it is every run of signs."""
    for run in re.findall(_HAN, text):
        longest = LONGEST_OF_PARTS if "·" in run else LONGEST
        for begin in range(len(run)):
            yield from (run[begin:end] for end in range(begin + 2, min(begin + longest, len(run)) + 1))
    words = [match.span() for match in re.finditer(_WORD, text)]
    for first, (begin, _) in enumerate(words):
        yield from (text[begin:end] for _, end in words[first : first + MOST_WORDS])
