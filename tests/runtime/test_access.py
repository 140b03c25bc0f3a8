"""Who looked at personal data stands in the histories, and is found for a case, for a customer over all cases, for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.clock import MINUTE, ManualClock
from guanjia.errors import NotFound, Refused
from guanjia.runtime import access
from guanjia.runtime.engine import Engine

from tests.offices import MONDAY, small

PROCEDURE = """\
procedure: desk
calendar: always
fields: {name: {type: text, personal: true}, phone: {type: phone, personal: true}}
initial: waiting
states:
  waiting: {entry: [{notify: {told: customer}}], transitions: {answer: {to: over}}}
  over: {final: true}
"""
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}}
  guard: {label: {zh: 保安, en: guard}}
  manager: {label: {zh: 经理, en: manager}, rights: [all]}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  guard.xu: {name: 徐刚, roles: [guard]}
  manager.sun: {name: 孙, roles: [manager]}
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    told = {
        f"templates/{language}/told.text.j2": "{{ name }} 您好\n{{ name }} {{ phone }}\n" for language in ("zh", "en")
    }
    return small(tmp_path / "office", PROCEDURE, templates=("told",), more={"organisation.yaml": PEOPLE, **told})


@pytest.fixture
def looked(office: Path) -> tuple[Path, ManualClock, list[str]]:
    """Two cases of one customer and one of another; three looks and a try that was refused."""
    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine:
        engine.customers.add(id="C-1", name="欧阳春", phones=["13800001234"], actor="manager.sun")
        numbers = [
            engine.open("desk", actor="agent.wang", customer=customer, name="欧阳春", phone="13800001234").case.number
            for customer in ("C-1", "C-1", "C-2")
        ]
        for ref, who in ((numbers[0], "agent.wang"), (numbers[2], "manager.sun"), (numbers[1], "guard.xu")):
            clock.advance(MINUTE)
            if who == "guard.xu":
                with pytest.raises(Refused):
                    engine.reveal(ref, actor=who, reason="好奇欧阳春")
            else:
                engine.reveal(ref, actor=who, reason=f"回电 {ref}")
        clock.advance(MINUTE)
        engine.customers.reveal("C-1", actor="manager.sun", reason="核对")
    return office, clock, numbers


def test_looks_are_found_by_case_by_customer_and_for_the_whole_office(
    looked: tuple[Path, ManualClock, list[str]],
) -> None:
    office, clock, numbers = looked
    with Engine.at(office, clock=clock) as engine:
        (one,) = access.of_case(engine, numbers[0])
        assert (one.actor, one.refused, one.reason) == ("agent.wang", False, f"回电 {numbers[0]}")
        assert sorted((look.actor, look.case is None, look.refused) for look in access.of_customer(engine, "C-1")) == [
            ("agent.wang", False, False), ("guard.xu", False, True), ("manager.sun", True, False),
        ]  # fmt: skip
        (refused,) = access.of_case(engine, numbers[1])
        assert (refused.actor, refused.refused, refused.reason) == ("guard.xu", True, "好奇欧**")
        assert [look.actor for look in access.of_customer(engine, "C-2")] == ["manager.sun"]
        assert len(list(access.of_office(engine))) == 4
        with pytest.raises(NotFound):
            list(access.of_customer(engine, "C-9"))


def test_the_command_tells_them_and_a_message_is_masked_until_it_is_looked_at(
    looked: tuple[Path, ManualClock, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    from guanjia.cli.main import main

    office, clock, numbers = looked

    def run(*words: str, who: str = "agent.wang", code: int = 0) -> str:
        capsys.readouterr()
        assert main(["--office", str(office), "--as", who, *words], clock=clock) == code
        said = capsys.readouterr()
        return said.out + said.err

    read: Callable[..., list[dict]] = lambda *words: json.loads(run("log", *words, "--json"))  # noqa: E731
    assert [look["actor"] for look in read("--access")] == ["manager.sun", "guard.xu", "manager.sun", "agent.wang"]
    assert [look["number"] for look in read("--who", "manager.sun")] == [None, numbers[2]]
    assert [look["refused"] for look in read("--case", numbers[1])] == [True]
    assert len(read("--customer", "C-1")) == 3
    assert "被拒绝" in run("--lang", "zh", "log", "--access")
    assert "not both" in run("log", "--case", "x", "--customer", "y", code=2)
    keys = [row["short"] for row in json.loads(run("outbox", "--json"))]
    for words in (
        ["outbox"],
        ["outbox", "--json"],
        ["outbox", "show", keys[0]],
        ["outbox", "show", keys[0], "--json"],
        ["show", numbers[2]],
    ):
        said = run(*words)
        assert "欧阳春" not in said
        assert "13800001234" not in said
    assert "欧**" in run("outbox", "show", keys[0])
    assert "reason" in run("outbox", "show", keys[0], "--reveal", code=1)
    assert "reveal" in run("outbox", "show", keys[0], "--reveal", "--reason", "x", who="guard.xu", code=1)
    assert "欧阳春 13800001234" in run("outbox", "show", keys[0], "--reveal", "--reason", "投诉")
    assert {look["words"] for look in read("--case", numbers[2])} == {
        "looked at the personal data", "read a notification in full", "wanted to look, and was refused",
    }  # fmt: skip
