"""The rule book: whatever the procedures do stands in it, in the words of people, and it lies flat on a page."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from guanjia.authoring.diagram import picture
from guanjia.authoring.diagram.svg import SQUEEZED, sheets
from guanjia.authoring.handbook import Document, House, handbook, house_of, markdown, notice_of_change, page
from guanjia.authoring.handbook.duties import duties
from guanjia.authoring.handbook.hours import hours
from guanjia.authoring.handbook.regulations import Regulation, states_of
from guanjia.authoring.wording import as_it_is
from guanjia.errors import Text
from guanjia.language import OfficeFiles

from tests.browser import Browser
from tests.offices import ROOT, shipped

LANGUAGES = ("zh", "en")
OUR_OWN = {"ISO", "CCTV", "III", "office", "always"}
"""Latin words that a Chinese reader meets every day; and the names that a calendar and a version have."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    files = OfficeFiles(shipped(tmp_path_factory.mktemp("handbook") / "office"))
    return house_of(files, ("complaint", "repair", "emergency"))


@pytest.fixture(scope="module")
def books(house: House) -> dict[str, Document]:
    return {spoken: handbook(house, spoken, "2026-11-27") for spoken in LANGUAGES}


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_every_state_action_field_clock_ladder_and_notice_of_a_procedure_stands_in_its_chapter(house, books, spoken):
    told = re.sub(r"\\(.)", r"\1", markdown(books[spoken]))
    for version in house.versions:
        it = version.procedure
        names = {*it.fields, *it.sla, *it.ladders, *it.modes}
        for owner, state, _ in states_of(it):
            names |= {
                owner,
                *state.transitions,
                *state.signals,
                *state.after,
                *state.breach,
                *([state.outcome] if state.outcome else []),
            }
            names |= {name for group in state.transitions.values() for branch in group for name in branch.input}
        missing = {name for name in names if it.label(name, spoken) not in told}
        assert not missing, it.procedure


def test_the_chinese_book_has_no_english_in_it_and_no_name_that_only_files_have(books):
    text = re.sub(r"```mermaid.*?```|<a id=.*?</a>|\]\(#.*?\)|<br>", "", markdown(books["zh"]), flags=re.S)
    words = set(re.findall(r"[A-Za-z_]{3,}", re.sub(r"\{\w+(?::\d+)?\}", "", text))) - OUR_OWN
    assert not words


def test_whoever_may_do_something_finds_it_among_his_duties_with_the_clock_that_it_ends(house):
    complaint = next(version for version in house.versions if version.procedure.procedure == "complaint")
    does = duties(Regulation(complaint, as_it_is, []))
    named = {action.en: [clock.en for clock in clocks] for action, clocks in does["coordinator"].items()}
    assert any(clock.startswith("assessment") for clock in named[complaint.procedure.label("assess", "en")])
    for _, state, _ in states_of(complaint.procedure):
        for action, branches in state.transitions.items():
            for word in (word.partition(" for ")[0] for branch in branches for word in branch.by):
                assert (
                    Text(complaint.procedure.label(action, "zh"), complaint.procedure.label(action, "en")) in does[word]
                )
    assert "assess" not in does["reception"]


def test_a_clock_that_a_state_started_which_was_left_long_ago_is_no_duty_of_later_steps(house):
    complaint = next(version for version in house.versions if version.procedure.procedure == "complaint")
    agreed = duties(Regulation(complaint, as_it_is, []))["customer"][
        Text("认可", complaint.procedure.label("agree", "en"))
    ]
    assert not agreed


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_residents_read_what_is_pledged_and_nothing_else(house, spoken):
    told = markdown(handbook(house, spoken, "2026-11-27", ("pledge",)))
    for held in house.standards.values():
        item = getattr(held.standard.item, spoken)
        assert (re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", item) in told) == held.standard.pledged, item
    assert house.office.phone in told


def test_where_a_city_sets_another_limit_the_pledge_names_both(tmp_path):
    folder = shipped(tmp_path / "office")
    office = folder / "office.yaml"
    office.write_text(office.read_text() + "overlays: [hangzhou]\n")
    files = OfficeFiles(folder)
    standards = files.standards()
    assert standards is not None
    name = next(name for name, held in standards.items() if held.overlays)
    pledged = standards[name].model_copy(
        update={"standard": standards[name].standard.model_copy(update={"pledged": True, "within": "3 days"})}
    )
    told = markdown(handbook(replace(house_of(files, ()), standards={name: pledged}), "zh", "", ("pledge",)))
    assert "以先到的为准" in told


def test_a_notice_of_changes_tells_what_is_new_what_went_and_what_is_otherwise(house):
    repair = next(version for version in house.versions if version.procedure.procedure == "repair")
    branch = repair.procedure.model_copy(update={"undo": "3m"})
    edited = repair.model_copy(update={"procedure": branch})
    before = replace(
        house, versions=[version for version in house.versions if version.procedure.procedure != "complaint"]
    )
    after = replace(
        house, versions=[edited, *(version for version in house.versions if version.procedure.procedure == "complaint")]
    )
    told = markdown(notice_of_change(before, after, "en", "2026-11-27"))
    assert "10m → 3m" in told
    assert told.count("New.") == 1
    assert told.count("Withdrawn: no new cases.") == 1
    assert "没有变更。" in markdown(notice_of_change(house, house, "zh", ""))


class _Nesting(HTMLParser):
    """Refuses what is closed otherwise than it was opened, and what asks for anything from elsewhere."""

    VOID = ("meta", "col", "br", "rect", "path", "circle", "use")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "img", "link", "iframe")
        assert not [value for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag, self.getpos()


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_the_page_is_whole_and_needs_nothing_from_elsewhere(books, spoken):
    nesting = _Nesting()
    nesting.feed(page(books[spoken]))
    assert nesting.open == []


def test_a_name_that_would_be_code_in_a_page_is_words_in_it(house):
    office = house.office.model_copy(
        update={"name": house.office.name.model_copy(update={"zh": "<script>x</script>|*"})}
    )
    book = handbook(replace(house, office=office, versions=house.versions[:1]), "zh", "")
    assert "<script>" not in page(book)
    assert r"\<script\>x\</script\>\|\*" in markdown(book)


def test_a_flow_is_cut_into_sheets_that_fit_a_page_and_through_no_text(house):
    for version in house.versions:
        drawn = picture(version.procedure, "zh", str)
        found = sheets(drawn, 672, 900)
        tops = []
        for sheet in found:
            top, wide, high = (int(found) for found in re.search(r'viewBox="0 (\d+) (\d+) (\d+)"', sheet).groups())  # type: ignore[union-attr]
            assert high <= 900 * max(1, wide / 672) * SQUEEZED
            tops.append(top)
        baselines = {int(at) for at in re.findall(r'<text x="\d+" y="(\d+)"', found[0])}
        for cut in tops[1:]:
            assert not [at for at in baselines if at - 12 < cut < at + 3], (version.procedure.procedure, cut)


def test_hours_are_told_as_people_say_them():
    week = [[[510, 720], [780, 1080]]] * 5 + [[[540, 1020]], []]
    assert hours({"week": week}) == Text(
        "按工作时间（周一至周五 08:30-12:00、13:00-18:00；周六 09:00-17:00）",
        "by working hours (Monday to Friday 08:30-12:00, 13:00-18:00; Saturday 09:00-17:00)",
    )
    assert hours({"always": True}).zh == "不分昼夜"
    assert hours({"week": [[[1320, 1800]]] * 7}).en == "by working hours (Monday to Sunday 22:00-06:00)"


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_no_part_of_the_page_is_wider_than_the_paper(browser: Browser, books, spoken, tmp_path: Path):
    path = tmp_path / "book.html"
    path.write_text(page(books[spoken]))
    browser.size(760, 1000)  # the width of A4 between its margins, a little less
    browser.go(path.as_uri())
    wide = "return [...document.querySelectorAll('td,th,li,p,h2,h3,svg,body')].filter(it => it.scrollWidth > it.clientWidth + 1 && it.clientWidth || it.getBoundingClientRect().right > 761).map(it => it.outerHTML.slice(0, 200))"
    assert browser.run(wide) == []


def test_every_shipped_procedure_says_what_it_is_for():
    for path in sorted((ROOT / "procedures").glob("*.yaml")):
        if not path.name.endswith(".stories.yaml"):
            assert (
                re.search(r"^about:\n  zh: .{20,}\n  en: .{20,}", path.read_text(), re.M)
                or "about: {zh:" in path.read_text()
            ), path.name
