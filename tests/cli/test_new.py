"""`guanjia new`: a procedure that can be used at once, from answers at a terminal or from options; never half of one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from guanjia.authoring import beginning
from guanjia.cli.failure import INTERRUPTED, INVALID, OK, REFUSED, USAGE
from guanjia.language import OfficeFiles

from tests.cli.test_terminal import Terminal
from tests.offices import shipped, small


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shipped(tmp_path / "office")
    monkeypatch.setenv("GUANJIA_OFFICE", str(folder))
    return folder


def there(folder: Path) -> dict[str, str]:
    kept = ("procedures", "templates")
    standards = {path.name: path.read_text() for path in folder.glob("standards.yaml")}
    return standards | {
        str(path): path.read_text() for name in kept for path in sorted((folder / name).rglob("*")) if path.is_file()
    }


def test_from_options_it_is_written_whole_and_can_be_used_at_once(office, run, monkeypatch):
    made = run(
        "--lang",
        "en",
        "new",
        "parcel",
        "--zh",
        '包裹"代收"',
        "--en",
        "parcels",
        "--does",
        "steward",
        "--finish",
        "24h",
        "--yes",
    )
    assert (made.code, made.err) == (OK, "")
    assert [finding for finding in OfficeFiles(office).check() if "parcel" in finding.file] == [], "not even a warning"
    assert run("test", "parcel").code == OK
    version = OfficeFiles(office).version("parcel")
    assert version.procedure.label("parcel", "zh") == '包裹"代收"'
    assert {sla.target[0].within for sla in version.procedure.sla.values()} == {"30m", "24h"}
    assert version.procedure.sla["answer"].at["due"][0].escalate.to == ("supervisor",), "whoever stands above"
    assert run("test", "parcel", "--suggest", "--write").code == OK
    assert run("test", "parcel", "--at-least", "100").code == OK
    monkeypatch.setenv("GUANJIA_AS", "reception.chen")
    assert run("open", "parcel", "--summary", "一箱水果").code == OK


def test_a_role_may_be_called_as_the_office_calls_it_where_one_alone_is_called_so(office, run):
    assert run("--lang", "zh", "new", "parcel", "--does", "保洁员", "--opens", "engineer", "--yes").code == OK
    assert "{role: cleaner" in (office / "procedures/parcel.yaml").read_text()
    path = office / "organisation.yaml"
    path.write_text(path.read_text().replace("zh: 客服管家", "zh: 接待员"))
    refused = run("--lang", "zh", "new", "other", "--does", "接待员", "--yes")
    assert (refused.code, "不止一个：reception（接待员）、steward（接待员）" in refused.err) == (USAGE, True), (
        refused.err
    )


def test_nothing_is_overwritten_and_what_is_wrong_writes_nothing(office, run, monkeypatch):
    mine = office / "templates/zh/parcel_late.text.j2"
    mine.write_text("mine\n")
    before = there(office)
    refused = run("--lang", "en", "new", "parcel", "--yes")
    assert (refused.code, "templates/zh/parcel_late.text.j2" in refused.err) == (REFUSED, True)
    assert run("new", "repair", "--yes").code == REFUSED
    for wrong in (("Parcel",), ("包裹",), ("p", "--does", "nobody"), ("p", "--finish", "3d"), ("p", "--zh", "x" * 50)):
        assert run("new", *wrong, "--yes").code == USAGE
    assert run("new", "p").code == USAGE, "nobody sits there who could be asked"
    monkeypatch.setitem(beginning._TEXTS, "late", {"zh": "{{ nothing.at }}", "en": "{% if %}"})
    assert run("new", "q", "--yes").code == INVALID
    assert there(office) == before


def test_a_disk_that_fails_leaves_nothing_half_done(office, monkeypatch):
    before, proved = there(office), beginning._prove

    def full(*given: object) -> None:
        proved(*given)  # type: ignore[arg-type]
        (office / "templates/en/parcel_work.text.j2").mkdir()

    monkeypatch.setattr(beginning, "_prove", full)
    with pytest.raises(OSError, match="parcel_work"):
        beginning.begin(
            office, beginning.Answers("parcel", "包裹", "parcels", ("reception",), "agent", "supervisor", "30m", "2h")
        )
    assert there(office) == before


def test_a_small_office_with_nothing_but_people_can_begin(tmp_path, run, monkeypatch):
    folder = small(
        tmp_path / "small",
        "procedure: other\ninitial: a\nstates: {a: {transitions: {go: {to: b}}}, b: {final: true}}\n",
        name="other",
    )
    for calendar in (folder / "calendars").glob("*.yaml"):
        calendar.unlink()
    (folder / "procedures/other.yaml").unlink()
    monkeypatch.chdir(folder)
    assert run("new", "first", "--yes").code == OK
    assert (run("check").code, run("test").code) == (OK, OK)


def test_at_a_terminal_it_asks_what_is_missing_until_there_is_an_answer(office):
    terminal = Terminal(
        {**os.environ, "GUANJIA_OFFICE": str(office), "GUANJIA_LANG": "zh", "TERM": "dumb"},
        "new",
        "parcel",
        "--en",
        "parcels",
    )
    for asked, typed in (("中文叫什么", "包裹代收"), ("谁登记", "1"), ("谁来办", "nobody")):
        terminal.until(asked)
        terminal.until("> ")
        terminal.type(typed + "\n")
    terminal.until("没有在职的人是“nobody”")
    terminal.until("> ")
    terminal.type("steward\n")
    for asked, typed in (("迟了告诉谁", ""), ("多久之内接单", "soon"), ("> ", "1h"), ("多久之内办完", "")):
        terminal.until(asked)
        if asked != "> ":
            terminal.until("> ")
        terminal.type(typed + "\n")
    terminal.until("检查和情景都已通过")
    terminal.until("guanjia open parcel")
    assert terminal.end() == OK
    procedure = OfficeFiles(office).version("parcel").procedure
    assert (procedure.label("parcel", "zh"), procedure.sla["answer"].target[0].within) == ("包裹代收", "1h")


def test_who_breaks_off_in_the_middle_leaves_nothing(office):
    before = there(office)
    terminal = Terminal(
        {**os.environ, "GUANJIA_OFFICE": str(office), "GUANJIA_LANG": "en", "TERM": "dumb"}, "new", "parcel"
    )
    terminal.until("What is it called in Chinese")
    terminal.until("> ")
    terminal.type("包裹\n")
    terminal.until("English")
    terminal.until("> ")
    terminal.process.send_signal(signal.SIGINT)
    terminal.type("\n")  # whoever waits for a key looks at signals when one comes
    assert terminal.end() == INTERRUPTED
    assert there(office) == before


def test_where_there_is_no_procedure_yet_each_command_says_how_to_begin_one(tmp_path, monkeypatch, run):
    office = small(tmp_path / "office", "procedure: desk\n")
    (office / "procedures/desk.yaml").unlink()
    monkeypatch.chdir(office)
    monkeypatch.setenv("GUANJIA_AS", "manager.sun")
    for words in (("prove",), ("test", "--suggest"), ("procedures",)):
        shown = run("--lang", "zh", *words)
        assert (shown.code, "还没有流程；新建一个：guanjia new 名字" in shown.out) == (OK, True), words
    for words in (("prove", "repair"), ("diagram", "repair"), ("diff", "repair"), ("migrate",), ("explain-file", "repair"), ("rollback", "repair")):  # fmt: skip
        shown = run("--lang", "en", *words)
        assert "There is no procedure yet; begin one: guanjia new NAME" in shown.err, words
