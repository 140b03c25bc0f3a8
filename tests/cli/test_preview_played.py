"""A case that is played on the page: what its forms ask for, what becomes of it, and what it says when rules are saved meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from guanjia.authoring.stories import run_stories

from tests.cli.previews import Preview, previewed
from tests.offices import small
from tests.runtime.test_sealing import NEEDLES, PEOPLE, found

PROCEDURE = """\
procedure: desk
calendar: always
open_by: [agent, customer]
fields:
  summary: {type: text, required: true, max: 500}
  size: {type: choice, of: [small, large], default: small}
  urgent: {type: boolean}
  score: {type: integer, min: 1, max: 5}
  visit: {type: instant}
  doer: {type: staff}
  tags: {type: list, of: [red, blue]}
  phone: {type: phone, personal: true}
sla:
  answer:
    start: open
    stop: over
    target: [{guard: size == 'large', within: 4h}, {within: 2h}]
    at: {due: [{escalate: {ladder: up}}]}
ladders: {up: {levels: [{to: supervisor}, {to: manager, wait: 1h}]}}
initial: waiting
states:
  waiting:
    entry: [{notify: {told: [customer, agent]}}]
    transitions:
      answer: {to: over, by: agent, require: [score], input: {words: {type: text, required: true}}}
      visited: {by: supervisor, require: [visit]}
    signals: {paid: {to: over}}
  over: {final: true, outcome: answered}
modes: {drill: {prefix: {zh: 【演练】, en: "[DRILL] "}}}
labels:
  zh: {desk: 前台, waiting: 等待, over: 已答复, answer: 答复, answered: 已答复, summary: 内容, score: 评分, size: 大小, small: 小, large: 大, words: 答复内容}
  en: {desk: front desk, waiting: waits, over: over, answered: answered, answer: reply, score: mark, size: size, small: little, large: big, words: the words}
"""
TOLD = {
    "templates/zh/told.text.j2": "主题：收到\n已收到：{{ summary }} {{ phone }}\n",
    "templates/en/told.text.j2": "Subject: Received\nWe have: {{ summary }} {{ phone }}\n",
    "templates/en/told.mail.j2": "Subject: Received, by mail\nDear Sir, we have: {{ summary }}\n",
}
AT = "2026-03-02T09:00"


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Preview]:
    with previewed(small(tmp_path / "office", PROCEDURE, more=TOLD)) as running:
        yield running


def opened(preview: Preview, **more: Any) -> dict[str, Any]:
    values = {"summary": "漏水", **more.pop("values", {})}
    told = preview.play("open", at=AT, by="agent.wang", values=values, **more)
    assert "problem" not in told, told
    case: dict[str, Any] = told["case"]
    return case


def one(items: list[dict[str, Any]], **said: str) -> dict[str, Any]:
    (found,) = (item for item in items if said.items() <= item.items())
    return found


# -- forms


def test_the_form_of_the_opening_has_an_input_for_every_field_and_says_what_goes_into_it(preview: Preview) -> None:
    for language, (label, choices, hint) in {
        "zh": ("大小", [["small", "小"], ["large", "大"]], "默认 小"),
        "en": ("size", [["small", "little"], ["large", "big"]], "default little"),
    }.items():
        opening = preview.state(language)["opening"]
        inputs = {item["name"]: item for item in opening["inputs"]}
        assert (inputs["size"]["label"], inputs["size"]["choices"], inputs["size"]["hint"]) == (label, choices, hint)
        assert [name for name, item in inputs.items() if item["needed"]] == ["summary"]
        assert inputs["summary"]["long"]
        assert ["supervisor.zhao", "赵敏"] in inputs["doer"]["choices"]
        assert [value for value, _ in inputs["urgent"]["choices"]] == ["true", "false"]
        assert inputs["tags"]["many"]
        assert "1" in inputs["score"]["hint"]
    assert [who for who, _, may in opening["people"] if may] == ["agent.wang", "agent.li", "customer"]
    assert (opening["at"], opening["modes"]) == (AT, [["drill", "drill"]])


def test_what_is_wrong_stands_beside_its_field_in_words(preview: Preview) -> None:
    def wrong(values: dict[str, Any], language: str = "en", **more: str) -> dict[str, Any]:
        return preview.play("open", language=language, **{"at": AT, "by": "agent.wang", "values": values, **more})

    assert wrong({})["wrong"] == {"summary": "required"}
    assert wrong({"summary": " "})["wrong"] == {"summary": "required"}
    assert "评分" in wrong({"summary": "x", "score": "9"}, "zh")["wrong"]["score"]
    assert "mark" in wrong({"summary": "x", "score": "nine"})["wrong"]["score"]
    assert list(wrong({"summary": "x", "phone": "x"})["wrong"]) == ["phone"]
    assert "no time" in wrong({"summary": "x"}, at="yesterday")["problem"]
    assert wrong({"summary": "x"}, by="manager.sun")["problem"]
    assert "nobody" in wrong({"summary": "x"}, by="nobody")["problem"]
    assert preview.state()["case"] is None
    opened(preview, values={"score": "5", "visit": "2026-03-03T14:00", "tags": ["red", "blue"], "urgent": "true", "phone": "13800001234"})  # fmt: skip
    fields = dict(preview.state()["case"]["fields"])
    assert (fields["mark"], fields["visit"], fields["tags"], fields["urgent"]) == ("5", "2026-03-03 14:00", "red, blue", "yes")  # fmt: skip
    answer = preview.play("when", "answer", **{"as": "agent.wang", "values": {"score": "4"}})
    assert answer["wrong"] == {"words": "required"}
    assert preview.play("nothing", "answer", **{"as": "agent.wang"})["problem"]
    assert preview.play("when", "../x", **{"as": "agent.wang"})["problem"]
    assert preview.play("assign", values={"to": "nobody"}, **{"as": "supervisor.zhao"})["problem"]


# -- a case


def test_each_person_is_offered_what_he_may_do_and_told_why_not_the_rest(preview: Preview) -> None:
    case = opened(preview)
    assert (case["as"], [action["name"] for action in case["actions"]]) == ("agent.wang", ["answer"])
    assert {who["id"]: who["can"] for who in case["people"]} == {
        "agent.wang": 1, "agent.li": 1, "supervisor.zhao": 1, "manager.sun": 0, "customer": 0,
    }  # fmt: skip
    (answer,) = case["actions"]
    assert [(item["name"], item["needed"]) for item in answer["inputs"]] == [("score", True), ("words", True)]
    manager = preview.state("zh", **{"as": "manager.sun"})["case"]
    assert manager["actions"] == []
    assert any("孙经理" in why for item in manager["unable"] for why in item["why"])
    assert [item["kind"] for item in case["more"]] == ["signal", "edit", "assign", "pause", "reset"]


def test_a_case_is_played_to_its_end_with_its_clock_its_messages_and_its_path(preview: Preview) -> None:
    case = opened(preview)
    assert (case["now"], case["next"], case["state"]) == ("2026-03-02 09:00 Mo", "2026-03-02 11:00", "waits")
    (clock,) = case["clocks"]
    assert [text for text, _ in clock["cells"] if text] == ["reply", "2 h left", "due 2026-03-02 11:00"]
    assert "big" in str(clock["why"])  # why the other target does not hold
    case = preview.play("next")["case"]
    assert (case["now"], case["clocks"][0]["cells"][1][1]) == ("2026-03-02 11:00 Mo", "late")
    assert one(case["messages"], template="escalation")["to"].startswith("赵敏")
    assert "level 1" in str(case["climbs"])
    assert {"ack"} <= {item["kind"] for item in preview.state(**{"as": "supervisor.zhao"})["case"]["more"]}
    assert "problem" in preview.play("ack", **{"as": "agent.li"})
    case = preview.play("ack", **{"as": "supervisor.zhao"})["case"]
    assert "acknowledged" in str(case["climbs"])
    case = preview.play("wait", "1h30m")["case"]
    assert case["now"].startswith("2026-03-02 12:30")
    assert preview.play("wait", "2026-03-02 13:00")["case"]["now"].startswith("2026-03-02 13:00")
    assert preview.play("tomorrow")["case"]["now"].startswith("2026-03-03")
    state = preview.play("when", "answer", **{"as": "agent.li", "values": {"score": "4", "words": "修好了"}})
    case = state["case"]
    assert (case["closed"], case["state"], case["actions"]) == (True, "answered", [])
    assert "1×" in state["picture"]["svg"]
    assert '#fde68a"' in state["picture"]["svg"]
    assert "reply: waits → over" in case["history"][-1]["text"][0]


def test_every_message_is_shown_in_every_language_and_channel(preview: Preview) -> None:
    case = opened(preview, values={"phone": "13800001234"}, mode="drill")
    told = one(case["messages"], to="customer")
    assert [(text["language"], text["channel"], text["subject"], text["body"]) for text in told["texts"]] == [
        ("en", "mail", "[DRILL] Received, by mail", "[DRILL] Dear Sir, we have: 漏水\n"),
        ("en", "text", "[DRILL] Received", "[DRILL] We have: 漏水 13800001234\n"),
        ("zh", "text", "【演练】收到", "【演练】已收到：漏水 13800001234\n"),
    ]
    assert [(row["channel"], row["language"], row["problem"]) for row in told["sent"]] == [("recorder", "zh", None)]


def test_one_step_is_taken_back_and_all_is_begun_anew(preview: Preview) -> None:
    opened(preview)
    preview.play("next")
    edited = preview.play("edit", **{"as": "agent.wang", "values": {"size": "large"}})["case"]
    assert (edited["steps"], edited["clocks"][0]["cells"][0][0]) == (2, "reply")
    back = preview.play("back")["case"]
    assert (back["steps"], dict(back["fields"])["size"]) == (1, "little")
    assert preview.play("back")["case"]["now"].startswith("2026-03-02 09:00")
    anew = preview.play("anew")
    assert (anew["case"], anew["opening"] is not None) == (None, True)
    assert "problem" in preview.play("back")


def test_what_was_played_is_a_story_that_comes_true(preview: Preview) -> None:
    opened(preview, values={"size": "large"}, customer="C-7")
    preview.play("next")
    preview.play("assign", **{"as": "agent.wang", "values": {"to": "agent.li"}})
    assigned = preview.play("assign", **{"as": "agent.wang", "values": {"to": "agent.wang"}})  # from another one
    assert assigned["case"]["assignee"].startswith("王小明")
    preview.play("pause", "answer", **{"as": "supervisor.zhao"})
    case = preview.play("signal", "paid")["case"]
    (preview.folder / "procedures/desk.stories.yaml").write_text("stories:\n" + case["story"])
    (result,) = run_stories(preview.folder)
    assert (result.passed, result.message) == (True, None)
    assert preview.stories(1)["stories"]["passed"] == 1


@pytest.mark.parametrize("seed", range(4))
def test_whatever_somebody_does_with_the_forms_is_answered_in_words_and_is_a_story(preview: Preview, seed: int) -> None:
    """By chance: anybody, anything that is offered to him, with some of its fields, and time of all kinds."""
    chance = Random(seed)
    case = opened(preview, mode=chance.choice(["", "drill"]))
    for _ in range(14):
        offered = [
            *case["actions"],
            *case["more"],
            *({"kind": kind, "name": name, "inputs": []} for kind, name in TIMES),
        ]
        what = chance.choice(offered)
        values = {
            item["name"]: _filled(chance, item) for item in what["inputs"] if item["needed"] or chance.random() < 0.3
        }
        told = preview.play(
            what["kind"], what["name"], chance.choice(["zh", "en"]), **{"as": case["as"], "values": values}
        )
        assert told.get("problem") is None or set(told) == {"problem", "hint", "wrong"}
        who = chance.choice([each["id"] for each in case["people"]])
        case = preview.state(chance.choice(["zh", "en"]), **{"as": who})["case"]
        if case["closed"] and chance.random() < 0.5:
            case = preview.play("back", **{"as": who})["case"]
    (preview.folder / "procedures/desk.stories.yaml").write_text("stories:\n" + case["story"])
    (result,) = run_stories(preview.folder)
    assert result.message is None
    assert not (preview.folder / "guanjia-error.log").exists()


TIMES = (
    ("next", ""),
    ("tomorrow", ""),
    ("wait", "15m"),
    ("wait", "2 workdays"),
    ("wait", "2026-03-04 10:00"),
    ("wait", "x"),
)


def _filled(chance: Random, item: dict[str, Any]) -> Any:
    """Something that may stand in an input; now and then something that may not."""
    choices = [value for value, _ in item["choices"]]
    if item["many"]:
        return chance.sample(choices, chance.randint(0, len(choices)))
    some = {"integer": ["1", "5", "9", "x"], "instant": ["2026-03-03T14:00", "soon"], "phone": ["13800001234", "x"]}
    return chance.choice(choices or some.get(item["type"], ["好", " ", "x" * 600]))


# -- rules that are saved meanwhile


def test_the_case_is_played_again_under_the_rules_that_were_saved_and_says_where_it_goes_no_further(preview: Preview) -> None:  # fmt: skip
    opened(preview)
    preview.play("wait", "30m")
    preview.play("when", "answer", **{"as": "agent.li", "values": {"score": "4", "words": "修好了"}})
    file = preview.folder / "procedures/desk.yaml"
    file.write_text(PROCEDURE.replace("within: 2h", "within: 3h"))
    state = preview.until(lambda it: it["case"]["clocks"][0]["cells"][2][0] == "due 2026-03-02 12:00")
    assert (state["case"]["state"], state["case"]["stop"]) == ("answered", None)

    file.write_text(PROCEDURE.replace("to: over, by: agent", "to: over, by: manager"))
    stop = preview.until(lambda it: it["case"]["stop"])["case"]["stop"]
    assert (stop["what"], stop["left"]) == ("step 2", 1)
    assert stop["step"].startswith("{when: answer, by: agent.li")
    assert "manager" in stop["why"]
    assert preview.state("zh")["case"]["stop"]["what"] == "第 2 步"
    assert preview.state()["case"]["state"] == "waits"

    file.write_text(PROCEDURE)  # mended: what was played is all there again
    state = preview.until(lambda it: it["case"]["stop"] is None)
    assert (state["case"]["state"], state["case"]["steps"]) == ("answered", 2)

    file.write_text(PROCEDURE.replace("open_by: [agent, customer]", "open_by: manager"))
    state = preview.until(lambda it: it["stop"])
    assert (state["case"], state["stop"]["what"]) == (None, "the opening")


def test_going_on_from_where_it_stopped_drops_the_rest(preview: Preview) -> None:
    opened(preview)
    preview.play("when", "answer", **{"as": "agent.li", "values": {"score": "4", "words": "修好了"}})
    file = preview.folder / "procedures/desk.yaml"
    file.write_text(PROCEDURE.replace("to: over, by: agent", "to: over, by: manager"))
    preview.until(lambda it: it["case"]["stop"])
    state = preview.play("back")
    assert (state["case"]["stop"], state["case"]["steps"], state["case"]["state"]) == (None, 0, "waits")


def test_while_the_files_are_broken_the_case_goes_on_under_the_last_good_ones(preview: Preview) -> None:
    opened(preview)
    for name in ("procedures/desk.yaml", "organisation.yaml", "office.yaml"):
        whole = (preview.folder / name).read_text()
        (preview.folder / name).write_text("x: [\n")
        state = preview.until(lambda it: it["office"]["errors"])
        assert (state["case"]["state"], state["picture"]["stale"]) == ("waits", True)
        assert preview.play("wait", "1m")["case"]["steps"]
        (preview.folder / name).write_text(whole)
        preview.until(lambda it: not it["office"]["errors"])
    assert preview.state()["case"]["now"].startswith("2026-03-02 09:03")


def test_nothing_that_is_played_lies_anywhere(preview: Preview, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    caplog.set_level("DEBUG")
    name, phone, email, identity = PEOPLE[0]
    case = opened(preview, values={"summary": f"{name} {email} {identity}", "phone": phone}, customer="c-1")
    assert phone in str(case["messages"])
    preview.play("when", "answer", **{"as": "agent.li", "values": {"score": "x" + phone, "words": name}})
    preview.play("wait", phone)
    preview.play("wait", "3h")
    assert found(preview.folder) == set()
    said = capfd.readouterr()
    assert not [text for text in NEEDLES.values() if text in caplog.text + said.out + said.err]
