"""The stories of the procedure that is looked at, run beside everything else: results come in one by one.

One thread runs them, those of the procedure that was asked for last before others. A run that a saved file has overtaken ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread

from ...authoring.stories import StoryResult, run_stories
from ...errors import Invalid
from ..failure import describe, write_down


@dataclass(slots=True)
class Run:
    """The results for one state of the files. `unreadable`: the findings of the story file stand with all others. `failed`: the
    program itself did, and the file with the details."""

    digest: str
    results: list[StoryResult] = field(default_factory=list)
    running: bool = True
    unreadable: bool = False
    failed: str | None = None


class Runs:
    """`changed` is called whenever there is another result."""

    def __init__(self, folder: Path, changed: Callable[[], None]) -> None:
        self._folder, self._changed = folder, changed
        self._known: dict[str, Run] = {}
        self._waiting: list[str] = []
        self._turn = Condition()
        self._ended = False
        self._thread = Thread(target=self._work, name="stories")
        self._thread.start()

    def of(self, procedure: str, digest: str) -> Run:
        """How its stories go under the files with that digest; they are begun where they were not, before others that wait."""
        with self._turn:
            run = self._known.get(procedure)
            if run is None or run.digest != digest:
                run = self._known[procedure] = Run(digest)
                self._waiting = [*(name for name in self._waiting if name != procedure), procedure]
                self._turn.notify()
            return run

    def close(self) -> None:
        """End once the story that runs is over: a program that ends amid what others wrote in C may crash."""
        with self._turn:
            self._ended = True
            self._turn.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._ended or self._waiting)
                if self._ended:
                    return
                procedure = self._waiting.pop()
                run = self._known[procedure]
            self._run(procedure, run)

    def _run(self, procedure: str, run: Run) -> None:
        try:
            for result in run_stories(self._folder, [procedure]):
                if self._ended or self._known[procedure] is not run:
                    return
                run.results.append(result)
                self._changed()
        except Invalid:
            run.unreadable = True
        except Exception as error:
            run.failed = write_down(describe(error, ["preview"]), str(self._folder)) or "-"
        run.running = False
        self._changed()
