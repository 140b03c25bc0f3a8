"""A picture as SVG: boxes stand one below the other as they are written, those inside others indented; every way out is a line
of text in its box, and where ways lead is told by rails at the right.

All ways to one state share one rail, from the topmost to the lowest of them, with an arrow into the state; rails that do not
overlap share a column. So no arrow crosses a text, whatever the procedure, and nothing has to be searched for. Needs no
program beside, and the SVG needs nothing but a font.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from ...terminal import clip, safe_text, width
from .picture import Box, Line, Picture
from .traces import Traces

LATIN = "'Segoe UI',Helvetica,Arial"
HAN = "'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei'"
SIZE, SMALL = 13, 11
ROW, HEAD, PAD, GAP, INDENT, RAIL = 20, 26, 8, 10, 14, 13
SQUEEZED = 1.15
"""How much higher than a page the last sheet may be, to be made smaller rather than cut."""
UNDER, LONGEST = 16, 400
"""What a line more of a note takes, and how long a line may be before its note goes on in the next."""
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
MEANING = {"▸": ("有人办理", "somebody does it"), "◇": ("收到信号", "a signal comes"), "◷": ("到时自动", "time does it"), "→": ("随即自动", "at once"), "↺": ("重开", "is reopened")}  # fmt: skip
LATE, TIMES = "#b91c1c", "#92400e"
EITHER = frozenset("“”‘’…—·×÷→●◷▸↩↺◇≥≤")
"""Signs that a Chinese font makes as wide as its own."""
BROAD = frozenset("mwMW%@")
NARROW = frozenset(" '.,:;!|()[]fijlrtI")


def font(language: str) -> str:
    """The families of a page in this language: quotation marks and figures are those of its own script."""
    return f"{HAN},{LATIN},sans-serif" if language == "zh" else f"{LATIN},sans-serif"


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


def sheets(picture: Picture, wide: int, high: int) -> list[str]:
    """The picture as one or several SVG elements for pages of so many pixels: it is cut where it cuts no text, and made smaller where
    a little would be left for the last page."""
    return _Drawing(picture, None).sheets(wide, high)


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
        return "\n".join([self._opened(wide, 0, high), *parts, "</svg>"]) + "\n"

    def sheets(self, page_wide: int, page_high: int) -> list[str]:
        wide, high, parts = self._drawn()
        cuts, most = [0], int(page_high * max(1, wide / page_wide))
        while high - cuts[-1] > most * SQUEEZED:
            cuts.append(max((at for at in self.breaks if cuts[-1] < at <= cuts[-1] + most), default=cuts[-1] + most))
        name = _safe(f"flow-{self.picture.root.name}")
        whole, again = "\n".join([f'<g id="{name}">', *parts, "</g>"]), f'<use href="#{name}"/>'
        windows = zip(cuts, [*cuts[1:], high], strict=True)
        return [
            f"{self._opened(wide, at, end - at, min(1, most / (end - at)))}{whole if at == 0 else again}</svg>\n"
            for at, end in windows
        ]

    def _opened(self, wide: int, top: int, high: int, size: float = 1) -> str:
        """A window of the drawing, from one height so far down."""
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide * size:.0f}" height="{high * size:.0f}" viewBox="0 {top} {wide} {high}" font-family="{font(self.picture.language)}" role="img">'

    def _drawn(self) -> tuple[int, int, list[str]]:
        """How wide and how high it is, and its parts."""
        picture = self.picture
        top, left = 72, 16
        root = picture.root
        right = left + self.inner
        if root.lines:
            high = HEAD + sum(map(self._high, root.lines)) + PAD
            self.boxes.append(_frame(left, top, self.inner, high, PAPER, EDGE, dashed=True))
            self.boxes.append(_say(left + PAD, top + 17, root.text, SMALL, PALE))
            at = top + HEAD
            for line in root.lines:
                if line is not root.lines[0]:
                    self.breaks.append(at)
                self._line(line, left + PAD, right, at)
                at += self._high(line)
            top = at + PAD + GAP
        for box in root.boxes:
            top = self._box(box, left, top, right, 0, box.name == root.initial) + GAP
        rails, columns = self._rails(right)
        below, bottom = self._promises(left, top + 6)
        wide = max(
            right + 24 + columns * RAIL + 16, left + max((_length(text, SMALL) for text in below[1]), default=0) + 16
        )
        key = self._key()
        wide = max(wide, left + _length(picture.title, 18) + 32, left + _length(key, SMALL) + 16)
        head = f'<title>{_safe(picture.title)}</title><rect width="{wide}" height="{bottom}" fill="{PAPER}"/>'
        title = _say(left, 32, picture.title, 18, INK, bold=True)
        return wide, bottom, [head, title, _say(left, 54, key, SMALL, PALE), *self.boxes, *rails, *below[0]]

    def _key(self) -> str:
        """What the signs mean, those that stand in the picture."""
        say, boxes = self.picture.say, list(self.picture.root.walk())
        lines = [line for box in boxes for line in box.lines]
        drawn = dict.fromkeys(SIGNS[line.trigger] for line in lines)
        told = [f"{sign} {say(*MEANING[sign])}" for sign in drawn]
        told.append(f"● {say('由此开始', 'begins here')}")
        if any(box.kind == "history" for box in boxes):
            told.append(f"↩ {say('回到原处', 'back to where it was')}")
        return "\u00a0\u00a0 ".join(told)

    # -- boxes

    def _box(self, box: Box, left: int, top: int, right: int, depth: int, begins: bool) -> int:
        """Draw a box and what is in it; where it ends."""
        slot = len(self.boxes)
        self.breaks.append(top - GAP // 2)
        self.boxes.append("")
        name = f"{box.text}" if not begins else f"● {box.text}"
        if box.kind == "history":
            name = f"↩ {box.text}"
        self.boxes.append(_say(left + PAD, top + 18, name, SIZE, INK, bold=True))
        if note := self._noted(box):
            self.boxes.append(_say(right - PAD, top + 18, note, SMALL, PALE, end=True))
        at = top + HEAD
        for line in box.lines:
            if line is not box.lines[0]:  # a name stays with what comes first below it
                self.breaks.append(at)
            self._line(line, left + PAD, right, at)
            at += self._high(line)
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
        base, colour = top + 14, LATE if line.trigger == "breach" else INK
        times = self.traces.taken[line.key] if self.traces is not None else 0
        self.boxes.append(_say(left, base, SIGNS[line.trigger], SIZE, colour))
        self.boxes.append(_say(left + 18, base, line.text, SIZE, colour, bold=bool(times)))
        at = left + 18 + _length(line.text, SIZE) + 8
        if line.guard:
            shown = self._guard(line)
            self.boxes.append(_say(at, base, shown, SMALL, PALE, more=line.guard))
            at += _length(shown, SMALL) + 6
        first, *rest = self._noted_in(line)
        if first:
            self.boxes.append(_say(at, base, first, SMALL, PALE))
            at += _length(first, SMALL)
        for number, more in enumerate(rest, 1):
            self.boxes.append(_say(left + 30, base + UNDER * number, more, SMALL, PALE))
        if times and self.traces is not None:
            self.boxes.append(_say(at + 6, base, f"{times}×", SMALL, TIMES, bold=True))
            at += 30
        if line.to is not None:
            self.rows.append((line, at + 8, base - 4))

    def _guard(self, line: Line) -> str:
        """A guard is spelt out where nothing else tells its line from another; elsewhere it is said that there is one."""
        if not line.guard:
            return ""
        return f"[{clip(line.guard, 48) if line.trigger == 'always' else line.mark}]"

    def _before_note(self, line: Line) -> int:
        """How much of the line its text and its condition take."""
        return 18 + _length(line.text, SIZE) + 8 + (_length(self._guard(line), SMALL) + 6 if line.guard else 0)

    def _noted_in(self, line: Line) -> list[str]:
        """The note in as many lines as it takes, broken after a comma."""
        told, room = [""], LONGEST - self._before_note(line)
        for part in re.findall(r".+?(?:、|, | · |(?= \()|(?=（)|$)", line.note):
            if told[-1] and _length((told[-1] + part).rstrip(), SMALL) > room:
                told.append("")
                room = LONGEST - 30
            told[-1] += part
        return [part.rstrip() for part in told]

    def _high(self, line: Line) -> int:
        return ROW + UNDER * (len(self._noted_in(line)) - 1)

    def _lines_wide(self, box: Box) -> int:
        def wide(line: Line) -> int:
            first, *rest = (_length(part, SMALL) for part in self._noted_in(line))
            return max(self._before_note(line) + first, *(30 + each for each in rest), 0)

        return max((wide(line) + 2 * PAD + 48 for line in box.lines), default=0)

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
    """About how many pixels a text takes: a Chinese sign is as wide as it is high, a Latin letter about two thirds."""
    return round(size * sum(map(_breadth, text)))


def _breadth(sign: str) -> float:
    """Of a font as wide as any that is met, in parts of its height."""
    if width(sign) == 2 or sign in EITHER:
        return 1.0
    return 0.4 if sign in NARROW else 0.95 if sign in BROAD else 0.73 if sign.isupper() else 0.63


def _span(length: int, language: str) -> str:
    minutes = length // 60_000_000
    units = ((1440, "天", "d"), (60, "小时", "h"), (1, "分", "min"))
    for size, zh, en in units:
        if minutes >= size or size == 1:
            return f"{minutes / size:.1f} {zh if language == 'zh' else en}".replace(".0", "")
    return ""
