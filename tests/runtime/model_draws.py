"""Commands for the model (model.py) and the engine, drawn by chance: some that may be nonsense, some that the model would carry out, and
some against which just one thing stands."""

from __future__ import annotations

import random
from typing import Any

from tests.runtime.model import Office
from tests.runtime.model_asking import who_is
from tests.runtime.model_case import Case
from tests.runtime.model_door import at_the_door
from tests.runtime.model_register import PLACES
from tests.runtime.model_rules import ACTIONS, CLOCKS, JOB_ACTIONS, REQUEST_ACTIONS

ACTORS = ("agent.wang", "agent.li", "supervisor.zhao", "manager.sun", "c-1", "c-2", "c-3")
MINUTES = (0, 1, 10, 30, 60, 90, 120, 240, 12 * 60, 24 * 60, 3 * 24 * 60, 11 * 24 * 60)
KINDS = (
    "open",
    "act",
    "act",
    "act",
    "signal",
    "edit",
    "edit",
    "assign",
    "note",
    "attach",
    "clock",
    "clock",
    "ack",
    "ack",
    "undo",
    "merge",
    "link",
    "split",
    "code",
    "answer",
    "hold",
    "forget",
)
EDITS: tuple[dict[str, Any], ...] = (
    {"priority": "urgent"}, {"priority": "usual"}, {"cost": 7}, {"cost": 700}, {"resume_in": 60}, {"resume_in": -60},
    {"resume_in": None}, {"place": "P1"}, {"place": "P1"}, {"place": "P2"}, {"place": "P3"}, {"place": None}, {"resume_in": 2880}, {"phone": "13900000000"}, {"odd": 1},
)  # fmt: skip
SELDOM = {"withdraw": 0.15, "stay": 0.2, "again": 0.3, "inform": 0.3, "prolong": 0.4, "rework": 0.5}


WAYS: tuple[tuple[tuple[str, str, dict[str, Any]], ...], ...] = (
    (("inspect", "", {"cost": 50}), ("pass", "supervisor.zhao", {}), ("withdraw", "", {"why": "enough"}), ("reopen", "supervisor.zhao", {})),
    (("hold", "", {}), ("go_on", "", {}), ("inform", "", {}), ("announce", "supervisor.zhao", {}), ("withdraw", "", {"why": "enough"})),
    (("ask", "", {}), ("answered", "", {}), ("order", "", {})),
    (("prolong", "supervisor.zhao", {}), ("again", "", {}), ("withdraw", "c-1", {"why": "enough"}), ("reopen", "c-1", {})),
)  # fmt: skip
"""What people do to a case that one of them accepted, where nobody else is named."""


def some(draw: random.Random) -> dict[str, Any]:
    """A command that may be nonsense."""
    kind, who = draw.choice(KINDS), draw.choice(ACTORS)
    given: dict[str, Any] = {"kind": kind, "who": who, "case": draw.choice((0, 1, 2, 3, 4, -1))}
    if draw.random() < 0.15:
        given["key"] = draw.choice("abc")
    if draw.random() < 0.15:
        given |= {"ago": draw.choice((0, 5, 60, 240, 1800, -5)), "reason": draw.choice((None, "late", "late"))}
        given["who"] = draw.choice((who, "supervisor.zhao"))
    if kind == "open":
        given["name"] = draw.choice(("request",) * 9 + ("job",))
        priority = draw.choice(("usual", "urgent", "odd"))
        given["values"] = {"summary": draw.choice(("water", "水", "", "x" * 21)), "priority": priority}
    elif kind == "act":
        given["name"] = draw.choice((*REQUEST_ACTIONS, *JOB_ACTIONS, "dance"))
        given["values"] = draw.choice(
            ({}, {"cost": 101}, {"why": "enough"}, {"priority": "urgent"}, {"area": ["1", "7"]})
        )
        if draw.random() < 0.2:
            given["behind"] = draw.choice((0, 0, 1))
    elif kind == "signal":
        given |= {"name": draw.choice(("paid", "fixed", "sung", "reopen")), "who": draw.choice(("system", who))}
    elif kind == "edit":
        given |= {"values": draw.choice(EDITS), "who": draw.choice((who, "supervisor.zhao"))}
    elif kind == "assign":
        given["name"] = draw.choice(("agent.wang", "agent.li", "supervisor.zhao", "nobody.here"))
        given["reason"] = draw.choice((None, "holiday"))
    elif kind == "note":
        given["values"] = {"text": draw.choice(("called back", "call 13700001234"))}
    elif kind == "attach":
        given |= {"name": "photo.jpg", "values": {"content": "bytes"}}
    elif kind == "clock":
        name, way = (
            draw.choice(("respond", "solve", "solve", "keep", "held_long", "odd")),
            draw.choice(("pause", "resume", "reset")),
        )
        given |= {
            "name": name,
            "values": {"way": way},
            "reason": "because",
            "who": draw.choice((who, "supervisor.zhao")),
        }
    elif kind == "answer":
        given |= {"code": draw.choice((-1, 0, 1, 2, 3)), "name": draw.choice((*REQUEST_ACTIONS, "dance"))}
    elif kind == "hold":
        given |= {"values": {"on": draw.random() < 0.6}, "reason": draw.choice((None, "suit", "suit"))}
        given["who"] = draw.choice((who, "manager.sun"))
    elif kind == "forget":
        given |= {"reason": draw.choice((None, "asked", "asked")), "who": draw.choice((who, "manager.sun"))}
    elif kind == "merge":
        given |= {"values": {"other": draw.choice(range(5))}, "reason": draw.choice((None, "same", "same"))}
    elif kind == "link":
        way = draw.choice(("beside", "child", "apart"))
        given |= {"name": draw.choice(("", "pipe")), "values": {"other": draw.choice(range(5)), "way": way}}
    elif kind == "ack":
        given["who"] = draw.choice((who, "supervisor.zhao", "manager.sun"))
    return given


def brings(draw: random.Random, name: str) -> dict[str, Any]:
    """What an action needs."""
    area = [draw.choice(PLACES) for _ in range(draw.choice((1, 1, 2)))]
    return {"withdraw": {"why": "enough"}, "inspect": {"cost": 50}, "warn": {"area": area}}.get(name, {})


def _heard(case: Case) -> bool:
    """Whether customers of other cases hear what this one tells."""
    return not case.closed and bool(case.absorbed or any(number for number in case.children.values()))


def apt(draw: random.Random, office: Office) -> dict[str, Any]:
    """A command that the model would carry out, as far as it can see."""
    if not office.cases or (len(office.cases) < 5 and draw.random() < 0.1):
        who = draw.choice(("agent.wang", "agent.li", "c-1", "c-2"))
        values = {"summary": draw.choice(("water", "水")), "priority": draw.choice(("usual", "urgent"))}
        given: dict[str, Any] = {"kind": "open", "name": "request", "who": who, "values": values}
        if draw.random() < 0.3:
            values["phone"] = "13800001234"
        if draw.random() < 0.6:
            values["place"] = draw.choice(("P1", "P1", "P2"))
        if draw.random() < 0.2:
            given["mode"] = "drill"
        if draw.random() < 0.7:
            given["customer"] = who if who.startswith("c-") else draw.choice(("c-1", "c-2", "c-3", "c-4"))
        return given
    which = draw.choice(range(len(office.cases)))
    case = list(office.cases.values())[which]
    clocks = [clock for clock in case.clocks.values() if clock.open and CLOCKS[case.procedure][clock.name].pausable]
    if clocks and draw.random() < 0.2:
        clock = draw.choice(clocks)
        way = draw.choice(("resume", "resume", "reset")) if clock.held else "pause"
        given = {"kind": "clock", "name": clock.name, "who": "supervisor.zhao", "case": which, "reason": "because"}
        return given | {"values": {"way": way}}
    if draw.random() < 0.2:
        return joins(draw, office, which)
    if case.codes and case.procedure == "request" and draw.random() < 0.4:
        words = [
            name
            for name in ("withdraw", "reopen", "inform", "stay")
            if not office.against(case, name, at_the_door(case), {"why": ""})
        ]
        if words:
            name = draw.choice(words)
            given = {"kind": "answer", "who": "c-1", "case": which, "code": draw.choice(list(case.codes)), "name": name}
            return given | ({"values": {"why": "enough"}} if name == "withdraw" else {})
    if draw.random() < 0.1:
        return {"kind": "code", "who": draw.choice(("supervisor.zhao", case.opener)), "case": which}
    if _heard(case) and draw.random() < 0.3:
        return {"kind": "act", "name": "announce", "who": "supervisor.zhao", "case": which}
    if case.last is not None and not case.last.over and draw.random() < 0.15:
        return {"kind": "undo", "who": case.last.actor, "case": which}
    if "unpaid" in case.states and draw.random() < 0.5:
        return {"kind": "signal", "name": "paid", "who": "system", "case": which}
    found = [
        (name, actor) for name in ACTIONS[case.procedure] for actor in ACTORS
        if not office.against(case, name, who_is(actor), {}) - {"field"}
    ]  # fmt: skip
    wanted = [name for name in dict.fromkeys(name for name, _ in found) if draw.random() < SELDOM.get(name, 1)]
    if not wanted:
        return some(draw)
    name = draw.choice(wanted)
    given = {
        "kind": "act",
        "name": name,
        "who": draw.choice([actor for action, actor in found if action == name]),
        "case": which,
    }
    if name in ("withdraw", "inspect", "warn"):
        given["values"] = brings(draw, name)
    return given


def joins(draw: random.Random, office: Office, which: int) -> dict[str, Any]:
    """Something that ties two cases, as a person does who may."""
    given: dict[str, Any] = {"case": which, "who": draw.choice(("supervisor.zhao", "agent.wang"))}
    open_ones = [place for place, case in enumerate(office.cases.values()) if not case.closed and place != which]
    case = list(office.cases.values())[which]
    if case.parent or case.links:
        tied = [*filter(None, [case.parent]), *case.links]
        other = list(office.cases).index(draw.choice(tied))
        if draw.random() < 0.3:
            return given | {"kind": "link", "values": {"other": other, "way": "apart"}}
    kind = draw.choice(("merge", "merge", "child", "child", "beside", "split"))
    if kind == "split" or not open_ones:
        return given | {"kind": "split", "who": draw.choice(("agent.wang", "agent.li"))}
    other = draw.choice(open_ones)
    if kind == "merge":
        return given | {"kind": "merge", "values": {"other": other}, "reason": "same"}
    return given | {"kind": "link", "values": {"other": other, "way": kind}}


def tells(draw: random.Random, office: Office) -> dict[str, Any]:
    """Something of which a customer is told."""
    found = [
        {"kind": "act", "name": name, "who": "supervisor.zhao", "case": which, "values": brings(draw, name)}
        for which, case in enumerate(office.cases.values())
        for name in ("inform", "announce", "warn") if case.customer and name in ACTIONS[case.procedure]
        if not office.against(case, name, who_is("supervisor.zhao"), brings(draw, name))
    ]  # fmt: skip
    values = {"summary": "water", "priority": "usual"}
    new = {"kind": "open", "name": "request", "who": draw.choice(("c-1", "c-2", "c-3", "c-4")), "values": values}
    return draw.choice(found) if found and draw.random() < 0.8 else new


def tempting(draw: random.Random, office: Office) -> dict[str, Any]:
    """An action against which just one thing stands: where what stands in the way is forgotten, it is taken."""
    found: dict[str, list[dict[str, Any]]] = {}
    for which, case in enumerate(office.cases.values()):
        for name in ACTIONS[case.procedure]:
            for actor in ACTORS:
                given = brings(draw, name)
                stands = office.against(case, name, who_is(actor), given)
                if len(stands) == 1:
                    step = {"kind": "act", "name": name, "who": actor, "case": which, "values": given}
                    found.setdefault(*stands, []).append(step)
    return draw.choice(found[draw.choice(sorted(found))]) if found else some(draw)
