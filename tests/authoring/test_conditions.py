"""Conditions in plain words: as people say them, in both languages, and nothing of how they are typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from guanjia.authoring.conditions import in_words
from guanjia.errors import Text
from guanjia.language import OfficeFiles
from guanjia.model.procedure import Field

from tests.offices import shipped

FIELDS = {
    name: Field(type=kind, of=of)
    for name, kind, of in (
        ("danger", "boolean", ()), ("score", "integer", ()), ("cost", "money", ()), ("begins", "instant", ()), ("kind", "choice", ("water", "power")), ("subject", "staff", ()),
        ("told", "text", ()),
    )
}  # fmt: skip
ZH = {
    "danger": "有危险", "score": "满意度", "cost": "费用", "begins": "开始时间", "kind": "类别", "water": "停水", "power": "停电", "subject": "被投诉人", "told": "答复", "visit": "到访",
    "answer": "答复时限", "boss": "升级", "fix": "报修工单", "inside": "户内", "counted": "清点人数",
}  # fmt: skip


def said(source: str, *, value: bool = False) -> Text:
    def label(name: str, language: str) -> str:
        return ZH.get(name, name) if language == "zh" else name

    return in_words(FIELDS, label, source, lambda word: Text({"assignee": "责任人"}.get(word, word), word), value=value)


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        ("danger", "“有危险”为“是”", "“danger” is yes"),
        ("not danger", "“有危险”为“否”", "“danger” is no"),
        ("danger == true", "“有危险”为“是”", "“danger” is yes"),
        ("not (danger == true)", "“有危险”为“否”", "“danger” is no"),
        ("score > 0", "“满意度”大于 0", "“score” is more than 0"),
        ("score >= 3 or cost < 5", "“满意度”达到 3 或“费用”不到 5", "“score” is at least 3 or “cost” is less than 5"),
        ("not (cost > 500)", "“费用”没有超过 500", "“cost” is not more than 500"),
        ("1 < score < 5", "1 不到“满意度”且“满意度”不到 5", "1 is less than “score” and “score” is less than 5"),
        ("kind in ['water', 'power']", "“类别”属于“停水”、“停电”", "“kind” is one of “water”, “power”"),
        ("not (kind == 'water' or danger)", "“类别”不是“停水”且“有危险”为“否”", "“kind” is not “water” and “danger” is no"),
        ("danger and (score == 1 or score == 2)", "“有危险”为“是”且（“满意度”为 1 或“满意度”为 2）", "“danger” is yes and (“score” is 1 or “score” is 2)"),
        ("told is none", "“答复”未填", "“told” is not known"),
        ("assignee is none", "没有责任人", "assignee is not known"),
        ("input.score == score", "所填的“满意度”等于“满意度”", "“score” as given equals “score”"),
        ("input.counted > 3", "“清点人数”超过 3", "“counted” is more than 3"),
        ("now >= begins", "已到“开始时间”", "“begins” has come"),
        ("begins > now", "“开始时间”晚于现在", "“begins” is later than now"),
        ("begins - now >= hours(2)", "离“开始时间”不少于 2 小时", "“begins” is at least 2 h away"),
        ("now - past.visit.at < hours(4)", "距上次“到访”的时间不到 4 小时", "the time of the last “visit” is less than 4 h ago"),
        ("past.visit.count > 0", "有过“到访”", "“visit” has happened"),
        ("past.visit.count == 0", "没有过“到访”", "“visit” has not happened"),
        ("past.visit.count >= 2", "“到访”达到 2 次", "“visit” happened at least twice"),
        ("past.visit.count <= 1", "“到访”不超过 1 次", "“visit” happened at most once"),
        ("not clock.answer.running", "“答复时限”不在走", "the clock “answer” does not run"),
        ("clock.answer.due + hours(2) <= begins", "“答复时限”到期后 2 小时不晚于“开始时间”", "2 h after the clock “answer” is due is not later than “begins”"),
        ("not child.fix.open and done('inside')", "“报修工单”不在办且“户内”已完成", "the child “fix” is not open and “inside” is done"),
        ("sample(20)", "按 20% 抽中", "drawn by lot at 20 %"),
        ("subject is not none and assignee == subject", "“被投诉人”已填且责任人是“被投诉人”", "“subject” is known and assignee is “subject”"),
    ],
)  # fmt: skip
def test_a_condition_is_said_as_people_say_it(source, zh, en):
    assert said(source) == Text(zh, en)


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        ("danger", "“有危险”", "“danger”"),
        ("score + 1", "“满意度”加 1", "“score” + 1"),
        (
            "score * 100 / (score + cost)",
            "“满意度”乘以 100 除以（“满意度”加“费用”）",
            "“score” × 100 ÷ (“score” + “cost”)",
        ),
        ("score - (cost - 1) - 2", "“满意度”减（“费用”减 1）减 2", "“score” − (“cost” − 1) − 2"),
        ("begins - days(7)", "“开始时间”前 7 天", "7 days before “begins”"),
        ("begins + days(1)", "“开始时间”后 1 天", "1 day after “begins”"),
        ("now + workdays(5)", "5 个工作日后", "5 working days from now"),
        ("past.visit.at + days(5)", "上次“到访”后 5 天", "5 days after the last “visit”"),
        ("cost | default(0)", "“费用”（未填则为 0）", "“cost” (else 0)"),
        ("1 if danger else 2", "“有危险”为“是”的为 1，否则为 2", "where “danger” is yes 1, else 2"),
    ],
)
def test_a_value_is_no_condition(source, zh, en):
    assert said(source, value=True) == Text(zh, en)


@pytest.mark.parametrize("source", ["a ~ b", "x.y.z.w > 1", "not an expression (", "now.year"])
def test_what_has_no_words_stands_as_it_is_written(source):
    assert said(source) == Text(source, source)


def test_no_sign_of_an_expression_is_left_in_what_any_shipped_procedure_says(tmp_path):
    """Signs, brackets of lists and dotted names are of files; so is a number beside a Chinese word without a gap."""
    files = OfficeFiles(shipped(tmp_path / "office"))
    typed = re.compile(r"[<>=\[\]{}']|\w\.\w|\bnone\b(?! of)")
    crowded = re.compile(r"[\u4e00-\u9fff][0-9A-Za-z]|[0-9A-Za-z][\u4e00-\u9fff]")
    tried = 0
    for name in files.procedures():
        it = files.version(name).procedure
        for source, value in _sources(it.model_dump(mode="json", by_alias=True, exclude_defaults=True)):
            told = in_words(it.fields, it.label, source, lambda word: Text("某人", "somebody"), value=value)
            bare = re.sub(r"“[^”]*”", "“”", told.zh), re.sub(r"“[^”]*”", "“”", told.en)
            assert not [text for text in bare if typed.search(text)], (name, source, told)
            assert not crowded.search(bare[0]), (name, source, told)
            tried += 1
    assert tried > 100


def _sources(plain: Any) -> Iterator[tuple[str, bool]]:
    """Every expression that is no bare name, and whether it is a value."""
    for key, held in plain.items() if isinstance(plain, dict) else enumerate(plain):
        if isinstance(held, dict | list):
            yield from _sources(held)
        elif isinstance(held, str) and not re.fullmatch(r"\w+", held):
            if key in ("that", "when", "where"):
                yield held, False
            elif key in ("until", "at", "person"):
                yield held, True
