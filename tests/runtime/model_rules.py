"""The two procedures of the model (model.py): as the engine reads them, and once more by hand. Whoever changes the one changes the
other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tests.runtime.model_case import Case, Clock, Rule, Target, reached
from tests.runtime.model_time import DAY, HOUR, MINUTE, Hours

if TYPE_CHECKING:
    from tests.runtime.model_step import Step


REQUEST = """
procedure: request
retention: 12 days
conflicts: [customer]
number: R-{seq:04}
calendar: hours
undo: 2h
on_merge: [{notify: {told: customer}}]
open_by: [agent, customer]
fields:
  summary:   {type: text, required: true, max: 20}
  priority:  {type: choice, of: [usual, urgent], default: usual}
  cost:      {type: integer, min: 0, max: 100}
  rounds:    {type: integer, default: 0}
  resume_at: {type: instant}
  phone:     {type: phone, personal: true, retention: 5 days}
  place:     {type: entry, of: places}
counts:
  crowd: {same: place, within: 3 days, where: priority == 'usual', at: {3: [{notify: {told: manager}}]}}
sla:
  respond:
    start: open
    stop: accept
    target: [{guard: priority == 'urgent', within: 1h, calendar: always}, {within: 2h}]
    manual: false
    on_reopen: closed
    at:
      50%: [{notify: {told: agent}}]
      due: [{escalate: {ladder: up}}]
      due + 30m: [{notify: {told: manager}}]
  solve:
    start: open
    pause: waiting
    stop: over
    cancel: withdraw
    target: [{guard: priority == 'urgent', within: 1 workdays}, {within: 3 workdays}]
    on_reopen: resume
    at:
      due: [{escalate: {ladder: up}}, {notify: {told: [assignee, supervisor]}}]
      due + 2h: [{notify: {told: opener}}]
  keep:
    start: accept
    reset: inform
    pause: hold
    resume: handling
    stop: over
    target: {within: 3h}
    on_reopen: resume
    at:
      due - 1h: [{notify: {told: assignee}}]
      due: [{notify: {told: [assignee, customer]}}]
  held_long:
    start: held
    stop: not in_state('held')
    pausable: false
    target: {within: 90m, calendar: always}
    at:
      due: [{notify: {told: supervisor}}]
ladders:
  up: {calendar: always, levels: [{to: supervisor}, {to: [team:front, assignee], wait: 30m}, {to: manager, wait: 1h}]}
modes:
  drill: {prefix: {zh: "【演练】", en: "[DRILL] "}, outside: record}
initial: received
transitions:
  withdraw: {to: withdrawn, by: [customer, agent for customer], input: {why: {type: text, required: true}}}
  prolong:  {by: supervisor, at_most: 1, do: [{extend: {solve: 1 workdays}}]}
  announce: {by: supervisor, do: [{notify: {told: {to: customers, urgency: low}}}]}
  warn:
    by: supervisor
    input: {area: {type: list, required: true}}
    do: [{open: {home: {households: input.area}}}, {notify: {told: {to: customers, urgency: low}}}]
  calm:     {by: supervisor, do: [{emit: {signal: over, to: home}}]}
  inform:   {guard: past.accept.count > 0, do: [{notify: {told: {to: customer, urgency: urgent}}}]}
signals:
  fixed: {do: [{set: {rounds: rounds + 10}}]}
states:
  received:
    entry: [{notify: {told: customer}}]
    transitions:
      accept: {to: working, by: agent, undo: 10m, do: [{assign: {person: actor}}]}
    breach:
      respond: {do: [{set: {priority: urgent}}]}
  handling:
    initial: working
    exit: [{set: {rounds: rounds + 1}}]
    states:
      working:
        transitions:
          ask:     {to: waiting, by: assignee, undo: 48h}
          order:   {by: agent, at_most: 1, do: [{open: {job: {as: fix, wait: true, with: {what: summary}}}}]}
          inspect: {to: checking, by: assignee, require: [cost]}
          stay:    {to: working}
          again:   {to: working, reenter: true}
        after:
          tired: {delay: 26h, calendar: always, do: [{notify: {told: supervisor}}]}
      waiting:
        transitions:
          answered: {to: working}
        after:
          no_answer: {delay: 2 workdays, to: working, do: [{notify: {told: customer}}]}
          nudge:     {every: 5h, do: [{notify: {told: {to: customer, urgency: low}}}]}
      back: {history: deep, default: working}
    transitions:
      hold: {to: held, by: [assignee, supervisor], undo: never}
  held:
    transitions:
      go_on: {to: back}
    after:
      wake: {at: resume_at, to: back}
  checking:
    tracks:
      quality:
        initial: looking
        states:
          looking: {transitions: {pass: {to: passed, by: [agent, supervisor], not_by: [accept, inspect]}}}
          passed:  {final: true}
      bill:
        initial: unpaid
        states:
          unpaid:  {signals: {paid: {to: settled}}}
          settled: {final: true}
    transitions:
      rework: {to: working, by: supervisor, do: [{assign: {role: agent}}]}
    always: {to: over, guard: done('quality') and done('bill') and not child.fix.open}
  over:      {final: true, outcome: solved}
  withdrawn: {final: true}
reopen: {to: working, by: [customer, supervisor, system], within: 10 days, at_most: 2}
"""


JOB = """
procedure: job
number: J-{seq:04}
undo: 30m
modes:
  drill: {prefix: {zh: "【演练】", en: "[DRILL] "}, outside: record}
calendar: hours
open_by: system
fields:
  what: {type: text, required: true}
sla:
  finish: {start: open, stop: done_well, target: {within: 4h}, at: {due: [{notify: {told: agent}}]}}
initial: todo
states:
  todo:
    transitions:
      done_well: {to: good, by: agent, do: [{emit: {signal: fixed, to: parent}}]}
    after:
      lapse: {delay: 2 workdays, to: bad, do: [{emit: {signal: reopen, to: parent}}]}
  good: {final: true}
  bad:  {final: true}
"""


HOME = """
procedure: home
number: H-{seq:04}
modes:
  drill: {prefix: {zh: "【演练】", en: "[DRILL] "}, outside: record}
open_by: system
fields: {phone: {type: phone, personal: true}, room: {type: room}}
initial: warned
states:
  warned: {transitions: {thanks: {to: calmed, by: customer}}, signals: {over: {to: calmed}}}
  calmed: {final: true}
"""


PLACES = """
registry: places
key: code
columns: {code: {type: text}, what: {type: text}}
rows: [{code: P1, what: hall}, {code: P2}]
"""


HOURS = {
    "short": 'zone: Asia/Shanghai\nweek: {mon-fri: ["09:00-12:00", "13:00-17:00"]}\nholidays: [2026-03-05]\n',
    "long": 'zone: Asia/Shanghai\nweek: {mon-sat: ["08:00-20:00"]}\n',
}


PEACE = 'zone: Asia/Shanghai\nweek: {mon-sun: ["08:00-21:00"]}\n'
"""When residents may be told."""


PEOPLE = """
roles:
  agent:      {label: {zh: 客服, en: agent}}
  supervisor: {label: {zh: 主管, en: supervisor}, rights: [backdate, assign, edit, clocks]}
  manager:    {label: {zh: 经理, en: manager}, rights: [calendar, privacy]}
sites: {main: {buildings: {"1": {units: 1, floors: 2, rooms: 2}, "2": {units: 1, floors: 1, rooms: 2}}}}
teams: {front: {lead: supervisor.zhao}}
staff:
  agent.wang:      {name: 王小明, roles: [agent], team: front}
  agent.li:        {name: Li Lei, roles: [agent], language: en, customer: c-3}
  supervisor.zhao: {name: 赵敏, roles: [supervisor]}
  manager.sun:     {name: 孙经理, roles: [manager], team: front}
"""


KEPT_FOR = {"request": 12}
"""Days after the closing for which what is personal is kept; of others for as long as nobody has it destroyed."""
PHONE_KEPT_FOR = 5


LEVELS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("supervisor",), 0),
    (("team:front", "assignee"), 30),
    (("manager",), 60),
)
UNDO = {
    "request": {"": 2 * HOUR, "accept": 10 * MINUTE, "hold": 0, "ask": 2 * DAY},
    "job": {"": 30 * MINUTE},
    "home": {"": 0},
}
OUTCOMES = {"over": "solved", "withdrawn": "withdrawn", "good": "good", "bad": "bad", "calmed": "calmed"}


class Action(NamedTuple):
    states: tuple[str, ...]
    """Where it may be taken; none: in every open state."""
    to: str | None
    by: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    at_most: int | None = None
    needs: tuple[str, ...] = ()
    guard: Callable[[Case], bool] = lambda case: True
    do: Callable[[Step], None] = lambda step: None
    reenter: bool = False
    within: int | None = None


def told(template: str, *to: str, urgency: str = "normal") -> Callable[[Step], None]:
    return lambda step: step.tell(template, to, urgency)


REQUEST_ACTIONS = {
    "withdraw": Action((), "withdrawn", ("customer", "agent for customer"), needs=("why",)),
    "prolong": Action((), None, ("supervisor",), at_most=1, do=lambda step: step.extend("solve", 1)),
    "announce": Action((), None, ("supervisor",), do=told("told", "customers", urgency="low")),
    "inform": Action(
        (), None, guard=lambda case: case.count.get("accept", 0) > 0, do=told("told", "customer", urgency="urgent")
    ),
    "warn": Action((), None, ("supervisor",), needs=("area",), do=lambda step: step.warn()),
    "calm": Action((), None, ("supervisor",), do=lambda step: step.emit("over", homes=True)),
    "accept": Action(("received",), "working", ("agent",), do=lambda step: step.assign(step.who.id)),
    "ask": Action(("working",), "waiting", ("assignee",)),
    "order": Action(("working",), None, ("agent",), at_most=1, do=lambda step: step.open_child()),
    "inspect": Action(("working",), "checking", ("assignee",), needs=("cost",)),
    "stay": Action(("working",), "working"),
    "again": Action(("working",), "working", reenter=True),
    "answered": Action(("waiting",), "working"),
    "hold": Action(("handling",), "held", ("assignee", "supervisor")),
    "go_on": Action(("held",), "back"),
    "pass": Action(("looking",), "passed", ("agent", "supervisor"), not_by=("accept", "inspect")),
    "rework": Action(
        ("checking",),
        "working",
        ("supervisor",),
        do=lambda step: step.assign(
            step.office.least_loaded(*(who for who in ("agent.wang", "agent.li") if who not in step.case.kin))
        ),
    ),
    "reopen": Action(("over", "withdrawn"), "working", ("customer", "supervisor", "system"), at_most=2, within=10),
}


JOB_ACTIONS = {"done_well": Action(("todo",), "good", ("agent",), do=lambda step: step.emit("fixed"))}
HOME_ACTIONS = {"thanks": Action(("warned",), "calmed", ("customer",))}
ACTIONS = {"request": REQUEST_ACTIONS, "job": JOB_ACTIONS, "home": HOME_ACTIONS}
SIGNALS: dict[str, dict[str, Action]] = {
    "request": {
        "fixed": Action((), None, do=lambda step: step.set(rounds=step.case.fields["rounds"] + 10)),
        "paid": Action(("unpaid",), "settled"),
    },
    "job": {},
    "home": {"over": Action(("warned",), "calmed")},
}


DELAYS: dict[str, tuple[str, Action]] = {
    "tired": ("working", Action((), None, do=told("told", "supervisor"))),
    "no_answer": ("waiting", Action((), "working", do=told("told", "customer"))),
    "nudge": ("waiting", Action((), None, do=told("told", "customer", urgency="low"))),
    "wake": ("held", Action((), "back")),
    "lapse": ("todo", Action((), "bad", do=lambda step: step.emit("reopen"))),
}


def percent(share: int) -> Callable[[Hours, Clock, int, int | None], int | None]:
    return lambda hours, clock, total, due: reached(hours, clock, "time", total * share // 100)


def due_plus(minutes: int) -> Callable[[Hours, Clock, int, int | None], int | None]:
    def at(hours: Hours, clock: Clock, total: int, due: int | None) -> int | None:
        if due is None or minutes == 0:
            return due
        return hours.add(due, minutes * MINUTE) if minutes > 0 else hours.sub(due, -minutes * MINUTE)

    return at


def urgent(case: Case) -> bool:
    return case.fields["priority"] == "urgent"


def always(case: Case) -> bool:
    return True


CLOCKS: dict[str, dict[str, Rule]] = {
    "request": {
        "respond": Rule(
            ((urgent, Target("time", HOUR, "always")), (always, Target("time", 2 * HOUR))),
            (
                ("50%", percent(50), told("told", "agent")),
                ("due", due_plus(0), lambda step: step.climb("respond")),
                ("due + 30m", due_plus(30), told("told", "manager")),
            ),
            start=frozenset({"open"}), stop=lambda case, happened: "accept" in happened, manual=False, on_reopen="closed",
        ),
        "solve": Rule(
            ((urgent, Target("days", 1)), (always, Target("days", 3))),
            (
                ("due", due_plus(0), lambda step: (step.climb("solve"), step.tell("told", ("assignee", "supervisor")))),
                ("due + 2h", due_plus(120), told("told", "opener")),
            ),
            start=frozenset({"open"}), stop=lambda case, happened: "over" in happened, cancel=frozenset({"withdraw"}),
            pause=lambda case, happened, halted: "waiting" in case.states, on_reopen="resume",
        ),
        "keep": Rule(
            ((always, Target("time", 3 * HOUR)),),
            (
                ("due - 1h", due_plus(-60), told("told", "assignee")),
                ("due", due_plus(0), told("told", "assignee", "customer")),
            ),
            start=frozenset({"accept"}), stop=lambda case, happened: "over" in happened, reset=frozenset({"inform"}),
            pause=lambda case, happened, halted: bool(happened & {"hold"}) or (halted and "handling" not in happened),
            on_reopen="resume",
        ),
        "held_long": Rule(
            ((always, Target("time", 90 * MINUTE, "always")),),
            (("due", due_plus(0), told("told", "supervisor")),),
            start=frozenset({"held"}), stop=lambda case, happened: "held" not in case.states, pausable=False,
        ),
    },
    "home": {},
    "job": {
        "finish": Rule(
            ((always, Target("time", 4 * HOUR)),), (("due", due_plus(0), told("told", "agent")),),
            start=frozenset({"open"}), stop=lambda case, happened: "done_well" in happened,
        ),
    },
}  # fmt: skip
