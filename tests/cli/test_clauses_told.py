"""`guanjia coverage` as somebody types it."""

from __future__ import annotations

import json

import pytest
from guanjia.cli.failure import INVALID, OK, REFUSED

from tests.authoring.test_clauses import DESK, STORIES
from tests.offices import small

CLAUSES = """\
clauses:
  A1:
    clause: {zh: 有人受理, en: somebody takes it}
    check: {zh: 受理后办结, en: it is closed once it is taken}
    done_by: [action desk.take, clock desk.answer]
    stories: {desk: [it is taken]}
"""


@pytest.fixture
def office(tmp_path, monkeypatch):
    folder = small(
        tmp_path / "office",
        DESK,
        templates=("told",),
        more={"procedures/desk.stories.yaml": STORIES, "clauses.yaml": CLAUSES},
    )
    monkeypatch.chdir(folder)
    return folder


def test_what_is_carried_out_is_told_and_what_is_not_ends_otherwise(office, run):
    told = run("--lang", "zh", "coverage")
    assert (told.code, "✓ A1" in told.out, "落实 1，未落实 0" in told.out) == (OK, True, True)
    more = run("--lang", "en", "coverage", "A1").out
    assert "checked by: it is closed once it is taken" in more
    assert "proven by: desk, “it is taken”" in more
    (office / "clauses.yaml").write_text(CLAUSES.replace("desk.take", "desk.takes"))
    lacking = run("--lang", "en", "coverage")
    assert (lacking.code, "there is no action desk.takes; did you mean desk.take?" in lacking.out) == (REFUSED, True)
    assert "clauses.yaml:5:15: there is no action" in lacking.out
    assert json.loads(run("coverage", "--json").out)[0]["kept"] is False


def test_without_clauses_or_with_an_unknown_one_it_says_what_to_do(office, run):
    assert "There are: A1" in run("--lang", "en", "coverage", "B2").err
    (office / "clauses.yaml").write_text("clauses: []\n")
    assert run("coverage").code == INVALID
    (office / "clauses.yaml").unlink()
    missing = run("--lang", "zh", "coverage")
    assert (missing.code, "没有 clauses.yaml" in missing.err) == (REFUSED, True)
