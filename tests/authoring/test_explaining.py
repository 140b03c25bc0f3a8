"""A procedure in plain words: whatever stands in it stands in the words, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from guanjia.authoring.explaining import explain
from guanjia.language import OfficeFiles, read_yaml
from guanjia.model.effects import Assign, Emit, Escalate, Extend, Open, Recipients
from guanjia.model.procedure import (
    Branch,
    Count,
    Counting,
    Delay,
    Duplicates,
    Field,
    Ladder,
    LeadsTo,
    Level,
    Mode,
    Procedure,
    Property,
    Reopen,
    Retention,
    Sla,
    State,
    Target,
)

from tests.offices import shipped
from tests.scale import drawn, scale

EVERYTHING = """\
procedure: desk
about: {zh: 收邻居的东西, en: Things of neighbours are taken in}
number: D-{seq}
calendar: desk_hours
open_by: [agent, customer]
urgency: low
purpose: care
visible_to: [agent]
conflicts: [subject]
four_eyes: [[take, [check, again]]]
undo: 10m
duplicates: {within: 3h, same: [what]}
retention: {after: 3 years, basis: {zh: 法律, en: the law}}
on_assign: [{log: handed over}]
on_merge: [{notify: {joined: customer}}]
fields:
  what: {type: choice, of: [water, power], required: true}
  much: {type: integer, min: 1, max: 9, default: 2}
  name: {type: text, pattern: 'a+', personal: true, retention: 90 days, read: [agent], write: [supervisor]}
  ill: {type: text, sensitive: true}
  subject: {type: staff}
sla:
  answer:
    kind: ola
    start: open
    pause: [waiting]
    resume: [take]
    stop: done
    cancel: dropped
    reset: much > 5
    runs_in: [asked]
    from: open
    calendar: always
    target:
      - {guard: what == 'water', within: 2h, then: 30m, calendar: always}
      - {earliest: [{within: 3 workdays, counting: {first_day: true, pause_day: true, resume_day: false, roll_over: true, ends: closing, like: civil_code}}, {until: now + hours(2)}]}
      - {within: 1h, standard: quick, overlay: town}
    at: {80%: [{notify: {hurry: agent}}], due: [], due + 1h: [{escalate: {ladder: up}}]}
    on_change: carry
    on_reopen: closed
    manual: false
    pausable: false
ladders:
  up: {calendar: always, template: rung, urgency: urgent, acknowledge: [take], catch_up: summary, alarm: 2h, levels: [{to: agent}, {to: [manager], wait: 1h}]}
initial: asked
entry: [{log: root}]
exit: [{log: gone}]
always: [{to: dropped, guard: much == 9}]
breach: {answer: [{do: [{log: late}]}]}
states:
  asked:
    entry:
      - {when: much > 3, assign: {role: agent, choose: round_robin, skill: first_aid, speaks: "'en'"}}
      - {assign: {team: front}}
      - {assign: {person: actor}}
      - {notify: {told: {to: [customer, 'on_duty:agent'], channel: [mail], urgency: urgent, with: {x: much + 1}}}}
      - {escalate: {to: [manager], template: other}}
      - {set: {much: 3, what: water}}
      - {extend: {answer: {by: 1h, from: start}}}
      - {open: {repair: {as: fix, wait: true, households: what, with: {summary: what}}}}
      - {emit: {signal: paid, to: parent}}
    exit: [{log: left}]
    transitions:
      take:
        - {to: waiting, guard: [{that: much > 4, else: {zh: 不够, en: not enough}}], by: [agent], not_by: [check], require: [subject], at_most: 2, reenter: true, undo: 1h,
           input: {why: {type: text, required: true}}, do: [{log: taken}]}
      check: {to: done}
      again: {undo: never}
    signals: {paid: {to: done}}
    after:
      lapse: {delay: 10h, calendar: always, counting: {roll_over: true}, to: dropped}
      nudge: {every: 1h, do: [{log: nudged}]}
      visit: {at: now + days(2), to: done}
  waiting:
    tracks:
      one: {initial: a, states: {a: {transitions: {end_a: {to: b}}}, b: {final: true}}}
      two: {initial: c, states: {c: {}, d: {final: true}, back: {history: deep, default: c}}}
  done: {final: true, outcome: fine}
  dropped: {final: true}
reopen: {to: asked, by: [supervisor], within: 3 days}
modes: {drill: {prefix: {zh: 演, en: "[DRILL] "}, outside: send}}
properties: {sound: {always: much < 10, edits: false}, no_gap: {never: much > 20}, soon: {leads_to: {from: much > 3, to: much < 3, within: 2 workdays, calendar: always}}}
counts: {like: {same: [what], within: 90 days, where: much > 1, at: {3: [{log: three}]}}}
labels: {zh: {desk: 前台}, en: {desk: Desk}}
"""


def words(plain: Any) -> tuple[str, str]:
    lines = explain(Procedure.model_validate(plain))
    return "\n".join(line.text.zh for line in lines), "\n".join(line.text.en for line in lines)


def test_a_case_that_is_opened_is_told_in_the_words_of_its_own_procedure() -> None:
    desk = Procedure.model_validate(read_yaml("""\
procedure: desk
fields: {summary: {type: text}}
initial: asked
states:
  asked: {transitions: {go: {to: over, do: [{open: {job: {with: {what: summary}}}}]}}}
  over: {final: true}
""", "desk.yaml").data)  # fmt: skip
    job = Procedure.model_validate(read_yaml("""\
procedure: job
fields: {what: {type: text}}
initial: over
states: {over: {final: true}}
labels: {zh: {job: 杂活, what: 何事}, en: {job: errand, what: matter}}
""", "job.yaml").data)  # fmt: skip
    zh, en = (
        "\n".join(line.text.get(spoken) for line in explain(desk, another={"job": job}.get)) for spoken in ("zh", "en")
    )
    assert "另开工单“杂活”" in zh
    assert "何事" in zh
    assert "a case “errand” is opened" in en
    assert "“job”" in "\n".join(line.text.en for line in explain(desk))


def everything() -> dict[str, Any]:
    read = Procedure.model_validate(read_yaml(EVERYTHING, "desk.yaml").data)
    return read.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def keys(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key and every item of a list, by its path."""
    for key, value in plain.items() if isinstance(plain, dict) else enumerate(plain):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from keys(value, (*path, key))


def without(path: tuple[Any, ...]) -> dict[str, Any]:
    plain: Any = everything()
    place = plain
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return plain  # type: ignore[no-any-return]


def test_the_households_of_a_place_are_those_of_what_a_field_names():
    zh, en = words(everything())
    assert "“what”的每一户各一个" in zh
    assert "one for each household of “what”" in en
    assert "“what”为“是”的" not in zh


def test_whatever_is_taken_out_is_no_more_in_the_words():
    before, whole, tried = words(everything()), Procedure.model_validate(everything()), 0
    paths = list(keys(everything()))
    chosen = drawn().sample(paths, scale(50, len(paths), faults=len(paths)))
    for path in chosen:
        try:
            left = Procedure.model_validate(without(path))
        except ValueError:  # it has to be there
            continue
        if left.model_dump() == whole.model_dump():  # it goes without saying
            continue
        after = words(without(path))
        tried += 1
        spoken = {"zh", "en"} & set(map(str, path))
        changed = [now != then for now, then in zip(after, before, strict=True)]
        assert any(changed) if spoken else all(changed), path
    assert 4 * tried > len(chosen)


def test_every_key_of_the_language_is_tried():
    models = (
        Procedure, State, Field, Branch, Reopen, Delay, Sla, Target, Counting, Ladder, Level, Assign, Recipients, Escalate, Extend,
        Open, Emit, Mode, Retention, Duplicates, Property, LeadsTo, Count,
    )  # fmt: skip
    told = {key for path in keys(everything()) for key in path if isinstance(key, str)}
    known = {info.alias or name for model in models for name, info in model.model_fields.items()}
    assert known - told == {"registries"}, "which is filled in, and shown by `guanjia registry`"


@pytest.mark.parametrize("name", ["complaint", "repair", "emergency"])
def test_a_shipped_procedure_is_told_without_a_word_of_the_other_language_or_of_the_machine(tmp_path, name):
    version = OfficeFiles(shipped(tmp_path / "office")).version(name)
    lines = explain(version.procedure)
    zh, en = "\n".join(line.text.zh for line in lines), "\n".join(line.text.en for line in lines)
    assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"“[^”]*”", "", en))
    for machine in (" and ", " == ", " is none", "past.", "clock.", "input.", "child.", "None", "True", "{'"):
        assert machine not in zh, machine
    for label in ("办结", "承诺多久", "可以重开"):
        assert label in zh


def test_a_file_is_explained_by_its_path_too_and_one_that_is_wrong_is_told_where(tmp_path, monkeypatch, capsys):
    from guanjia.cli.main import main

    office = shipped(tmp_path / "office")
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        "procedure: parcel\nopen_by: [reception]\ninitial: kept\nstates: {kept: {transitions: {fetch: {to: gone}}}, gone: {final: true}}\n"
    )

    def ran(*typed: str, at: Path = office) -> tuple[int, str, str]:
        monkeypatch.chdir(at)
        code = main(typed)
        said = capsys.readouterr()
        return code, said.out, said.err

    code, shown, _ = ran("--lang", "zh", "explain-file", "repair")
    assert (code, shown.splitlines()[0]) == (0, "流程“报修”（repair）")
    assert "客服主管" in shown
    code, shown, _ = ran("--lang", "en", "explain-file", str(draft))
    assert (code, "Cases are opened by receptionist" in shown) == (0, True)
    code, shown, _ = ran("--lang", "en", "explain-file", "draft.yaml", at=tmp_path)
    assert (code, "Cases are opened by reception" in shown) == (0, True), "in no office it is told too"
    draft.write_text(draft.read_text().replace("to: gone", "to: gonne"))
    code, shown, said = ran("--lang", "en", "explain-file", str(draft))
    assert (code, shown) == (3, "")
    assert "draft.yaml:4:47" in said or "draft.yaml:4:" in said
    assert ran("explain-file", "reppair")[0] == 1
    assert ran("explain-file", "none.yaml")[0] == 1
