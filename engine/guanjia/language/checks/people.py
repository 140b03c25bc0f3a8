"""Words for people who are told something, in `notify`, `escalate`, the levels of a ladder, and `alarm` of office.yaml.

A role stands bare; `staff:<id>` is a person, `team:<team>` a team and `lead:<team>` its lead; `on_duty:` before a role or a team
leaves those who work just then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from ...errors import Text
from .view import PERSON, TEAM, likely

ON_DUTY = "on_duty:"


class Known(Protocol):
    """The names that organisation.yaml has; None where they are not known, and so not checked."""

    @property
    def roles(self) -> Collection[str] | None: ...
    @property
    def teams(self) -> Collection[str] | None: ...
    @property
    def staff(self) -> Collection[str] | None: ...


class Unknown(NamedTuple):
    """A word that means nobody: the code of the finding, what is wrong, what to write instead."""

    code: str
    text: Text
    hint: Text


def unknown(
    word: str, known: Known, others: Iterable[str] = (), called: Mapping[str, str] = MappingProxyType({})
) -> Unknown | None:
    """What is wrong with a word for people; None when it means somebody. `others`: what else might have been meant; `called` as `likely` takes it."""
    asked = word.removeprefix(ON_DUTY)
    kind, colon, name = asked.partition(":")
    if asked != word and kind in ("lead", "staff") and colon:
        what = Text(f"“{ON_DUTY}”后面只能是角色或班组", f"after {ON_DUTY} stands a role or a team")
        return Unknown("recipient", what, Text(f"去掉 {ON_DUTY}，写 {asked}", f"take {ON_DUTY} away: {asked}"))
    for named, what, code, names in (
        ("team", TEAM, "unknown-team", known.teams),
        ("lead", TEAM, "unknown-team", known.teams),
        ("staff", PERSON, "unknown-staff", known.staff),
    ):
        if colon and kind == named:
            if names is None or name in names:
                return None
            before = word.removesuffix(name)
            text = Text(f"没有叫“{name}”的{what.zh}", f"there is no {what.en} {name!r}")
            return Unknown(code, text, likely(word, [f"{before}{each}" for each in sorted(names)]))
    if known.roles is None or (asked in known.roles and not colon):
        return None
    groups = [*sorted(known.roles), *(f"team:{team}" for team in sorted(known.teams or ()))]
    meant = [f"{ON_DUTY}{group}" for group in groups] if asked != word else [*groups, *others]
    text = Text(f"没有叫“{word}”的收件人", f"there is no recipient {word!r}")
    return Unknown("unknown-recipient", text, likely(word, meant, called))
