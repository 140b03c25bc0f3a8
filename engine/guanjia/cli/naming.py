"""There is nothing of that name: what was probably meant, else all there is. One sentence for every kind of name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import NotFound, Text

if TYPE_CHECKING:
    from .desk import Desk

PROCEDURE = Text("流程", "procedure")
SITE = Text("小区", "site")
MOST = 40
"""So many names are told at most: a screen, and not all states of all procedures."""
NO_PROCEDURE = Text("还没有流程；新建一个：guanjia new 名字", "There is no procedure yet; begin one: guanjia new NAME")
"""What is said where procedures would be told and the office has none."""


def nameless(
    what: Text, wanted: str, known: Sequence[str], called: Mapping[str, str] | None = None, more: Text | None = None
) -> NotFound:
    """`called` is what people call each name: whoever types that means it too. `more` is said besides."""
    from difflib import get_close_matches

    called = called or {}
    near = [name for name in known if called.get(name) == wanted] or get_close_matches(wanted, known, 3)
    shown = [(name, called[name]) if called.get(name, name) != name else (name, "") for name in near or known]
    told, left = shown[:MOST], len(shown) - MOST
    zh = "、".join(f"{name}（{word}）" if word else name for name, word in told) or "无"
    en = (" or " if near else ", ").join(f"{name} ({word})" if word else name for name, word in told) or "none"
    if left > 0:
        zh, en = f"{zh}等 {len(shown)} 个", f"{en} and {left} more"
    hint = Text(f"是不是：{zh}？", f"Did you mean {en}?") if near else Text(f"有：{zh}", f"There are: {en}")
    if what is PROCEDURE and not known:
        hint = NO_PROCEDURE
    if more is not None:
        hint = Text(f"{hint.zh}\n{more.zh}", f"{hint.en}\n{more.en}")
    return NotFound(Text(f"没有{what.zh}“{wanted}”。", f"There is no {what.en} {wanted!r}."), hint, known=list(known))


def no_procedure(desk: Desk, wanted: str, known: Sequence[str]) -> NotFound:
    """The same of a procedure, which people call by its label."""
    return nameless(PROCEDURE, wanted, known, {name: desk.label(name, name) for name in known})
