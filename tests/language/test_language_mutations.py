"""However a right procedure is spoilt — lines, words or bytes — it is read or refused in words, and soon."""

from __future__ import annotations

import re
import time

from guanjia.errors import Invalid
from guanjia.language import read_procedure_text
from hypothesis import given, settings, strategies as st

from tests.language.samples import AROUND, COMPLAINT
from tests.scale import scale, tell

LINES = COMPLAINT.splitlines(keepends=True)
TOKENS = re.findall(r"\w+|\s+|[^\w\s]", COMPLAINT)
SPANS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from(["delete", "double", "swap"])),
    min_size=1,
    max_size=3,
)


def spoilt(parts: list[str], changes: list[tuple[int, int, str]]) -> list[str]:
    parts = list(parts)
    for first, second, change in changes:
        a, b = first % len(parts), second % len(parts)
        if change == "delete":
            del parts[a]
        elif change == "double":
            parts.insert(b, parts[a])
        else:
            parts[a], parts[b] = parts[b], parts[a]
    return parts


def holds(text: str | bytes) -> None:
    begun = time.process_time()
    try:
        read_procedure_text(text, "complaint.yaml", around=AROUND)
    except Invalid as invalid:
        for finding in invalid.findings:
            assert finding.text.zh
            assert finding.text.en
    assert time.process_time() - begun < 10
    tell("spoilt procedures", files=1, faults=0)


@given(SPANS)
@settings(deadline=None, max_examples=scale(60, 4500))
def test_lines_may_be_lost_doubled_or_swapped(changes: list[tuple[int, int, str]]) -> None:
    holds("".join(spoilt(LINES, changes)))


@given(SPANS)
@settings(deadline=None, max_examples=scale(120, 9000))
def test_words_may_be_lost_doubled_or_swapped(changes: list[tuple[int, int, str]]) -> None:
    holds("".join(spoilt(TOKENS, changes)))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=3))
@settings(deadline=None, max_examples=scale(60, 4500))
def test_bytes_may_be_anything(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(COMPLAINT.encode())
    for at, byte in changes:
        raw[at % len(raw)] = byte
    holds(bytes(raw))


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=scale(40, 1500))
def test_a_file_may_end_anywhere(end: int) -> None:
    raw = COMPLAINT.encode()
    holds(raw[: end % len(raw)])
