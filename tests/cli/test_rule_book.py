"""`guanjia handbook`: the written rules, as a file in each form; and what is said where there is nothing to write."""

from __future__ import annotations

import pytest
from guanjia.cli.failure import INVALID, OK, REFUSED, USAGE

from tests.browser import find
from tests.offices import PEOPLE, small

DESK = """\
procedure: desk
about: {zh: 收邻居的东西，等人来取。, en: Things of neighbours are kept until somebody fetches them.}
fields: {summary: {type: text, required: true}}
sla: {answer: {start: open, stop: take, target: {within: 2h}}}
initial: new
states:
  new: {transitions: {take: {to: done, by: agent}}}
  done: {final: true}
labels:
  zh: {desk: 代收, new: 待办, done: 办结, take: 取走, summary: 内容, answer: 取件时限}
  en: {desk: parcels, new: new, done: done, take: fetch, summary: what, answer: fetching}
"""


@pytest.fixture
def office(tmp_path, monkeypatch):
    folder = small(tmp_path / "office", DESK)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "supervisor.zhao")
    return folder


def test_the_book_is_written_in_the_form_that_the_name_of_the_file_asks_for(office, run):
    for name, has in (("b.html", "<!doctype html>"), ("b.md", "# 服务管理制度"), ("b.txt", "<!doctype html>")):
        assert run("--lang", "zh", "handbook", "-o", name).code == OK
        text = (office / name).read_text()
        assert text.startswith(has)
        assert "取走" in text
        assert "2 小时" in text
    assert run("--lang", "en", "handbook", "desk", "--format", "md").out.startswith("# Rule book")
    assert "第 1 版" in run("--lang", "zh", "handbook", "--format", "md").out if run("ls").code == OK else False


def test_a_pdf_is_printed_by_the_browser_of_the_machine(office, run):
    if find() is None:
        pytest.skip("no browser on this machine")
    assert run("handbook", "-o", "b.pdf").code == OK
    assert (office / "b.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_browser_a_pdf_is_refused_with_the_way_around(office, run, monkeypatch):
    monkeypatch.setenv("PATH", str(office))
    refused = run("--lang", "en", "handbook", "-o", "b.pdf")
    assert (refused.code, "--format html" in refused.err) == (REFUSED, True)
    assert not (office / "b.pdf").exists()
    assert run("handbook", "--format", "pdf").code == USAGE


def test_a_notice_tells_what_changed_since_a_day_or_beside_another_folder(office, run, tmp_path):
    assert run("ls").code == OK  # publishes
    path = office / "procedures" / "desk.yaml"
    path.write_text(DESK.replace("within: 2h", "within: 1h"))
    today = run("--lang", "zh", "handbook", "--diff", "2099-01-01", "--format", "md")
    assert "| 2 小时 | 1 小时 |" in today.out
    assert "尚未发布" in run("--lang", "zh", "handbook", "--format", "md").out
    other = small(tmp_path / "other", DESK.replace("within: 2h", "within: 3h"))
    assert "| 3 小时 | 1 小时 |" in run("--lang", "zh", "handbook", "--diff", str(other), "--format", "md").out
    assert "新订立" in run("--lang", "zh", "handbook", "--diff", "2001-01-01", "--format", "md").out


def test_what_cannot_be_written_is_said(office, run):
    unknown = run("--lang", "en", "handbook", "dsk")
    assert (unknown.code, "desk" in unknown.err) == (REFUSED, True)
    assert "neither the folder of an office nor a date" in run("--lang", "en", "handbook", "--diff", "lately").err
    assert "写不了" in run("--lang", "zh", "handbook", "-o", "no/such/b.html").err
    assert run("handbook", "--part", "index").code == USAGE
    (office / "procedures" / "desk.yaml").write_text("procedure: desk\n")
    assert run("handbook").code == INVALID


def test_an_office_without_procedures_or_standards_has_a_book_of_what_there_is(office, run):
    (office / "procedures" / "desk.yaml").unlink()
    (office / "organisation.yaml").write_text(PEOPLE)
    assert run("--lang", "zh", "handbook", "--format", "md").code == OK
    assert run("--lang", "zh", "handbook", "--part", "pledge", "--format", "md").code == OK
