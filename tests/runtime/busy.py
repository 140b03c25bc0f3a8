"""An office in which every kind of command writes everything that a command of its kind can write.

Events, snapshot, personal values, messages (some of which fail), items between cases, command keys, attachments, openings
by the calendar: what is killed, damaged, copied and counted in the tests of this folder is this office at work.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from guanjia.channels.interface import Channel, Undeliverable
from guanjia.channels.recorder import Recorder
from guanjia.clock import HOUR, MINUTE, Clock, ManualClock
from guanjia.core import Program
from guanjia.errors import GuanjiaError, Text
from guanjia.language import OfficeFiles
from guanjia.model.event import Command
from guanjia.people.organisation import Organisation
from guanjia.runtime.engine import Engine
from guanjia.store import Query, Store

from tests.offices import MONDAY, OFFICE, PEOPLE, small

JOB = """
procedure: job
number: J-{seq}
fields:
  summary: {type: text}
  phone: {type: phone, personal: true}
  bill: {type: attachment}
sla:
  answer:
    start: open
    stop: accept
    calendar: always
    target: {within: 30m}
    at:
      80%: [{notify: {told: supervisor}}]
      due: [{escalate: {ladder: up}}]
ladders:
  up: {calendar: always, levels: [{to: supervisor}, {to: manager, wait: 30m}]}
counts: {often: {same: summary, within: 30 days, at: {2: [{log: once more}]}}}
initial: new
transitions:
  withdraw: {to: dropped, by: [agent, customer]}
signals:
  pinged: {do: [{notify: {told: assignee}}]}
states:
  new:
    entry: [{notify: {told: agent}}]
    transitions:
      accept: {to: working, by: agent, do: [{assign: {person: actor}}, {notify: {told: customer}}]}
    after:
      nudge: {every: 18h, calendar: always, do: [{notify: {told: agent}}]}
      stale: {delay: 3 days, calendar: always, to: dropped}
  working:
    transitions:
      split: {by: agent, at_most: 2, input: {phone: {type: phone, personal: true}}, do: [{open: {part: {as: part, wait: true, with: {summary: summary, phone: phone}}}}]}
      finish: {to: done, by: agent, guard: past.split.count == 0}
    always: {to: done, guard: past.split.count > 0 and child.part.closed}
    after:
      slow: {every: 4h, calendar: always, do: [{escalate: supervisor}]}
  done: {final: true, outcome: done}
  dropped: {final: true}
reopen: {to: working, by: supervisor, within: 15 days, at_most: 3}
"""
PART = """
procedure: part
number: P-{seq}
fields:
  summary: {type: text}
  phone: {type: phone, personal: true}
initial: begun
states:
  begun:
    entry: [{notify: {told: agent}}]
    transitions:
      ping: {by: agent, do: [{emit: {signal: pinged, to: parent}}]}
      end: {to: ended, by: agent}
    after:
      over: {delay: 9h, calendar: always, to: ended}
  ended: {final: true}
"""
SCHEDULE = "schedules:\n  regular: {open: job, cron: 'CRON', with: {summary: 例行}, catch_up: all}\n"


def office(folder: Path, cron: str = "0 8 * * *", job: str = JOB) -> Path:
    more = {
        "procedures/part.yaml": PART,
        "office.yaml": OFFICE + SCHEDULE.replace("CRON", cron),
        "organisation.yaml": re.sub(r"rights: \[.*?\]", "rights: [all]", PEOPLE),
    }
    return small(folder, job, name="job", templates=("told",), more=more)


_programs: dict[str, Program] = {}


def open_desk(
    store: Store,
    files: OfficeFiles,
    *,
    clock: Clock | None = None,
    channel: Channel | None = None,
    seed: int | None = None,
) -> Engine:
    """An engine over a store that is migrated; what the files compile to is kept, so that opening one costs little."""
    with files.steady():
        desk = Engine(
            store, files=files, organisation=Organisation.from_plain(files.organisation(), "zh"),
            clock=clock or ManualClock(MONDAY), channels={"file": channel or Recorder("file")},
            **({} if seed is None else {"entropy": random.Random(seed).randbytes}),
        )  # fmt: skip
    desk._programs = _programs
    return desk


class Moody:
    """A channel that refuses now and then, and tells `handed` what it took."""

    name = "file"

    def __init__(self, handed: Callable[[str], None], draw: random.Random, refuses: float = 0.1) -> None:
        self.handed, self.draw, self.refuses = handed, draw, refuses

    def send(self, notification):
        if self.draw.random() < self.refuses:
            raise Undeliverable(Text("暂时不行", "not now"))
        self.handed(notification.key)
        return "ok"

    def close(self) -> None:
        pass


FITTING = {"new": ("accept", "accept", "accept", "withdraw"), "working": ("split", "split", "finish"), "begun": ("ping", "end"),
           "done": ("reopen",)}  # fmt: skip
"""The actions that a state allows."""
ACTS = tuple(sorted({act for acts in FITTING.values() for act in acts}))


def invented(desk: Engine, draw: random.Random, key: str | None = None) -> Command:
    """Some command that somebody might give now, allowed or not."""
    rows = desk.store.list(Query(open=None, order="changed", limit=12))
    agent, supervisor = desk.actor("agent.wang"), desk.actor("supervisor.zhao")
    if not rows or draw.random() < 0.25:
        values = {"summary": f"漏水 {draw.randrange(1000)}", "phone": f"138{draw.randrange(10**8):08}"}
        return Command("open", "job", values=values, actor=agent, key=key)
    row = draw.choice(rows)
    act = draw.choice(ACTS if draw.random() < 0.3 else FITTING.get(row.columns.states, ACTS))
    text = f"note {key}" if key else "看过"
    return draw.choice(
        [
            *[Command("act", act, row.id, {}, supervisor if act == "reopen" else agent, key)] * 5,
            Command("signal", "pinged", row.id, {}, agent, key),
            Command("edit", "", row.id, {"phone": f"139{draw.randrange(10**8):08}"}, supervisor, key),
            Command("assign", "agent.li", row.id, {}, supervisor, key, reason="换班"),
            Command("note", "", row.id, {"text": text}, agent, key),
        ]
    )


def at_work(desk: Engine, draw: random.Random, steps: int) -> Iterator[str]:
    """The office at work: commands, attachments, time that passes, rounds of the worker. Yields what was done."""
    for number in range(steps):
        kind = draw.random()
        try:
            if kind < 0.2:
                assert isinstance(desk.clock, ManualClock)
                desk.clock.advance(draw.choice([MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, 7 * HOUR]))
                desk.run_once()
                yield "run_once"
            elif kind < 0.25 and (rows := desk.store.list(Query(limit=5))):
                content = draw.randbytes(draw.choice([10, 5000]))
                desk.attach(draw.choice(rows).id, "照片.jpg", content, actor="agent.wang")
                yield "attach"
            else:
                command = invented(desk, draw, f"k-{number}" if draw.random() < 0.5 else None)
                desk.execute(command)
                yield command.kind
        except GuanjiaError:
            yield "refused"
