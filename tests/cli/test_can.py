"""`can`, `token`, and who asks: asked as a person types it, in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli import desk as desks
from guanjia.errors import Refused
from guanjia.model.event import Actor, Command
from guanjia.model.rights import check_whole
from guanjia.people.organisation import token_digest
from guanjia.runtime.engine import Engine

from tests.cli.terminals import Ran
from tests.offices import engine, small

Call = Callable[..., Ran]

PEOPLE = """\
roles:
  agent:   {label: {zh: 客服, en: agent}, sees: own}
  boss:    {label: {zh: 主管, en: boss}, rights: [assign, act_for]}
  gate:    {sees: work}
staff:
  a: {name: 安, roles: agent, users: annie}
  b: {name: Bo, roles: boss, users: bob}
systems:
  hotline: {label: {zh: 热线, en: hotline}, roles: gate, token_sha256: DIGEST}
  barrier:
"""
PROCEDURE = """\
procedure: job
open_by: [boss, 'system:hotline']
fields: {summary: {type: text, required: true}, price: {type: money, write: boss}}
initial: asked
states:
  asked:
    transitions:
      take:  {by: [agent, boss], input: {why: {type: text, required: true}}}
      close: {to: over, by: boss, guard: price > 100}
      call:  {by: 'system:hotline'}
    signals: {paid: {by: 'system:hotline'}}
  over: {final: true}
labels: {zh: {job: 工作, take: 接单, why: 原因, close: 办结, summary: 内容}, en: {job: job, take: take, why: why, close: close}}
"""
TOKEN = "a-long-random-text"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = small(
        tmp_path / "office",
        PROCEDURE,
        name="job",
        more={"organisation.yaml": PEOPLE.replace("DIGEST", token_digest(TOKEN))},
    )
    monkeypatch.setenv("GUANJIA_OFFICE", str(folder))
    return folder


@pytest.fixture
def job(office: Path, run: Call) -> str:
    return str(json.loads(run("--as", "b", "open", "job", "--summary", "x", "--json").out)["number"])


def test_yes_and_no_with_why_in_both_languages_and_nothing_is_recorded(job: str, run: Call) -> None:
    before = json.loads(run("show", job, "--json").out)
    yes = run("--lang", "zh", "can", "b", "take", job)
    assert (yes.code, yes.out.splitlines()) == (0, [f"可以：Bo可以对 {job} 办理“接单”。", "  还须填写：原因（why）"])
    no = run("--lang", "zh", "can", "a", "take", job)
    assert no.code == 1
    assert "不可以：安" in no.out
    assert "不在安能看到的工单之内" in no.out
    assert "may not do “close” on job-2026-00001." in run("can", "customer:C1", "close", job).out
    for who, what, code in (
        ("b", "close", "guard"), ("a", "see", "sight"), ("b", "edit", None), ("a", "edit", "sight"), ("a", "note", "sight"), ("b", "assign", None),
        ("b", "see", None), ("b", "reveal", None), ("b", "ack", "state"), ("system", "see", None), ("system:hotline", "call", None),
        ("system:hotline", "take", "role"), ("system:barrier", "see", "sight"), ("b", "paid", "role"), ("system:hotline", "paid", None), ("b", "forget", "role"),
    ):  # fmt: skip
        ran = run("can", who, what, job, "--json")
        answer = json.loads(ran.out)
        assert (answer["allowed"], answer["code"], ran.code) == (code is None, code, int(code is not None)), (who, what)
        assert list(answer) == ["who", "what", "of", "allowed", "code", "why", "hint", "needs"]
    assert json.loads(run("show", job, "--json").out) == before


def test_what_would_be_filled_in_is_judged_too(job: str, run: Call) -> None:
    assert json.loads(run("can", "b", "take", job, "--why", "y", "--json").out)["needs"] == []
    assert run("can", "b", "close", job, "--price", "200").code == 0
    assert json.loads(run("can", "system:hotline", "open", "job", "--json").out)["needs"] == ["summary"]
    assert (
        json.loads(run("can", "system:hotline", "open", "job", "--summary", "x", "--price", "3", "--json").out)["code"]
        == "write"
    )
    assert json.loads(run("can", "a", "open", "job", "--summary", "x", "--json").out)["code"] == "role"


def test_who_asks_must_see_the_case_himself_and_names_that_there_are_not_are_told(job: str, run: Call) -> None:
    assert "不在安能看到的工单之内" in run("--as", "a", "--lang", "zh", "can", "b", "take", job).err
    assert "Did you mean take" in run("can", "b", "tak", job).err
    assert "There is nobody called 'c'" in run("can", "c", "take", job).err
    assert "system:hotline" in run("can", "system:hotlin", "take", job).err
    assert run("can", "b", "take", "job-2026-99999").code == 1
    assert run("can", "b", "open", "jab").code == 1


def test_a_token_is_told_once_and_only_its_digest_is_good(
    office: Path, run: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = json.loads(run("token", "barrier", "--json").out)
    assert made["token_sha256"] == token_digest(made["token"])
    assert made["token"] != json.loads(run("token", "barrier", "--json").out)["token"]
    monkeypatch.setenv("GUANJIA_TOKEN", made["token"])
    assert "没有哪个系统用这个令牌" in run("whoami", "--lang", "zh").err
    people = office / "organisation.yaml"
    people.write_text(people.read_text().replace("barrier:", f"barrier: {{token_sha256: {made['token_sha256']}}}"))
    assert json.loads(run("whoami", "--json").out) | {"office": ""} == {
        "id": "system:barrier", "name": "barrier", "kind": "service", "roles": ["system:barrier"], "source": "GUANJIA_TOKEN", "office": "",
    }  # fmt: skip
    assert run("ls").out == "No such cases.\n"
    for file in office.rglob("*"):
        assert not file.is_file() or made["token"].encode() not in file.read_bytes()
    plain = run("--lang", "zh", "token", "newone")
    assert "systems:\n  newone:" in plain.out
    assert run("token", "2x").code == 2
    people.write_text(people.read_text().replace(made["token_sha256"], made["token"]))
    assert "64" in run("check", "--lang", "en").out + run("check", "--lang", "en").err


def test_another_system_does_what_its_roles_and_its_name_allow(
    office: Path, run: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_TOKEN", TOKEN)
    number = json.loads(run("open", "job", "--summary", "y", "--json").out)["number"]
    assert run("do", number, "call").code == 0
    assert run("signal", number, "paid").code == 0
    assert "Only" in run("do", number, "take", "--why", "z").err
    shown = json.loads(run("show", number, "--json").out)
    assert (shown["opener"], {event["actor"] for event in shown["events"]}) == ("system:hotline", {"system:hotline"})


def test_the_user_of_the_machine_is_bound_by_what_he_is_in_the_office(
    job: str, office: Path, run: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member of staff sees what is his and acts for nobody; with the right he may, and it stands in the event; a stranger to
    the staff, who can read the database file anyway, is not bound."""
    assert [row["number"] for row in json.loads(run("ls", "--json").out)] == [job]
    monkeypatch.setattr(desks, "system_user", lambda: "annie")
    assert json.loads(run("ls", "--json").out) == []
    assert json.loads(run("find", "x", "--json").out) == []
    assert json.loads(run("board", "--json").out)["open"] == 0
    for words in (("show", job), ("why", job), ("do", job), ("--as", "b", "show", job), ("--as", "b", "ls"), ("--as", "system", "ls"),
                  ("backup", str(office / "x.db")), ("export", str(office / "x.jsonl"))):  # fmt: skip
        refused = run(*words)
        assert (refused.code, refused.out) == (1, ""), words
    assert "Nobody has it yet" in run("backup", str(office / "x.db"), "--lang", "en").err
    assert "act_for" in run("--as", "b", "do", job, "take", "--why", "q").err
    monkeypatch.setattr(desks, "system_user", lambda: "bob")
    assert run("--as", "a", "assign", job, "a").code == 1
    assert run("assign", job, "a").code == 0
    assert run("--as", "a", "do", job, "take", "--why", "q").code == 0
    assert "安 (a), through Bo" in run("show", job).out
    assert "安（a），Bo代" in run("show", job, "--lang", "zh").out
    events = desk(office).history(job)
    assert [(event.actor, event.data.get("through"), event.data.get("code")) for event in events if event.type != "opened"] == [
        ("b", "a", "act_for"), ("a", "b", "sight"), ("b", None, None), ("a", "b", None),
    ]  # fmt: skip


def desk(office: Path) -> Engine:
    from guanjia.store import open_store

    return engine(office, store=open_store(office / "guanjia.db"))


def test_a_token_of_nobody_is_refused_by_the_library(tmp_path: Path) -> None:
    there = engine(
        small(
            tmp_path, PROCEDURE, name="job", more={"organisation.yaml": PEOPLE.replace("DIGEST", token_digest(TOKEN))}
        )
    )
    assert there.actor_by_token(f"{TOKEN}\n").id == "system:hotline"
    for wrong in ("", "x", token_digest(TOKEN)):
        with pytest.raises(Refused) as refused:
            there.actor_by_token(wrong)
        assert refused.value.code == "token"
    hotline = there.actor("system:hotline")
    case = there.execute(Command("open", "job", values={"summary": "x"}, actor=hotline)).case
    assert there.can("system:barrier", "see", case.number).code == "sight"


def test_who_may_not_carry_the_office_away_is_told_who_may() -> None:
    staff = {
        "a": {"name": "安", "roles": "agent"},
        "b": {"name": "Bo", "roles": ["boss"]},
        "c": {"roles": ["boss"], "active": False},
    }
    with pytest.raises(Refused) as caught:
        check_whole({"roles": {"boss": {"rights": ["all"]}}, "staff": staff}, Actor("a", ("agent",)))
    assert caught.value.hint is not None
    assert (caught.value.hint.zh, caught.value.hint.en) == ("有这个权限的：Bo（b）", "Those who have it: Bo (b)")
