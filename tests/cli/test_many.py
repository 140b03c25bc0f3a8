"""One action for many cases: a look first, each by itself, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.clock import MINUTE, ManualClock
from guanjia.runtime import many
from guanjia.runtime.engine import Engine
from guanjia.store import Query

from tests.cli.terminals import Ran

Call = Callable[..., Ran]


@pytest.fixture
def numbers(do: Call) -> list[str]:
    return [
        json.loads(do("open", "complaint", "--summary", f"第 {n} 件", "--room", f"3-1-{n}", "--json").out)["number"]
        for n in range(4)
    ]


def test_what_would_become_of_each_is_listed_and_nothing_is_done(do: Call, numbers: list[str]) -> None:
    do("do", numbers[0], "accept", "--promise", "x")
    ran = do("do", "accept", "--where", "procedure=complaint", "--promise", "今天")
    assert ran.code == 1
    assert [number in ran.out for number in numbers] == [True] * 4
    assert "不能“接单”" in ran.out
    assert "可以办理 3 个，会被拒绝 1 个" in ran.out
    assert "没有作任何改动" in ran.out
    assert json.loads(do("show", numbers[1], "--json").out)["states"] == ["received"]
    english = do("--lang", "en", "do", "accept", "--where", "procedure=complaint", "--promise", "x").out
    assert "Possible: 3; would be refused: 1." in english


def test_each_is_done_by_itself_and_the_refused_one_is_told(do: Call, numbers: list[str]) -> None:
    do("do", numbers[0], "accept", "--promise", "x")
    ran = do("do", "accept", "--where", "procedure=complaint", "--promise", "今天", "--yes", "--json")
    assert ran.code == 1
    told = json.loads(ran.out)
    assert (told["done"], [case["number"] for case in told["cases"] if case["problem"]]) == (True, [numbers[0]])
    assert [json.loads(do("show", number, "--json").out)["states"] for number in numbers] == [["handling"]] * 4
    again = do("do", "accept", "--where", "state=received", "--promise", "今天", "--yes")
    assert (again.code, "没有符合的在办工单" in again.out) == (0, True)


def test_under_a_key_no_case_is_done_twice(do: Call, numbers: list[str], office: Path) -> None:
    path = office / "procedures/complaint.yaml"
    path.write_text(
        path.read_text().replace("transitions:\n  withdraw", "transitions:\n  urge: {by: agent}\n  withdraw", 1)
    )
    number = json.loads(do("open", "complaint", "--summary", "x", "--room", "9-9", "--json").out)["number"]
    for repeated in (False, True):
        ran = do("do", "urge", "--where", "room=9-9", "--key", "morning", "--yes", "--json")
        assert ran.code == 0, ran.out
        assert [case["repeated"] for case in json.loads(ran.out)["cases"]] == [repeated]
    events = json.loads(do("show", number, "--json").out)["events"]
    assert sum(event["name"] == "urge" for event in events) == 1


def test_conditions_are_the_words_of_ls(do: Call, numbers: list[str], clock: ManualClock) -> None:
    def meant(text: str) -> set[str]:
        cases = json.loads(do("do", "accept", "--where", text, "--promise", "x", "--json").out)["cases"]
        return {case["number"] for case in cases}

    assert meant("room=3-1-2") == {numbers[2]}
    assert meant("assignee=me, state=received") == meant("assignee=agent.wang and procedure=complaint") == set(numbers)
    assert meant("overdue") == meant("unassigned") == set()
    clock.advance(31 * MINUTE)
    assert meant("overdue") == set(numbers)
    assert meant("mode=drill") == set()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["accept", "--where", "sate=x"], "是不是 state"), (["accept", "--where", ""], "没有写条件"), (["accept", "--where", "room='3"], "引号"),
        (["TS-1", "accept", "--where", "overdue"], "不写工单编号"), (["accept", "--where", "overdue", "--expect", "3"], "--expect"),
        (["TS-1", "accept", "--yes"], "--where"),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_explained(do: Call, words: list[str], told: str) -> None:
    ran = do("do", *words)
    assert (ran.code, told in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("where", "what", "meant"),
    [
        ("procedure=complait", "没有流程“complait”", "complaint（投诉）"), ("procedure=投诉", "没有流程“投诉”", "complaint（投诉）"),
        ("state=recieved", "没有状态“recieved”", "received（已受理）"), ("mode=dril", "没有模式“dril”", "drill（演练）"),
        ("assignee=agent.wong", "没有员工“agent.wong”", "agent.wang（王小明）"), ("site=nowhere overdue", "没有小区“nowhere”", "有：main"),
    ],
)  # fmt: skip
def test_a_condition_that_names_what_there_is_not_is_told_as_ls_tells_it(
    do: Call, numbers: list[str], where: str, what: str, meant: str
) -> None:
    ran = do("do", "accept", "--where", where, "--promise", "x", "--yes")
    assert (ran.code, what in ran.err, meant in ran.err) == (1, True, True), ran
    listed = do("do", "accept", "--where", "state=handling", "--promise", "x")
    assert (listed.code, listed.out) == (0, "没有符合的在办工单。\n")


def test_a_case_that_somebody_changed_meanwhile_is_left_as_it_is(
    do: Call, numbers: list[str], office: Path, clock: ManualClock
) -> None:
    with Engine.at(office, clock=clock) as engine:
        actor = engine.actor("agent.wang")
        rows = engine.list(Query(order="opened"))
        planned = many.plan(engine, rows, "accept", actor=actor, values={"promise": "x"})
        engine.note(numbers[0], "我来看看", actor="agent.li")
        done = list(many.carry_out(engine, planned))
        assert [each.row.columns.number for each in done if each.refused] == [numbers[0]]
        again = list(many.carry_out(engine, [each for each in planned if each.row.columns.number != numbers[0]]))
        assert all(each.outcome.repeated for each in again)  # type: ignore[union-attr]
