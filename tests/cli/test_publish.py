"""`publish`, `rollback`, `versions`: an edit comes into force when somebody who may says so with a reason, after its stories pass, and
where the office asks for it when a second person agrees; what was in force can come back, and the history holds it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli.failure import INVALID, OK, REFUSED, USAGE
from guanjia.clock import ManualClock, from_iso
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine

from tests.cli.terminals import Ran
from tests.offices import OFFICE, small

CLOCK = ManualClock(from_iso("2026-03-02T16:00", "Asia/Shanghai"))
DESK = """\
procedure: desk  # 值班台
calendar: always
include: [{file: shared/ends.yaml}]
sla: {reply: {start: open, stop: over, target: {within: 4h}}}
initial: waiting
states:
  waiting: {entry: [{notify: {told: agent}}], transitions: {answer: {to: over}}, after: {late: {delay: 3 days, to: over}}}
"""
ENDS = "states: {over: {final: true}}\n"
STORIES = """\
stories:
  - story: 四小时内答复
    at: 2026-03-02 09:00
    open: {by: agent.wang}
    steps: [{then: {clocks: {reply: {due: 2026-03-02 13:00}}}}]
"""
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}}
  manager: {label: {zh: 经理, en: manager}, rights: [calendar]}
  chief: {label: {zh: 主任, en: chief}, rights: [act_for]}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  manager.sun: {name: 孙经理, roles: [manager]}
  manager.hu: {name: 胡经理, roles: [manager]}
  chief.wu: {name: 吴主任, roles: [chief]}
"""
ALONE = OFFICE + "publishing: {by: [manager]}\n"
TWO = OFFICE + "publishing: {by: [manager, 'staff:chief.wu'], approval: true}\n"


@pytest.fixture
def office(tmp_path: Path) -> Path:
    more = {"procedures/shared/ends.yaml": ENDS, "procedures/desk.stories.yaml": STORIES, "organisation.yaml": PEOPLE}
    return small(tmp_path / "office", DESK, templates=("told",), more=more)


@pytest.fixture
def guanjia(run: Callable[..., Ran], office: Path) -> Callable[..., Ran]:
    def go(*words: str, who: str = "manager.sun", lang: str = "en") -> Ran:
        return run("--office", str(office), "--as", who, "--lang", lang, *words, clock=CLOCK)

    return go


def limit(office: Path, hours: int, *, story: bool = True) -> None:
    """Edit the limit of the desk, and what its story expects of it."""
    (office / "procedures/desk.yaml").write_text(DESK.replace("4h", f"{hours}h"))
    (office / "procedures/desk.stories.yaml").write_text(STORIES.replace("13:00", f"{9 + (hours if story else 4)}:00"))


def due(guanjia: Callable[..., Ran]) -> str:
    """How many hours a case that is opened now has."""
    opened = json.loads(guanjia("open", "desk", "--json", who="agent.wang").out)
    ran = guanjia("show", opened["number"], "--json")
    return str(next(clock["due"] for clock in json.loads(ran.out)["clocks"])[11:16])


def test_where_a_rule_guards_it_an_edit_waits_until_somebody_publishes_it(guanjia, office):
    (office / "office.yaml").write_text(ALONE)
    unpublished = guanjia("open", "desk", who="agent.wang")
    assert (unpublished.code, "has not been published" in unpublished.err) == (REFUSED, True)
    assert guanjia("publish", "--reason", "first").code == OK
    assert due(guanjia) == "20:00"
    limit(office, 2)
    guanjia("work", "--once")
    assert due(guanjia) == "20:00"  # by whatever command: it waits
    seen = guanjia("publish", lang="zh")
    assert (seen.code, "期限：4 小时 → 2 小时" in seen.out, "没有发布" in seen.out) == (OK, True, True)
    assert guanjia("publish", "desk", who="agent.wang").code == OK  # everybody may look
    refused = guanjia("publish", "desk", "--reason", "x", who="agent.wang")
    assert (refused.code, "Those who publish are: manager" in refused.err) == (REFUSED, True)
    assert "A reason is needed" in guanjia("publish", "desk", "--reason", "  ").err
    assert "version 2" in guanjia("publish", "desk", "--reason", "faster").out
    assert due(guanjia) == "18:00"
    assert "nothing to publish" in guanjia("publish", "--reason", "again").out
    found = json.loads(guanjia("versions", "desk", "--json").out)
    assert [(it["number"], it["by"], it["reason"], it["in_force"]) for it in found] == [
        (2, "manager.sun", "faster", True), (1, "manager.sun", "first", False),
    ]  # fmt: skip
    assert "published “desk”" in guanjia("log").out
    assert guanjia("audit").code == OK


def test_nothing_is_published_that_is_wrong_or_whose_stories_fail(guanjia, office):
    (office / "office.yaml").write_text(ALONE)
    guanjia("publish", "--reason", "first")
    limit(office, 2, story=False)
    failed = guanjia("publish", "--reason", "x")
    assert (failed.code, "desk.stories.yaml:5" in failed.err, "1 story fails" in failed.err) == (REFUSED, True, True)
    (office / "procedures/desk.yaml").write_text(DESK.replace("stop: over", "stop: ovr"))
    assert guanjia("publish", "--reason", "x").code == INVALID
    assert "desk: has errors" in guanjia("publish").out
    assert due(guanjia) == "20:00"


def test_where_no_rule_keeps_an_edit_waiting_a_refused_publication_says_that_it_holds(guanjia, office):
    assert due(guanjia) == "20:00"
    limit(office, 2, story=False)
    for lang, told in (("en", "In this office edits do not wait"), ("zh", "这个办公室的改动不等发布")):
        failed = guanjia("publish", "--reason", "x", lang=lang)
        assert (failed.code, told in failed.err) == (REFUSED, True)
    assert due(guanjia) == "18:00"
    assert "（改动了流程）" in guanjia("versions", "desk", lang="zh").out
    (office / "office.yaml").write_text(ALONE)
    assert "do not wait" not in guanjia("publish", "--reason", "x").err


def test_nothing_is_published_of_which_a_claim_is_refuted(guanjia, office):
    (office / "office.yaml").write_text(ALONE)
    (office / "procedures/desk.yaml").write_text(DESK + "properties: {never_over: {never: in_state('over')}}\n")
    refused = guanjia("publish", "--reason", "x")
    assert (refused.code, "1 claim is refuted" in refused.err) == (REFUSED, True)
    assert guanjia("open", "desk", who="agent.wang").code == REFUSED


def test_a_second_person_approves_and_another_name_is_no_other_person(guanjia, office):
    (office / "office.yaml").write_text(TWO)
    proposed = guanjia("publish", "--reason", "first")
    assert (proposed.code, "Proposed as P1" in proposed.out) == (OK, True)
    assert guanjia("open", "desk", who="agent.wang").code == REFUSED
    own = guanjia("publish", "--approve", "P1")
    assert (own.code, "孙经理's own proposal" in own.err) == (REFUSED, True)
    assert guanjia("publish", "--approve", "P1", who="agent.wang").code == REFUSED
    assert guanjia("publish", "--approve", "P1", who="system").code == REFUSED
    with Engine.at(office, clock=CLOCK) as engine:
        disguised = engine.organisation.actor("manager.hu")
        from dataclasses import replace

        from guanjia.errors import Refused
        from guanjia.runtime import publications

        with pytest.raises(Refused) as not_by:  # who may not act for others is refused for that
            publications.approve(engine, "P1", replace(disguised, through="manager.sun"))
        assert not_by.value.code == "act_for"
    assert "P1 waits for approval" in guanjia("publish").out
    assert "version 1" in guanjia("publish", "--approve", "p1", who="manager.hu").out
    (it,) = json.loads(guanjia("versions", "desk", "--json").out)
    assert (it["by"], it["approved_by"], it["reason"]) == ("manager.sun", "manager.hu", "first")
    assert "P1 is settled" in guanjia("publish", "--approve", "P1", who="manager.hu").err
    assert "approved P1 of 孙经理" in guanjia("log").out


def test_whoever_proposes_in_a_chiefs_name_is_still_the_one_who_cannot_approve(guanjia, office):
    from dataclasses import replace

    from guanjia.authoring import publishing
    from guanjia.errors import Refused
    from guanjia.runtime import publications

    (office / "office.yaml").write_text(TWO)
    with Engine.at(office, clock=CLOCK) as engine:
        draft, people = publishing.read(office), engine.organisation
        hidden = replace(people.actor("manager.sun"), through="chief.wu")  # who may act for others
        publications.publish(engine, publications.edits(engine, draft.written, ()), hidden, "first")
        for who in (people.actor("chief.wu"), replace(people.actor("manager.hu"), through="chief.wu")):
            with pytest.raises(Refused) as not_by:
                publications.approve(engine, "P1", who)
            assert not_by.value.code == "not_by"
        publications.approve(engine, "P1", people.actor("manager.hu"))
        assert list(engine.openable()) == ["desk"]
        assert audit(engine) == []


def test_a_later_proposal_takes_the_place_of_an_earlier_one_and_one_may_be_declined(guanjia, office):
    (office / "office.yaml").write_text(TWO)
    guanjia("publish", "--reason", "first")
    guanjia("publish", "--approve", "P1", who="manager.hu")
    limit(office, 2)
    assert "P2" in guanjia("publish", "--reason", "two").out
    limit(office, 3)
    assert "P2 is settled: P3 takes its place." in guanjia("publish", "--reason", "three").out
    assert guanjia("publish", "--approve", "P2", who="manager.hu").code == REFUSED
    assert "A reason is needed" in guanjia("publish", "--decline", "P3", who="chief.wu").err
    assert guanjia("publish", "--decline", "P3", "--reason", "no", who="chief.wu").code == OK
    assert due(guanjia) == "20:00"
    assert json.loads(guanjia("publish", "--json").out)["proposals"] == []
    assert guanjia("publish", "desk", "--approve", "P3").code == USAGE


def test_who_proposes_a_part_of_a_proposal_anew_is_told_what_of_it_is_proposed_no_more(guanjia, office):
    (office / "office.yaml").write_text(TWO)
    desk = office / "procedures/desk.yaml"
    (office / "procedures/other.yaml").write_text(desk.read_text().replace("procedure: desk", "procedure: other"))
    guanjia("publish", "--reason", "first")
    assert (
        "P1 is settled: P2 takes its place; propose these anew: other"
        in guanjia("publish", "desk", "--reason", "one").out
    )
    assert [it["id"] for it in json.loads(guanjia("publish", "--json").out)["proposals"]] == ["P2"]


def test_the_rule_itself_is_published_like_what_it_guards(guanjia, office):
    (office / "office.yaml").write_text(TWO)
    guanjia("publish", "--reason", "first")
    guanjia("publish", "--approve", "P1", who="manager.hu")
    (office / "office.yaml").write_text(OFFICE)  # somebody takes the guard away
    limit(office, 2)
    assert due(guanjia) == "20:00"
    assert "`publishing` of office.yaml changed" in guanjia("publish").out
    assert "P2" in guanjia("publish", "--reason", "free").out
    assert guanjia("publish", "--approve", "P2", who="manager.hu").code == OK
    limit(office, 3)
    assert due(guanjia) == "19:00"  # by itself again
    assert "come into force by themselves" in guanjia("log").out


def test_where_no_rule_is_publishing_says_why_and_a_rollback_lasts_until_the_file_changes_again(guanjia, office):
    assert due(guanjia) == "20:00"
    limit(office, 2)
    assert "version 2" in guanjia("publish", "--reason", "faster").out
    assert "faster" in guanjia("versions", "desk").out
    assert guanjia("rollback", "desk", "--to", "7", "--reason", "x").code == REFUSED
    assert "A reason is needed" in guanjia("rollback", "desk").err
    back = guanjia("rollback", "desk", "--reason", "too fast")
    assert (back.code, "version 3" in back.out, "procedures/desk.yaml" in back.out) == (OK, True, True)
    (office / "organisation.yaml").write_text(PEOPLE + "  agent.lu: {name: 陆, roles: [agent]}\n")
    guanjia("work", "--once")
    assert due(guanjia) == "20:00"  # another file was saved: what was rolled back stays so
    assert (office / "procedures/desk.yaml").read_text() == DESK.replace("4h", "2h")
    assert "back to version 1: too fast" in guanjia("versions", "desk").out
    limit(office, 3)
    assert due(guanjia) == "19:00"
    nothing = guanjia("rollback", "desk", "--to", "4", "--reason", "x")
    assert (nothing.code, "has the text of version 4 already" in nothing.err) == (REFUSED, True)
    assert "Did you mean desk" in guanjia("versions", "desc").err
    assert "Did you mean desk?" in guanjia("publish", "desc", "--reason", "x").err


def test_why_an_edit_is_in_force_that_came_into_force_by_itself_may_be_said_later(guanjia, office):
    assert due(guanjia) == "20:00"
    limit(office, 2)
    assert due(guanjia) == "18:00"  # whoever opened a case took the edit up
    hint = "“desk” came into force by itself, and nobody said why: guanjia publish desk --reason WHY"
    assert hint in guanjia("publish", "--reason", "faster").out
    assert "(procedure changed)" in guanjia("versions", "desk").out
    said = guanjia("publish", "desk", "--reason", "faster")
    assert (said.code, "Version 2 of “desk” came into force by itself at" in said.out) == (OK, True)
    seen = json.loads(guanjia("versions", "desk", "--json").out)
    assert [(it["number"], it["reason"], it["in_force"]) for it in seen] == [(2, "faster", True), (1, None, False)]
    assert "“desk”第 2 版" not in guanjia("publish", "desk", "--reason", "again", lang="zh").out  # it was said already
    assert "faster" in guanjia("versions", "desk").out
    assert "为什么发布“desk”（" in guanjia("log", lang="zh").out
    assert hint not in guanjia("publish", "--reason", "x").out
    with Engine.at(office, clock=CLOCK) as engine:
        assert audit(engine) == []


def test_why_is_said_of_the_edit_and_not_of_a_suspension_that_was_laid_over_it(guanjia, office):
    assert due(guanjia) == "20:00"
    limit(office, 2)
    assert due(guanjia) == "18:00"
    assert (
        guanjia("suspend", "--from", "2026-03-03 09:00", "--to", "2026-03-04 09:00", "--reason", "台风", "--yes").code
        == OK
    )
    said = json.loads(guanjia("publish", "desk", "--reason", "faster", "--json").out)
    assert [(it["procedure"], it["number"], it["reason"]) for it in said["explained"]] == [("desk", 2, "faster")]
    assert [it["reason"] for it in json.loads(guanjia("versions", "desk", "--json").out)] == [None, "faster", None]


def test_files_are_written_back_byte_for_byte_and_what_was_there_is_kept_beside(guanjia, office):
    guanjia("ls")
    limit(office, 2)
    (office / "procedures/shared/ends.yaml").write_text("# 结束\n" + ENDS)
    edited = (office / "procedures/desk.yaml").read_bytes()
    guanjia("ls")
    back = guanjia("rollback", "desk", "--write", "--reason", "x")
    assert "what was there is procedures/desk.yaml.before" in back.out
    assert (office / "procedures/desk.yaml").read_text() == DESK
    assert (office / "procedures/desk.yaml.before").read_bytes() == edited
    assert (office / "procedures/shared/ends.yaml").read_text() == ENDS
    again = guanjia("rollback", "desk", "--to", "2", "--write", "--reason", "x")
    assert again.code == OK
    assert (office / "procedures/desk.yaml").read_bytes() == edited
    assert (office / "procedures/desk.yaml.before-2").read_text() == DESK
    assert guanjia("check").code == OK


def test_a_procedure_without_its_file_goes_when_that_is_published(guanjia, office):
    (office / "office.yaml").write_text(ALONE)
    guanjia("publish", "--reason", "first")
    (office / "procedures/desk.yaml").rename(office / "desk.yaml")
    assert guanjia("open", "desk", who="agent.wang").code == REFUSED  # the command line knows procedures by their files
    with Engine.at(office, clock=CLOCK) as engine:
        assert list(engine.openable()) == ["desk"]
    assert "its file is gone" in guanjia("publish").out
    assert "Withdrew" in guanjia("publish", "desk", "--reason", "over").out
    assert "It was withdrawn" in guanjia("versions", "desk").out


def test_a_suspension_is_laid_over_what_is_in_force_and_not_over_what_waits(guanjia, office):
    (office / "office.yaml").write_text(ALONE)
    guanjia("publish", "--reason", "first")
    limit(office, 2)
    window = ("--from", "2026-03-02 17:00", "--to", "2026-03-02 18:00")
    assert guanjia("suspend", *window, "--yes", "--reason", "typhoon").code == OK
    assert due(guanjia) == "21:00"
    assert "version 3" in guanjia("publish", "--reason", "faster").out
    assert due(guanjia) == "19:00"


def test_a_rule_that_nobody_can_satisfy_is_an_error_of_the_file(guanjia, office):
    (office / "office.yaml").write_text(OFFICE + "publishing: {by: ['staff:chief.wu'], approval: true}\n")
    assert "no-publisher" in guanjia("check").out
    (office / "office.yaml").write_text(OFFICE + "publishing: {by: [maneger]}\n")
    assert "unknown-recipient" in guanjia("check").out
