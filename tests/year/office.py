"""The office of the year: what `guanjia init` makes, with the schedules of docs/procedures.md and its households in the register."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from guanjia.clock import Instant, ManualClock
from guanjia.language import OfficeFiles
from guanjia.model.event import Notification
from guanjia.people.customers import Asked
from guanjia.people.organisation import Organisation
from guanjia.runtime.engine import Engine
from guanjia.runtime.sealing import of_office
from guanjia.store.sqlite import SqliteStore

from tests.docs.test_snippets import snippets
from tests.offices import SHIPPED, shipped

BUILDINGS = ("1", "2", "3", "5")
HOUSES = re.compile(r"units: \d+, floors: \d+, rooms: \d+")
"""How large the shipped buildings are: too small for 2,000 households."""
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
    "平",
)


class Door:
    """Where messages leave the house: each is shown to whoever stands there."""

    name = "file"

    def __init__(self) -> None:
        self.watch: Callable[[Notification], None] = lambda message: None

    def send(self, notification: Notification) -> str:
        self.watch(notification)
        return "ok"

    def close(self) -> None:
        pass


def files(folder: Path) -> Path:
    shipped(folder, SHIPPED)
    (shown,) = (text for text in snippets("docs/procedures.md", "yaml") if text.startswith("# file: office.yaml"))
    path = folder / "office.yaml"
    path.write_text(path.read_text("utf-8") + shown[shown.index("schedules:") :], "utf-8")
    people = folder / "organisation.yaml"
    people.write_text(HOUSES.sub("units: 4, floors: 25, rooms: 5", people.read_text("utf-8")), "utf-8")
    return folder


@contextmanager
def running(folder: Path, at: Instant, seed: int) -> Iterator[Engine]:
    """The office at work on a clock that is moved: a real database, sealed as any other, that need not survive a power cut."""
    read = OfficeFiles(files(folder))
    with read.steady():
        plain = SqliteStore(folder / "guanjia.db", "OFF")
        plain.migrate()
        store, keys = of_office(plain, folder)
        people = Organisation.from_plain(read.organisation(), read.office().language)
        engine = Engine(
            store, files=read, organisation=people, clock=ManualClock(at), channels={"file": Door()},
            entropy=random.Random(seed).randbytes, blind=keys.blind,
        )  # fmt: skip
    with engine:
        yield engine


class Home(NamedTuple):
    customer: str
    room: str
    name: str
    language: str


def households(engine: Engine, count: int, draw: random.Random) -> list[Home]:
    """So many households in the register."""
    reception = engine.actor("reception.chen")
    found, asked = list[Home](), list[Asked]()
    for number in range(count):
        building, unit, floor, room = number % 4, number // 4 % 4 + 1, number // 16 % 25 + 1, number // 400 % 5 + 1
        id, room = f"C-{number + 1:05}", f"{BUILDINGS[building]}-{unit}-{floor}{room:02}"
        about: dict[str, Any] = {
            "name": draw.choice(SURNAMES) + draw.choice(GIVEN), "phones": [f"13{draw.randrange(10**9):09}"],
            "rooms": [{"room": room, "relation": "owner"}], "language": "en" if draw.random() < 0.04 else "zh",
        }  # fmt: skip
        found.append(Home(id, room, about["name"], about["language"]))
        asked.append(Asked("add", id, about, actor=reception))
    for place in range(0, count, 200):
        for outcome in engine.customers.execute_many(asked[place : place + 200]):
            if isinstance(outcome, Exception):
                raise outcome
    return found
