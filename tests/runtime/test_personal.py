"""What a case knows as personal stands in no text of it in clear; files are sealed; what is sensitive is told to few."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from guanjia.clock import ManualClock
from guanjia.errors import NotFound, Refused
from guanjia.model.event import PERSONAL, SENSITIVE, SHOWN, Actor
from guanjia.model.identifiers import masked
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.sealing import Sealed

from tests.offices import MONDAY, small

PROCEDURE = """\
procedure: desk
calendar: always
fields:
  summary: {type: text}
  room: {type: room}
  tags: {type: list}
  title: {type: text}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true}
  illness: {type: text, sensitive: true}
initial: waiting
states:
  waiting:
    entry: [{notify: {told: [customer, 'staff:agent.wang']}}]
    transitions:
      find: {input: {facts: {type: text}}, do: [{set: {title: past.find.input.facts}}]}
      greet: {do: [{set: {title: name | default('业主')}}]}
      call: {do: [{set: {title: "'' if name is none else summary"}}, {notify: {told: {to: 'staff:agent.wang', with: {summary: illness}}}}]}
      answer: {to: over}
  over: {final: true}
"""
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}, rights: [edit, reveal]}
  guard: {label: {zh: 保安, en: guard}}
  doctor: {label: {zh: 医生, en: doctor}, rights: [reveal, sensitive, privacy]}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  guard.xu: {name: 徐刚, roles: [guard]}
  doctor.bai: {name: 白, roles: [doctor]}
"""
AGENT, DOCTOR = Actor("agent.wang", ("agent",)), Actor("doctor.bai", ("doctor",))


@pytest.fixture
def office(tmp_path: Path) -> Path:
    told = {
        f"templates/{language}/told.text.j2": "{{ name }}\n{{ summary }} {{ illness }}\n" for language in ("zh", "en")
    }
    return small(tmp_path / "office", PROCEDURE, templates=("told",), more={"organisation.yaml": PEOPLE, **told})


@pytest.fixture
def engine(office: Path):
    with Engine.at(office, clock=ManualClock(MONDAY)) as opened:
        yield opened
        assert not list(audit(opened))


def events(engine: Engine, ref: str) -> str:
    return "".join(row.text for row in engine.store.events(engine.case(ref).id))


def test_a_name_that_the_case_knows_is_masked_wherever_it_is_typed(engine: Engine) -> None:
    ref = engine.open(
        "desk", actor=AGENT, name="欧阳春", summary="欧阳春家漏水", room="3-1-502 欧阳春", reason="欧阳春来电"
    ).case.number
    engine.note(ref, "又打来，欧阳春很急", actor=AGENT)
    engine.edit(ref, actor=AGENT, tags=["欧阳春", "漏水"], reason="欧阳春要求")
    engine.act(ref, "find", actor=AGENT, facts="欧阳春家的管子", reason="欧阳春在场")
    engine.attach(ref, "欧阳春的房产证.jpg", b"x", actor=AGENT)
    case = engine.case(ref)
    assert (case.fields["summary"][SHOWN], case.fields["room"][SHOWN]) == ("欧**家漏水", "3-1-502 欧**")
    assert case.fields["tags"][SHOWN] == "欧**、漏水"
    assert case.fields["title"] == case.past["find"].input["facts"]  # the very reference, and no copy in clear
    assert "欧阳春" not in events(engine, ref)
    assert [event.data.get("reason") for event in engine.history(ref) if event.data.get("reason")] == [
        "欧**来电",
        "欧**要求",
        "欧**在场",
    ]
    assert engine.reveal(ref, actor=AGENT, reason="x")["summary"] == "欧阳春家漏水"
    assert engine.reveal(ref, actor=AGENT, reason="x")["tags"] == ["欧阳春", "漏水"]


def test_what_an_expression_makes_of_personal_data_is_masked_or_stays_a_reference(engine: Engine) -> None:
    ref = engine.open("desk", actor=AGENT, name="欧阳春", phone="13800001234", summary="请打 13800001234").case.number
    engine.act(ref, "greet", actor=AGENT)
    assert engine.case(ref).fields["title"] == engine.case(ref).fields["name"]
    engine.act(ref, "call", actor=AGENT)
    assert engine.case(ref).fields["title"] == engine.case(ref).fields["summary"]
    assert "欧阳春" not in events(engine, ref)
    assert "13800001234" not in events(engine, ref)
    other = engine.open("desk", actor=AGENT).case.number
    engine.act(other, "greet", actor=AGENT)
    assert engine.case(other).fields["title"] == "业主"


@pytest.mark.parametrize(
    ("text", "names", "shown"),
    [
        ("Li Lei called, li lei again", {"Li Lei": "text"}, "L** called, L** again"),
        ("Liability of Li", {"Li": "text"}, "Liability of L**"),
        ("王敏和王敏敏", {"王敏": "text", "王敏敏": "text"}, "王**和王**"),
        ("王先生", {"王": "text"}, None),  # a surname alone is in too many words
        ("C:\\1 of A\\1", {"A\\1": "text"}, "C:\\1 of A**"),
        ("Sørine rang", {"sørine": "text"}, "s** rang"),
        ("diabetes since 2020", {"diabetes": "sensitive"}, "*** since 2020"),
        ("nothing here", {"wang": "text"}, None),
        ("请打 １３８００００１２３４，或 ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", {}, "请打 138****1234，或 l***@example.com"),
        ("ring ١٣٨٠٠٠٠١٢٣٤", {}, "ring 138****1234"),
    ],
)
def test_names_are_found_as_whole_words_and_masked_as_their_kind_is(
    text: str, names: dict[str, str], shown: str | None
) -> None:
    assert masked(text, names) == shown


def test_a_refusal_does_not_repeat_a_personal_value(engine: Engine) -> None:
    with pytest.raises(Refused) as refused:
        engine.open("desk", actor=AGENT, phone="欧阳春的 138x")
    assert "138x" not in str(refused.value.text)
    with pytest.raises(Refused) as refused:
        engine.open("desk", actor=AGENT, phone="13800001234\n或 13900001234")
    assert "0001234" not in str(refused.value.text).replace("例如 13800001234", "").replace("e.g. 13800001234", "")
    with pytest.raises(Refused, match="No customer has that"):
        engine.open("desk", actor=AGENT, customer="13800001234")


def test_a_file_lies_sealed_is_read_back_with_a_reason_and_goes_with_the_rest(engine: Engine) -> None:
    content = "%PDF 欧阳春 身份证".encode() * 100
    ref = engine.open("desk", actor=AGENT, name="欧阳春").case.number
    number = engine.attach(ref, "欧阳春.pdf", content, actor=AGENT, key="k").events[-1].seq
    again = engine.attach(ref, "欧阳春.pdf", content, actor=AGENT, key="k")
    assert again.repeated
    about = engine.history(ref)[-1].data["file"]
    assert (about["name"], about["size"]) == ("欧**.pdf", len(content))
    assert isinstance(engine.store, Sealed)
    lies = engine.store.within.blob(about["sha256"])
    assert lies is not None
    assert "欧阳春".encode() not in lies
    twice = engine.attach(ref, "again.pdf", content, actor=AGENT).events[-1]
    assert (
        twice.data["file"]["sha256"] != about["sha256"]
    )  # nobody can tell that it is the same, or a file that he knows
    assert engine.attachment(ref, number, actor=AGENT, reason="核对") == ("欧阳春.pdf", content)
    assert (engine.history(ref)[-1].type, engine.history(ref)[-1].data["file"]) == ("revealed", number)
    with pytest.raises(Refused, match="reveal"):
        engine.attachment(ref, number, actor="guard.xu", reason="好奇")
    with pytest.raises(Refused, match=r"reason|原因"):
        engine.attachment(ref, number, actor=AGENT, reason="")
    with pytest.raises(NotFound, match="no attachment 99"):
        engine.attachment(ref, 99, actor=AGENT, reason="x")
    engine.act(ref, "answer", actor=AGENT)
    engine.forget(ref, actor=DOCTOR, reason="要求删除")
    with pytest.raises(Refused, match=r"destroyed|销毁"):
        engine.attachment(ref, number, actor=AGENT, reason="核对")


def test_what_is_sensitive_is_told_to_the_customer_and_to_whoever_has_the_right(engine: Engine) -> None:
    ref = engine.open("desk", actor=AGENT, name="欧阳春", illness="糖尿病", summary="糖尿病人，急").case.number
    engine.act(ref, "call", actor=AGENT)
    bodies = {
        row.notification.recipient: row.notification.body for row in engine.store.outbox(case=engine.case(ref).id)
    }
    assert "糖尿病" in bodies["customer"]
    told = [row.notification.body for row in engine.store.outbox() if row.notification.recipient == "staff:agent.wang"]
    assert len(told) == 2
    assert all("***" in body for body in told)
    assert not any(body.rstrip().endswith("糖尿病") for body in told)
    held = engine.case(ref).fields["illness"]
    assert held == {PERSONAL: held[PERSONAL], SENSITIVE: True}
    assert engine.case(ref).fields["summary"][SHOWN] == "***人，急"
    assert "illness" not in engine.reveal(ref, actor=AGENT, reason="x")
    assert engine.history(ref)[-1].data.get("sensitive") is None
    assert engine.reveal(ref, actor=DOCTOR, reason="急救")["illness"] == "糖尿病"
    assert engine.history(ref)[-1].data["sensitive"] == ["illness"]
    from guanjia.model.event import Command

    with pytest.raises(Refused, match="sensitive"):
        engine.execute(Command("reveal", "", ref, {"sensitive": ["illness"]}, AGENT, reason="x"))


def test_the_commands_show_and_keep_back(
    office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from guanjia.cli.main import main

    monkeypatch.chdir(tmp_path)
    clock = ManualClock(MONDAY)

    def run(*words: str, who: str = "agent.wang") -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--office", str(office), "--as", who, *words], clock=clock)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    number = json.loads(run("open", "desk", "--name", "欧阳春", "--illness", "糖尿病", "--json")[1])["number"]
    assert "***" in run("show", number)[1]
    assert "糖尿病" not in run("show", number, "--reveal", "--reason", "x")[1]
    assert "糖尿病" in run("show", number, "--reveal", "--reason", "x", who="doctor.bai")[1]
    assert run("attach", number)[1] == "There is no attachment.\n"
    (tmp_path / "欧阳春.txt").write_text("门禁卡 A12")
    assert run("attach", number, "欧阳春.txt")[0] == 0
    (file,) = json.loads(run("attach", number, "--json")[1])
    assert (file["name"], file["size"], file["actor"]) == ("欧**.txt", 13, "agent.wang")
    assert run("attach", number, "--get", str(file["number"]), "--reason", "x")[0] == 0
    assert (tmp_path / "欧阳春-2.txt").read_text() == "门禁卡 A12"  # what is there is not written over
    code, _, err = run("attach", number, "--get", str(file["number"]), "--to", "欧阳春.txt", "--reason", "x")
    assert (code, "There is a file" in err) == (1, True)
    assert sorted(each.name for each in tmp_path.glob("*.txt")) == ["欧阳春-2.txt", "欧阳春.txt"]
    assert not list(tmp_path.glob(".attach*"))
    assert run("attach", number, "--get", str(file["number"]), "--to", "copy.txt", "--reason", "x")[0] == 0
    assert (tmp_path / "copy.txt").read_text() == "门禁卡 A12"
    assert (tmp_path / "copy.txt").stat().st_mode & 0o077 == 0
    assert run("attach", number, "--get", "first", "--reason", "x")[0] == 2
    assert run("attach", number, "nothing.txt")[0] == 1
    assert "取出了附件" in run("--lang", "zh", "show", number)[1]
    code, _, err = run("show", "13800001234")
    assert (code, "138****1234" in err, "13800001234" in err) == (1, True, False)
