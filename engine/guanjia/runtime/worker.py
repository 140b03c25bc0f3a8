"""The worker: `run_once` and a clock that ticks.

The database knows what is due; APScheduler only wakes us, at least every `LONGEST_SLEEP` seconds so that a clock that was
set is noticed, and sooner where the database hints that there is something to do. Any number of workers may run on one
database. SIGTERM and SIGINT end it after what is in hand.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..clock import SECOND, Instant
from ..errors import GuanjiaError, Invalid, Text, plural
from . import logs, moving, stats
from .engine import Engine, Work
from .pulse import Pulse

LONGEST_SLEEP = 30.0
"""Seconds between two looks at the database when nothing is known to be due earlier."""

PATIENCE = 0.5
"""Seconds after which a worker that waits for a hint looks whether it is to stop."""

WORD = 30 * SECOND
"""How often a worker writes into the database that it lives."""

LOOK = 10 * SECOND
"""How often the office's files are looked at: whoever edits one need not start the worker anew."""

log = logging.getLogger("guanjia.worker")


def settle() -> None:
    """For a process that does nothing but a worker's work: what is loaded stays, and what a round makes is no garbage in circles.
    The collector, which went through all of it again and again, took time from deadlines that fire."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


class Worker:
    """Runs one engine's rounds until it is told to stop."""

    def __init__(
        self, engine: Engine, *, report: Callable[[Work], None] | None = None, poll: float = 1.0,
        pulse: Pulse | None = None, name: str = "",
    ) -> None:  # fmt: skip
        self.engine = engine
        self.name = f"{socket.gethostname()}:{name or os.getpid()}"
        """As which it is known to `guanjia stats`."""
        self.pulse = pulse or Pulse()
        """Its signs of life."""
        self.report = report
        self.poll = poll
        """Seconds between rounds: how soon other programs' cases and messages are noticed."""
        self._stop = threading.Event()
        self._looked = engine.clock.now()
        self._unusable = ""
        self._written: Instant | None = None

    def run_once(self) -> Work:
        self._look()
        work = self.engine.run_once(stopping=self._stopping)
        self._write_down()
        self.pulse.ended(well=True)
        if any((work.fired, work.applied, work.opened, work.delivered, work.failed)):
            logs.tell(
                log, logging.INFO, "round", fired=work.fired, applied=work.applied, opened=work.opened,
                delivered=work.delivered, failed=work.failed,
            )  # fmt: skip
        for problem in work.problems:
            logs.tell(log, logging.ERROR, "problem", problem)
        for alarm in work.alarms:
            logs.tell(log, logging.ERROR, "alarm", alarm)
        if self.report is not None:
            self.report(work)
        return work

    def _stopping(self) -> bool:
        """Asked before each piece of a round."""
        self.pulse.beat()
        return self._stop.is_set()

    def _write_down(self) -> None:
        """Leave word in the database that this worker lives, now and then."""
        now = self.engine.clock.now()
        if self._written is None or abs(now - self._written) >= WORD:
            stats.seen(self.engine.store, self.name, now)
            self._written = now

    def _look(self) -> None:
        """Take up files that changed. Files that cannot be used are told once; the office goes on under what it knows."""
        now = self.engine.clock.now()
        if abs(now - self._looked) < LOOK:
            return
        self._looked = now
        try:
            if self.engine.refresh() and (behind := moving.plan(self.engine).cases):
                logs.tell(log, logging.WARNING, "behind", Text(
                    f"{behind} 个在办工单仍按旧日历：guanjia calendar apply",
                    f"{plural(behind, 'open case counts', 'open cases count')} by calendars of before: guanjia calendar apply"), cases=behind)  # fmt: skip
            wrong = self.engine.files.leaning
            self._tell(Invalid(wrong) if wrong else None)
        except GuanjiaError as error:
            self._tell(error)

    def _tell(self, error: GuanjiaError | None) -> None:
        if error is not None and str(error) != self._unusable:
            logs.tell(log, logging.ERROR, "unusable", error.text)
        self._unusable = "" if error is None else str(error)

    def stop(self, *_: Any) -> None:
        """Finish what is in hand, leave the rest of the round to others, and end."""
        self._stop.set()
        self.pulse.stop()

    def run_forever(self) -> None:
        """Until `stop`, SIGTERM or SIGINT. A round that fails (the database is away) is logged and tried again."""
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        if threading.current_thread() is threading.main_thread():
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, self.stop)
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)}, timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )  # fmt: skip
        job = scheduler.add_job(self._round, "interval", seconds=min(self.poll, LONGEST_SLEEP))
        scheduler.start()
        logs.tell(log, logging.INFO, "started", worker=self.name)
        self._round()
        hints = self.engine.store.hints()
        try:
            while not self._stop.is_set():
                if hints is None:
                    self._stop.wait(PATIENCE)
                elif hints.wait(PATIENCE):
                    job.modify(next_run_time=datetime.now(UTC))
        finally:
            scheduler.shutdown(wait=True)
            if hints is not None:
                hints.close()
            self._leave()

    def _leave(self) -> None:
        try:
            stats.seen(self.engine.store, self.name, None)
        except GuanjiaError as error:  # it is forgotten within a day
            logs.tell(log, logging.WARNING, "not_signed_off", error.text)
        logs.tell(log, logging.INFO, "stopped", worker=self.name)

    def _round(self) -> None:
        try:
            self.run_once()
        except GuanjiaError as error:
            self.pulse.ended(well=False)
            logs.tell(log, logging.ERROR, "round_failed", Text(
                f"这一轮没有做成，下一轮再试：{error.text.zh}", f"a round failed, the next one follows: {error.text.en}"))  # fmt: skip
        except Exception as error:  # the worker must outlive any single round; the round itself changed nothing half
            self.pulse.ended(well=False)
            logs.failed(log, error)
