"""The entry of the command line, and what makes it start and end fast.

Collecting garbage while modules are loaded, and once more over everything at the end, would cost a tenth of the time that
a list of cases takes; a process that lives longer than that turns it on again (`grammar`).
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..clock import Clock


def main(argv: Sequence[str] | None = None, *, clock: Clock | None = None) -> int:
    """Run one command line and return its exit code (docs/cli.md has the table). Without `argv` that of this process."""
    if argv is None:
        gc.disable()
    from .run import run

    code = run(sys.argv[1:] if argv is None else argv, clock)
    if argv is None:
        gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(main())
