"""The rooms that an office says there are, and what a typed room may have meant.

A building says its rooms by a pattern: units, floors, rooms of a floor, and what is there besides or is not. `3-1-502` is of building
3, unit 1, floor 5. A *place* is a room, a unit, a building, or the whole site by its name. Where a building says nothing of its rooms, nothing
is known of them, and nothing is doubted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple

from ..errors import Text

MOST_ROOMS = 5_000
"""Of one building."""
_LIKE_A_ROOM = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)+")
"""What is written like this means a room; whatever else stands where a room is asked for names a place in words."""
_SPOKEN = re.compile(r"号楼|栋|幢|座|单元|室|号|房|#|BUILDING|UNIT|ROOM|FLAT|[-,，\s]+")
"""What stands between the parts of a room as people say it: 3栋2单元502室, Building 3, Unit 2, Room 502."""
_RANGE = re.compile(r"(.*?)(\d+)\.\.(\d+)")
_NUMBERED = re.compile(r"(.*?)([0-9]*)", re.DOTALL)


def spread(words: Iterable[str]) -> Iterator[str]:
    """Each word; of a range such as 1..18 or 2-101..104 all that it means."""
    for word in words:
        if (found := _RANGE.fullmatch(word.strip())) is None:
            yield word.strip()
            continue
        before, first, last = found.groups()
        yield from (f"{before}{number:0{len(first)}}" for number in range(int(first), int(last) + 1))


def ranged(rooms: Sequence[str]) -> list[str]:
    """The same rooms in their order, those that follow each other as one range: what `spread` takes apart again."""
    found: list[str] = []
    before, length, first, last = "", 0, -1, -2
    for room in rooms:
        head, number = _NUMBERED.fullmatch(room.strip()).groups()  # type: ignore[union-attr]  # it matches every text
        if (head, len(number)) == (before, length) and number and int(number) == last + 1:
            last += 1
            found[-1] = f"{head}{first:0{length}}..{last:0{length}}"
        else:
            before, length, first = head, len(number), int(number or -1)
            last = first
            found.append(room.strip())
    return found


def unspread(word: str) -> bool:
    """Whether it is written like a range and is none."""
    found = _RANGE.fullmatch(word.strip())
    return ".." in word and (found is None or not 0 <= int(found[3]) - int(found[2]) < MOST_ROOMS)


def rooms_of(name: str, building: Mapping[str, Any]) -> tuple[str, ...]:
    """The rooms of a building, in order; none where it says nothing of them."""
    units, floors, numbers = (tuple(spread(building.get(key) or ())) for key in ("units", "floors", "rooms"))
    each = [f"{floor}{number:0>2}" for floor in floors for number in numbers] if floors else numbers
    found = [f"{name}-{unit}-{room}" if unit else f"{name}-{room}" for unit in units or ("",) for room in each]
    beside = (f"{name}-{room}" for room in spread(building.get("also") or ()))
    without = {f"{name}-{room}".upper() for room in spread(building.get("without") or ())}
    return tuple(room for room in dict.fromkeys([*found, *beside]) if room.upper() not in without)


class Doubt(NamedTuple):
    """Why something is no room of the site, and what was perhaps meant."""

    text: Text
    hint: Text


class Places:
    """The rooms of the sites of one office. Those of a building are written out when something is first asked of it."""

    def __init__(self, sites: Mapping[str, Any]) -> None:
        self._sites = sites
        self._of = cache(self._written)

    def _written(self, site: str, name: str) -> Mapping[str, str]:
        """The rooms of a building as they are written, by how they are compared."""
        about = self._sites[site]["buildings"][name] or {}
        return {room.upper(): room for room in rooms_of(name, about)}

    def _buildings(self, site: str) -> Sequence[str]:
        """The buildings that say their rooms."""
        buildings = (self._sites.get(site) or {}).get("buildings") or {}
        return [name for name, about in buildings.items() if about and (about.get("rooms") or about.get("also"))]

    def _building(self, site: str, place: str) -> Mapping[str, str] | None:
        """The rooms of the building that a place is in; None where it is in none of those that say them."""
        first = place.partition("-")[0]
        return next((self._of(site, name) for name in self._buildings(site) if name.upper() == first), None)

    def _all(self, site: str) -> list[str]:
        return [room for name in self._buildings(site) for room in self._of(site, name).values()]

    def rooms(self, site: str, place: str) -> Sequence[str] | None:
        """The rooms of a place; None where the office says nothing of it, or there is no such place."""
        asked = place.strip().upper()
        if asked == site.upper():
            return self._all(site) or None
        known = self._building(site, asked) or {}
        if asked in known:
            return [known[asked]]
        return [room for compared, room in known.items() if compared.startswith(f"{asked}-")] or None

    def told(self, site: str) -> Text:
        """Which buildings say their rooms."""
        names = ", ".join(self._buildings(site))
        if not names:
            return Text("先在 organisation.yaml 里写明各楼栋的房号（units、floors、rooms）。", "Say the rooms of buildings in organisation.yaml first (units, floors, rooms).")  # fmt: skip
        return Text(f"有：{names}", f"There are: {names}")

    def doubt(self, site: str, typed: str, *, whole: bool = False) -> Doubt | None:
        """Why what was typed is none of the rooms that the site says it has; None where it is one, or nobody can know. `whole`: it has to
        be a room, not the building or a unit of it."""
        text = typed.strip().upper()
        rooms = self._building(site, text)
        if rooms is None:
            return (self._elsewhere if _LIKE_A_ROOM.fullmatch(text) else self._said)(site, typed.strip())
        if text in rooms or not (whole or _LIKE_A_ROOM.fullmatch(text)):
            return None
        if not whole and self.rooms(site, text):
            return None
        what = Text(f"没有“{typed.strip()}”这个房号", f"there is no room {typed.strip()!r}")
        written = list(rooms.values())
        return Doubt(what, _meant(text, written if whole else _parts(written)))

    def _elsewhere(self, site: str, typed: str) -> Doubt | None:
        """Of a building that the site does not name: only where each of its buildings says its rooms, all of them are known."""
        known = self._buildings(site)
        if not known or len(known) != len(self._sites[site]["buildings"]):
            return None
        what = Text(f"没有“{typed}”这个房号", f"there is no room {typed!r}")
        rest = typed.upper().partition("-")[2]
        same = (self._of(site, name).get(f"{name.upper()}-{rest}") for name in known)
        close = get_close_matches(typed.upper(), [room for room in same if room is not None], 3)
        return Doubt(what, _perhaps(close) if close else self.told(site))

    def _said(self, site: str, typed: str) -> Doubt | None:
        """Of a room that is written as it is said, where it cannot be taken for a place in words."""
        said = [part for part in _SPOKEN.split(typed.upper()) if part]
        if len(said) < 2:
            return None
        known = (
            room for name in self._buildings(site) if name.upper() == said[0] for room in self._of(site, name).values()
        )
        same = [room for room in known if said in ((parts := room.upper().split("-")), [parts[0], parts[-1]])]
        if not same:
            return None
        return Doubt(
            Text(f"“{typed}”不是这里房号的写法", f"{typed!r} is not how a room is written here"), _perhaps(same)
        )


def _parts(rooms: Sequence[str]) -> list[str]:
    """The rooms, ahead of them the building and the units that they are in."""
    inside = (room.split("-")[:depth] for depth in (1, 2) for room in rooms)
    return list(dict.fromkeys(["-".join(parts) for parts in inside] + list(rooms)))


def _perhaps(close: Sequence[str]) -> Text:
    return Text(f"是不是：{'、'.join(close)}？", f"Did you mean {', '.join(close)}?")


def _meant(text: str, rooms: Sequence[str]) -> Text:
    if close := get_close_matches(text, rooms, 3):
        return _perhaps(close)
    return Text(f"有 {rooms[0]} 到 {rooms[-1]} 等 {len(rooms)} 间；都写在 organisation.yaml 里。",
                f"There are {len(rooms)}, {rooms[0]} to {rooms[-1]}: see organisation.yaml.")  # fmt: skip
