"""`guanjia report` as somebody types it."""

from __future__ import annotations

import json

from guanjia.authoring.reports import REPORTS
from guanjia.cli.commands.report import NAMES
from guanjia.cli.failure import OK, REFUSED, USAGE

from tests.authoring.test_reports import DESK, STANDARDS
from tests.offices import small


def test_on_the_command_line_a_period_is_a_month_or_from_day_to_day(run, tmp_path, monkeypatch):
    folder = small(tmp_path / "cli", DESK, name="complaint", more={"standards.yaml": STANDARDS})
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "agent.wang")
    assert run("open", "complaint", "--summary", "x", "--category", "noise").code == OK
    number = json.loads(run("ls", "--json").out)[0]["number"]
    assert run("do", number, "take").code == OK
    shown = run("--lang", "en", "report", "sla", "--cases")
    assert "100.0 %" in shown.out
    assert f"KEPT: {number}" in shown.out
    told = json.loads(run("report", "sla", "--json").out)["tables"][0]["rows"][0]
    assert (told["kept"], told["procedure"]["zh"]) == ({"count": 1, "cases": [number]}, "投诉")
    assert "没有可统计的" in run("--lang", "zh", "report", "sla", "--month", "2001-12").out
    for wrong, told in ((["--procedure", "complaynt"], "complaint"), (["--site", "nowhere"], "nowhere")):
        refused = run("--lang", "en", "report", "sla", *wrong)
        assert (refused.code, told in refused.err) == (REFUSED, True), wrong
    for wrong in (
        ["--month", "2026-13"],
        ["--month", "2026-03", "--from", "2026-03-01"],
        ["--from", "lately"],
        ["--from", "2026-03-02", "--to", "2026-03-01"],
    ):
        assert run("report", "sla", *wrong).code == USAGE, wrong
    assert "complaint_analysis" in run("report").out
    assert set(NAMES) == set(REPORTS)
    assert run("report", "profit").code == USAGE
