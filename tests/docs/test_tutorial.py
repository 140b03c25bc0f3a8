"""The tutorial leads from an empty folder to a procedure of one's own: it is done here exactly as it is printed, in both languages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from guanjia.cli.failure import OK
from guanjia.cli.main import main
from guanjia.clock import ManualClock, from_iso

from tests.offices import ROOT

PAGES = {"en": "docs/tutorial.md", "zh": "docs/tutorial.zh-CN.md"}
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.M | re.S)
LABELS = re.compile(r"`(search: [^`]*)`.*`(search: [^`]*)`")
NOW = from_iso("2026-11-24T09:05", "Asia/Shanghai")
FASTEST = 200
"""Characters a minute of somebody who types slowly."""


def blocks(page: str) -> list[tuple[str, str, str]]:
    """(kind, where it goes, text), in order; what is said of labels in the text stands among them."""
    text = (ROOT / page).read_text()
    found = [(match.start(), (match[1], match[2], match[3])) for match in BLOCK.finditer(text)]
    said = LABELS.search(text)
    assert said is not None
    return [each for _, each in sorted([*found, (said.start(), ("labels", said[1], said[2]))])]


def write(where: str, text: str) -> None:
    """A whole file, lines at the end of one, or above or below one of its lines."""
    beside = re.fullmatch(r"(above|below) (.+) in (.+)", where)
    if beside is None:
        adds, path = where.startswith("add "), Path(where.removeprefix("add "))
        assert path.exists() == adds
        path.write_text((path.read_text() if adds else "") + text)
        return
    path = Path(beside[3])
    lines = path.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.strip().startswith(beside[2]))
    lines.insert(at + (beside[1] == "below"), text)
    path.write_text("".join(lines))


def label(chinese: str, english: str) -> None:
    path = Path("procedures/lost_item.yaml")
    before, zh, en = re.split(r"(?m)^(?=  (?:zh|en): )", path.read_text())
    one, other = (english, chinese) if re.search(r"[\u4e00-\u9fff]", english) is None else (chinese, english)
    path.write_text(
        before + zh.rstrip().removesuffix("}") + f", {other}}}\n" + en.rstrip().removesuffix("}") + f", {one}}}\n"
    )


@pytest.mark.parametrize("spoken", PAGES)
def test_whoever_types_what_stands_there_gets_what_stands_there(spoken, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GUANJIA_LANG", raising=False)
    monkeypatch.setenv("LC_ALL", {"zh": "zh_CN.UTF-8", "en": "en_US.UTF-8"}[spoken])
    monkeypatch.delenv("GUANJIA_AS", raising=False)
    monkeypatch.setenv("USER", "root")
    for kind, where, text in blocks(PAGES[spoken]):
        if kind == "labels":
            label(where, text)
        elif kind != "console":
            write(where, text)
        else:
            for step in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.M):
                command(*step, monkeypatch, capsys)


def command(line: str, answer: str, monkeypatch, capsys) -> None:
    """Type a line; what it answers has to be the lines that are shown, and more only where an ellipsis stands."""
    program, *words = shlex.split(line)
    if program == "cd":
        monkeypatch.chdir(words[0])
        return
    assert program == "guanjia"
    code = main(words, clock=ManualClock(NOW))
    told = capsys.readouterr()
    assert code == OK, told.err
    shown, more = answer.removesuffix("…\n"), answer.endswith("…\n")
    assert told.out.startswith(shown), told.out
    assert more or told.out == shown, told.out


def test_both_pages_have_the_same_files_in_the_same_steps():
    pages = [
        [(where, text) for kind, where, text in blocks(page) if kind not in ("console", "labels")]
        for page in PAGES.values()
    ]
    assert sorted(pages[0]) == sorted(pages[1])


@pytest.mark.parametrize("page", PAGES.values())
def test_it_is_typed_in_fifteen_minutes(page):
    typed = sum(len(text) for kind, _, text in blocks(page) if kind != "console")
    typed += sum(
        len(line)
        for kind, _, text in blocks(page)
        if kind == "console"
        for line in re.findall(r"^\$ (.*)$", text, re.M)
    )
    assert typed <= 15 * FASTEST + 600, typed
