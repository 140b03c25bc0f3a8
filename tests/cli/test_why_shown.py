"""`why`: a deadline explains itself in words, in both languages, and says what it would be if something were otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli.out import Out
from guanjia.clock import DAY, HOUR, ManualClock, from_iso
from guanjia.terminal import width

from tests.cli.terminals import Ran
from tests.offices import shipped, small

Call = Callable[..., Ran]
DESK = """
procedure: desk
number: D-{seq}
undo: 1h
fields:
  severity: {type: choice, of: [minor, critical], default: minor}
initial: new
transitions: {more: {do: [{extend: {solve: 1 workday}}]}}
states:
  new: {transitions: {ask: {to: waiting}, finish: {to: done}}}
  waiting: {transitions: {answered: {to: new}}}
  done: {final: true}
sla:
  solve:
    start: open
    pause: waiting
    stop: done
    target: [{guard: severity == 'critical', within: 4h, calendar: always}, {within: 3 workdays}]
    at: {80%: [{log: soon}], due: []}
  plumber: {kind: uc, start: open, stop: done, target: {within: 2h, then: 30m}}
  desk_to_desk: {kind: ola, start: open, stop: done, target: {within: 10 days, counting: civil_code}}
reopen: {to: new}
labels:
  zh: {solve: 办结时限, plumber: 水工到场, desk_to_desk: 内部移交, severity: 程度, minor: 一般, critical: 紧急, ask: 询问, answered: 已答复, more: 延期}
  en: {solve: settlement, plumber: plumber, desk_to_desk: handing on, severity: severity, minor: minor, critical: critical}
"""


STOPS = """
procedure: desk
number: S-{seq}
calendar: always
fields: {begins: {type: instant, required: true}}
initial: planned
states: {planned: {transitions: {tell: {to: told}}}, told: {final: true}}
sla: {ahead: {start: open, stop: told, target: {until: begins - hours(24)}}}
labels: {zh: {begins: 开始}, en: {begins: beginning}}
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_iso("2026-09-30T10:00", "Asia/Shanghai"))


@pytest.fixture
def do(run: Callable[..., Ran], tmp_path: Path, clock: ManualClock) -> Call:
    """A case of the eve of the National Day: asked about, answered, given a day more."""
    folder = small(tmp_path / "office", DESK)
    (folder / "calendars/office.yaml").write_text(
        "zone: Asia/Shanghai\nextends: [cn-2026]\nweek: {mon-fri: ['09:00-18:00']}\n"
    )

    def go(*words: str, lang: str = "en") -> Ran:
        return run("--office", str(folder), "--as", "agent.wang", "--lang", lang, *words, clock=clock)

    assert go("open", "desk").code == 0
    for after, action in ((HOUR, "ask"), (HOUR, "answered"), (HOUR, "more")):
        clock.advance(after)
        assert go("do", "D-1", action).code == 0
    return go


def test_it_says_from_when_which_target_what_stood_still_which_days_counted_and_why_this_instant(do: Call) -> None:
    en = re.sub(r"  +", "  ", do("why", "D-1", "solve").out)
    for told in (
        "settlement (solve)", "From  2026-09-30 10:00", "4 h", "for this does not hold: “severity” is “critical” (“severity” = minor)",
        "Target  3 working days", "Stood  2026-09-30 11:00 → 2026-09-30 12:00", "paused", "resumed", "extended", "1 working day  from the due instant",
        "Due  2026-10-12 24:00", "to come", "80%", "2026-10-01  Th  not counted  国庆节", "2026-10-10  Sa  1 working day", "make-up workday",
        "The day of the start does not count; the last day ends at 24:00.",
    ):  # fmt: skip
        assert told in en, told
    zh = re.sub(r"  +", "  ", do("why", "D-1", "solve", lang="zh").out)
    for told in (
        "办结时限", "起算", "不适用", "因为不成立：“程度”是“紧急”（“程度” = 一般）", "时限  3 个工作日", "暂停", "延长", "1 个工作日  从期限起",
        "期限  2026-10-12 24:00", "将到达", "不计", "国庆节", "调休上班", "起算当天不计；到最后一天 24:00 为止。",
    ):  # fmt: skip
        assert told in zh, told


def test_an_end_that_was_taken_back_is_followed_by_that(do: Call) -> None:
    assert do("do", "D-1", "finish").code == 0
    assert do("undo", "D-1").code == 0
    told = do("why", "D-1", "solve").out
    assert re.search(r"stopped in time +.*finish.*\n.*taken back: as it was before +took back “finish”", told)
    assert "撤回，恢复原状" in do("why", "D-1", "solve", lang="zh").out


def test_the_working_time_before_the_time_and_the_civil_codes_days_are_said(do: Call) -> None:
    assert "2 h, then 30 min around the clock" in do("why", "D-1", "plumber").out
    assert "2 小时，再加不分昼夜的 30 分钟" in do("why", "D-1", "plumber", lang="zh").out
    told = do("why", "D-1", "desk_to_desk", lang="zh").out
    assert "最后一天遇休息日顺延到工作日；到最后一天下班时为止" in told
    assert json.loads(do("why", "D-1", "desk_to_desk", "--json").out)[0]["counting"]["roll_over"] is True


def test_a_limit_that_is_an_instant_is_said_as_people_say_it(
    run: Callable[..., Ran], tmp_path: Path, clock: ManualClock
) -> None:
    folder = small(tmp_path / "stops", STOPS)
    who = ("--office", str(folder), "--as", "agent.wang", "--lang")
    assert run(*who, "en", "open", "desk", "--begins", "2026-10-09 09:00", clock=clock).code == 0
    assert "到“开始”前 24 小时为止" in run(*who, "zh", "why", "S-1", clock=clock).out
    assert "until 24 h before “beginning”" in run(*who, "en", "why", "S-1", clock=clock).out


def test_it_fits_a_terminal_of_eighty_columns_and_nothing_of_why_is_cut(
    do: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Out, "columns", 80)
    for lang in ("zh", "en"):
        told = do("why", "D-1", "solve", lang=lang).out
        assert max(map(width, told.splitlines())) <= 80
        assert "severity" in told or "程度" in told
        assert "…" not in told.split("\n\n")[0]


def test_what_would_be_if_it_were_urgent_or_later_is_reckoned_and_the_case_is_as_it_was(do: Call) -> None:
    before = json.loads(do("show", "D-1", "--json").out)
    supposed = do("why", "D-1", "solve", "--if", "severity=critical").out
    assert "(supposed; the case is as it was)" in supposed
    assert "Due     2026-10-01 24:00" in supposed  # of a calendar that never closes the next day is a working day
    assert "（假设，未改动工单）" in do("why", "D-1", "--if", "severity=critical", lang="zh").out
    later = json.loads(do("why", "D-1", "solve", "--at", "2026-10-20 09:00", "--json").out)[0]
    assert (later["breached_at"], later["status"]) == ("2026-10-13T00:00:00+08:00", "running")
    assert json.loads(do("show", "D-1", "--json").out) == before
    for words, code, said in (
        (("--if", "severity"), 2, "is not FIELD=VALUE"), (("--if", "severity=huge"), 1, "huge"), (("--if", "colour=red"), 1, "colour"),
        (("--at", "soon"), 2, "is no time"), (("--cycle", "7"), 1, "no cycle 7"),
    ):  # fmt: skip
        refused = do("why", "D-1", "solve", *words)
        assert (refused.code, said in refused.err) == (code, True), words
    assert do("why", "D-1", "sove").code == 1
    assert do("why", "D-9").code == 1


def test_every_cycle_of_a_reopened_case_explains_itself(do: Call, clock: ManualClock) -> None:
    do("do", "D-1", "finish")
    clock.advance(DAY)
    do("do", "D-1", "reopen")
    assert "cycle 2" in do("why", "D-1", "solve").out
    assert "stopped in time" in do("why", "D-1", "solve", "--cycle", "1").out


def test_to_whom_a_clock_is_promised_is_shown(do: Call) -> None:
    zh, en = do("show", "D-1", lang="zh").out, do("show", "D-1").out
    for text, words in ((zh, ("外包", "内部")), (en, ("contractor", "internal"))):
        assert all(word in text for word in words)
    kinds = {clock["name"]: clock["kind"] for clock in json.loads(do("show", "D-1", "--json").out)["clocks"]}
    assert kinds == {"solve": "sla", "plumber": "uc", "desk_to_desk": "ola"}


def test_what_a_limit_rests_upon_is_said_in_both_languages(
    tmp_path: Path, run: Call, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the standard, and of the overlay that sets a limit beside it; and the standards by themselves."""
    folder = shipped(tmp_path / "office")
    (folder / "office.yaml").write_text((folder / "office.yaml").read_text() + "\noverlays: [hangzhou]\n")
    who = ("--office", str(folder), "--as", "reception.chen", "--lang")
    opened = run(
        *who,
        "zh",
        "open",
        "complaint",
        "--summary",
        "噪声",
        "--place",
        "3 号楼",
        "--channel",
        "phone",
        "--json",
        clock=clock,
    )
    number = json.loads(opened.out)["number"]
    zh, en = (run(*who, language, "why", number, "answer", clock=clock).out for language in ("zh", "en"))
    assert "公司自定：参照杭州市物业管理条例（2021）" in zh
    assert "法规：杭州市物业管理条例（2021）" in zh
    assert "最早的：10 天、10 天" in zh
    assert "law: Hangzhou property regulations (2021)" in en
    told = run(*who, "zh", "standards", clock=clock).out
    assert "急修到场" in told
    assert "30 分钟，不分昼夜" in told
    assert "（未查证原文）" in told
    monkeypatch.setattr(Out, "columns", 80)
    narrow = run(*who, "en", "standards", clock=clock).out
    assert "complaint_receipt_danger" in narrow
    assert "30 min, day and night" in narrow
    assert max(map(width, narrow.splitlines())) <= 80
    plain = json.loads(run(*who, "en", "standards", "--pledged", "--json", clock=clock).out)
    assert all(one["standard"]["pledged"] for one in plain)
    assert {"repair.arrival"} <= {used for one in plain for used in one["used"]}
    (folder / "standards.yaml").unlink()
    assert run(*who, "en", "standards", clock=clock).code == 1
