"""What somebody who may not see is shown instead: in the case, its history, refusals, explanations, letters and lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from guanjia.core import HIDDEN, marks
from guanjia.errors import Refused
from guanjia.language import Around, draft_procedure
from guanjia.model.event import Actor, Command
from guanjia.model.sight import has
from guanjia.runtime.engine import Engine
from guanjia.runtime.marking import MARKED
from guanjia.store.interface import Query
from guanjia.store.sqlite import SqliteStore

from tests.offices import engine, small

PEOPLE = """\
roles:
  agent: {}
  boss: {rights: [edit, assign, reveal, act_for]}
  firm: {outside: true}
staff:
  a: {name: Ann, roles: agent, users: annie}
  b: {name: Bo, roles: boss}
  f: {name: Firm, roles: firm}
"""
PROCEDURE = """\
procedure: job
fields:
  summary: {type: text, read: [boss], write: [boss, opener]}
  price:   {type: money, read: boss, default: 7}
  phone:   {type: phone, personal: true, read: [boss, customer]}
  name:    {type: text}
sla:
  reply: {start: open, stop: over, target: [{guard: price > 100, within: 1h}, {within: 2h}]}
initial: asked
states:
  asked:
    transitions:
      tell:  {by: [agent, boss], input: {why: {type: text, read: boss}, how: {type: text}}, do: [{notify: {told: [customer, 'staff:b', 'staff:a', 'staff:f']}}]}
      close: {to: over, guard: price > 100}
  over: {final: true}
"""
LETTER = "T\n{{ summary }}|{{ price }}|{{ phone }}|{{ name }}|{{ input.why }}|{{ input.how }}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Engine:
    more = {"organisation.yaml": PEOPLE} | {f"templates/{spoken}/told.text.j2": LETTER for spoken in ("zh", "en")}
    return engine(small(tmp_path, PROCEDURE, name="job", more=more))


@pytest.fixture
def case(desk: Engine) -> str:
    ref = desk.open("job", actor="system", customer="C1", summary="secret", phone="13812341234", name="王敏").case.id
    desk.act(ref, "tell", actor="b", why="because", how="by phone")
    return ref


def test_a_value_that_is_not_for_him_is_three_stars_in_the_case_and_everywhere_in_its_history(
    desk: Engine, case: str
) -> None:
    seen = desk.case(case, actor="a")
    assert [seen.fields[name] for name in ("summary", "price", "phone", "name")] == [HIDDEN, HIDDEN, HIDDEN, "王敏"]
    assert seen.past["tell"].input == {"why": HIDDEN, "how": "by phone"}
    shown = json.dumps([event.data for event in desk.history(case, actor="a")])
    assert not any(word in shown for word in ("secret", "because", "13812341234"))
    assert "because" in json.dumps([event.data for event in desk.history(case, actor="b")])
    assert desk.case(case, actor="b") == desk.case(case)


def test_neither_a_refusal_nor_an_account_tells_what_it_is(desk: Engine, case: str) -> None:
    with pytest.raises(Refused, match=r"price = \*\*\*"):
        desk.act(case, "close", actor="a")
    with pytest.raises(Refused, match=r"price = 7"):
        desk.act(case, "close", actor="b")
    assert [dict(part.values) for target in desk.why(case, "reply", actor="a").targets for part in target.failing] == [
        {("price",): HIDDEN}
    ]
    assert HIDDEN not in str(desk.why(case, "reply", actor="b").targets)
    assert desk.reveal(case, actor="b", reason="x") == {"phone": "13812341234"}
    desk.assign(case, "a", actor="b", reason="x")
    assert desk.reveal(case, actor="a", reason="x") == {}


def test_a_letter_holds_what_its_recipient_may_read(desk: Engine, case: str) -> None:
    told = {
        row.notification.recipient: row.notification.body.strip().splitlines()[-1]
        for row in desk.store.outbox(case=case)
    }
    assert told == {
        "customer": "***|***|13812341234|王敏|***|by phone", "staff:b": "secret|7|13812341234|王敏|because|by phone",
        "staff:a": "***|***|***|王敏|***|by phone", "staff:f": "***|***|***|王敏|***|by phone",
    }  # fmt: skip


def test_lists_neither_show_nor_find_it(desk: Engine, case: str) -> None:
    assert desk.list(Query(text="secret")) == []
    assert [row.columns.summary for row in desk.list(Query())] == [""]


def test_what_an_effect_sets_and_what_was_taken_in_asks_for_no_right_to_write(desk: Engine) -> None:
    with pytest.raises(Refused) as refused:
        desk.act(desk.open("job", actor="system").case.id, "tell", actor="a", summary="mine")
    assert refused.value.code == "write"
    assert "boss" in refused.value.text.en
    assert desk.open("job", actor="a", summary="mine").case.fields["summary"] == "mine"  # the opener's


def test_who_types_for_somebody_else_needs_the_right_to_and_stands_in_the_event(desk: Engine, case: str) -> None:
    by_boss, by_agent = (
        Actor(who, roles, through=typed) for who, roles, typed in (("a", ("agent",), "b"), ("b", ("boss",), "a"))
    )
    event = desk.execute(Command("act", "tell", case, actor=by_boss)).events[0]
    assert (event.actor, event.data["through"]) == ("a", "b")
    for look in (lambda: desk.execute(Command("act", "tell", case, actor=by_agent)), lambda: desk.case(case, actor=by_agent),
                 lambda: desk.list(Query(), actor=by_agent), lambda: desk.available(case, by_agent)):  # fmt: skip
        with pytest.raises(Refused) as refused:
            look()
        assert refused.value.code == "act_for"
    last = desk.history(case)[-1]
    assert (last.type, last.actor, last.data["through"], last.data["code"]) == ("refused", "b", "a", "act_for")
    assert all("through" not in event.data for event in desk.history(case)[:2])


def test_whoever_a_case_concerns_does_nothing_to_it_by_way_of_somebody_else(tmp_path: Path) -> None:
    procedure = PROCEDURE.replace("fields:\n", "conflicts: [about]\nfields:\n  about: {type: staff}\n", 1)
    desk = engine(small(tmp_path, procedure, name="job", templates=("told",), more={"organisation.yaml": PEOPLE}))
    case = desk.open("job", actor="system", about="b").case.id
    for kind, name in (("act", "tell"), ("edit", "")):
        with pytest.raises(Refused) as refused:
            desk.execute(Command(kind, name, case, {"name": "x"}, Actor("a", ("agent", "boss"), through="b")))  # type: ignore[arg-type]
        assert refused.value.code == "conflict"


def test_cases_of_before_are_marked_when_the_office_is_opened(tmp_path: Path) -> None:
    folder = small(tmp_path, PROCEDURE, name="job", templates=("told",), more={"organisation.yaml": PEOPLE})
    store = SqliteStore(tmp_path / "guanjia.db")
    desk = engine(folder, store=store)
    cases = [desk.open("job", actor="a").case for _ in range(3)]
    for case in cases:
        store.transact(lambda tx, case=case: tx.put_marks(case.id, ""))  # type: ignore[misc]
    assert desk.list(Query(), actor="a") == []
    engine(folder, store=store)
    assert desk.list(Query(), actor="a") == []  # it was done once, and is not done again
    store.set_setting(MARKED, "")
    engine(folder, store=store)
    assert len(desk.list(Query(), actor="a")) == 3
    about = store.columns(cases[0].id)
    assert about is not None
    assert about.marks == marks(desk.program(cases[0]), cases[0])
    assert has(about.marks, "hand:a")
    store.close()


@pytest.mark.parametrize(
    ("old", "new", "place", "code", "hint"),
    [
        ("read: [boss]", "read: [bos]", (3, 32), "unknown-role", "did you mean boss?"),
        ("write: [boss, opener]", "write: [boss, openr]", (3, 53), "unknown-role", "did you mean opener?"),
        ("why: {type: text, read: boss}", "why: {type: text, write: boss}", (13, 60), "write-of-input", "`by`"),
        ("fields:", "visible_to: [bos]\nfields:", (2, 14), "unknown-role", "did you mean boss?"),
        ("fields:", "conflicts: [who]\nfields:\n  who: {type: staff, personal: true}", (2, 13), "conflicts", "need not be personal"),
        ("fields:", "open_by: [agent]\nfields:\n  must: {type: text, required: true, write: boss}", (4, 45), "unfillable", "add opener"),
    ],
)  # fmt: skip
def test_each_slip_of_an_author_is_told_where_it_stands(
    old: str, new: str, place: tuple[int, int], code: str, hint: str
) -> None:
    around = Around(
        roles=frozenset({"agent", "boss"}), staff=frozenset({"a", "b", "f"}), calendars=frozenset({"office"})
    )

    def findings(text: str) -> list[tuple[int, int, str, str]]:
        found = draft_procedure(text, "job.yaml", lambda path: (path, b""), around).findings
        return [(it.line, it.column, it.code, it.hint.en if it.hint else "") for it in found if it.severity == "error"]

    assert findings(PROCEDURE) == []
    found = findings(PROCEDURE.replace(old, new, 1))
    assert [item[:3] for item in found] == [(*place, code)]
    assert hint in found[0][3]


def test_what_somebody_types_never_passes_for_a_mark(tmp_path: Path) -> None:
    procedure = PROCEDURE.replace("fields:\n", "fields:\n  room: {type: room}\n", 1)
    desk = engine(small(tmp_path, procedure, name="job", templates=("told",), more={"organisation.yaml": PEOPLE}))
    with pytest.raises(Refused):
        desk.open("job", actor="system", customer="C1\nhand:f")
    case = desk.open("job", actor="system", customer="C1:hand:f", room="3\nhand:f-1").case
    assert desk.list(Query(), actor="f") == []
    assert [row.id for row in desk.list(Query(), actor=Actor("C1\nhand:f", (), "customer"))] == []
    about = desk.store.columns(case.id)
    assert about is not None
    assert not has(str(about.marks), "hand:f")
