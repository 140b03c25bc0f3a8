"""Merging, linking and splitting as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.terminals import Ran
from tests.offices import shipped

Call = Callable[..., Ran]


def another(do: Call, summary: str = "电梯又响") -> str:
    number: str = json.loads(do("open", "complaint", "--summary", summary, "--room", "3-1-502", "--json").out)["number"]
    return number


def test_a_merged_case_says_where_it_goes_on_and_the_other_shows_one_time_line(do: Call, case: str) -> None:
    first = another(do)
    refused = do("merge", case, first)
    assert (refused.code, "须写明原因" in refused.err) == (1, True)
    done = do("merge", case, first, "--reason", "同一部电梯")
    assert done.code == 0, done.err
    assert f"并入 {first}" in done.out
    assert "已并单" in do("show", case).out
    shown = do("show", first).out
    assert f"并入的工单  {case}" in shown
    assert sum(case in line for line in shown.partition("经过")[2].splitlines()) >= 2
    events = json.loads(do("show", first, "--json").out)["events"]
    assert {event["case"] for event in events} == {case, first}
    refused = do("do", case, "reopen")
    assert (refused.code, first in refused.err) == (1, True)
    assert f"{first}" in do("--lang", "en", "show", case).out
    assert do("ls").out.count("TS-") == 1
    assert "已并单" in do("ls", "--closed").out


def test_what_cannot_be_merged_is_told(do: Call, case: str) -> None:
    assert do("merge", case, "TS-9", "--reason", "x").code == 1
    assert "与自己" in do("merge", case, case, "--reason", "x").err
    assert "INTO" in do("merge", case).err


def test_linked_cases_show_each_other_and_a_household_is_below_its_mass_case(do: Call, case: str) -> None:
    first = another(do)
    assert do("link", case, first, "--relation", "同一户").code == 0
    assert f"关联 同一户  {case}" in do("show", first).out
    assert do("link", case, first, "--apart").code == 0
    assert do("link", case, first, "--child").code == 0
    assert f"上级工单  {first}" in do("show", case).out
    assert json.loads(do("ls", "--parent", first, "--json").out)[0]["number"] == case
    assert do("link", case, first, "--child", "--apart").code == 2


def test_a_part_is_split_off_with_the_fields_that_are_named(do: Call, case: str) -> None:
    made = do("split", case, "--take", "summary,phone", "--severity", "major", "--json")
    assert made.code == 0, made.err
    number = json.loads(made.out)["number"]
    fields = json.loads(do("show", number, "--json").out)["fields"]
    assert (fields["summary"], fields["severity"], fields["phone"]) == ("电梯异响", "major", "138****1234")
    lacking = do("split", case)
    assert (lacking.code, "还须填写" in lacking.err, "在命令后面加上：--summary …" in lacking.err) == (1, True, True)
    assert do("split", case, "--take", "weight").code == 1


def test_opening_names_cases_that_may_be_the_same_and_the_line_that_merges_them(do: Call, case: str) -> None:
    first = another(do)
    ran = do("open", "complaint", "--summary", "又来", "--room", "3-1-502")
    assert ran.code == 0
    number = ran.out.split()[0]
    assert f"可能重复：{first}" in ran.out
    assert f"guanjia merge {number} {first} --reason" in ran.out
    assert "Perhaps the same" in do("--lang", "en", "open", "complaint", "--summary", "x", "--room", "3-1-502").out
    like = json.loads(do("open", "complaint", "--summary", "x", "--room", "3-1-502", "--json").out)["like"]
    assert {first, number} <= set(like)
    assert case not in like


def test_what_one_did_last_is_taken_back_in_both_languages(do: Call, case: str, office: Path) -> None:
    path = office / "procedures/complaint.yaml"
    path.write_text(path.read_text().replace("calendar: office\n", "calendar: office\nundo: 10m\n", 1))
    number = another(do)
    done = do("do", number, "accept", "--promise", "x")
    assert f"前可撤回：guanjia undo {number}" in done.out
    back = do("undo", number)
    assert back.code == 0, back.err
    assert "撤回“接单”" in back.out
    assert "未发出，不再发：" in back.out
    again = do("--lang", "en", "undo", number)
    assert (again.code, "has been taken back already" in again.err) == (1, True)
    assert "不能撤回" in do("undo", case).err or "没有可以撤回" in do("undo", case).err
    do("do", number, "accept", "--promise", "x")
    do("work", "--once")
    told = json.loads(do("undo", number, "--json").out)
    assert (len(told["withdrawn"]), len(told["corrected"])) == (0, 1)
    assert "更正" in do("outbox", number).out


def test_cases_are_found_by_the_customer_too(do: Call, case: str, office: Path) -> None:
    path = office / "organisation.yaml"
    path.write_text(path.read_text().replace("rights: [backdate, clocks]", "rights: [backdate, clocks, customers]"))
    person = json.loads(
        do("--as", "supervisor.zhao", "customer", "add", "--name", "张伟", "--phone", "13900005678", "--json").out
    )
    number = json.loads(do("open", "complaint", "--summary", "x", "--customer", person["id"], "--json").out)["number"]
    for text in (person["id"], person["id"].lower(), "139 0000 5678", "+86 13900005678"):
        assert [row["number"] for row in json.loads(do("find", text, "--json").out)] == [number], text
    assert do("find", "13900000000", "--json").out.strip() == "[]"
    assert case in do("find", "电梯").out


def test_what_goes_on_in_a_case_already_is_not_merged_with_it_once_more(do: Call, case: str) -> None:
    first = another(do)
    assert do("merge", case, first, "--reason", "同一部电梯").code == 0
    refused = do("merge", first, case, "--reason", "x")
    assert (refused.code, f"{case} 已经并入 {first}" in refused.err, f"并入 {first}\n" in refused.err) == (
        1,
        True,
        False,
    )


def test_what_a_case_opens_by_itself_is_told_with_its_number(
    run: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_OFFICE", str(shipped(tmp_path / "office")))
    monkeypatch.setenv("GUANJIA_LANG", "zh")
    ran = run("--as", "reception.chen", "open", "repair", "--room", "3-1-502", "--summary", "冒烟", "--danger")
    assert "另开工单（应急）：YJ-2026-00001" in ran.out
    assert "另开工单（应急）：YJ-2026-00001" in run("--as", "reception.chen", "show", "BX-2026-00001").out
    assert (
        "opened a case of its own (emergency): YJ-2026-00001"
        in run("--as", "reception.chen", "--lang", "en", "show", "BX-2026-00001").out
    )
