"""What the documents show is run here: a snippet that no longer works fails a test."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from guanjia.authoring.stories import run_stories
from guanjia.cli.main import main
from guanjia.language import OfficeFiles, read_yaml
from guanjia.model.office import Channels
from guanjia.model.stories import Moment, Opening, Resident, Stories, Story, Then

from tests.offices import PEOPLE, ROOT, shipped, small

LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def snippets(path: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.DOTALL)


@pytest.fixture
def my_office(tmp_path, monkeypatch) -> Path:
    """An empty folder with a new office in it, as after `guanjia init my-office`."""
    monkeypatch.chdir(tmp_path)
    return shipped(tmp_path / "my-office")


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md"])
def test_the_procedure_of_the_readme_is_in_order(my_office, document):
    (text,) = snippets(document, "yaml")
    name = re.search(r"procedure: (\w+)", text)[1]
    (my_office / "procedures" / f"{name}.yaml").write_text(text)
    (standard,) = re.findall(r"`(lost_reply: [^`]*)`", (ROOT / document).read_text())
    with (my_office / "standards.yaml").open("a") as file:
        file.write(f"  {standard}\n")
    for language in ("zh", "en"):
        (my_office / f"templates/{language}/lost_reminder.text.j2").write_text("{{ number }}\n")
    findings = [item for item in OfficeFiles(my_office).check() if item.severity == "error"]
    assert findings == []


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md", "docs/embedding.md"])
def test_the_python_of_the_documents_runs(my_office, document, capsys):
    blocks = snippets(document, "python")
    assert blocks
    for block in blocks:
        for left in (*my_office.glob("guanjia.db*"), *my_office.glob("office.key")):
            left.unlink()
        exec(compile(block, document, "exec"), {})
    assert "Traceback" not in capsys.readouterr().out


def test_the_story_of_the_page_on_clocks_comes_true(tmp_path):
    procedure, story = (text for text in snippets("docs/clocks.md", "yaml") if not text.startswith("# fragment"))
    office = small(tmp_path, procedure, name="request", more={"procedures/request.stories.yaml": story})
    results = list(run_stories(office))
    assert [(result.name, result.message) for result in results] == [
        ("every promise of a request, from its opening to its second end", None)
    ]


def stories_of_the_page() -> tuple[str, list[str]]:
    procedure, *stories = snippets("docs/stories.md", "yaml")
    return procedure, stories


HOUSE = PEOPLE + 'sites: {main: {buildings: {"3": {units: 1, floors: 2, rooms: 2}}}}\n'


def told(folder: Path, story: str) -> list[tuple[str, str | None]]:
    more = {"procedures/locker.stories.yaml": story, "organisation.yaml": HOUSE}
    office = small(folder, stories_of_the_page()[0], name="locker", templates=("told", "reminder"), more=more)
    return [(result.name, result.message.en if result.message else None) for result in run_stories(office)]


@pytest.mark.parametrize("number", range(len(stories_of_the_page()[1])))
def test_every_story_of_the_page_on_stories_comes_true(tmp_path, number):
    ((_, message),) = told(tmp_path, stories_of_the_page()[1][number])
    assert message is None


def test_a_story_of_that_page_that_says_otherwise_does_not(tmp_path):
    story = next(text for text in stories_of_the_page()[1] if "ladders: {up: alarmed}" in text)
    ((_, message),) = told(tmp_path, story.replace("up: alarmed", "up: stopped"))
    assert message == "ladder up should be stopped, is 2 (alarmed)"


def test_every_key_of_a_story_is_shown_there_at_work():
    shown = "\n".join(stories_of_the_page()[1])
    for model in (Stories, Story, Resident, Opening, Moment, Then):
        for name, info in model.model_fields.items():
            assert re.search(rf"(?<![\w]){info.alias or name}:\s", shown), f"{model.__name__}.{name}"


def test_the_mail_settings_of_the_operations_page_are_valid():
    (text,) = snippets("docs/operations.md", "yaml")
    Channels.model_validate(read_yaml(text, "office.yaml").data["channels"])


@pytest.mark.parametrize(
    "document", sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
)
def test_every_link_leads_somewhere(document):
    folder = (ROOT / document).parent
    broken = [target for target in LINK.findall((ROOT / document).read_text()) if not (folder / target).exists()]
    assert broken == []


def test_each_command_that_the_readmes_show_exists():
    from guanjia.cli.run import ROOT as COMMANDS

    for document in ("README.md", "README.zh-CN.md"):
        shown = set(re.findall(r"^guanjia (?:--as \S+ )?(\w+)", (ROOT / document).read_text(), re.MULTILINE))
        assert {"init", "open", "show", "do", "work"} <= shown <= set(COMMANDS.entries)


def test_both_readmes_show_the_same_snippets():
    for language in ("yaml", "python", "sh"):
        one, other = (
            [re.sub(r" +#.*", "", text) for text in snippets(document, language)]
            for document in ("README.md", "README.zh-CN.md")
        )
        assert one == other, language


def test_the_starter_office_is_complete_and_its_files_hold_no_findings(my_office):
    assert OfficeFiles(my_office).check() == []


def test_an_office_speaks_of_no_machine(my_office):
    for path in my_office.rglob("*"):
        if path.is_file():
            assert os.path.expanduser("~") not in path.read_text(errors="replace")
    shutil.rmtree(my_office)


def test_what_the_stories_of_that_page_reach_is_as_it_says(tmp_path, monkeypatch, capsys):
    procedure, stories = stories_of_the_page()
    whole = "stories:\n" + "".join(story.partition("stories:\n")[2] for story in stories)
    more = {"procedures/locker.stories.yaml": whole, "organisation.yaml": HOUSE}
    office = small(tmp_path, procedure, name="locker", templates=("told", "reminder"), more=more)
    (shown,) = (text for text in snippets("docs/stories.md", "console") if "--coverage" in text)
    monkeypatch.chdir(office)
    main(["--lang", "en", *shown.splitlines()[0].split()[2:]])
    assert capsys.readouterr().out.splitlines() == shown.splitlines()[1:]
