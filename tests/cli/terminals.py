"""A stream that says it is a terminal, and what one run of the command line gave."""

from __future__ import annotations

import io
from typing import NamedTuple


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Ran(NamedTuple):
    code: int
    out: str
    err: str
