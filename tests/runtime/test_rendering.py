"""What a template is given, through the real funnel."""

from __future__ import annotations

from tests.offices import PEOPLE, engine, small

PROMISE = """
procedure: desk
fields: {summary: {type: text}}
sla:
  answer: {start: open, stop: done, target: {within: 1 workday}}
  finish: {start: take, stop: done, target: {within: 2h}}
initial: new
states:
  new:
    entry: [{notify: {promised: customer}}]
    transitions:
      take: {to: taken, by: agent, do: [{assign: {person: actor}}, {notify: {taken_up: customer}}]}
  taken: {transitions: {end: {to: done}}}
  done: {final: true}
"""


def told(tmp_path, text: str, procedure: str = PROMISE):
    """The letters that the customer gets when the case is opened and when it is taken."""
    people = PEOPLE.replace("roles: [agent]}", 'roles: [agent], phone: "13800001234"}', 1)
    more = {f"templates/zh/{name}.text.j2": f"Subject: s\n{text}\n" for name in ("promised", "taken_up")}
    folder = small(tmp_path, procedure, more=more | {"organisation.yaml": people})
    desk = engine(folder)
    number = desk.open("desk", actor="agent.wang", summary="x").case.number
    desk.act(number, "take", actor="agent.wang")
    return [row.notification.body.strip() for row in desk.store.outbox(limit=9)]


def test_a_letter_can_name_each_deadline_by_its_clock(tmp_path):
    text = "answer {{ clocks.answer.due | by }}, finish {{ clocks.finish.due | by }}."
    assert sorted(told(tmp_path, text)) == [
        "answer 2026年3月3日 24:00, finish .",
        "answer 2026年3月3日 24:00, finish 2026年3月2日 11:00.",
    ]


def test_a_procedure_that_is_called_like_a_role_goes_by_its_own_name(tmp_path):
    labelled = PROMISE.replace("desk", "agent").replace("initial: new", "labels: {zh: {agent: 接待}}\ninitial: new")
    folder = small(tmp_path, labelled, name="agent", more={
        f"templates/zh/{name}.text.j2": "Subject: s\n{{ procedure | label }}\n" for name in ("promised", "taken_up")
    })  # fmt: skip
    desk = engine(folder)
    desk.open("agent", actor="agent.wang", summary="x")
    assert [row.notification.body.strip() for row in desk.store.outbox(limit=9)] == ["接待"]


def test_a_customer_is_told_no_deadline_that_was_not_promised_to_him(tmp_path):
    assert sorted(told(tmp_path / "all", "{{ due | by }}")) == ["2026年3月2日 11:00", "2026年3月3日 24:00"]
    inside = PROMISE.replace("finish: {start", "finish: {kind: ola, start")
    assert told(tmp_path / "ours", "{{ due | by }}", inside) == ["2026年3月3日 24:00"] * 2


def test_a_letter_can_show_by_which_number_the_assignee_will_call(tmp_path):
    text = "{% if assignee %}{{ assignee.name }} {{ assignee.phone | masked }}{% else %}nobody{% endif %}"
    assert sorted(told(tmp_path, text)) == ["nobody", "王小明 138****1234"]


def test_in_a_drill_a_customer_is_told_nothing_and_staff_are(tmp_path):
    drill = PROMISE.replace("initial:", "modes: {drill: {outside: record}}\ninitial:", 1).replace(
        "promised: customer", "promised: [customer, agent]"
    )
    folder = small(tmp_path, drill, templates=("promised", "taken_up"))
    desk = engine(folder)
    desk.open("desk", actor="agent.wang", summary="x", mode="drill")
    desk.run_once()
    told = {(row.notification.recipient.partition(":")[0], row.status) for row in desk.store.outbox(limit=9)}
    assert told == {("customer", "recorded"), ("staff", "sent")}
