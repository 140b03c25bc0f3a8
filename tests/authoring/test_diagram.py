"""Pictures of procedures: everything that is written is on them, nothing lies upon anything else, and the past is told as it was."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from guanjia.authoring.diagram import Picture, dot, mermaid, of_case, of_cases, picture, svg
from guanjia.authoring.diagram.svg import HEAD, ROW
from guanjia.clock import HOUR, ManualClock
from guanjia.language import OfficeFiles, read_procedure_text
from guanjia.model.procedure import Procedure
from guanjia.runtime.engine import Engine

from tests.offices import clock_of, engine, shipped, small
from tests.runtime.procedures_at_random import made

NS = "{http://www.w3.org/2000/svg}"
SHIPPED = ("complaint", "repair", "emergency")

DESK = """
procedure: desk
number: D-{seq}
fields: {n: {type: integer, default: 0}}
sla:
  answer: {start: open, stop: hand, target: {within: 2h, calendar: always}}
initial: new
transitions: {drop: {to: gone}}
states:
  new:
    transitions: {take: {to: one, by: agent, guard: n >= 0}}
    breach: {answer: {to: late}}
  late: {transitions: {take: {to: one}}}
  hand:
    initial: one
    transitions: {give: {to: new}}
    states:
      one: {after: {slow: {delay: 1 days, to: two}}, transitions: {give: {to: two}}}
      two: {always: {guard: n > 5, to: done}, transitions: {end: {to: done}}}
  done: {final: true}
  gone: {final: true}
reopen: {to: new}
labels:
  zh: {desk: "<b>前台&\\u202e", new: 新来的}
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped(tmp_path_factory.mktemp("pictures") / "office")


@pytest.fixture
def desk(tmp_path: Path) -> Engine:
    return engine(small(tmp_path, DESK))


def drawn(it: Procedure, language: str = "zh") -> Picture:
    return picture(it, language, lambda word: word)


def texts(drawing: str) -> list[str]:
    return ["".join(text.text or "") for text in ElementTree.fromstring(drawing).iter(f"{NS}text")]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", SHIPPED)
def test_every_state_every_way_out_and_every_clock_is_on_the_picture_in_its_own_words(office, name, language):
    it = OfficeFiles(office, still=True).version(name).procedure
    shown = Counter(texts(svg(drawn(it, language))))
    for state, _, _ in it.walk():
        word = it.label(state, language)
        assert any(word in text for text in shown), state
    for action in {*it.transitions, *(action for _, state, _ in it.walk() for action in state.transitions)}:
        written = len(it.transitions.get(action, ())) + sum(
            len(state.transitions.get(action, ())) for _, state, _ in it.walk()
        )
        assert shown[it.label(action, language)] >= written, action
    for clock in it.sla:
        assert any(text.startswith(it.label(clock, language)) for text in shown), clock
    if language == "zh":
        assert not [text for text in shown if re.search(r"workday|hours|minutes", text) and "[" not in text]


@pytest.mark.parametrize("seed", range(40))
def test_no_two_rails_lie_upon_each_other_and_every_way_leads_into_its_state(seed: int):
    it = read_procedure_text(made(random.Random(seed)), "desk.yaml")
    shown = drawn(it)
    root = ElementTree.fromstring(svg(shown))
    paths = [path.get("d", "") for path in root.iter(f"{NS}path")]
    rails = [tuple(map(int, found.groups())) for d in paths if (found := re.fullmatch(r"M(\d+) (\d+)V(\d+)", d))]
    targets = {line.to for box in shown.root.walk() for line in box.lines if line.to}
    assert len(rails) == len(targets)
    for (x, top, bottom), (other, high, low) in combinations(rails, 2):
        assert x != other or bottom < high or low < top
    # A rail has a dot for each way that leads to it, within its length.
    dots = [(int(dot.get("cx", "")), int(dot.get("cy", ""))) for dot in root.iter(f"{NS}circle")]
    assert len(dots) == sum(line.to is not None for box in shown.root.walk() for line in box.lines)
    assert all(any(x == at and top <= y <= bottom for at, top, bottom in rails) for x, y in dots)
    # Texts of one column stand a line apart: none lies upon another.
    lines = sorted(int(text.get("y", "")) for text in root.iter(f"{NS}text") if text.get("x") == "16")
    assert all(b - a >= min(ROW, HEAD) - 4 for a, b in pairwise(lines))


def test_what_a_case_did_is_on_its_picture_and_where_it_is(desk):
    case = desk.open("desk", actor="agent.wang").case.number
    desk.act(case, "take", actor="agent.wang")
    desk.act(case, "give", actor="agent.wang")
    shown = drawn(desk.files.version("desk").procedure)
    traces = of_case(shown.root, desk.history(case))
    assert traces.taken == {("new", "act", "take"): 1, ("one", "act", "give"): 1}  # the inner way, not that of `hand`
    assert traces.present == {"hand", "two"}
    desk.edit(case, n=6, actor="agent.wang", reason="x")
    closed = of_case(shown.root, desk.history(case))
    assert (closed.taken["two", "always", ""], closed.present) == (1, {"done"})
    desk.act(case, "reopen", actor="agent.wang")
    assert of_case(shown.root, desk.history(case)).taken["desk", "reopen", "reopen"] == 1


def test_the_past_of_all_cases_is_counted_with_the_mean_length_of_a_stay(desk):
    clock = clock_of(desk)
    assert isinstance(clock, ManualClock)
    for hours in (1, 3):
        case = desk.open("desk", actor="agent.wang").case.number
        clock.advance(hours * HOUR)
        desk.run_once()
        desk.act(case, "take", actor="agent.wang")
        clock.advance(50 * HOUR)
        desk.run_once()
    desk.act(desk.open("desk", actor="agent.wang").case.number, "drop", actor="agent.wang")
    shown = drawn(desk.files.version("desk").procedure)
    traces = of_cases(shown.root, [desk.history(f"D-{number}") for number in (1, 2, 3)])
    assert traces.taken == {
        ("new", "act", "take"): 1, ("new", "breach", "answer"): 1, ("late", "act", "take"): 1,
        ("one", "delay", "slow"): 2, ("desk", "act", "drop"): 1,
    }  # fmt: skip
    assert (traces.entered["new"], traces.mean("new")) == (3, HOUR)  # 1 h, 2 h until the breach, none
    assert traces.mean("two") is None
    assert not traces.present
    assert not of_cases(shown.root, [desk.history("D-1")]).present  # nobody asked where that one is
    assert "3× · 平均 1 小时" in texts(svg(shown, traces))


def test_words_of_an_author_can_neither_break_the_picture_nor_turn_it_round(desk):
    it = desk.files.version("desk").procedure
    for text in (svg(drawn(it)), mermaid(drawn(it)), dot(drawn(it))):
        assert "\u202e" not in text
    assert texts(svg(drawn(it)))[0] == "<b>前台&\ufffd"


@pytest.mark.parametrize("name", SHIPPED)
def test_mermaid_and_dot_hold_every_state_and_every_way_and_are_well_formed(office, name):
    it = OfficeFiles(office, still=True).version(name).procedure
    shown = drawn(it, "en")
    states = [state for state, _, _ in it.walk()]
    flow = mermaid(shown)
    assert flow.count("{") == flow.count("}")
    known = r"(?:\[\*\]|\w+)"
    for line in flow.splitlines()[1:]:
        assert re.fullmatch(
            rf'\s*(?:state "[^"]+" as \w+(?: {{)?|state \w+ <<choice>>|}}|--|{known} --> {known}(?:: [^:;]+)?)', line
        ), line
    assert all(re.search(rf"\b{state}\b", flow) for state in states)
    graph = dot(shown)
    assert graph.count("{") == graph.count("}")
    assert all(f'"{state}"' in graph or f'"cluster_{state}"' in graph for state in states)
    inner = sum(line.to is not None for box in shown.root.walk() for line in box.lines)
    assert len(re.findall(r" -> ", graph)) == inner + 1
