"""Valid procedures made at random: nested states, tracks, history, guards, effects, delays, clocks, ladders, reopening.

Whatever comes out can be read without an error and can always be ended by `quit`; beyond that nothing about it is sensible.
"""

from __future__ import annotations

import random
from typing import Any

import yaml
from guanjia.model.effects import CHOICES

SPANS = ("10m", "45m", "3h", "26h", "1 days", "2 workdays")
TEMPLATES = ("told", "late")


def made(draw: random.Random) -> str:
    """The YAML of a procedure called `desk`."""
    return yaml.safe_dump(_Maker(draw).procedure(), allow_unicode=True, sort_keys=False)


class _Maker:
    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.states = 0
        self.actions = 0
        self.delays = 0
        self.known_states: list[str] = []
        self.known_actions: list[str] = []
        self.clocks = [f"k{n}" for n in range(1, draw.randint(1, 3) + 1)]

    def procedure(self) -> dict[str, Any]:
        draw = self.draw
        states, initial = self.region(0, "end")
        states["end"] = {"final": True}
        states["gone"] = {"final": True, "outcome": "left"}
        whole: dict[str, Any] = {
            "procedure": "desk",
            "number": "D-{seq:04}",
            "calendar": draw.choice(["office", "always"]),
            "fields": {
                "summary": {"type": "text", "required": True},
                "n": {"type": "integer", "default": 0},
                "b": {"type": "boolean", "default": False},
                "c": {"type": "choice", "of": ["x", "y", "z"], "default": "x"},
                "phone": {"type": "phone", "personal": True},
            },
            "sla": {name: self.clock() for name in self.clocks},
            "ladders": {
                "up": {
                    "levels": [
                        {"to": ["supervisor", "on_duty:team:front"]},
                        {"to": ["manager", "lead:front"], "wait": draw.choice(SPANS[:4])},
                    ]
                }
            },
            "counts": {
                "like": {
                    "same": draw.choice([[], ["c"], ["c", "b"]]),
                    "within": draw.choice(SPANS),
                    "where": draw.choice(["n < 9", "not b"]),
                    "at": {"2": [{"log": "two"}, {"notify": {"told": "manager"}}]},
                }
            },
            "initial": initial,
            "transitions": {"quit": {"to": "gone"}},
            "signals": {"ping": self.body()},
            "states": states,
        }
        if draw.random() < 0.6:
            whole["reopen"] = {"to": initial, "at_most": 2}
        return whole

    # -- states

    def region(self, depth: int, out: str) -> tuple[dict[str, Any], str]:
        """States in a row, each with a way to the next and the last with a way out; and the name of the first."""
        names = [self.state() for _ in range(self.draw.randint(2, 3))]
        row: dict[str, Any] = {}
        for name, following in zip(names, [*names[1:], out], strict=True):
            row[name] = self.one(depth, names, following)
        return row, names[0]

    def one(self, depth: int, beside: list[str], following: str) -> dict[str, Any]:
        draw = self.draw
        state: dict[str, Any] = {"transitions": {self.action(): {"to": following, **self.body()}}}
        if draw.random() < 0.5:
            branches = [{"to": draw.choice(beside), "guard": self.guard(), **self.body()}, {**self.body()}]
            state["transitions"][self.action()] = branches
        if draw.random() < 0.3:
            state["transitions"][self.action()] = {
                "to": draw.choice(beside),
                "reenter": True,
                "at_most": draw.randint(1, 3),
            }
        for key in ("entry", "exit"):
            if draw.random() < 0.4:
                state[key] = self.effects()
        if draw.random() < 0.5:
            state["after"] = {self.delay(): self.timed(beside) for _ in range(draw.randint(1, 2))}
        if draw.random() < 0.2:
            state["always"] = {"to": following, "guard": "n == 7"}
        if draw.random() < 0.3:
            state["breach"] = {draw.choice(self.clocks): {"do": self.effects()}}
        kind = draw.random()
        if depth < 2 and kind < 0.3:
            inner, initial = self.region(depth + 1, following)
            state |= {"initial": initial, "states": inner}
            if draw.random() < 0.5:
                back = self.state()
                inner[back] = {"history": draw.choice(["shallow", "deep"]), "default": initial}
                state["transitions"][self.action()] = {"to": back}
        elif depth < 1 and kind < 0.5:
            tracks = {}
            for _ in range(2):
                over = self.state()
                inner, initial = self.region(2, over)
                inner[over] = {"final": True}
                tracks[self.state()] = {"initial": initial, "states": inner}
            one, other = tracks
            state["tracks"] = tracks
            state["always"] = {"to": following, "guard": f"done('{one}') and done('{other}')"}
        return state

    # -- pieces

    def body(self) -> dict[str, Any]:
        draw = self.draw
        body: dict[str, Any] = {}
        if draw.random() < 0.4:
            body["do"] = self.effects()
        if draw.random() < 0.15:
            body["input"] = {"why": {"type": "text", "required": draw.random() < 0.5}}
        return body

    def effects(self) -> list[dict[str, Any]]:
        draw = self.draw
        choices: list[dict[str, Any]] = [
            {"log": "here"},
            {"set": {"n": "n + 1"}},
            {"set": {"b": draw.random() < 0.5, "c": draw.choice(["x", "y", "z"])}},
            {"assign": {"role": "agent", "choose": draw.choice([*CHOICES, "opener"])}},
            {"notify": {draw.choice(TEMPLATES): draw.choice(["customer", "supervisor", "assignee", "opener"])}},
            {"escalate": draw.choice(["supervisor", "manager"])},
            {"escalate": {"ladder": "up"}},
            {"extend": {draw.choice(self.clocks): {"by": draw.choice(SPANS), "from": draw.choice(["due", "start"])}}},
            {"emit": "ping"},
        ]
        found = draw.sample(choices, draw.randint(1, 2))
        for effect in found:
            if draw.random() < 0.3 or "emit" in effect:
                effect["when"] = "n < 3" if "emit" in effect else self.guard()
        return found

    def guard(self) -> str:
        draw = self.draw
        past = draw.choice(self.known_actions or ["quit"])
        parts = [
            "n > 1", "b", "not b", "c == 'x'", "c in ['y', 'z']", f"past.{past}.count < 2", f"not clock.{draw.choice(self.clocks)}.breached",
            "sample(50)", "assignee != opener", "phone == none", "now > opened_at + hours(2)", "count('like') > 1",
        ]  # fmt: skip
        return draw.choice([" and ", " or "]).join(draw.sample(parts, draw.randint(1, 2)))

    def timed(self, beside: list[str]) -> dict[str, Any]:
        draw = self.draw
        kind = draw.random()
        if kind < 0.2:
            return {"every": draw.choice(SPANS[2:]), "do": [{"set": {"n": "n + 1"}}]}
        timing = {"at": "opened_at + hours(30)"} if kind < 0.3 else {"delay": draw.choice(SPANS)}
        return timing | {"to": draw.choice(beside), **({"do": self.effects()} if draw.random() < 0.5 else {})}

    def clock(self) -> dict[str, Any]:
        draw = self.draw
        within = draw.choice(SPANS)
        targets: list[dict[str, Any]] = [{"within": within}]
        if draw.random() < 0.5:
            targets.insert(0, {"guard": "c == 'z'", "within": draw.choice(SPANS), "calendar": "always"})
        if draw.random() < 0.2:
            targets = [{"earliest": [{"within": "5h"}, {"within": "2 workdays"}]}]
        clock: dict[str, Any] = {
            "start": "open" if draw.random() < 0.7 else "n > 1",
            "stop": draw.choice(["b and n > 2", "end"]),
            "target": targets,
            "on_change": draw.choice(["keep", "carry", "restart"]),
            "on_reopen": draw.choice(["new", "resume", "closed"]),
            "at": {
                "80%": [{"notify": {"late": "assignee"}}],
                "due": [{"escalate": {"ladder": "up"}}],
                "due + 30m": [{"escalate": "manager"}],
            },
        }
        if draw.random() < 0.5:
            clock["pause"] = draw.choice(["c == 'y'", "b"])
        if draw.random() < 0.2:
            clock["reset"] = "n == 5"
        return clock

    def state(self) -> str:
        self.states += 1
        self.known_states.append(f"s{self.states}")
        return self.known_states[-1]

    def action(self) -> str:
        self.actions += 1
        self.known_actions.append(f"a{self.actions}")
        return self.known_actions[-1]

    def delay(self) -> str:
        self.delays += 1
        return f"d{self.delays}"
