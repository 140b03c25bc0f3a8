"""The shipped procedures: their stories walk everything that is written in them, and each letter is one that is sent and reads well."""

from __future__ import annotations

import random
import re

import pytest
from guanjia.expressions import Templates
from guanjia.language import OfficeFiles
from guanjia.model.procedure import Procedure
from guanjia.model.survey import Step, steps

from tests.authoring.walked import Walked
from tests.offices import shipped

PROCEDURES = ["complaint", "repair", "emergency"]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return shipped(tmp_path_factory.mktemp("walked") / "office")


@pytest.fixture(scope="module", params=PROCEDURES)
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


def without(procedure: Procedure, step: Step) -> Procedure:
    """The procedure with one branch, or one delay, taken out."""
    plain = procedure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    path = list(step.path)
    if step.trigger == "delay":
        path = path[: path.index("branches")]
    place = plain
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return Procedure.model_validate(plain)


def test_a_transition_that_is_taken_out_fails_a_story_that_walks_it(walked, monkeypatch):
    seed = random.randrange(10**6)
    print("seed", seed)
    name, version, written = walked.procedure, walked.program.version, OfficeFiles.version
    for step in random.Random(seed).sample(list(steps(version.procedure)), 5):
        lame = version.model_copy(update={"procedure": without(version.procedure, step)})
        with monkeypatch.context() as patch:
            patch.setattr(
                OfficeFiles, "version", lambda files, of, lame=lame: lame if of == name else written(files, of)
            )
            assert not all(walked.tell(number).passed for number in walked.that_walk(step)), step


def test_every_template_is_sent_by_some_procedure_or_stands_in_one_that_is(office):
    files = OfficeFiles(office)
    templates = Templates(files.templates())
    used = {key for name in PROCEDURES for key in files.version(name).templates}
    assert set(templates.sources) - used - {"zh/digest.text", "en/digest.text"} == set()


def test_a_letter_tells_the_same_in_both_languages(office):
    templates = Templates(OfficeFiles(office).templates())
    differing = [
        key
        for key in sorted(templates.sources)
        if key.startswith("zh/") and templates.variables(key) != templates.variables("en/" + key[3:])
    ]
    assert differing == []
