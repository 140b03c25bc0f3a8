"""An appraisal on a running office: its figures are those of the cases, and stay so; its row is the one of when it was opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from guanjia.authoring.reports import Figure
from guanjia.authoring.reports.reading import report
from guanjia.clock import DAY, HOUR, from_iso
from guanjia.errors import Refused
from guanjia.runtime.engine import Engine

from tests.offices import clock_of, engine, shipped

SINCE, UNTIL = from_iso("2026-03-01", "Asia/Shanghai"), from_iso("2026-04-01", "Asia/Shanghai")


@pytest.fixture
def desk(tmp_path: Path) -> Engine:
    return engine(shipped(tmp_path / "office", ("appraisal", "training")))


def training(desk: Engine, late: int) -> None:
    """One that the supervisor is responsible for, scheduled after so many days: within ten working days, or late."""
    case = desk.open("training", actor="manager.sun", summary="消防").case.id
    clock_of(desk).advance(late * DAY + HOUR)
    desk.run_once()
    desk.act(case, "cancel", actor="supervisor.zhao", why="并入下月")


def figures(desk: Engine) -> dict[str, Any]:
    """Of supervisor.zhao in March, by the keys of the report."""
    (table,) = report(desk, "appraisal", None, SINCE, UNTIL).tables
    row = next(row for row in table.rows if getattr(row[0], "zh", None) == "赵敏")
    return {key: cell.value for key, cell in zip(table.keys, row, strict=True) if isinstance(cell, Figure)}


def test_what_is_frozen_is_what_the_history_says_then_and_ever_after(desk: Engine) -> None:
    for late in (1, 0, 18):
        training(desk, late)
    clock_of(desk).set(UNTIL + DAY)
    now = figures(desk)
    assert (now["kept"], now["broken"], now["closed"], now["reopened"], now["marks"]) == (2, 1, 3, 0, None)
    case = desk.open("appraisal", actor="system", scheme="KH-5").case.id
    taken = {name: int(now[name]) for name in ("kept", "broken", "reopened")}
    given = {**taken, "completed": int(now["closed"]), "since": "2026-03-01", "until": "2026-03-31"}
    desk.act(case, "freeze", actor="manager.sun", **given)
    training(desk, 20)
    training(desk, 0)
    assert figures(desk) == now
    fields = desk.case(case).fields
    assert {name: fields[name] for name in taken} == taken
    assert float(fields["timely"]) == pytest.approx(100 * now["share"])


def test_a_frozen_figure_is_changed_by_nobody_and_the_measure_is_that_of_the_opening(desk: Engine) -> None:
    case = desk.open("appraisal", actor="system", scheme="KH-5").case.id
    registry = desk.files.folder / "registries" / "appraisals.yaml"
    registry.write_text(registry.read_text().replace("timely: 25, satisfaction: 25", "timely: 5, satisfaction: 45"))
    desk.refresh()
    given = {"since": "2026-02-01", "until": "2026-02-28", "kept": 1, "broken": 1, "completed": 1, "reopened": 0}
    desk.act(case, "freeze", actor="manager.sun", **given)
    with pytest.raises(Refused):
        desk.edit(case, actor="manager.sun", timely="100")
    desk.act(case, "self_rate", actor="supervisor.zhao", self_score="80", said="稳定")
    desk.act(case, "judge", actor="manager.sun", judged="80", comment="稳定")
    assert float(desk.case(case).fields["points"]) == pytest.approx((50 * 25 + 100 * 10 + 80 * 20) / (25 + 10 + 20))
    other = desk.open("appraisal", actor="system", scheme="KH-5").case
    assert other.entries["scheme"]["values"]["timely"] == 5
