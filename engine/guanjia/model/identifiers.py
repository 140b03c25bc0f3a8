"""What names a person, found in free text: telephone and identity numbers, mail addresses, and names that are known.

Whoever types a remark writes the neighbour's number into it. What is found is shown masked from then on, and the whole
text is kept as personal data is. Rather one number too many than one too few: an order number that looks like a telephone
is only masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

_FOUND = r"""(?<![0-9A-Za-z])(?:
        (?P<identity>[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])
      | (?P<phone>(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}         # mobile, China
          | \+\d{1,3}[ -]?(?:\(?\d{1,4}\)?[ -]?){1,4}\d{2,4}          # anywhere, with the country
          | 0\d{2,3}[ -]?[2-9]\d{6,7})                                # line, China
      | (?P<mail>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)
    )(?![0-9A-Za-z])"""


@cache
def _found() -> re.Pattern[str]:
    """Compiled when a text is first looked through: whoever only masks a value need not wait for it."""
    return re.compile(_FOUND, re.VERBOSE)


_WIDE = r"[\uff01-\uff5e\u3000]|[^\D0-9]"
"""Wide signs and digits of other scripts."""

SHORTEST = 2
"""Characters of the shortest name that is looked for."""

_NOBODY: Mapping[str, str] = {}


def masked(text: str, names: Mapping[str, str] = _NOBODY) -> str | None:
    """The text with every such number masked, and every one of these names (each with its kind); None when there is none in
    it. Latin letters may be large or small, and a name is no part of a longer word."""
    found = text
    for name in sorted((name for name in names if len(name) >= SHORTEST), key=len, reverse=True):
        if name.casefold() in found.casefold():
            whole = f"{_edge(name[0], '<!')}{re.escape(name)}{_edge(name[-1], '!')}"
            found = re.sub(whole, mask(name, names[name]).replace("\\", r"\\"), found, flags=re.IGNORECASE)
    found = _numbers(found)
    return None if found == text else found


def _numbers(text: str) -> str:
    """The text with every number and mail address masked, also one that was typed in the wide signs of a Chinese keyboard."""
    plain, shown, at = narrow(text), [], 0
    for match in _found().finditer(plain):
        shown += [text[at : match.start()], mask(match[0], match.lastgroup or "")]
        at = match.end()
    return "".join((*shown, text[at:]))


def narrow(text: str) -> str:
    """The text, sign for sign, with wide letters, digits and signs as plain ones (１３８＠ as 138@), and digits of any script as ours."""
    return text if text.isascii() else re.sub(_WIDE, lambda sign: _plain(sign[0]), text)


def _plain(sign: str) -> str:
    if sign.isdecimal():
        return str(int(sign))
    return " " if sign == "\u3000" else chr(ord(sign) - 0xFEE0)


def unsaid(text: str, names: Mapping[str, str] = _NOBODY) -> str:
    """The text, masked where there is something to mask: for what is kept in clear, such as reasons."""
    return masked(text, names) or text


def _edge(sign: str, way: str) -> str:
    """Where a name that begins or ends with this sign begins or ends: Chinese has no blanks between words."""
    return rf"(?{way}[0-9A-Za-z\u00c0-\u024f])" if re.match(r"[0-9A-Za-z\u00c0-\u024f]", sign) else ""


def mask(text: str, kind: str = "text") -> str:
    """A value as it may be seen by anybody: enough to recognise it, too little to use it. `kind` is a type of field, or `identity`."""
    if kind == "sensitive":
        return "***"
    if kind == "phone":
        return f"{text[:3]}****{text[-4:]}" if len(text) >= 9 else "****"
    if kind == "identity":
        return f"{text[:3]}{'*' * (len(text) - 7)}{text[-4:]}"
    if kind in ("email", "mail"):
        name, at, domain = text.partition("@")
        return f"{name[:1]}***{at}{domain}" if at else "***"
    return f"{text[:1]}**" if len(text) > 1 else "**"
