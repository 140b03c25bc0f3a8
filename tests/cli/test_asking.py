"""Asking and answering at the door, as somebody whom nobody here knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia import Engine
from guanjia.clock import ManualClock

from tests.cli.terminals import Ran

Call = Callable[..., Ran]


def test_a_resident_asks_without_saying_who_he_is(do: Call, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GUANJIA_AS")
    ran = do("ask", case, "--phone-tail", "1234")
    assert ran.code == 0, ran.err
    assert "已受理" in ran.out
    assert "响应  2026-11-24 09:30" in ran.out
    assert "Opened" in do("--lang", "en", "ask", case, "--phone-tail", "1234").out
    wrong, unknown = do("ask", case, "--phone-tail", "0000"), do("ask", "TS-2026-09999", "--phone-tail", "0000")
    assert (wrong.code, wrong.err) == (unknown.code, unknown.err)
    assert wrong.code == 1
    for _ in range(5):
        wrong = do("ask", case, "--phone-tail", "0000")
    assert "次数过多" in wrong.err
    assert (do("ask", case).code, do("ask", case, "--json").code) == (2, 2)


def test_a_code_is_sent_read_by_nobody_of_the_office_and_answers_once_by_name_or_label(
    do: Call, case: str, office: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = do("code", case)
    assert (sent.code, "给客户发了回复码" in sent.out) == (0, True)
    assert "通知 客户：“您的回复码”" in sent.out
    key = next(row["key"] for row in json.loads(do("outbox", case, "--json").out) if row["template"] == "code")
    with Engine.at(office, clock=clock) as engine:
        code = engine.store.outbox(case=engine.case(case).id)[0].notification.body.partition("您的回复码：")[2][:14]
    shown = do("outbox", "show", key).out + do("outbox", "show", key, "--reveal", "--reason", "核对").out
    assert shown.count("您的回复码：****-****-****。") == 2
    assert code not in sent.out + shown + do("show", case, "--all").out
    monkeypatch.delenv("GUANJIA_AS")
    looked = do("answer", code)
    assert f"answer {code} withdraw" in looked.out
    assert json.loads(do("answer", code, "--json").out)["actions"][0]["action"] == "withdraw"
    done = do("answer", code, "撤回")
    assert (done.code, "已收到" in done.out, "已撤回" in done.out) == (0, True, True)
    again = do("answer", code, "withdraw")
    assert (again.code, "回复码不对" in again.err) == (1, True)
    assert do("answer").code == 2
