"""`guanjia test`: the stories, what they reach, and the code that says whether that is enough."""

from __future__ import annotations

import json

from guanjia.cli.failure import INVALID, OK, REFUSED, USAGE

from tests.authoring.test_coverage import DESK, SMALL, at
from tests.offices import small


def test_the_command_tells_a_table_and_a_list_and_its_code_is_that_of_the_stories(tmp_path, monkeypatch, run):
    folder = small(
        tmp_path / "office", DESK, templates=("hurry",), more={"procedures/desk.stories.yaml": f"stories:\n{SMALL}"}
    )
    monkeypatch.chdir(folder)
    shown = run("--lang", "en", "test", "--coverage")
    assert shown.code == OK
    assert shown.out.splitlines()[2:4] == [
        "PROCEDURE  STATES  TRANSITIONS  GUARDS  THRESHOLDS  DELAYS  LEVELS  TEMPLATES  IN ALL",
        "desk       2/5     1/5          2/8     1/3         0/1     0/3     2/4        27.5%",
    ]
    assert f"  {at('lapse:')}: delay “lapse” in state “asked”" in shown.out
    assert "没有情景走到的" in run("--lang", "zh", "test", "--coverage").out
    assert run("test", "--at-least", "27").code == OK
    short = run("--lang", "en", "test", "--at-least", "28")
    assert (short.code, short.err) == (REFUSED, "Error: The stories of desk reach 27.5% of it; 28% is asked for.\n")
    assert run("test", "--at-least", "101").code == USAGE
    plain = json.loads(run("test", "--coverage", "--json").out)
    assert plain["stories"] == json.loads(run("test", "--json").out)
    (desk,) = plain["coverage"]
    assert (desk["procedure"], desk["share"], desk["counts"]["levels"]) == ("desk", 27.5, {"reached": 0, "of": 3})
    assert {"kind": "states", "place": at("dropped: {final")}.items() <= desk["missing"][2].items()


def test_what_is_wrong_in_a_procedure_that_is_named_is_told_once_and_not_by_each_of_its_stories(
    tmp_path, monkeypatch, run
):
    twice = SMALL + SMALL.replace("story: ", "story: again ", 1)
    folder = small(
        tmp_path / "office", DESK, templates=("hurry",), more={"procedures/desk.stories.yaml": f"stories:\n{twice}"}
    )
    monkeypatch.chdir(folder)
    path = folder / "procedures/desk.yaml"
    path.write_text(path.read_text() + "nonsense: 1\n")
    told = run("--lang", "en", "test", "desk")
    assert (told.code, told.err.count("[unknown-key]"), told.out) == (INVALID, 1, "")


def test_what_is_wrong_in_a_procedure_is_told_once_where_none_is_named_and_the_others_stories_run(
    tmp_path, monkeypatch, run
):
    twice = SMALL + SMALL.replace("story: ", "story: again ", 1)
    more = {
        "procedures/desk.stories.yaml": f"stories:\n{twice}",
        "procedures/other.yaml": DESK.replace("procedure: desk", "procedure: other", 1),
        "procedures/other.stories.yaml": f"stories:\n{SMALL}",
    }
    folder = small(tmp_path / "office", DESK, templates=("hurry",), more=more)
    monkeypatch.chdir(folder)
    path = folder / "procedures/desk.yaml"
    path.write_text(path.read_text() + "nonsense: 1\n")
    told = run("--lang", "en", "test", "--verbose")
    assert (told.code, (told.out + told.err).count("nonsense")) == (INVALID, 2)  # the finding and its line
    assert told.err.count("[unknown-key]") == 1
    assert "✗ desk  has errors, so 2 stories cannot run\n" in told.out
    assert "✓ other" in told.out
    assert "Stories: 1 passed, 2 failed" in told.out
    assert "有错误，2 条情景没法跑" in run("--lang", "zh", "test").out
    plain = json.loads(run("test", "--json").out)
    assert [it["passed"] for it in plain if it["procedure"] == "desk"] == [False, False]


def test_missing_stories_are_printed_or_written_into_the_file(tmp_path, monkeypatch, run):
    folder = small(
        tmp_path / "office", DESK, templates=("hurry",), more={"procedures/desk.stories.yaml": f"stories:\n{SMALL}"}
    )
    monkeypatch.chdir(folder)
    printed = run("--lang", "zh", "test", "--suggest")
    assert printed.out.startswith("stories:\n  - story: ")
    assert (folder / "procedures/desk.stories.yaml").read_text() == f"stories:\n{SMALL}"
    count = printed.out.count("- story:")
    said = run("--lang", "zh", "test", "desk", "--suggest", "--write")
    assert said.out == f"procedures/desk.stories.yaml：写入 {count} 条情景\n"
    assert run("test", "--at-least", "100").code == OK
    again = run("--lang", "en", "test", "--suggest")
    assert (again.out, again.err) == ("", "desk: no story to suggest.\n")
    assert run("test", "--suggest", "--json").code == USAGE
    (folder / "procedures/desk.stories.yaml").write_text("stories: [\n")
    assert run("test", "--suggest", "--write").code == INVALID
