"""`inbox`: what was refused between cases is listed without its values, and carried out once the reason is mended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from guanjia.cli.failure import OK, REFUSED, USAGE

from tests.cli.test_shapes import differences, documented
from tests.offices import small
from tests.runtime.test_parked import DESK, HELPER

SECRET = "13800138000"
WITH_PHONE = HELPER.replace("fields: {", "fields: {phone: {type: phone, personal: true}, ")
ASKING = DESK.replace("fields: {", "fields: {phone: {type: phone, personal: true}, ").replace("summary: summary", "phone: phone, summary: summary")  # fmt: skip


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run) -> Path:
    """The file of a procedure that a case wants a child of, and that was broken at that time."""
    folder = small(tmp_path / "office", ASKING, more={"procedures/helper.yaml": WITH_PHONE.replace("to: z", "to: y")})
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "agent.wang")
    file = folder / "procedures/helper.yaml"
    assert run("open", "desk", "--summary", "x", "--phone", SECRET).code == OK
    assert run("do", "D-1", "help").code == OK
    return file


def test_what_is_parked_is_listed_told_by_doctor_and_done_when_mended(helper, run):
    for language, said in (("zh", "建单 helper"), ("en", "open helper")):
        shown = run("--lang", language, "inbox")
        assert (said in shown.out, "D-1" in shown.out, SECRET in shown.out) == (True, True, False)
    (item,) = json.loads(run("inbox", "--json").out)
    assert differences(documented("inbox"), [item]) == []
    assert SECRET not in run("inbox", "--json").out
    assert "guanjia inbox" in run("--lang", "en", "doctor").out
    still = run("--lang", "zh", "inbox", "retry", item["short"])
    assert (still.code, "仍被拒绝" in still.out) == (REFUSED, True)
    helper.write_text(WITH_PHONE)
    assert "Done" in run("--lang", "en", "inbox", "retry", "--all").out
    assert "No commands are parked" in run("--lang", "en", "inbox").out
    assert "没有搁置" in run("--lang", "zh", "inbox", "retry", "--all").out
    assert "H-1" in run("ls").out


@pytest.mark.parametrize(("words", "code"), [((), USAGE), (("x", "--all"), USAGE), (("nothing",), REFUSED)])
def test_what_cannot_be_retried_is_told(helper, run, words, code):
    for language in ("zh", "en"):
        told = run("--lang", language, "inbox", "retry", *words)
        assert told.code == code
        assert told.err
