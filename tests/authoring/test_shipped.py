"""The shipped procedures: their stories walk everything that is written in them, and each letter is one that is sent and reads well."""

from __future__ import annotations

import re

import pytest
from guanjia.authoring.coverage import pieces
from guanjia.expressions import Templates
from guanjia.language import OfficeFiles
from guanjia.language.contents import Contents
from guanjia.model.procedure import Procedure
from guanjia.model.survey import Path, steps

from tests.authoring.walked import Walked
from tests.offices import SHIPPED, shipped
from tests.scale import drawn, scale, tell


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return shipped(tmp_path_factory.mktemp("walked") / "office", SHIPPED)


@pytest.fixture(scope="module", params=SHIPPED)
def walked(office, request):
    return Walked(office, request.param).run()


def test_every_story_holds(walked):
    assert [(result.name, result.place, result.message) for result in walked.results if not result.passed] == []


def test_some_story_walks_every_branch_threshold_target_level_effect_and_refusal(walked):
    assert walked.missing() == []


def test_every_letter_reads_well_in_both_languages(walked):
    marks = ("None", "{{", "{%", "  ", "\n\n\n", "。。", "：：", "..")
    for letter in walked.letters:
        assert letter.problem is None, letter
        assert not [mark for mark in marks if mark in letter.subject + "\n" + letter.body], letter
        assert 0 < len(letter.subject) <= 60, letter
        assert not re.search(r"\b(agent|steward|engineer|supervisor|manager|duty|security)\.[a-z]+\b", letter.body), (
            letter
        )
        assert letter.body.rstrip().endswith("0571-8800 1234"), letter


def without(procedure: Procedure, path: Path) -> Procedure:
    """The procedure with one branch, delay or threshold taken out."""
    plain = procedure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if "branches" in path:  # a delay is nothing without its body
        path = path[: path.index("branches")]
    place = plain
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return Procedure.model_validate(plain)


def test_a_transition_or_threshold_that_is_taken_out_fails_a_story_that_walks_it(walked, monkeypatch):
    name, version, written = walked.procedure, walked.program.version, Contents.version
    parts = {step.path: walked.that_walk(step) for step in steps(version.procedure)}
    thresholds = [(clock, each) for clock, sla in version.procedure.sla.items() for each in sla.at]
    parts |= {("sla", clock, "at", each): walked.walkers[f"clock {clock}: {each}"] for clock, each in thresholds}
    unnoticed = []
    for path in drawn().sample(list(parts), scale(5, len(parts), faults=len(parts))):
        lame = version.model_copy(update={"procedure": without(version.procedure, path)})
        with monkeypatch.context() as patch:
            patch.setattr(Contents, "version", lambda files, of, lame=lame: lame if of == name else written(files, of))
            if all(walked.tell(number).passed for number in parts[path]):
                unnoticed.append(path)
    tell(
        "a transition or threshold that is taken out fails a story",
        taken_out=scale(5, len(parts), faults=len(parts)),
        unnoticed=len(unnoticed),
    )
    assert unnoticed == []


def test_what_the_stories_reach_is_everything(walked):
    pieces_of_it = pieces(walked.program.version, walked.files.document(walked.procedure))
    assert [piece.text.en for piece in pieces_of_it if piece.key not in walked.watch.reached] == []


def test_a_procedure_says_what_it_is_for_and_what_is_kept_how_long(walked):
    procedure = walked.program.procedure
    assert procedure.about
    assert procedure.about.zh
    assert procedure.about.en
    assert procedure.retention is not None
    assert set(procedure.labels["zh"]) == set(procedure.labels["en"])


def test_check_has_nothing_to_say_of_the_whole_office(office):
    assert [(finding.place, finding.code) for finding in OfficeFiles(office, still=True).check()] == []


def test_every_template_is_sent_by_some_procedure_or_stands_in_one_that_is(office):
    files = OfficeFiles(office)
    templates = Templates(files.templates())
    used = {key for name in SHIPPED for key in files.version(name).templates}
    assert set(templates.sources) - used - {"zh/digest.text", "en/digest.text"} == set()


def test_a_letter_tells_the_same_in_both_languages(office):
    templates = Templates(OfficeFiles(office).templates())
    differing = [
        key
        for key in sorted(templates.sources)
        if key.startswith("zh/") and templates.variables(key) != templates.variables("en/" + key[3:])
    ]
    assert differing == []
