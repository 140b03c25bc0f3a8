"""One writer, many waiting: threads that write at the same time share one commit.

A thread that finds nobody writing leads: it runs its own work and all that queued up meanwhile, commits once, and wakes the
others with their results. The first of those that came too late for that leads next. So a commit that takes long makes the
next batch larger, and a thread that is alone pays for two lock operations only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from .. import refusals

W = TypeVar("W")


class Job(Generic[W]):
    """One piece of work on its way: afterwards either `result` or `error` is what came of it."""

    __slots__ = ("called", "done", "error", "result", "turn", "work")

    def __init__(self, work: W) -> None:
        self.work = work
        self.done = False
        self.called = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.turn: threading.Lock | None = None


class Group(Generic[W]):
    """Runs jobs in batches by `run`, which must not raise for a single job and sets what came of each."""

    def __init__(self, run: Callable[[Sequence[Job[W]]], None]) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._queue: list[Job[W]] = []
        self._leader: int | None = None

    def submit(self, work: W) -> Any:
        """The result of `work`, once its batch is committed; or its error is raised."""
        job = Job(work)
        me = threading.get_ident()
        with self._lock:
            if self._leader is None:
                self._leader = me
            elif self._leader == me:
                raise refusals.nested()
            else:
                job.turn = threading.Lock()
                job.turn.acquire()
                self._queue.append(job)
        if job.turn is not None:
            self._wait(job, me)
        if not job.done:
            self._lead(job, me)
        if job.error is not None:
            raise job.error
        return job.result

    def _wait(self, job: Job[W], me: int) -> None:
        assert job.turn is not None
        try:
            job.turn.acquire()
        except BaseException:  # Ctrl-C while waiting: nobody may be left waiting for us
            with self._lock:
                if job in self._queue:
                    self._queue.remove(job)
                    raise
            if not job.called:
                job.turn.acquire()
            if not job.done:
                self._lead(job, me)
            raise

    def _lead(self, job: Job[W], me: int) -> None:
        batch = [job]
        with self._lock:
            self._leader = me
            if self._queue:
                batch += self._queue
                self._queue = []
        try:
            self._run(batch)
        finally:
            for each in batch:
                each.done = True
            with self._lock:
                following = self._queue.pop(0) if self._queue else None
                self._leader = None if following is None else 0
            if following is not None:
                _wake(following)
            for each in batch[1:]:
                _wake(each)


def _wake(job: Job[Any]) -> None:
    assert job.turn is not None
    job.called = True
    job.turn.release()
