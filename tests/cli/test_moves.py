"""`calendar apply`, `suspend`, `log`: a person looks first, does it with a reason, and can stop half way."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.clock import ManualClock, from_iso
from guanjia.errors import plural
from guanjia.model.event import Command
from guanjia.runtime import moving
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store import Query, open_store

from tests.cli.terminals import Ran
from tests.core.test_moving import SHORT, made

CLOCK = ManualClock(from_iso("2026-03-02T16:00", "Asia/Shanghai"))
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}}
  manager: {label: {zh: 经理, en: manager}, rights: [calendar]}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  manager.sun: {name: 孙经理, roles: [manager]}
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    folder = made(tmp_path / "office")
    (folder / "organisation.yaml").write_text(PEOPLE)
    return folder


@pytest.fixture
def guanjia(run: Callable[..., Ran], office: Path) -> Callable[..., Ran]:
    def go(*words: str, who: str = "manager.sun", lang: str = "en") -> Ran:
        return run("--office", str(office), "--as", who, "--lang", lang, *words, clock=CLOCK)

    return go


@pytest.fixture
def three(guanjia: Callable[..., Ran], office: Path) -> Path:
    """Three open cases, and a calendar that was edited since."""
    for _ in range(3):
        assert guanjia("open", "desk", who="agent.wang").code == 0
    (office / "calendars/hours.yaml").write_text(SHORT)
    return office


def test_nothing_is_done_before_it_is_said(guanjia, three):
    seen = guanjia("calendar", "apply")
    assert seen.code == 0
    assert "6 deadlines move, 0 breach; 3 cases (calendars: hours)." in seen.out
    assert "D-1" in seen.out
    assert "2026-03-03 11:00" in seen.out
    assert "Nothing was changed" in seen.out
    plain = json.loads(guanjia("calendar", "apply", "--json").out)
    assert (plain["planned"], plain["deadlines"], plain["done"]) == (3, 6, False)
    assert plain["procedures"] == [
        {"procedure": "desk", "cases": 3, "deadlines": 6, "breaches": 0, "delays": 0, "provisional": 0, "rejudged": 0}
    ]
    done = guanjia("calendar", "apply", "--yes", "--reason", "三八节", lang="zh")
    assert done.code == 0
    assert "已有 6 个时限改期，其中 0 个随即超时；涉及 3 个工单（日历：hours）。" in done.out
    assert "Every open case is under the calendars as they are." in guanjia("calendar", "apply").out
    shown = guanjia("show", "D-1").out
    assert "came under another version" in shown
    assert "answer: 2026-03-03 11:00 → 2026-03-03 16:00" in shown
    assert "reason: 三八节" in shown


def test_it_wants_the_right_the_reason_and_names_that_there_are(guanjia, three):
    refused = guanjia("calendar", "apply", "--yes", "--reason", "x", who="agent.wang")
    assert (refused.code, "needs the right `calendar`" in refused.err) == (1, True)
    refused = guanjia("calendar", "apply", "--yes", lang="zh")
    assert (refused.code, "须写明原因（--reason）" in refused.err) == (1, True)
    refused = guanjia("calendar", "apply", "ours")
    assert (refused.code, "There is no calendar 'ours'" in refused.err) == (1, True)
    assert guanjia("calendar", "apply", "--policy", "later").code == 2


def test_whoever_stops_it_is_told_what_was_done_and_that_it_goes_on(guanjia, three, monkeypatch):
    monkeypatch.setattr(moving, "BATCH", 1)
    real = moving.Tally.add

    def stop(self, *given):
        real(self, *given)
        if self.cases == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(moving.Tally, "add", stop)
    stopped = guanjia("calendar", "apply", "--yes", "--reason", "x")
    assert stopped.code == 130
    assert "4 deadlines moved, 0 breached; 2 cases" in stopped.out
    assert "goes on where it stopped" in stopped.err
    monkeypatch.setattr(moving.Tally, "add", real)
    assert "2 deadlines moved, 0 breached; 1 case (" in guanjia("calendar", "apply", "--yes", "--reason", "x").out


HALF_WAY = f"""
import signal, sys
from guanjia import ManualClock
from guanjia.cli.main import main
from guanjia.runtime.moving import Tally

signal.signal(signal.SIGINT, signal.default_int_handler)  # Ctrl-C is heard whatever started the tests
real = Tally.add


def add(self, *given):
    real(self, *given)
    if self.cases == 150:
        print("half way", flush=True)
        signal.pause()  # however quick the machine, the signal comes before the end


Tally.add = add
sys.exit(main(sys.argv[1:], clock=ManualClock({CLOCK.now()})))
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_it_is_killed_or_stopped_half_way_and_goes_on_with_the_rest(guanjia, office, sent):
    """A thousand cases, a hundred to a commit: none is half moved, none is moved twice."""
    with Engine.at(office, clock=CLOCK) as engine:
        agent = engine.actor("agent.wang")
        engine.execute_many([Command("open", "desk", actor=agent) for _ in range(1000)])
        (old,) = engine.store.pins()
    (office / "calendars/hours.yaml").write_text(SHORT)
    words = [*f"--office {office} --as manager.sun --lang en".split(), "calendar", "apply", "--yes", "--reason", "x"]
    worker = subprocess.Popen(
        [sys.executable, "-c", HALF_WAY, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with contextlib.closing(open_store(office / "guanjia.db")) as store:
        assert any(line == "half way\n" for line in worker.stdout)
        worker.send_signal(sent)
        said = "".join(worker.communicate(timeout=60))
        left = store.pins().get(old, 0)
    assert 0 < left < 1000
    if sent == signal.SIGINT:
        assert (worker.returncode, "goes on where it stopped" in said) == (130, True)
    assert (
        f"{plural(2 * left, 'deadline')} moved, 0 breached; {plural(left, 'case')}"
        in guanjia("calendar", "apply", "--yes", "--reason", "x").out
    )
    with Engine.at(office, clock=CLOCK) as engine:
        for row in engine.list(Query(limit=1000)):
            assert [event.type for event in engine.history(row.id)].count("migrated") == 1
        assert not list(audit(engine))


def test_doctor_says_that_cases_are_on_calendars_of_before(guanjia, three):
    assert json.loads(guanjia("doctor", "--json").out)["cases_on_other_calendars"] == 3
    assert "3: guanjia calendar apply" in guanjia("doctor").out
    (three / "calendars/hours.yaml").write_text("zone: nowhere\n")
    guanjia("calendar", "check")


def test_a_procedure_that_a_suspension_does_not_find_is_asked_for(guanjia, three):
    told = guanjia("suspend", "--from", "2026-03-03 00:00", "--to", "2026-03-05 00:00", "--procedure", "desk,dask")
    assert told.code == 1
    assert "no procedure 'dask'" in told.err
    assert "Did you mean desk" in told.err


def test_a_suspension_is_decided_listed_and_ended(guanjia, three):
    window = ("--from", "2026-03-03 00:00", "--to", "2026-03-05 00:00")
    assert "No suspension was decided." in guanjia("suspend", "--list").out
    seen = guanjia("suspend", *window)
    assert "6 deadlines move, 0 breach; 3 cases" in seen.out
    done = guanjia("suspend", *window, "--yes", "--reason", "台风", "--clock", "answer")
    assert done.code == 0
    assert "3 deadlines moved" in done.out
    why = guanjia("why", "D-1", "answer", lang="zh").out
    assert "日历 hours" in why
    assert "hours@" not in why
    assert "台风" in why
    assert json.loads(guanjia("why", "D-1", "answer", "--json").out)[0]["calendar"] == "hours"
    listed = guanjia("suspend", "--list", lang="zh").out
    assert "S1" in listed
    assert "停止计时" in listed
    assert "全部流程，answer" in listed
    (plain,) = json.loads(guanjia("suspend", "--list", "--json").out)
    assert plain == {
        "id": "S1", "from": "2026-03-03T00:00:00+08:00", "to": "2026-03-05T00:00:00+08:00", "factor": None, "procedures": [],
        "clocks": ["answer"], "statutory": False, "reason": "台风", "actor": "manager.sun",
        "recorded_at": "2026-03-02T16:00:00+08:00", "state": "ahead",
    }  # fmt: skip
    assert guanjia("suspend", "--end", "S1", "--yes", "--reason", "解除").code == 0
    assert "No suspension was decided." in guanjia("suspend", "--list").out
    told = guanjia("log", lang="zh").out
    assert "决定 S1：2026-03-03 00:00 至 2026-03-04 24:00 停止计时（全部流程，answer）：台风" in told
    assert "S1 于 2026-03-02 16:00 提前结束：解除" in told
    assert guanjia("audit").code == 0


@pytest.mark.parametrize(
    "words", [(), ("--from", "2026-03-03 00:00"), ("--list", "--end", "S1"), ("--factor", "1", "--list")]
)
def test_a_line_that_says_too_little_or_too_much_is_refused_with_an_example(guanjia, office, words):
    assert guanjia("suspend", *words).code == 2


def test_a_verdict_that_would_be_another_now_is_shown_beside_it(guanjia, office):
    guanjia("open", "desk", who="agent.wang")
    CLOCK.set(from_iso("2026-03-03T10:30", "Asia/Shanghai"))
    try:
        guanjia("do", "D-1", "accept", who="agent.wang")
        guanjia("suspend", "--from", "2026-03-02 00:00", "--to", "2026-03-02 12:00", "--yes", "--reason", "x")
        assert json.loads(guanjia("show", "D-1", "--json").out)["clocks"][0]["recalculated"] is None
        (office / "calendars/hours.yaml").write_text('zone: Asia/Shanghai\nweek: {mon-sun: ["00:00-24:00"]}\n')
        guanjia("calendar", "apply", "--yes", "--reason", "全天候")
        assert json.loads(guanjia("show", "D-1", "--json").out)["clocks"][0]["recalculated"] == "breached"
        shown = guanjia("show", "D-1", lang="zh").out
        assert "“answer”当时判为按时，照现在的规则重算是超时；原判定不变" in shown
    finally:
        CLOCK.set(from_iso("2026-03-02T16:00", "Asia/Shanghai"))


def test_a_provisional_deadline_is_marked_until_the_year_is_published(guanjia, office):
    hours = office / "calendars/hours.yaml"
    hours.write_text(hours.read_text() + "published: [2026]\n")
    guanjia("open", "desk", who="agent.wang")
    assert "provisional" not in guanjia("ls").out
    CLOCK.set(from_iso("2026-12-30T16:00", "Asia/Shanghai"))
    try:
        guanjia("open", "desk", who="agent.wang")
        assert "(provisional)" in guanjia("ls").out
        assert "（暂定）" in guanjia("ls", lang="zh").out
        assert [row["number"] for row in json.loads(guanjia("ls", "--provisional", "--json").out)] == ["D-2"]
        assert json.loads(guanjia("doctor", "--json").out)["provisional_cases"] == 1
        assert "日历未公布，暂定" in guanjia("show", "D-2", lang="zh").out
        hours.write_text(hours.read_text().replace("[2026]", "[2026, 2027]") + "holidays: [2027-01-01]\n")
        assert guanjia("calendar", "apply", "--yes", "--reason", "公布 2027 年假期").code == 0
        assert guanjia("ls", "--provisional", lang="en").out == "No such cases.\n"
        assert guanjia("audit").code == 0
    finally:
        CLOCK.set(from_iso("2026-03-02T16:00", "Asia/Shanghai"))
