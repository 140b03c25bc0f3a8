"""The log says what happened, by ids alone: nothing that anybody typed gets into it, and nothing in it ends a line."""

from __future__ import annotations

import json
import logging
import random
import re

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.errors import GuanjiaError, StoreError, Text
from guanjia.model.event import Actor, Command, short
from guanjia.runtime import logs
from guanjia.runtime.logs import JsonLines, TextLines
from guanjia.runtime.worker import Worker
from guanjia.terminal import UNSEEN

from tests.offices import MONDAY, engine
from tests.runtime import busy

HOSTILE = ["x\n2026-01-01T00:00:00Z info guanjia.command done case=forged", "a\r\nb", "\x1b[31mred", "\x9b2J", "\u2028\u2029\u202e", '"},\n{"event": "forged"}',
           "\x00\x07", "\ud800", "k=v event=forged", "名字 王小明", "\ufeff", "\x85next"]  # fmt: skip


class Kept(logging.Handler):
    """Every record as both forms have it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.plain: list[dict] = []
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = JsonLines().format(record)
        self.plain.append(json.loads(line))
        self.lines += [line, TextLines().format(record)]

    def of(self, event: str) -> list[dict]:
        return [each for each in self.plain if each["event"] == event]


@pytest.fixture
def kept():
    logger, handler = logging.getLogger("guanjia"), Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def desk(tmp_path):
    return engine(busy.office(tmp_path / "office"))


def test_a_command_is_told_with_case_actor_key_and_what_it_did(desk, kept):
    case = desk.open("job", actor="agent.wang", key="host-1", summary="x").case
    desk.act(case.number, "accept", actor="agent.wang")
    desk.open("job", actor="agent.wang", key="host-1", summary="x")
    opened, acted, repeated = kept.plain
    assert opened | {"at": "", "key": ""} == {
        "at": "", "level": "info", "logger": "guanjia.command", "event": "done", "kind": "open", "key": "", "name": "job", "case": case.id,
        "number": "J-1", "actor": "agent.wang", "seq": 1, "events": 1,
    }  # fmt: skip
    assert re.fullmatch("[0-9a-f]{16}", opened["key"])
    assert (acted["kind"], acted["name"], acted["case"], acted["seq"]) == ("act", "accept", case.id, 2)
    assert "key" not in acted
    assert (repeated["event"], repeated["key"]) == ("repeated", opened["key"])


def test_a_refusal_is_told_with_its_code_and_without_what_was_typed(desk, kept):
    case = desk.open("job", actor="agent.wang", summary="x").case
    for act, ref, code, named in (("finsh-13800001234", case.number, "not_found", False), ("finish", case.id, "state", True), ("accept", "王小明", "not_found", False)):  # fmt: skip
        with pytest.raises(GuanjiaError):
            desk.act(ref, act, actor="agent.wang")
        told = kept.of("refused")[-1]
        assert (told["code"], "name" in told, told.get("case")) == (code, named, case.id if ref != "王小明" else None)
    with pytest.raises(GuanjiaError):
        desk.assign(case.id, "agent.li", actor="agent.li")
    assert kept.of("refused")[-1]["code"] == "role"


def test_what_is_due_what_is_sent_and_what_is_parked_is_told(desk, kept):
    desk.channels["file"] = busy.Moody(lambda key: None, random.Random(1), 1)
    case = desk.open("job", actor="agent.wang", summary="x").case
    desk.clock.set(MONDAY + 31 * MINUTE)
    Worker(desk).run_once()
    names = [each["names"] for each in kept.of("due")]
    assert ["answer.80%"] in names or any("answer.80%" in each for each in names)
    failed = kept.of("failed")[0]
    assert (failed["case"], failed["channel"], failed["attempt"], failed["error"]) == (
        case.id,
        "file",
        1,
        "Undeliverable",
    )
    assert failed["message_key"] in {short(row.notification.key) for row in desk.store.outbox()}
    assert kept.of("round")[0]["failed"] == len(kept.of("failed"))
    desk.clock.advance(4 * DAY)
    Worker(desk).run_once()
    assert all(each["level"] == "warning" and "guanjia outbox show" in each["message"] for each in kept.of("dead"))


def test_nothing_that_was_typed_gets_into_the_log(tmp_path, kept):
    """Fifty names, numbers and phones in every place where something can be typed, through work, refusals and failures."""
    desk = engine(busy.office(tmp_path / "office"))
    draw = random.Random(7)
    canaries = [f"郑{chr(0x4E00 + draw.randrange(8000))}{chr(0x4E00 + draw.randrange(8000))}{n}" for n in range(25)]
    canaries += [f"139{draw.randrange(10**8):08}" for _ in range(25)]
    agent, supervisor = desk.actor("agent.wang"), desk.actor("supervisor.zhao")

    def fails(key: str) -> None:
        raise ValueError(f"550 no such user {draw.choice(canaries)}")

    desk.channels["file"] = busy.Moody(fails, draw, 0.5)
    case = desk.open("job", actor=agent, summary="x").case.id
    for said in canaries:
        for command in (
            Command("open", "job", values={"summary": said, "phone": said}, actor=agent, key=said), Command("open", said, values={said: said}, actor=agent),
            Command("act", said, case, {said: said}, agent), Command("act", "accept", said, {}, agent), Command("act", "accept", case, {"phone": said}, agent),
            Command("act", "split", case, {"phone": said}, agent), Command("edit", "", case, {"summary": said, "phone": said}, supervisor, reason=said),
            Command("note", "", case, {"text": said}, agent, key=said), Command("assign", said, case, {}, supervisor), Command("signal", said, case, {}, agent),
            Command("clock", said, case, {"way": said}, supervisor, reason=said), Command("migrate", said, case, {"policy": said}, supervisor, reason=said),
            Command("act", "withdraw", case, {}, Actor(said, (), "customer"), reason=said), Command("ack", said, case, {}, agent),
        ):  # fmt: skip
            try:
                desk.execute(command)
            except GuanjiaError:
                pass
            except Exception as error:
                logs.failed(logging.getLogger("guanjia.test"), error)
        desk.attach(case, f"{said}.jpg", said.encode(), actor=agent)
        desk.clock.advance(HOUR)
        Worker(desk).run_once()
    assert len(kept.plain) > 500
    assert {"done", "refused", "due", "failed", "round"} <= {each["event"] for each in kept.plain}
    found = {said for said in canaries for line in kept.lines if said in line}
    assert not found, next(line for line in kept.lines if found & {said for said in canaries if said in line})


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_record_is_one_line_whatever_is_in_it(text):
    log, kept = logging.Logger("guanjia.test"), Kept()  # of no family: nobody else is to get these texts
    log.addHandler(kept)
    logs.tell(log, logging.ERROR, "problem", text, case=text, names=[text, text])
    log.warning("of another program: %s", text)
    try:
        raise ValueError(text)
    except ValueError as error:
        logs.failed(log, error, item=text)
    assert len(kept.plain) == 3
    for line in kept.lines:
        assert not re.search(f"[\x00-\x1f{UNSEEN}]", line)
        assert len(line.splitlines()) == 1
    assert kept.plain[0]["event"] == "problem"
    assert kept.lines[1].split()[3] == "problem"
    assert not re.search(r" event=", re.sub(r'"(\\.|[^"\\])*"', "", kept.lines[1]))


def test_a_fault_is_told_by_its_kind_and_the_way_to_it(kept):
    def deep() -> None:
        raise KeyError("13800001234")

    try:
        deep()
    except KeyError as error:
        logs.failed(logging.getLogger("guanjia.test"), error, case="c")
    (told,) = kept.plain
    assert told["error"][0] == "KeyError"
    assert told["error"][-1].startswith("test_logs.py:")
    assert told["error"][-1].endswith(" deep")
    assert "13800001234" not in "".join(kept.lines)


def test_a_database_that_is_away_is_an_error_and_not_a_refusal(desk, kept, monkeypatch):
    def away(work):
        raise StoreError(Text("不在", "away"))

    monkeypatch.setattr(desk.store, "transact", away)
    with pytest.raises(StoreError):
        desk.open("job", actor="agent.wang", summary="x")
    assert [(each["level"], each["event"], each["code"]) for each in kept.plain] == [("error", "refused", "storeerror")]
