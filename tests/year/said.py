"""What people type: a value for every field and input, drawn by its type, by what it is called and by what the case holds already.

Words are those of the shipped stories. What a guard compares with the case (no more is received than was agreed) is said as
somebody says it who has the case in front of him.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from guanjia.authoring.prove.domains import sample_value
from guanjia.clock import DAY, HOUR, Instant, moment
from guanjia.language.stories import read_stories
from guanjia.model.case import Case
from guanjia.model.procedure import Field

from tests.offices import ROOT

ZONE = "Asia/Shanghai"
SKILLED = {
    "repair": ("engineer.li", "engineer.he"), "complaint": ("agent.wang", "steward.zheng", "engineer.park", "duty.wu"),
    "reception": ("agent.wang", "steward.zheng", "engineer.park", "supervisor.han"), "hotline": ("agent.wang", "steward.zheng", "supervisor.han"),
    "return_visit": ("agent.wang", "steward.zheng"),
}  # fmt: skip
ANYBODY = ("agent.wang", "steward.zheng", "engineer.park", "supervisor.zhao")


class Telling(NamedTuple):
    """Who tells what, when, of which case: None while it is being opened."""

    draw: random.Random
    now: Instant
    procedure: str
    case: Case | None

    def held(self, name: str, otherwise: Any = None) -> Any:
        value = None if self.case is None else self.case.fields.get(name)
        return otherwise if value is None else value

    def number(self, name: str) -> float:
        return float(self.held(name, 0))

    def some(self, *values: Any, weights: tuple[float, ...] | None = None) -> Any:
        return self.draw.choices(values, weights)[0]

    def day(self, first: int, last: int) -> str:
        return moment(self.now + self.draw.randint(first, last) * DAY, ZONE).date().isoformat()

    def soon(self, first: float, last: float) -> Instant:
        """In so many days, at a full hour of the morning."""
        local = moment(self.now + int(self.draw.uniform(first, last) * DAY), ZONE).replace(
            hour=10, minute=0, second=0, microsecond=0
        )
        at = int(local.timestamp()) * 1_000_000
        return at if at > self.now + HOUR else at + DAY


def score_of(t: Telling) -> Any:
    if t.procedure == "service_audit":
        return t.draw.choice((95, 92, 88, 71))
    if t.procedure == "appraisal":
        return t.held("points", t.held("score"))
    return t.some(1, 2, 3, 4, 5, weights=(2, 4, 14, 40, 40))


SELDOM_TRUE = {
    "danger": 0.01,
    "minors": 0.1,
    "anonymous": 0.03,
    "load_bearing": 0.03,
    "facade": 0.03,
    "gas": 0.1,
    "queued": 0.15,
    "redo": 0,
    "unsafe": 0.5,
}
"""Booleans that are seldom true; others seldom are not."""
USUALLY = 0.95

SAID: dict[str, Callable[[Telling], Any]] = {
    "score": score_of,
    "since": lambda t: t.day(-31, -29), "until": lambda t: t.day(-2, -1),
    "kept": lambda t: t.draw.randint(20, 60), "broken": lambda t: t.draw.randint(0, 6), "completed": lambda t: t.draw.randint(10, 30), "reopened": lambda t: t.draw.randint(0, 3),
    "marks": lambda t: t.some("3.8", "4.2", "4.6"), "self_score": lambda t: t.draw.randint(70, 98), "judged": lambda t: t.draw.randint(50, 98),
    "spot_check": lambda t: t.draw.randint(70, 98), "trained": lambda t: t.draw.randint(70, 98),
    "result": lambda t: "coaching" if t.held("grade") == "failed" else "no_change",
    "severity": lambda t: t.some("minor", "major", "critical", weights=(85, 12, 3)),
    "urgency": lambda t: t.some("urgent", "ordinary", "major", weights=(12, 83, 5)),
    "payer": lambda t: t.some("free", "paid", "utility", "warranty", weights=(66, 26, 4, 4)),
    "channel": lambda t: t.some("phone", "email", "counter", "wechat", "letter", weights=(60, 4, 14, 20, 2)),
    "received": lambda t: t.held("price", t.held("quote", "0")),
    "price": lambda t: t.held("quote", "80"),
    "quote": lambda t: f"{t.draw.randint(4, 60) * 10}.00",
    "cost": lambda t: f"{t.some(0, 200, 800, 6000, weights=(80, 12, 7, 1))}.00",
    "amount": lambda t: f"{t.draw.randint(2, 80) * 25}.00",
    "reduction": lambda t: f"{t.number('amount') / 2:.2f}",
    "deducted": lambda t: "0",
    "budget": lambda t: f"{t.draw.randint(5, 120) * 100}.00",
    "people": lambda t: t.draw.randint(20, 180),
    "households": lambda t: 1,
    "consent_by": lambda t: t.some("王女士", "李先生", "张女士"),
    "subject": lambda t: t.some(None, "agent.wang", "engineer.li", weights=(95, 3, 2)),
    "invited": lambda t: t.draw.randint(20, 30),
    "attended": lambda t: t.draw.randint(12, 20),
    "passed": lambda t: t.held("failed", 0) if t.case is not None and "resitting" in t.case.states else 10,
    "failed": lambda t: t.some(0, 2),
    "size": lambda t: t.draw.randint(100, 200),
    "frame": lambda t: 2000,
    "replies": lambda t: 90,
    "satisfied": lambda t: t.draw.randint(70, 84),
    "unhappy": lambda t: t.draw.randint(0, 6),
    "called": lambda t: t.held("unhappy", 0),
    "findings": lambda t: t.some(0, 0, 2),
    "counted": lambda t: t.held("open_cases", t.held("at_risk", 0)),
    "injured": lambda t: 0,
    "at_risk": lambda t: t.some(0, 1, 2),
    "before": lambda t: "20", "goal": lambda t: "10", "after_it": lambda t: t.some("8", "9", "15", weights=(60, 30, 10)),
    "better": lambda t: "lower",
    "ends": lambda t: t.day(40, 60),
    "to": lambda t: t.some(*SKILLED.get(t.procedure, ANYBODY)),
    "with_whom": lambda t: "engineer.he", "trainer": lambda t: "supervisor.zhao", "lead": lambda t: t.some(*ANYBODY),
    "taker": lambda t: t.some("security.zhou", "security.xu"), "about_whom": lambda t: "agent.wang",
    "verdict": lambda t: t.some("adopted", "partly", "not_adopted") if t.procedure == "reception" else t.some("keep", "correct", "reduce", weights=(50, 35, 15)),
    "decision": lambda t: t.some("granted", "granted", "refused_request"),
    "water_test": lambda t: "passed_test",
    "pass_by": lambda t: t.some("card", "face", weights=(80, 20)),
    "effective": lambda t: t.soon(5, 10),
}  # fmt: skip


class Words:
    """What stories say, by the name of what they say it of; and what is drawn where they say nothing."""

    def __init__(self, procedures: tuple[str, ...]) -> None:
        self.texts: dict[str, list[str]] = {}
        for procedure in procedures:
            told, _ = read_stories(ROOT / f"procedures/{procedure}.stories.yaml")
            for story in told.stories:
                for given in (story.open.with_, *(step.with_ for step in story.steps)):
                    for name, value in given.items():
                        if isinstance(value, str):
                            self.texts.setdefault(name, []).append(value)

    def value(self, name: str, field: Field, telling: Telling) -> Any:
        draw = telling.draw
        if name in SAID and (field.type != "choice" or (said := SAID[name](telling)) in field.of):
            return SAID[name](telling) if field.type != "choice" else said
        if field.type == "boolean":
            return draw.random() < SELDOM_TRUE.get(name, USUALLY)
        if field.type == "choice":
            return draw.choice(field.of)
        if field.type == "instant":
            return telling.soon(1, 8)
        if field.type == "date":
            return telling.day(3, 12)
        if field.type in ("text", "room"):
            texts = self.texts.get(name)
            return draw.choice(texts)[: int(str(field.max or 1000))] if texts else "已办理，见记录"
        if field.type == "staff":
            return draw.choice(ANYBODY)
        return sample_value(field, telling.now)
