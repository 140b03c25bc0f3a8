"""A picture as SVG: boxes stand one below the other as they are written, those inside others indented; every way out is a line
of text in its box, and where ways lead is told by rails at the right.

All ways to one state share one rail, from the topmost to the lowest of them, with an arrow into the state; rails that do not
overlap share a column. So no arrow crosses a text, whatever the procedure, and nothing has to be searched for. Needs no
program beside, and the SVG needs nothing but a font.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from ...terminal import clip, safe_text, width
from .picture import Box, Line, Picture
from .traces import Traces

FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','Segoe UI',Helvetica,Arial,sans-serif"
SIZE, SMALL = 13, 11
ROW, HEAD, PAD, GAP, INDENT, RAIL = 20, 26, 8, 10, 14, 13
COLOURS = ("#2563eb", "#c2410c", "#15803d", "#7e22ce", "#be185d", "#0f766e", "#a16207", "#4338ca")
INK, PALE, EDGE, PAPER = "#1f2937", "#6b7280", "#9ca3af", "#ffffff"
FILLS = {
    "simple": "#f8fafc",
    "final": "#eef2f7",
    "compound": "#ffffff",
    "parallel": "#ffffff",
    "track": "#fffdf5",
    "history": "#ffffff",
}
NOW, BEEN = "#fde68a", "#fef9e7"
SIGNS = {"act": "▸", "signal": "◇", "delay": "◷", "always": "→", "breach": "◷", "reopen": "↺"}
LATE, TIMES = "#b91c1c", "#92400e"
NARROW = frozenset(" '.,:;!|()[]fijlrtI")


@dataclass(slots=True)
class _Place:
    """Where a box is drawn: pixels from the top left."""

    box: Box
    left: int
    top: int
    right: int
    bottom: int
    depth: int


def svg(picture: Picture, traces: Traces | None = None) -> str:
    """The whole picture as the text of an SVG file."""
    return _Drawing(picture, traces).text()


def sheets(picture: Picture, ratio: float) -> list[str]:
    """The picture as one or several SVG elements for one page of HTML, none higher than `ratio` times its width: it is cut where it
    cuts no text."""
    return _Drawing(picture, None).sheets(ratio)


class _Drawing:
    def __init__(self, picture: Picture, traces: Traces | None) -> None:
        self.picture = picture
        self.traces = traces
        self.places: dict[str, _Place] = {}
        self.rows: list[tuple[Line, int, int]] = []
        """Each way out, where its text ends and at which height."""
        self.breaks: list[int] = []
        """Heights at which a cut goes through no text."""
        self.inner = max((self._wide(box, 0) for box in picture.root.boxes), default=200)
        self.inner = max(self.inner, self._lines_wide(picture.root), 240)
        self.boxes: list[str] = []

    def text(self) -> str:
        wide, high, parts = self._drawn()
        return "\n".join([_opened(wide, 0, high), *parts, "</svg>"]) + "\n"

    def sheets(self, ratio: float) -> list[str]:
        wide, high, parts = self._drawn()
        cuts, most = [0], int(wide * ratio)
        while high - cuts[-1] > most:
            cuts.append(max((at for at in self.breaks if cuts[-1] < at <= cuts[-1] + most), default=cuts[-1] + most))
        name = _safe(f"flow-{self.picture.root.name}")
        whole, again = "\n".join([f'<g id="{name}">', *parts, "</g>"]), f'<use href="#{name}"/>'
        windows = zip(cuts, [*cuts[1:], high], strict=True)
        return [f"{_opened(wide, at, end - at)}{whole if at == 0 else again}</svg>\n" for at, end in windows]

    def _drawn(self) -> tuple[int, int, list[str]]:
        """How wide and how high it is, and its parts."""
        picture = self.picture
        top, left = 54, 16
        root = picture.root
        right = left + self.inner
        if root.lines:
            high = HEAD + ROW * len(root.lines) + PAD
            self.boxes.append(_frame(left, top, self.inner, high, PAPER, EDGE, dashed=True))
            self.boxes.append(_say(left + PAD, top + 17, root.text, SMALL, PALE))
            at = top + HEAD
            for line in root.lines:
                self._line(line, left + PAD, right, at)
                at += ROW
            top = at + PAD + GAP
        for box in root.boxes:
            top = self._box(box, left, top, right, 0, box.name == root.initial) + GAP
        rails, columns = self._rails(right)
        below, bottom = self._promises(left, top + 6)
        wide = max(
            right + 24 + columns * RAIL + 16, left + max((_length(text, SMALL) for text in below[1]), default=0) + 16
        )
        wide = max(wide, left + _length(picture.title, 18) + 32)
        head = f'<title>{_safe(picture.title)}</title><rect width="{wide}" height="{bottom}" fill="{PAPER}"/>'
        title = _say(left, 32, picture.title, 18, INK, bold=True)
        return wide, bottom, [head, title, *self.boxes, *rails, *below[0]]

    # -- boxes

    def _box(self, box: Box, left: int, top: int, right: int, depth: int, begins: bool) -> int:
        """Draw a box and what is in it; where it ends."""
        slot = len(self.boxes)
        self.breaks.append(top - GAP // 2)
        self.boxes.append("")
        name = f"{box.text}" if not begins else f"● {box.text}"
        if box.kind == "history":
            name = f"Ⓗ {box.text}"
        self.boxes.append(_say(left + PAD, top + 18, name, SIZE, INK, bold=True))
        if note := self._noted(box):
            self.boxes.append(_say(right - PAD, top + 18, note, SMALL, PALE, end=True))
        at = top + HEAD
        for line in box.lines:
            self._line(line, left + PAD, right, at)
            at += ROW
        at += 4 if box.lines else 0
        for inner in box.boxes:
            at = self._box(inner, left + INDENT, at + 4, right - INDENT // 2, depth + 1, inner.name == box.initial) + 4
        bottom = at + (PAD - 4 if box.boxes else 0)
        self.places[box.name] = _Place(box, left, top, right, bottom, depth)
        fill = FILLS.get(box.kind, PAPER)
        if self.traces is not None:
            fill = (
                NOW
                if box.name in self.traces.present and not box.boxes
                else BEEN
                if self.traces.entered[box.name]
                else fill
            )
        frame = _frame(
            left,
            top,
            right - left,
            bottom - top,
            fill,
            INK if box.kind == "final" else EDGE,
            dashed=box.kind == "track",
        )
        if box.kind == "final":
            frame += _frame(left + 3, top + 3, right - left - 6, bottom - top - 6, "none", INK)
        self.boxes[slot] = frame
        return bottom

    def _noted(self, box: Box) -> str:
        """What stands at the right of the name of a box."""
        say, parts = self.picture.say, []
        if box.kind == "parallel":
            parts.append(say("并行", "in parallel"))
        if self.traces is not None and self.traces.cases != 1 and (times := self.traces.entered[box.name]):
            parts.append(f"{times}×")
            if (mean := self.traces.mean(box.name)) is not None:
                parts.append(say("平均 ", "mean ") + _span(mean, self.picture.language))
        return " · ".join(parts)

    def _line(self, line: Line, left: int, right: int, top: int) -> None:
        self.breaks.append(top)
        base, colour = top + 14, LATE if line.trigger == "breach" else INK
        times = self.traces.taken[line.key] if self.traces is not None else 0
        self.boxes.append(_say(left, base, SIGNS[line.trigger], SIZE, colour))
        self.boxes.append(_say(left + 18, base, line.text, SIZE, colour, bold=bool(times)))
        at = left + 18 + _length(line.text, SIZE) + 8
        if line.guard:
            shown = self._guard(line)
            self.boxes.append(_say(at, base, shown, SMALL, PALE, more=line.guard))
            at += _length(shown, SMALL) + 6
        if line.note:
            self.boxes.append(_say(at, base, line.note, SMALL, PALE))
            at += _length(line.note, SMALL)
        if times and self.traces is not None:
            self.boxes.append(_say(at + 6, base, f"{times}×", SMALL, TIMES, bold=True))
            at += 30
        if line.to is not None:
            self.rows.append((line, at + 8, base - 4))

    def _guard(self, line: Line) -> str:
        """A guard is spelt out where nothing else tells its line from another; elsewhere a mark says that there is one."""
        return f"[{clip(line.guard, 48)}]" if line.trigger == "always" and line.guard else "[?]" if line.guard else ""

    def _lines_wide(self, box: Box) -> int:
        return max((18 + 2 * PAD + _length(line.text, SIZE) + _length(line.note, SMALL) + _length(self._guard(line), SMALL) + 74
                    for line in box.lines), default=0)  # fmt: skip

    def _wide(self, box: Box, depth: int) -> int:
        own = max(self._lines_wide(box), _length(box.text, SIZE) + _length(self._noted(box), SMALL) + 50)
        return (
            max(own, *(self._wide(inner, depth + 1) + INDENT + INDENT // 2 for inner in box.boxes))
            if box.boxes
            else own
        )

    # -- rails

    def _rails(self, right: int) -> tuple[list[str], int]:
        """The rails, and how many columns they take."""
        spans: dict[str, tuple[int, int]] = {}
        for line, _, at in self.rows:
            assert line.to is not None
            place = self.places.get(line.to)
            if place is None:
                continue
            entry = place.top + 13
            low, high = spans.get(line.to, (entry, entry))
            spans[line.to] = min(low, at), max(high, at)
        columns = _columns(spans)
        colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(self.places)}
        drawn: list[str] = []
        for name, (low, high) in spans.items():
            x, colour, place = right + 18 + columns[name] * RAIL, colours[name], self.places[name]
            entry = place.top + 13
            drawn.append(f'<path d="M{x} {low}V{high}" stroke="{colour}" stroke-width="1.6" fill="none"/>')
            drawn.append(f'<path d="M{x} {entry}H{place.right + 6}" stroke="{colour}" stroke-width="1.6" fill="none"/>')
            drawn.append(f'<path d="M{place.right + 1} {entry}l8 -4v8z" fill="{colour}"/>')
        for line, begins, at in self.rows:
            if line.to not in spans:
                continue
            x, colour = right + 18 + columns[line.to] * RAIL, colours[line.to]
            taken = self.traces is not None and self.traces.taken[line.key]
            dashes = ' stroke-dasharray="4 3"' if line.trigger in ("delay", "breach") else ""
            drawn.append(
                f'<path d="M{begins} {at}H{x}" stroke="{colour}" stroke-width="{2.4 if taken else 1}"{dashes} fill="none" opacity="{1 if taken else 0.55}"/>'
            )
            drawn.append(f'<circle cx="{x}" cy="{at}" r="2.4" fill="{colour}"/>')
        return drawn, max(columns.values(), default=-1) + 1

    def _promises(self, left: int, top: int) -> tuple[tuple[list[str], list[str]], int]:
        """The clocks as lines below, their texts, and where they end."""
        drawn, texts = [], []
        if self.picture.promises:
            drawn.append(_say(left, top + 14, self.picture.say("时限", "Clocks"), SIZE, INK, bold=True))
            top += 22
        for promise in self.picture.promises:
            text = f"{promise.text}  {promise.limits}  ·  {promise.runs}"
            shown = clip(text, 150)
            self.breaks.append(top)
            drawn.append(_say(left, top + 13, shown, SMALL, INK, more=text if shown != text else ""))
            texts.append(shown)
            top += 18
        return (drawn, texts), top + 14


def _opened(wide: int, top: int, high: int) -> str:
    """A window of the drawing, from one height so far down."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 {top} {wide} {high}" font-family="{FONT}" role="img">'


def _columns(spans: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """A column for each rail, short ones nearest to the boxes, so that none that share one overlap."""
    used: list[list[tuple[int, int]]] = []
    found = {}
    for name, (low, high) in sorted(spans.items(), key=lambda item: (item[1][1] - item[1][0], item[1])):
        free = (
            number
            for number, column in enumerate(used)
            if all(high + 6 < begun or ended + 6 < low for begun, ended in column)
        )
        number = next(free, len(used))
        if number == len(used):
            used.append([])
        used[number].append((low, high))
        found[name] = number
    return found


# -- pieces


def _frame(left: int, top: int, wide: int, high: int, fill: str, stroke: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" rx="6" fill="{fill}" stroke="{stroke}"{dashes}/>'


def _say(
    x: int, y: int, text: str, size: int, colour: str, *, bold: bool = False, end: bool = False, more: str = ""
) -> str:
    """`more` is shown where the pointer rests."""
    told = f"<title>{_safe(more)}</title>" if more else ""
    weight, anchor = ' font-weight="600"' if bold else "", ' text-anchor="end"' if end else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}"{weight}{anchor}>{_safe(text)}{told}</text>'


def _safe(text: str) -> str:
    return escape(safe_text(text))


def _length(text: str, size: int) -> int:
    """About how many pixels a text takes: a Chinese sign is as wide as it is high, a Latin letter about half."""
    return round(size * sum(1.0 if width(sign) == 2 else 0.31 if sign in NARROW else 0.56 for sign in text))


def _span(length: int, language: str) -> str:
    minutes = length // 60_000_000
    units = ((1440, "天", "d"), (60, "小时", "h"), (1, "分", "min"))
    for size, zh, en in units:
        if minutes >= size or size == 1:
            return f"{minutes / size:.1f} {zh if language == 'zh' else en}".replace(".0", "")
    return ""
