"""Templates: words in both languages, and nothing in them that runs, leaks or costs."""

from __future__ import annotations

import re
import time

import pytest
from guanjia.clock import from_iso
from guanjia.expressions import RenderError, Templates

from tests.expressions.test_expressions import HOSTILE

AT = from_iso("2026-11-24T09:05", "Asia/Shanghai")
MIDNIGHT = from_iso("2026-11-25T00:00", "Asia/Shanghai")
DATA = {"language": "zh", "zone": "Asia/Shanghai", "labels": {"minor": "一般"}, "severity": "minor", "at": AT, "midnight": MIDNIGHT, "cost": "1234.5",
        "phone": "13800001234", "name": "欧阳娜娜", "none": None, "items": [1, 2, 3], "office": {"name": "锦绣"}}  # fmt: skip


def one(text: str, **data):
    return Templates({"zh/a.text": text}).render("a", "text", "zh", DATA | data)


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("{{ at | at }}", "2026年11月24日 09:05", "24 Nov 2026 09:05"),
        ("{{ at | by }}", "2026年11月24日 09:05", "24 Nov 2026 09:05"),
        ("{{ midnight | by }}", "2026年11月24日 24:00", "24 Nov 2026 24:00"),
        ("{{ at | day }}", "2026年11月24日", "24 Nov 2026"),
        ("{{ cost | money }}", "¥1,234.50 元", "¥1,234.50"),
        ("{{ severity | label }}", "一般", "一般"),
        ("{{ phone | masked }}", "138****1234", "138****1234"),
        ("{{ name | surname }}", "欧阳", "欧阳"),
        ("{{ none | at }}{{ none | by }}{{ none | money }}{{ none }}", "", ""),
        ("{{ none | default('—') }}", "—", "—"),
        ("{{ office.name }}", "锦绣", "锦绣"),
    ],
)
def test_a_filter_writes_as_people_of_each_language_do(text, zh, en):
    assert one(text).body.strip() == zh
    assert one(text, language="en").body.strip() == en


def test_a_tag_in_a_sentence_takes_no_space_and_a_line_of_tags_leaves_none():
    text = "有{% if severity %}级别{% endif %}\n{% if cost %}\n费用\n{% endif %}\n完"
    assert one(text).body == "有级别\n费用\n完\n"


def test_what_is_included_stands_on_the_line_where_it_is_named():
    text = "{% include 'zh/dear.text' %}\n{% if cost %}\n有费用\n{% endif %}\n\n{% include 'zh/end.text' %}\n"
    templates = Templates({"zh/a.text": text, "zh/dear.text": "尊敬的业主：\n", "zh/end.text": "{{ office.name }}\n"})
    assert templates.render("a", "text", "zh", DATA).body == "尊敬的业主：\n有费用\n\n锦绣\n"


def test_the_first_line_is_the_subject():
    assert one("主题：【1】受理\n您好").subject == "【1】受理"
    assert one("主题：【1】受理\n您好").body == "您好\n"
    assert one("【1】受理\n您好").subject == "【1】受理"


def test_a_missing_language_or_channel_falls_back_and_says_which_it_took():
    templates = Templates({"en/a.text": "hello"})
    assert templates.render("a", "mail", "zh", DATA).language == "en"
    with pytest.raises(RenderError, match="no template b"):
        templates.render("b", "mail", "zh", DATA)


def test_an_unknown_name_is_told_with_the_template():
    with pytest.raises(RenderError, match="nobody_knows"):
        one("{{ nobody_knows }}")


WRAPPED = [f"{{{{ {line} }}}}" for line in HOSTILE] + [
    "{% for a in items %}{% for b in items %}x{% endfor %}{% endfor %}",
    "{% for a in range(10) %}x{% endfor %}",
    "{% set x = severity %}{% set x = x + x %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include '../../etc/passwd' %}",
    "{% include 'zh/a.text' %}",
    "{% import 'zh/a.text' as a %}",
    "{% extends 'zh/a.text' %}",
    "{% block x %}{% endblock %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{{ items.append(1) }}",
    "{{ office.items() }}",
    "{{ office.__class__ }}",
    "{% if " + "(" * 300 + "1" + ")" * 300 + " %}{% endif %}",
    "{% do 1 %}",
    "{% raw %}{{ x }}{% endraw",
]


@pytest.mark.parametrize("text", WRAPPED)
def test_no_hostile_template_runs_code_leaks_or_hangs(text):
    begun = time.process_time()
    try:
        shown = one(text).body
    except RenderError as refused:
        shown = refused.text.en.partition(":")[0]
        assert refused.text.zh
    assert time.process_time() - begun < 1
    assert "object at 0x" not in shown
    assert "root:" not in shown
    assert len(shown) < 10_000


def test_output_is_bounded_while_it_is_made():
    with pytest.raises(RenderError, match="too long"):
        one("{% for a in items %}{{ summary }}{% endfor %}", items=list(range(1000)), summary="x" * 1000)


def test_variables_are_those_of_the_template_and_of_what_it_includes():
    templates = Templates(
        {"zh/a.text": "{{ x }}{% include 'zh/b.text' %}", "zh/b.text": "{{ y }}{% set z = 1 %}{{ z }}"}
    )
    assert templates.variables("zh/a.text") == {"x", "y"}


def test_templates_that_include_each_other_in_great_number_are_refused_at_once():
    """Thirty includes of one that has thirty includes, ten deep: as many texts as no machine can make."""
    bomb = {f"zh/t{n}.text": f"{{% include 'zh/t{n + 1}.text' %}}\n" * 30 for n in range(10)} | {"zh/t10.text": "x\n"}
    templates = Templates(bomb)
    began = time.process_time()
    problems = templates.check("zh/t0.text")
    assert any("more than once" in text.en for _, text, _ in problems)
    assert templates.variables("zh/t0.text") == frozenset()
    with pytest.raises(RenderError):
        templates.render("t0", "text", "zh", {})
    assert time.process_time() - began < 5


def test_a_loop_inside_a_loop_is_refused_however_deep_it_stands():
    for inner in ("{% for b in items %}x{% endfor %}", "{% if severity %}{% for b in items %}x{% endfor %}{% endif %}"):
        with pytest.raises(RenderError, match="a loop cannot stand inside a loop"):
            one(f"{{% for a in items %}}{inner}{{% endfor %}}")
    assert one("{% for a in items %}x{% endfor %}{% for a in items %}y{% endfor %}").body


@pytest.mark.parametrize(
    "text",
    [
        "{% if a %}x", "{% for a in b %}{% if a %}x{% endfor %}", "{{ a }", "{{ a", "{{ }}", "{% if a = 1 %}x{% endif %}", "{% endif %}",
        "{% fi a %}", "{{ a b }}", "{{ 'a }}", "{# a", "{{ (a }}", "{{ a) }}", "{{ a | }}", "{{ a. }}", "{{ a == }}", "{% if a }x{% endif %}",
        "{{ [a) }}", "{{ a && b }}", "{{ “a” }}", "{% for a b %}{% endfor %}", "{% if a %}x{% elif %}{% endif %}", "{%", "{{{ a }}}", "{{ 1 'a' }}",
    ],
)  # fmt: skip
def test_a_mistake_that_people_make_is_told_in_their_words_and_not_in_those_of_the_parser(text):
    ((_, said, hint),) = Templates({"zh/a.text": text}).check("zh/a.text")
    assert hint is not None
    assert not re.search("expected|token|statement|Encountered|Jinja|char", said.zh + said.en)
