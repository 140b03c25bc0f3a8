"""A mistake in office.yaml or organisation.yaml stops nobody at the desk: what they said when they were in order last goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia import Engine
from guanjia.cli.failure import INVALID, OK, REFUSED
from guanjia.clock import SECOND, ManualClock
from guanjia.runtime.worker import LOOK, Worker

from tests.cli.terminals import Ran
from tests.core.test_statecharts import FLAT
from tests.offices import MONDAY, PEOPLE, small


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = small(tmp_path / "office", FLAT)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_LANG", "en")
    return folder


def opens(run: Callable[..., Ran], who: str = "agent.wang") -> Ran:
    return run("--as", who, "open", "desk", "--summary", "x")


SLIPS = {
    "organisation.yaml": lambda text: text.replace("agent.li: {name: Li Lei,", "agent.li: {nmae: Li Lei,"),
    "office.yaml": lambda text: text.replace("zone: Asia/Shanghai", "zone: Asia/Shang hai"),
}


@pytest.mark.parametrize("file", SLIPS)
def test_the_desk_works_on_while_a_file_has_a_slip_and_hears_of_it(
    office: Path, run: Callable[..., Ran], file: str
) -> None:
    assert opens(run).code == OK
    right = (office / file).read_text()
    (office / file).write_text(SLIPS[file](right))
    told = opens(run)
    assert (told.code, f"{file}:" in told.err, "said before goes on" in told.err) == (OK, True, True)
    assert "按上次正确时的内容办理" in run("--lang", "zh", "--as", "agent.wang", "open", "desk", "--summary", "x").err
    assert run("work", "--once").code == OK
    assert run("check").code == INVALID
    assert (run("doctor").code, "The files hold" in run("doctor").out) == (REFUSED, True)
    (office / file).write_text(right)
    assert (opens(run).code, opens(run).err) == (OK, "")


def test_what_else_was_changed_waits_with_the_slip(office: Path, run: Callable[..., Ran]) -> None:
    assert opens(run).code == OK
    gone = PEOPLE.replace(
        "  agent.wang: {name: 王小明, roles: [agent]}\n", "  agent.hu: {name: 胡小红, roles: [agent]}\n"
    )
    (office / "organisation.yaml").write_text(gone + "stuff: {}\n")
    assert (opens(run).code, opens(run, "agent.hu").code) == (OK, REFUSED)
    (office / "organisation.yaml").write_text(gone)
    assert (opens(run).code, opens(run, "agent.hu").code) == (REFUSED, OK)


def test_an_office_that_never_was_in_order_has_nothing_to_go_on_by(office: Path, run: Callable[..., Ran]) -> None:
    right = (office / "organisation.yaml").read_text()
    (office / "organisation.yaml").write_text(right + "stuff: {}\n")
    told = opens(run)
    assert (told.code, "organisation.yaml:10:1" in told.err) == (INVALID, True)
    (office / "organisation.yaml").write_text(right)
    assert opens(run).code == OK


def test_a_slip_whose_cause_lies_elsewhere_is_an_error(office: Path, run: Callable[..., Ran]) -> None:
    (office / "calendars/peace.yaml").write_text('zone: Asia/Shanghai\nweek: {mon-sun: ["08:00-21:00"]}\n')
    with (office / "office.yaml").open("a") as file:
        file.write("quiet: {customers: peace}\n")
    assert opens(run).code == OK
    (office / "calendars/peace.yaml").unlink()
    written = "# as it is now\n" + (office / "office.yaml").read_text()
    (office / "office.yaml").write_text(written)
    told, line = opens(run), written.splitlines().index("quiet: {customers: peace}") + 1
    assert (told.code, f"office.yaml:{line}:" in told.err, "peace" in told.err) == (INVALID, True, True)


def test_a_worker_that_begins_meanwhile_takes_up_what_is_mended(office: Path, run: Callable[..., Ran], caplog) -> None:
    assert opens(run).code == OK
    (office / "organisation.yaml").write_text(PEOPLE + "stuff: {}\n")
    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine:
        worker = Worker(engine)
        for _ in range(2):
            clock.advance(LOOK + SECOND)
            worker.run_once()
        told = [getattr(record, "guanjia", {}).get("event") for record in caplog.records]
        assert told.count("unusable") == 1, "told once, however often it is looked at"
        assert "agent.hu" not in engine.organisation.staff
        (office / "organisation.yaml").write_text(PEOPLE + "  agent.hu: {name: 胡小红, roles: [agent]}\n")
        clock.advance(LOOK + SECOND)
        worker.run_once()
        assert "agent.hu" in engine.organisation.staff
        assert engine.files.leaning == []
