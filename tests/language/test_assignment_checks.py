"""What an author can get wrong in saying who gets the work and who stays out of it."""

from __future__ import annotations

import pytest
from guanjia.language import Around, draft_procedure

PROCEDURE = """\
procedure: job
conflicts: [subject]
four_eyes: [[open, approve], [[count, recount], check]]
fields:
  subject: {type: staff}
  tongue: {type: choice, of: [zh, en]}
initial: asked
states:
  asked:
    entry: [{assign: {role: agent, choose: owner, skill: lift, speaks: tongue}}]
    transitions: {count: {}, recount: {}, check: {}, approve: {to: over}}
    after: {late: {delay: 1 workday, to: over}}
  over: {final: true}
"""
AROUND = Around(
    roles=frozenset({"agent"}), staffed=frozenset({"agent"}), teams=frozenset({"front"}), skills=frozenset({"lift"}), calendars=frozenset({"office"})
)  # fmt: skip


def findings(text: str) -> list[tuple[int, int, str, str]]:
    found = draft_procedure(text, "job.yaml", lambda path: (path, b""), AROUND).findings
    return [
        (item.line, item.column, item.code, item.hint.en if item.hint else "")
        for item in found
        if item.severity == "error"
    ]


def test_it_is_right_as_it_stands() -> None:
    assert findings(PROCEDURE) == []


@pytest.mark.parametrize(
    ("old", "new", "place", "code", "hint"),
    [
        ("choose: owner", "choose: ownre", (10, 44), "expression", "did you mean owner?"),
        ("choose: owner", "choose: subject.name", (10, 52), "expression", ""),
        ("role: agent,", "team: frnot,", (10, 29), "unknown-team", "did you mean front?"),
        ("skill: lift", "skill: lfit", (10, 58), "unknown-skill", "did you mean lift?"),
        ("speaks: tongue", "speaks: 3", (10, 72), "type", "quotes"),
        ("speaks: tongue", "speaks: past.count.count", (10, 72), "type", ""),
        ("role: agent, ", "role: agent, team: front, ", (10, 22), "grammar", ""),
        ("role: agent, choose: owner", "person: subject, choose: owner", (10, 22), "grammar", ""),
        ("conflicts: [subject]", "conflicts: [subjcet]", (2, 13), "unknown-field", "did you mean subject?"),
        ("conflicts: [subject]", "conflicts: [tongue]", (2, 13), "conflicts", ""),
        ("[open, approve]", "[open, aprove]", (3, 20), "unknown-action", "did you mean approve?"),
        ("[[count, recount], check]", "[[count, recount]]", (3, 30), "type", ""),
    ],
)
def test_each_slip_is_told_where_it_stands(old: str, new: str, place: tuple[int, int], code: str, hint: str) -> None:
    found = findings(PROCEDURE.replace(old, new, 1))
    assert [item[:3] for item in found] == [(*place, code)]
    assert hint in found[0][3]
