"""Who sees which cases: one value that says it, and one meaning wherever it is asked.

A case carries *marks* (`core.marks`): who has a hand in it, whose building it is of, which roles have work in it, who may see it
at all, whom it concerns. What somebody sees is a `Sight`: sites, and groups of marks of which one must be there. A database
filters lists by it, and everything that opens a single case asks `unseen`. It is made of plain data, so that a command that
only lists cases pays for no organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from .event import Actor

SCOPES = ("all", "buildings", "team", "work", "escalated", "own")
"""What a role may see of the cases at one's sites, beside those in which one has a hand oneself."""

ANYBODY = "only:*"
"""The mark of a case whose procedure does not say `visible_to`."""

Unseen = Literal["site", "conflict", "sight"]


class Sight(NamedTuple):
    """What somebody sees. A case that `barred` marks never; one at other `sites` never; else one in which he has a `hand`, and
    of the others those that are `open` to him and lie `within` his scope."""

    sites: tuple[str, ...] | None = None
    """None: every site."""
    barred: str | None = None
    hand: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    within: tuple[str, ...] | None = ()
    """None: whatever is open to him."""

    def unseen(self, site: str, marks: str) -> Unseen | None:
        """Why a case is not seen: it is elsewhere, it concerns him, or it is none of his. None where he sees it."""
        if self.sites is not None and site not in self.sites:
            return "site"
        if self.barred is not None and has(marks, self.barred):
            return "conflict"
        if any(has(marks, mark) for mark in self.hand):
            return None
        if any(has(marks, mark) for mark in self.open) and (
            self.within is None or any(has(marks, mark) for mark in self.within)
        ):
            return None
        return "sight"


def joined(marks: Iterable[str]) -> str:
    """Marks as one text, each between two line ends, so that a database finds one by its text."""
    return "\n" + "\n".join(sorted({mark.replace("\n", " ") for mark in marks})) + "\n"


def framed(mark: str) -> str:
    """What stands in the marks of a case that has this one."""
    return f"\n{mark}\n"


def has(marks: str, mark: str) -> bool:
    return framed(mark) in marks


def sight_of(people: Mapping[str, Any], actor: Actor) -> Sight | None:
    """What an actor sees, by organisation.yaml as plain data; None for the engine itself, which sees everything."""
    if actor.kind == "system":
        return None
    if actor.kind == "customer":
        return Sight(hand=(f"customer:{actor.id}",))
    staff: Mapping[str, Any] = people.get("staff") or {}
    about = staff.get(actor.id) or (people.get("systems") or {}).get(actor.id.removeprefix("system:")) or {}
    sites = listed(about.get("sites"))
    within = list(_within(people, actor, about))
    return Sight(
        sites=sites or None, barred=f"not:{actor.id}", hand=(f"assignee:{actor.id}", f"hand:{actor.id}"),
        open=(ANYBODY, *(f"only:{role}" for role in actor.roles)), within=None if "*" in within else tuple(dict.fromkeys(within)),
    )  # fmt: skip


def _within(people: Mapping[str, Any], actor: Actor, about: Mapping[str, Any]) -> Iterator[str]:
    """Marks of what lies within the scopes of somebody's roles; `*` is everything. Another system's own name is work only."""
    name = actor.id.removeprefix("system:")
    roles: Mapping[str, Any] = people.get("roles") or {}
    for role in actor.roles:
        for scope in scopes_of(roles.get(role) or {}) if role != f"system:{name}" else ("work",):
            if scope == "all":
                yield "*"
            elif scope == "work":
                yield f"work:{role}"
            elif scope == "escalated":
                yield f"escalated:{role}"
            elif scope == "buildings":
                yield from (f"building:{building}" for building in listed(about.get("buildings")))
            elif scope == "team":
                yield from (f"assignee:{other}" for other in _colleagues(people, actor.id, about))


def scopes_of(role: Mapping[str, Any]) -> tuple[str, ...]:
    """What a role sees; where nothing is said everything, and of a role outside of the house what is work of its own."""
    return listed(role.get("sees")) or (("work",) if role.get("outside") else ("all",))


def _colleagues(people: Mapping[str, Any], id: str, about: Mapping[str, Any]) -> Iterator[str]:
    """Whoever is in one's team, or in a team that one leads."""
    led = {name for name, team in (people.get("teams") or {}).items() if (team or {}).get("lead") == id}
    teams = {about.get("team"), *led} - {None}
    for other, person in (people.get("staff") or {}).items():
        if person.get("team") in teams:
            yield other


def listed(given: Any) -> tuple[str, ...]:
    """One where several may stand is a list of one."""
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)
