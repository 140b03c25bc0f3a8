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
from guanjia.authoring.handbook.document import Heading, Items, Table
from guanjia.authoring.handbook.duties import duties
from guanjia.authoring.handbook.hours import hours
from guanjia.authoring.handbook.regulations import Regulation, states_of
from guanjia.authoring.wording import as_it_is
from guanjia.errors import Text
from guanjia.language import OfficeFiles

from tests.browser import Browser
from tests.offices import ROOT, shipped
from tests.scale import scale

LANGUAGES = ("zh", "en")
OUR_OWN = {"ISO", "GB", "CCTV", "II", "III", "IV"}
"""Latin words that a Chinese reader meets every day."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    files = OfficeFiles(shipped(tmp_path_factory.mktemp("handbook") / "office"))
    return house_of(files, ("complaint", "repair", "emergency"))


@pytest.fixture(scope="module")
def books(house: House) -> dict[str, Document]:
    return {spoken: handbook(house, spoken, "2026-11-27") for spoken in LANGUAGES}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """The book of all that is shipped."""
    files = OfficeFiles(shipped(tmp_path_factory.mktemp("handbook") / "office"))
    house = house_of(files, files.procedures())
    return {spoken: handbook(house, spoken, "2026-11-27") for spoken in LANGUAGES}


def read(book: Document) -> str:
    """The words of a book, without what Markdown adds to them."""
    text = re.sub(r"```mermaid.*?```|<a id=.*?</a>|\]\(#.*?\)", "", markdown(book), flags=re.S)
    return re.sub(r"\\(.)", r"\1", text.replace("<br>", "\n"))


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_every_state_action_field_clock_ladder_and_notice_of_a_procedure_stands_in_its_chapter(house, books, spoken):
    told = read(books[spoken]).casefold()
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
        missing = {name for name in names if it.label(name, spoken).casefold() not in told}
        assert not missing, it.procedure


def test_the_chinese_book_has_no_english_in_it_nor_the_english_one_chinese_and_neither_a_name_that_only_files_have(
    whole,
):
    assert set(re.findall(r"[A-Za-z_]{2,}", read(whole["zh"]))) - OUR_OWN == set()
    assert re.findall(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]+", read(whole["en"])) == []
    assert re.findall(r"\w+_\w+", read(whole["en"])) == []


def test_a_word_of_a_procedure_is_its_own_though_another_calls_something_else_by_it(books):
    complaint = read(books["en"]).partition("\n## Complaint")[2].partition("\n## Repair")[0]
    assert "“acknowledge”: by receptionist" in complaint
    assert "take the alarm" not in complaint


def test_a_case_that_is_opened_is_told_in_the_words_of_its_procedure(whole):
    assert "另开工单“报修”，称作“报修工单”" in read(whole["zh"])
    assert "“类别”为“急修”" in read(whole["zh"])


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_no_mark_stands_twice_no_number_is_wrong_and_no_expression_is_raw(whole, spoken):
    text = read(whole[spoken])
    twice = r"[）)][）)]|[（(][（(]|[，。；：、,;:](?:[，。；：、,;]|:)|“”|[（(][）)]|…[；;]|\.\.|(?<=\S)  (?=\S)"
    assert re.findall(rf".{{0,20}}(?:{twice}).{{0,20}}", text) == []
    assert re.findall(r"\b1 (?:times|days|hours|working days|items|characters)\b.*", text) == []
    assert re.findall(r".{0,20}(?:==|!=|>=|<=|\[[“0-9]|[{}]|\bNone\b|\bTrue\b).{0,20}", text) == []


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_no_section_is_empty_and_no_cell_is_blank(whole, spoken):
    blocks = whole[spoken].blocks
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        match block:
            case Heading():
                assert after is not None, block
                assert not isinstance(after, Heading) or after.level > block.level, block
            case Items(items):
                assert items, block
                assert all(text.strip() for _, text, _ in items), block
            case Table(_, rows, _):
                assert rows, block
                assert all(line.strip() for row in rows for cell in row for line in cell or ("",)), block
            case _:
                pass


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
    assert (
        "| Aim and scope | Whoever did it may take it back for 10 min | Whoever did it may take it back for 3 min |"
        in told
    )
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


WIDER = """
return [...document.querySelectorAll('body, body *')].filter(it => !it.ownerSVGElement)
  .filter(it => it.scrollWidth > it.clientWidth + 1 && it.clientWidth && getComputedStyle(it).display != 'inline'
    || it.getBoundingClientRect().right > innerWidth + 1 || it.getBoundingClientRect().left < 0)
  .map(it => it.outerHTML.slice(0, 200))
"""
"""What is wider than the page, or than what it stands in."""
STRUCK = """
const struck = [];
for (const svg of document.querySelectorAll('svg')) {
  const [, , width] = svg.getAttribute('viewBox').split(' ').map(Number);
  const lines = [...svg.querySelectorAll('path')].map(it => /^M([0-9]+) ([0-9]+)H/.exec(it.getAttribute('d'))).filter(it => it);
  for (const text of svg.querySelectorAll('text')) {
    const box = text.getBBox(), right = box.x + box.width;
    const across = lines.some(([, x, y]) => +x > box.x && +x < right - 1 && +y > box.y && +y < box.y + box.height);
    if (box.x < 0 || right > width || across) struck.push(text.textContent);
  }
}
return struck;
"""
"""Texts of pictures that reach out of them, or through which their own arrow goes."""
LACKING = """
const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
pen.canvas.width = pen.canvas.height = 40;
const drawn = sign => {
  pen.clearRect(0, 0, 40, 40);
  pen.fillText(sign, 4, 30);
  return pen.getImageData(0, 0, 40, 40).data.join();
};
const lacking = new Set();
for (const where of [document.body, document.querySelector('svg')]) {
  pen.font = '24px ' + getComputedStyle(where).fontFamily;
  const nothing = ['\\u0378', '\\u{10fffd}', ' '].map(drawn);
  for (const sign of new Set(document.body.textContent))
    if (sign.trim() && nothing.includes(drawn(sign))) lacking.add(sign);
}
return [...lacking];
"""
"""Signs that look like one for which no font of this machine has anything."""


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_every_page_has_all_its_signs_and_nothing_reaches_over_paper_or_telephone(browser: Browser, books, request, spoken, tmp_path: Path):  # fmt: skip
    book = request.getfixturevalue("whole")[spoken] if scale(0, 1, faults=1) else books[spoken]
    path = tmp_path / "book.html"
    path.write_text(page(book))
    for width in (672, 360):  # of A4 between its margins, and of a telephone
        browser.size(width, 1000)
        browser.go(path.as_uri())
        assert browser.run(WIDER) == []
    assert browser.run(STRUCK) == []
    assert browser.run(LACKING) == []


def test_a_sign_that_no_font_has_would_be_seen(browser: Browser, tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text("<meta charset=utf-8><svg></svg><p>投诉 \u0378")
    browser.go(path.as_uri())
    assert browser.run(LACKING) == ["\u0378"]


def test_every_shipped_procedure_says_what_it_is_for():
    for path in sorted((ROOT / "procedures").glob("*.yaml")):
        if not path.name.endswith(".stories.yaml"):
            assert (
                re.search(r"^about:\n  zh: .{20,}\n  en: .{20,}", path.read_text(), re.M)
                or "about: {zh:" in path.read_text()
            ), path.name
