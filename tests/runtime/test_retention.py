"""What is personal goes when its time is over: by procedure and by field, in the funnel, and the history still verifies."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from guanjia.clock import DAY, ManualClock
from guanjia.errors import Conflict, Refused
from guanjia.model.event import Actor, Command
from guanjia.runtime import rekeying, retention
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.sealing import KEY, Sealed

from tests.offices import MONDAY, small

PROCEDURE = """\
procedure: desk
calendar: always
retention: {after: 1 year, basis: {zh: 合同, en: contract}}
fields:
  summary: {type: text}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true, retention: 90 days}
initial: waiting
states:
  waiting:
    entry: [{notify: {told: customer}}]
    transitions:
      call: {input: {other: {type: phone, personal: true, retention: 30 days}}, do: [{set: {phone: input.other}}]}
      answer: {to: over}
  over: {final: true}
reopen: {to: waiting, by: agent}
modes: {drill: {}}
"""
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}}
  officer: {label: {zh: 个人信息保护负责人, en: privacy officer}, rights: [privacy]}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  officer.lin: {name: 林, roles: [officer]}
"""
OFFICER = Actor("officer.lin", ("officer",))


@pytest.fixture
def office(tmp_path: Path) -> Path:
    told = {f"templates/{language}/told.text.j2": "{{ name }}\n{{ phone }}\n" for language in ("zh", "en")}
    return small(tmp_path / "office", PROCEDURE, templates=("told",), more={"organisation.yaml": PEOPLE, **told})


def finished(engine: Engine, number: int = 1, **more: str) -> list[str]:
    ids = []
    for n in range(number):
        case = engine.open("desk", actor="agent.wang", name="张三丰", phone=f"138000000{n:02}", **more).case
        engine.act(case.id, "answer", actor="agent.wang")
        ids.append(case.id)
    return ids


def values(engine: Engine, case: str) -> set[str]:
    return {value for value in engine.personal(case).values() if isinstance(value, str)}


def test_a_field_goes_at_its_own_time_the_rest_at_that_of_the_case(office: Path) -> None:
    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine:
        (case,) = finished(engine, summary="请打 13700001111")
        clock.advance(90 * DAY)
        assert list(retention.due(engine)) == []  # the day of the closing does not count, and the last one is not over
        clock.advance(1 * DAY)
        (item,) = retention.due(engine)
        assert (item.case, item.fields, item.held) == (case, ("phone",), False)
        assert retention.run(engine, [item], OFFICER) == (1, [])
        assert values(engine, case) == {"张三丰", "请打 13700001111"}
        assert list(retention.due(engine)) == []
        assert not list(audit(engine))
        clock.advance(275 * DAY)
        (item,) = retention.due(engine)
        assert item.fields == ()
        assert retention.run(engine, [item], OFFICER) == (1, [])
        assert values(engine, case) == set()
        assert list(retention.due(engine)) == []
        assert not list(audit(engine))
        told = [event for event in engine.history(case) if event.type == "forgotten"]
        assert [(event.actor, event.data.get("fields")) for event in told] == [
            ("officer.lin", ["phone"]),
            ("officer.lin", None),
        ]


def test_what_is_taken_back_after_the_forgetting_names_what_is_gone_and_the_history_holds(office: Path) -> None:
    (office / "procedures/desk.yaml").write_text(f"{PROCEDURE}undo: 1h\n")
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        (case,) = finished(engine)
        engine.forget(case, actor=OFFICER, reason="x")
        engine.act(case, "reopen", actor="agent.wang")
        engine.edit(case, actor="agent.wang", phone="13900001111")
        engine.undo(case, actor="agent.wang")
        assert values(engine, case) == {"13900001111"}
        assert not list(audit(engine))


def test_all_that_a_field_has_ever_held_goes_with_it_and_what_was_told_of_it(office: Path) -> None:
    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine:
        case = engine.open("desk", actor="agent.wang", name="张三丰", phone="13800000001").case.id
        engine.edit(case, actor="agent.wang", phone="13800000002", reason="换号")
        engine.act(case, "call", actor="agent.wang", other="13800000003")
        engine.act(case, "answer", actor="agent.wang")
        engine.run_once()
        before = [row.notification.body for row in engine.store.outbox(case=case)]
        assert any("13800000001" in body for body in before)
        clock.advance(91 * DAY)
        (item,) = retention.due(engine)
        assert set(item.fields) == {"phone", "other"}
        retention.run(engine, [item], OFFICER)
        assert values(engine, case) == {"张三丰"}
        assert all(not row.notification.body for row in engine.store.outbox(case=case))
        # Not even the old key of the case, kept by somebody, opens what lies there: nothing of it is left.
        assert isinstance(engine.store, Sealed)
        assert len(engine.store.within.sealed(case)) == 2
        rekeying.renew(engine, str(office / "office.key"), OFFICER)
        assert rekeying.rewrap(engine.store) == 1
        assert all(
            not row.notification.body for row in engine.store.outbox(case=case)
        )  # which it still knows under a new key
        engine.act(case, "reopen", actor="agent.wang", phone="13800000004")
        assert "13800000004" in values(engine, case)
        assert "13800000004" in engine.store.outbox(case=case)[0].notification.body
        assert not list(audit(engine))


def test_a_hold_keeps_everything_until_it_is_lifted_with_reasons_in_the_history(office: Path) -> None:
    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine:
        (case,) = finished(engine)
        hold = Command("hold", "", case, {"on": True}, OFFICER, reason="案号 12，电话 13800000000")
        with pytest.raises(Refused, match=r"privacy"):
            engine.execute(Command("hold", "", case, {"on": True}, engine.actor("agent.wang"), reason="x"))
        with pytest.raises(Refused, match=r"reason"):
            engine.execute(Command("hold", "", case, {"on": True}, OFFICER))
        assert engine.execute(hold).case.hold == "案号 12，电话 138****0000"
        with pytest.raises(Refused, match=r"on hold already"):
            engine.execute(hold)
        clock.advance(800 * DAY)
        (item,) = retention.due(engine)
        assert item.held
        assert retention.run(engine, [item], OFFICER) == (0, [])
        with pytest.raises(Refused, match=r"on hold"):
            engine.forget(case, actor=OFFICER, reason="要求删除")
        assert values(engine, case)
        engine.execute(Command("hold", "", case, {"on": False}, OFFICER, reason="结案"))
        assert retention.run(engine, list(retention.due(engine)), OFFICER) == (1, [])
        assert not values(engine, case)
        assert [event.type for event in engine.history(case) if event.type in ("held", "released", "forgotten", "refused")] == [
            "refused", "held", "released", "forgotten",
        ]  # fmt: skip
        assert not list(audit(engine))


@pytest.mark.parametrize("fields", [None, ["phone"]])
def test_whoever_is_refused_destroys_nothing(office: Path, fields: list[str] | None) -> None:
    """A refused attempt stands in the history, and is written like all that happens."""
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        (case,) = finished(engine)
        told = [row.notification.body for row in engine.store.outbox(case=case)]
        asked = Command(
            "forget", "", case, {"fields": fields} if fields else {}, engine.actor("agent.wang"), reason="x"
        )
        with pytest.raises(Refused, match="privacy"):
            engine.execute(asked)
        assert engine.history(case)[-1].type == "refused"
        assert values(engine, case) == {"张三丰", "13800000000"}
        assert [row.notification.body for row in engine.store.outbox(case=case)] == told
        assert not list(audit(engine))


def test_what_is_gone_although_nobody_had_it_destroyed_is_found(office: Path) -> None:
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        (case,) = finished(engine)
        engine.execute(Command("forget", "", case, {"fields": ["phone"]}, OFFICER, reason="x"))
        assert not list(audit(engine))
        with closing(apsw.Connection(str(office / "guanjia.db"))) as raw:
            raw.execute("DELETE FROM personal WHERE case_id = ? AND commitment <> ?", (case, KEY))
            assert raw.changes()
        assert [problem.code for problem in audit(engine)] == ["personal"]


def test_whoever_is_broken_off_goes_on_where_he_was(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(MONDAY)
    monkeypatch.setattr(retention, "TOGETHER", 4)
    monkeypatch.setattr(retention, "PAGE", 3)
    with Engine.at(office, clock=clock) as engine:
        finished(engine, 10)
        engine.open("desk", actor="agent.wang", name="张三丰", mode="drill")
        clock.advance(400 * DAY)
        found = list(retention.due(engine))
        assert len(found) == 10  # the drill is open still

        class Stop(Exception):
            pass

        def stop(done: int) -> None:
            if done == 8:
                raise Stop

        with pytest.raises(Stop):
            retention.run(engine, found, OFFICER, stop)
        assert len(rest := list(retention.due(engine))) == 2
        assert retention.run(engine, rest, OFFICER) == (2, [])
        assert list(retention.due(engine)) == []


def test_the_time_is_the_one_that_the_file_gives_now_and_a_drill_has_it_too(office: Path) -> None:
    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine:
        case = engine.open("desk", actor="agent.wang", name="张三丰", mode="drill").case.id
        engine.act(case, "answer", actor="agent.wang")
        clock.advance(60 * DAY)
        assert list(retention.due(engine)) == []
        path = office / "procedures/desk.yaml"
        path.write_text(
            PROCEDURE.replace("after: 1 year", "after: 1 month")
            .replace(", retention: 90 days", "")
            .replace(", retention: 30 days", "")
        )
        engine.refresh()
        assert [item.case for item in retention.due(engine)] == [case]
        path.unlink()  # and where the procedure is gone, the one that the case was opened with
        engine.refresh()
        assert list(retention.due(engine)) == []
        clock.advance(400 * DAY)
        assert [item.case for item in retention.due(engine)] == [case]


def test_what_the_same_commit_has_just_brought_is_not_lost(office: Path) -> None:
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        (case,) = finished(engine)
        edit = Command("edit", "", case, {"name": "李四光"}, engine.actor("agent.wang"), "k")
        _, outcome = engine.execute_many(
            [edit, Command("forget", "", case, {"fields": ["phone"]}, OFFICER, reason="x")]
        )
        assert isinstance(outcome, Conflict)
        assert values(engine, case) == {"张三丰", "李四光", "13800000000"}
        assert not list(audit(engine))


def test_forgetting_a_customer_passes_over_what_is_on_hold(office: Path) -> None:
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        ids = []
        for _ in range(3):
            case = engine.open("desk", actor="agent.wang", customer="c-1", name="张三丰").case.id
            engine.act(case, "answer", actor="agent.wang")
            ids.append(case)
        engine.execute(Command("hold", "", ids[1], {"on": True}, OFFICER, reason="诉讼"))
        done, still = engine.forget_person("c-1", actor=OFFICER, reason="要求删除")
        assert (set(done), list(still)) == ({ids[0], ids[2]}, [ids[1]])
        assert values(engine, ids[1])


def test_the_commands_list_destroy_and_hold(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from guanjia.cli.main import main

    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine:
        first, second = finished(engine, 2)
        numbers = [engine.case(case).number for case in (first, second)]

    def run(*words: str, who: str = "officer.lin") -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--office", str(office), "--as", who, *words], clock=clock)
        said = capsys.readouterr()
        return code, said.out, said.err

    code, out, _ = run("retention", "--json")
    assert json.loads(out) == [
        {"procedure": "desk", "field": None, "after": "1 year", "basis": "contract"},
        {"procedure": "desk", "field": "other", "after": "30 days", "basis": None},
        {"procedure": "desk", "field": "phone", "after": "90 days", "basis": None},
    ]
    assert "1 年" in run("--lang", "zh", "retention")[1]
    assert "合同" in run("--lang", "zh", "retention")[1]
    assert run("retention", "run", "--dry-run")[1].startswith("No personal data")
    assert run("hold", numbers[0], "--reason", "诉讼", "--json")[0] == 0
    clock.advance(400 * DAY)
    code, out, _ = run("retention", "run", "--dry-run", "--json", who="agent.wang")
    assert json.loads(out) == {
        "done": False, "due": [{"procedure": "desk", "field": None, "cases": 1, "since": "2027-03-03T00:00:00+08:00"}],
        "forgotten": 0, "held": [numbers[0]], "refused": [],
    }  # fmt: skip
    assert run("retention", "run", who="agent.wang")[0] == 1
    code, out, _ = run("--lang", "zh", "retention", "run")
    assert (code, "已销毁 1 个工单期满的个人信息。" in out, numbers[0] in out) == (0, True, True)
    code, out, _ = run("show", numbers[0])
    assert "On hold" in out
    assert run("hold", numbers[0], "--lift", "--reason", "x")[0] == 0
    code, out, err = run("hold", numbers[0], "--lift", "--reason", "x")
    assert (code, "not on hold" in err) == (1, True)
    assert run("retention", "run")[0] == 0
    assert run("--lang", "zh", "retention", "run")[1] == "没有保存期满的个人信息。\n", "and not that of 0 cases"
