"""What time and other cases do to cases: everything that is due, and what cases sent each other, through the same funnel as
what people do. A case that cannot be advanced holds up no other.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..clock import MINUTE, Instant
from ..errors import Conflict, GuanjiaError, NotFound, Refused, StoreError, Text, Unopened
from ..failpoints import fp
from ..model.case import Case
from ..model.event import SYSTEM, Command, Event, short
from ..store.interface import InboxItem, Transaction
from . import logs, numbering
from .funnel import Result, carry_out

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger("guanjia.engine")

MOST_TOGETHER = 50
"""Due cases that are advanced under one commit: enough to share its cost, few enough not to hold others up."""

MOST_PARKED = 100_000
"""Parked commands that are looked through for one."""


def fire(
    engine: Engine, problems: MutableSequence[str], stopping: Callable[[], bool], alarms: MutableSequence[str]
) -> tuple[int, int]:
    fired = applied = 0
    stuck: list[str] = []
    for moment in moments(engine, engine.clock.now(), stuck):
        if stopping():
            break
        fired += _fire(engine, moment, problems, stuck, stopping, alarms)
        applied += apply_inbox(engine, moment)
    return fired, applied


def moments(engine: Engine, now: Instant, stuck: Sequence[str]) -> Iterator[Instant]:
    """The minutes up to now in which something fell due or was sent, then now: a worker that comes late takes them one
    after the other, so that what one case waits for from another comes in time, as it would have with a worker on duty."""
    last, sent = 0, _sent(engine)
    while True:
        firsts = [at for at in sent if at > last][:1]
        if due := [case for case in engine.store.due(now, 1 + len(stuck)) if case not in stuck]:
            columns = engine.store.columns(due[0])
            firsts.append(now if columns is None or columns.next_due is None else columns.next_due)
        last = max(_minute(min(firsts, default=now)), last + MINUTE)
        if last >= now:
            break
        yield last
        if sent:  # what stood behind another of its two cases may be the first of them now
            sent = _sent(engine)
    yield now


def _sent(engine: Engine) -> list[Instant]:
    """The minutes in which what waits between cases was sent: for each two of them of the first."""
    return sorted(_minute(item.since) for item in map(_Sent, engine.store.inbox()))


def _fire(
    engine: Engine, until: Instant, problems: MutableSequence[str], stuck: MutableSequence[str], stopping: Callable[[], bool],
    alarms: MutableSequence[str],
) -> int:  # fmt: skip
    """Apply everything that is due, many cases to a commit."""
    fired = 0
    work = partial(_due, engine, until)
    while not stopping() and (outcomes := engine.store.transact_due(until, MOST_TOGETHER, work, stuck)):
        for case, outcome in outcomes:
            if isinstance(outcome, GuanjiaError):
                problems.append(str(outcome.text.about(case)))
            if isinstance(outcome, GuanjiaError) or not outcome.events:
                stuck.append(case)
            else:
                fired += len(outcome.events)
                logs.due(case, outcome.case.number, outcome.events)
                alarms += [
                    _alarm(engine, outcome.case, event)
                    for event in outcome.events
                    if event.type == "alarmed" or "unassigned" in event.data
                ]
    return fired


def _due(engine: Engine, until: Instant, tx: Transaction, case: str) -> Result | GuanjiaError:
    try:
        return carry_out(engine, tx, Command("due", "", case), until=until)
    except (GuanjiaError, OSError):
        raise
    except Exception as error:  # a fault of ours at one case must not stop the deadlines of all the others
        logs.failed(log, error, case=case)
        raise _fault(error, case=case) from error


def apply_inbox(engine: Engine, until: Instant | None = None) -> int:
    """Carry out what cases sent each other, as of an instant, else each as of its own minute: whoever hears of it is not
    brought beyond that before. What a case refuses is parked, and so is what the program fails at, so that it holds up
    nothing else; what the database could not do just now waits."""
    applied, now = 0, engine.clock.now()
    while items := [item for item in map(_Sent, engine.store.inbox()) if until is None or item.since <= until]:
        for item in items:
            outcome: Result | GuanjiaError
            try:
                outcome = numbering.transact(
                    engine, partial(_receive, engine, item, until or min(_minute(item.since) or now, now))
                )
            except GuanjiaError as error:
                if isinstance(error, StoreError) and not isinstance(error, Unopened):
                    raise
                outcome = error
            if isinstance(outcome, Conflict) and outcome.data.get("again"):
                continue
            if isinstance(outcome, GuanjiaError):
                _park(engine, item, outcome.text)
            elif not outcome.events:
                _park(engine, item, Text("它没有改变什么", "it changed nothing"))
            elif item.command is not None:
                logs.command(engine.store, item.command, outcome)
            fp("after_item")
            applied += 1
    return applied


def _park(engine: Engine, item: _Sent, why: Text) -> None:
    engine.store.drop_inbox(item.key, str(why))
    if engine.rehearsal:  # its inbox is gone with it
        return
    logs.tell(log, logging.WARNING, "parked", Text(
        f"工单之间的一条命令被拒绝：guanjia inbox（{short(item.key)}）",
        f"a command between cases was refused: guanjia inbox ({short(item.key)})"),
        item=short(item.key), case=item.command.case if item.command else None)  # fmt: skip


def _receive(engine: Engine, item: _Sent, until: Instant | None, tx: Transaction) -> Result | GuanjiaError:
    if item.command is None:
        return Refused("inbox", Text(
            "读不懂这条命令：它已损坏，发出它的工单的个人信息已经销毁，或者缺少当时的密钥（guanjia keys）",
            "this command cannot be understood: it is damaged, the personal data of the case that sent it is destroyed, or the key of then is missing (guanjia keys)"))  # fmt: skip
    try:
        return carry_out(engine, tx, item.command, inbox=item.key, until=until)
    except (GuanjiaError, OSError):
        raise
    except Exception as error:
        logs.failed(log, error, item=short(item.key))
        raise _fault(error) from error


def retry_parked(engine: Engine, key: str) -> Text | None:
    if not engine.store.retry_inbox(key):
        raise NotFound(
            Text(f"没有搁置的命令“{key}”。", f"No command {key!r} is parked."),
            Text("搁置的见 guanjia inbox", "Parked ones: guanjia inbox"),
            known=[item.key for item, _ in engine.store.dropped_inbox(MOST_PARKED)],
        )
    apply_inbox(engine)
    parked = (why for item, why in engine.store.dropped_inbox(MOST_PARKED) if item.key == key)
    return next(map(Text.parse, parked), None)


def _fault(error: Exception, **data: Any) -> GuanjiaError:
    """A fault of ours, without what it says: that may hold what a resident typed."""
    kind = type(error).__name__
    return GuanjiaError(Text(f"程序出错：{kind}", f"the program failed: {kind}"), **data)


def _alarm(engine: Engine, case: Case, event: Event) -> str:
    """What whoever looks at the worker is told, in both languages."""
    data, number = event.data, case.number
    what = data.get("unassigned") or data.get("alarm") or data["unanswered"]
    called = engine.renderer.called(engine.program(case), what)
    if "unassigned" in data:
        zh, en = (
            f"没有人可以负责（{called.zh}）：guanjia assign",
            f"nobody can be responsible ({called.en}): guanjia assign",
        )
        return str(Text(f"{number}：{zh} {number}", f"{number}: {en} {number}"))
    if "alarm" in data:
        zh, en = f"升级“{called.zh}”到顶也没有人可以收到", f"nobody at the top of the ladder “{called.en}” to tell"
        return str(Text(f"{number}：{zh}", f"{number}: {en}"))
    zh, en = (
        f"升级“{called.zh}”到顶仍没有人确认：guanjia ack",
        f"nobody acknowledged the last level of “{called.en}”: guanjia ack",
    )
    return str(Text(f"{number}：{zh} {number}", f"{number}: {en} {number}"))


def _minute(at: Instant) -> Instant:
    """The first full minute that is not before it."""
    return -(-at // MINUTE) * MINUTE


class _Sent:
    """What one case sent another: the command, None when it is damaged, and since when it is to be carried out."""

    def __init__(self, item: InboxItem) -> None:
        self.key = item.key
        try:
            plain = json.loads(item.command)
            self.since: Instant = int(plain.pop("since", 0))
            case = None if plain["kind"] == "open" else item.receiver
            self.command: Command | None = Command(case=case, actor=SYSTEM, key=item.key, **plain)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.since, self.command = 0, None
