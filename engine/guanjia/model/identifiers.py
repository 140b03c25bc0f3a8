"""Numbers that name a person, found in free text: telephone and identity numbers, mail addresses.

Whoever types a remark writes the neighbour's number into it. What is found is shown masked from then on, and the whole
text is kept as personal data is. Rather one number too many than one too few: an order number that looks like a telephone
is only masked.
"""

from __future__ import annotations

import re

_FOUND = re.compile(
    r"""(?<![0-9A-Za-z])(?:
        (?P<identity>[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])
      | (?P<phone>(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}         # mobile, China
          | \+\d{1,3}[ -]?(?:\(?\d{1,4}\)?[ -]?){1,4}\d{2,4}          # anywhere, with the country
          | 0\d{2,3}[ -]?[2-9]\d{6,7})                                # line, China
      | (?P<mail>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)
    )(?![0-9A-Za-z])""",
    re.VERBOSE,
)


def masked(text: str) -> str | None:
    """The text with every such number masked; None when there is none in it."""
    found = _FOUND.sub(lambda match: mask(match[0], match.lastgroup or ""), text)
    return None if found == text else found


def mask(text: str, kind: str = "text") -> str:
    """A value as it may be seen by anybody: enough to recognise it, too little to use it. `kind` is a type of field, or `identity`."""
    if kind == "phone":
        return f"{text[:3]}****{text[-4:]}" if len(text) >= 9 else "****"
    if kind == "identity":
        return f"{text[:3]}{'*' * (len(text) - 7)}{text[-4:]}"
    if kind in ("email", "mail"):
        name, at, domain = text.partition("@")
        return f"{name[:1]}***{at}{domain}" if at else "***"
    return f"{text[:1]}**" if len(text) > 1 else "**"
