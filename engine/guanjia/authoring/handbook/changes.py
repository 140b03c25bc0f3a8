"""What two chapters of one procedure say otherwise, place by place: what stood there, and what stands there now.

Chapters are compared as they are read, so a notice of changes speaks the words of the book. Duties and the flow follow from the steps,
and are not told twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .document import Block, Cell, Heading, Items, Paragraph, Table


def otherwise(before: Iterable[Block], after: Iterable[Block], apart: Sequence[str]) -> list[tuple[str, Cell, Cell]]:
    """(place, what stood there, what stands there) of everything that differs; sections whose headings are `apart` are left out."""
    then, now = _placed(before, apart), _placed(after, apart)
    found = []
    for place in {**then, **now}:
        old, new = then.get(place, []), now.get(place, [])
        gone, come = [line for line in old if line not in new], [line for line in new if line not in old]
        if gone or come:
            found.append((place, tuple(gone), tuple(come)))
        elif old != new:  # the same, in another order, which decides between equals
            found.append((place, tuple(old), tuple(new)))
    return found


def _placed(blocks: Iterable[Block], apart: Sequence[str]) -> Mapping[str, list[str]]:
    """Place -> its lines. A place is a section, in it the headings among its items, or the first cell of a row."""
    found: dict[str, list[str]] = defaultdict(list)
    section, left_out = "", True
    for block in blocks:
        if isinstance(block, Heading):
            section, left_out = block.text, block.level == 1 or block.text in apart
        elif left_out:
            continue
        elif isinstance(block, Paragraph):
            found[section].append(block.text)
        elif isinstance(block, Items):
            above: list[tuple[int, str]] = []
            for depth, text, heading in block.items:
                above = [each for each in above if each[0] < depth]
                if heading:
                    above.append((depth, text))
                    found[" · ".join((section, *(name for _, name in above)))] += []
                else:
                    found[" · ".join((section, *(name for _, name in above)))].append(text)
        elif isinstance(block, Table):
            for first, *rest in block.rows:
                found[f"{section} · {' '.join(first)}"] += [line for cell in rest for line in cell if line != "—"]
    return found
