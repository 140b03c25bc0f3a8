"""Templates and guards that are written to cost as much as they can: each is refused, or done soon and in little memory."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable
from typing import Any

import pytest
from guanjia.expressions import RenderError, Templates
from guanjia.expressions.costs import MOST_DATA, MOST_HANDLED
from guanjia.expressions.templates import LONGEST, MOST_NODES, Parsed
from jinja2 import nodes

MOST_TIMES, MOST_BYTES = 13, 64 << 20
"""As often as the measure of time, which is taken beside it on the same machine; bytes."""
TEXT = "ΐ" * 20_000
"""The longest text that a field holds, of a sign that needs the most when it is written large."""
ITEMS = [f"{number:04}".rjust(1_000, "x") for number in range((MOST_DATA - 30_000) // 2_000)]
DATA: dict[str, Any] = {"language": "zh", "zone": "Asia/Shanghai", "labels": {"minor": "一般"}, "severity": "minor", "text": TEXT, "n": 10**15,
        "office": {"name": "锦绣"}, "none": None, "few": list("abcdefghij"), "items": ITEMS,
        "others": [f"{item[:-1]}{item[-1]}" for item in ITEMS]}  # fmt: skip


def of(one: str, most: int = MOST_NODES) -> str:
    """As often as a template may hold it."""
    read = Templates({"zh/a.text": one})._read("zh/a.text")
    assert isinstance(read, Parsed)
    count = sum(1 for _ in read.tree.find_all(nodes.Node))
    return one * min(most // count - 1, (LONGEST - 1) // len(one))


def names(to: str, first: str, rest: str, levels: int) -> str:
    """Names for lists of lists: each ten times the one before."""
    made = [f"{{% set {to}1 = {first} %}}"]
    made += [f"{{% set {to}{n + 1} = [{', '.join([f'{to}{n}'] * 10)}] %}}" for n in range(1, levels)]
    return "".join(made) + rest


COSTLY = {
    "lists of lists": names("a", "[severity]", "{{ a9 | upper | length }}", 9),
    "lists of lists written": names("a", "[severity]", "{{ a9 }}", 9),
    "lists of lists in one": "{{ " + "[" * 30 + "text" + "]" * 30 + " | length }}",
    "lists of lists that are compared": names("a", "[severity]", names("b", "['minor']", "{{ a9 == b9 }}", 9), 9),
    "lists of lists by default": "{% set a = none | default([few, few]) %}{% set a = none | default([a, a]) %}{{ a }}",
    "rounded up to years": "{{ 1 | round(300000000, 'ceil') }}",
    "rounded to many places": "{{ '1' | round(99999999) }}",
    "an amount without end": "{{ '1e90000000' | money }}{{ '1e-90000000' | money }}",
    "joined by a long text": "{{ items | join(text) | length }}",
    "a long list joined by a long text": "{{ [" + "text, " * 1_500 + "''] | join(text) | length }}",
    "a list that grows": "{% set a = few | join(text) %}" + "{% set a = a | join(a) %}" * 20 + "{{ a | length }}",
    "filters of filters": of("{% if text" + "|upper|lower" * 17 + " == '' %}{% endif %}"),
    "filters of filters in a loop": "{% for a in items %}" + of("{% if a|upper|lower == '' %}{% endif %}", 2_700) + "{% endfor %}",
    "loops after loops": of("{% for a in items %}{% if a == text %}{% endif %}{% endfor %}"),
    "loops over a text": of("{% for a in text %}{% endfor %}"),
    "a list in a list": of("{% if 'y' in items %}{% endif %}"),
    "a list in a list in a loop": "{% for a in few %}" + of("{% if 'y' in items %}{% endif %}", 2_700) + "{% endfor %}",
    "texts in texts": of("{% if 'xxxxxy' in text %}{% endif %}"),
    "lists that are equal": of("{% if items == others %}{% endif %}"),
    "lists labelled": of("{{ items | label | length }}"),
    "texts without end": of("{% for a in items %}{{ a }}{% endfor %}"),
    "all the words": of("{{ labels }}"),
    "deep ifs": "{% if severity %}" * 120 + "x" + "{% endif %}" * 120,
    "deep brackets": "{{ " + "(" * 90 + "1" + ")" * 90 + " }}",
    "deep nots": "{% if " + "not " * 5_000 + "severity %}{% endif %}",
    "many ors": "{% if " + " or ".join(["none"] * 5_000) + " %}{% endif %}",
    "many elifs": "{% if severity == 'a' %}" + "{% elif severity == 'b' %}" * 2_300 + "{% endif %}",
    "many filters": "{{ text" + "|upper" * 10_000 + " }}",
    "many dots": "{{ office" + ".name" * 10_000 + " }}",
    "many links": "{{ 1" + " < 2" * 15_000 + " }}",
    "many outputs": of("{{ severity }}"),
    "many choices": "{{ " + "1 if severity else " * 3_000 + "2 }}",
    "many signs": "{{ " + "- " * 3_000 + "1 }}",
    "a long number": "{{ " + "9" * 10_000 + " }}",
    "a long number in a text": "{{ '" + "9" * 60_000 + "' | money | length }}",
    "an instant without end": "{{ 99999999999999999999 | at }}",
    "a long text": "x" * 10 * LONGEST,
    "tags without an end": "{% " * (LONGEST // 3),
    "tags and nothing else": " {% if severity %}" * 1_500 + "{% endif %}" * 1_500,
    "blanks": "{%" + " " * (LONGEST - 2),
    "remarks": "{#" * (LONGEST // 2),
    "braces": "{{" * (LONGEST // 2),
}  # fmt: skip


def measure() -> float:
    """Seconds of CPU for writing a million numbers: about a tenth on a machine of 2024 at rest, more where others share its cores."""
    begun = time.process_time()
    for number in range(500_000):
        str(number)
    return (time.process_time() - begun) * 2


def spent(work: Callable[[], str]) -> tuple[str, float, int]:
    """What work says, how many times the measure it takes, and the bytes of memory that a process of its own spends on it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            said = work()
            took = time.process_time() - begun
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            os.write(writing, json.dumps([said[:200], took / measure(), peak * 1024]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    said, took, peak = json.loads(told or '["it raised something else", 0, 0]')
    return said, took, peak


@pytest.mark.parametrize("name", COSTLY)
def test_a_template_that_is_written_to_cost_much_is_refused_or_costs_little(name: str) -> None:
    def rendered() -> str:
        templates = Templates({"zh/a.text": COSTLY[name]})
        if refused := templates.check("zh/a.text"):
            return refused[0][1].en
        try:
            return f"{len(templates.render('a', 'text', 'zh', DATA).body)} characters"
        except RenderError as error:
            return error.text.en

    said, took, peak = spent(rendered)
    print(f"{name}: {took:.1f} times the measure, {peak >> 20} MB: {said}")
    assert "something else" not in said
    assert took < MOST_TIMES
    assert peak < MOST_BYTES


def test_what_all_filters_read_and_write_is_counted_and_may_come_to_so_much_and_no_more() -> None:
    def written(times: int) -> str:
        templates = Templates({"zh/a.text": "{% set a = text | upper %}" * times + "{{ a | length }}"})
        return templates.render("a", "text", "zh", {"text": "x" * 10_000, "language": "zh"}).subject

    most = (MOST_HANDLED - 10_001) // 20_000  # each reads and writes the text, and the last reads it once more
    assert written(most) == "10000"
    with pytest.raises(RenderError, match="its filters have too much to do"):
        written(most + 1)
