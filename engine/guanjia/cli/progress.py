"""A bar for work that takes long, on standard error of a terminal; elsewhere nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import Text
from .out import Out


@contextmanager
def progress(out: Out, what: Text, total: int | None) -> Iterator[Callable[[int], None] | None]:
    """Gives what is to be called with how much is done, or None where nobody would see it. `total` None: nobody knows."""
    if not out.stderr.isatty() or os.environ.get("NO_COLOR"):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=out.stderr), transient=True) as bar:
        task = bar.add_task(out.say(what), total=total)
        yield lambda done: bar.update(task, completed=done)
