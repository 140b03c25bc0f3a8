"""The folder of an office is read as one: names fit across files, versions pin what they need, nothing outside is read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from guanjia.errors import GuanjiaError, Instead, Invalid, NotFound
from guanjia.language import OfficeFiles

from tests.language.samples import COMPLAINT
from tests.offices import shipped

CALENDAR = """\
zone: Asia/Shanghai
week:
  mon: ["09:00-12:00", "13:30-18:00"]
  tue: ["09:00-12:00", "13:30-18:00"]
"""
FILES = {
    "office.yaml": "name: {zh: 翠湖管家, en: Cuihu}\nzone: Asia/Shanghai\nschedules: {daily: {open: complaint, cron: 0 8 * * *, with: {summary: 巡查}}}\n",
    "organisation.yaml": (
        "roles:\n  agent: {}\n  supervisor: {parent: manager, rights: [backdate]}\n  manager: {}\n"
        "staff:\n  engineer.li: {name: 李工, roles: [agent, supervisor, manager], users: [li]}\n"
    ),
    "calendars/office.yaml": CALENDAR,
    "procedures/投诉.yaml": COMPLAINT,
    "procedures/complaint.stories.yaml": "stories: [{story: x, at: 2026-11-24 09:00, open: {by: engineer.li, with: {summary: x}}, steps: [{when: accept}]}]\n",
    "procedures/shared/piece.yaml": "states: {}\n",
}
TEMPLATES = ("sla_warning", "escalation", "complaint_received")


@pytest.fixture
def office(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        write(tmp_path, path, text)
    for name in TEMPLATES:
        for language in ("zh", "en"):
            write(tmp_path, f"templates/{language}/{name}.mail.j2", "{{ number }} 摘要\n{{ summary }}\n")
    write(tmp_path, "templates/zh/unused.mail.j2", "{{ number }}\n")
    return tmp_path


def write(folder: Path, path: str, text: str | bytes) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode() if isinstance(text, str) else text)


def codes(folder: Path) -> set[tuple[str, str]]:
    return {(finding.code, finding.file) for finding in OfficeFiles(folder).check()}


def test_an_office_that_is_right_has_no_findings(office: Path) -> None:
    assert OfficeFiles(office).check() == []


def test_a_version_pins_the_calendars_it_names_and_the_templates_it_can_send(office: Path) -> None:
    version = OfficeFiles(office).version("complaint")
    assert sorted(version.calendars) == ["always", "office"]
    assert version.calendars["always"] == {"zone": "Asia/Shanghai", "always": True}
    assert sorted(version.templates) == sorted(
        f"{language}/{name}.mail" for name in TEMPLATES for language in ("en", "zh")
    )


def test_the_same_files_make_the_same_version_wherever_they_lie(
    office: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = OfficeFiles(office)
    other = tmp_path_factory.mktemp("another") / "办公室"
    for path in office.rglob("*"):
        if path.is_file():
            write(other, path.relative_to(office).as_posix(), path.read_bytes())
    assert OfficeFiles(other).digest() == files.digest()
    assert OfficeFiles(other).version("complaint").hash == files.version("complaint").hash


def test_a_change_of_any_part_changes_the_digest_and_is_seen_by_the_same_object(office: Path) -> None:
    files = OfficeFiles(office)
    seen = {files.digest()}
    before = files.version("complaint").hash
    for path in (
        "office.yaml",
        "organisation.yaml",
        "calendars/office.yaml",
        "procedures/投诉.yaml",
        "procedures/shared/piece.yaml",
    ):
        write(office, path, (office / path).read_bytes() + b"# more\n")
        assert files.digest() not in seen
        seen.add(files.digest())
    assert files.version("complaint").hash == before
    write(office, "templates/zh/sla_warning.mail.j2", "{{ number }} 快到期\n\n请处理\n")
    assert files.version("complaint").hash != before


def test_procedures_are_called_by_their_names_not_by_their_files(office: Path) -> None:
    assert OfficeFiles(office).procedures() == ["complaint"]
    with pytest.raises(NotFound) as caught:
        OfficeFiles(office).version("complain")
    assert caught.value.hint is not None
    assert "complaint" in caught.value.hint.en


def test_stories_are_found_beside_their_procedure(office: Path) -> None:
    files = OfficeFiles(office)
    assert files.stories("complaint") == (office / "procedures/complaint.stories.yaml").resolve()
    (office / "procedures/complaint.stories.yaml").unlink()
    assert files.stories("complaint") is None


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("office.yaml", "zone: Asia/Shanghai", "zone: Asia/Shanghia", "unknown-zone"),
        ("office.yaml", "open: complaint", "open: complain", "unknown-procedure"),
        ("office.yaml", "with: {summary", "with: {sumary", "unknown-field"),
        ("office.yaml", "cron: 0 8 * * *", "cron: daily", "cron"),
        ("office.yaml", "cron: 0 8 * * *", "cron: 0 8 1 * mon#1", "cron"),
        ("office.yaml", "cron: 0 8 * * *", "cron: 0 8 * * mon#6", "cron"),
        ("office.yaml", "cron: 0 8 * * *", "cron: 0 8 * * monday", "cron"),
        ("office.yaml", "cron: 0 8 * * *", "cron: 0 8 * * *, calendar: ofice, on_closed: next", "unknown-calendar"),
        ("office.yaml", "cron: 0 8 * * *", "cron: 0 8 * * *, calendar: office", "grammar"),
        ("office.yaml", "zone", "zonne", "unknown-key"),
        ("organisation.yaml", "parent: manager", "parent: boss", "unknown-role"),
        ("organisation.yaml", "  manager: {}", "  manager: {parent: supervisor}", "parent-circle"),
        ("organisation.yaml", "[backdate]", "[backdat]", "unknown-right"),
        (
            "organisation.yaml",
            "roles: [agent, supervisor, manager], users",
            "roles: [agnt, supervisor, manager], users",
            "unknown-role",
        ),
        ("organisation.yaml", "  manager: {}", "  manager: {}\n  assignee: {}", "reserved-name"),
        ("organisation.yaml", "users: [li]}", "users: [li]}\n  li.two: {name: 李二, users: [li]}", "duplicate-user"),
        ("procedures/投诉.yaml", "{escalate: manager}", "{notify: {sla_waring: manager}}", "unknown-template"),
        ("templates/zh/escalation.mail.j2", "{{ summary }}", "{{ sumary }}", "unknown-variable"),
        ("templates/zh/escalation.mail.j2", "{{ summary }}", "{{ clocks.respnd.due | by }}", "unknown-clock"),
        ("templates/zh/escalation.mail.j2", "{{ summary }}", "{% if %}", "template"),
    ],
)
def test_what_does_not_fit_between_files_is_found(office: Path, path: str, old: str, new: str, code: str) -> None:
    text = (office / path).read_text()
    assert old in text
    write(office, path, text.replace(old, new, 1))
    where = "procedures/投诉.yaml" if code in ("unknown-variable", "unknown-clock") else path
    assert (code, where) in codes(office)


def test_a_template_of_several_procedures_may_ask_whether_a_clock_is_there(office: Path) -> None:
    text = "{{ number }}\n{% if clocks.visit is defined and clocks.visit.due %}{{ clocks.visit.due | by }}{% endif %}\n"
    write(office, "templates/en/escalation.mail.j2", text)
    assert OfficeFiles(office).check() == []


def test_a_template_that_writes_a_choice_as_its_code_is_a_warning(office: Path) -> None:
    text = "{{ number }} {{ severity | label }}{% if severity == 'minor' %}!{% endif %}\n{{ summary }}\n"
    write(office, "templates/en/escalation.mail.j2", text)
    assert OfficeFiles(office).check() == []
    write(office, "templates/en/escalation.mail.j2", text.replace("{{ summary }}", "{{ severity }}"))
    (finding,) = OfficeFiles(office).check()
    assert (finding.code, finding.severity) == ("choice-as-code", "warning")
    assert "{{ severity | label }}" in (finding.hint.en if finding.hint else "")


@pytest.mark.parametrize("text", ["", " \n\n", "{# later #}\n", "{% set x = 1 %}\n", "{% include 'zh/piece.text' %}\n"])
def test_a_template_that_says_nothing_is_an_error(office: Path, text: str) -> None:
    write(office, "templates/zh/piece.text.j2", "\n")
    write(office, "templates/zh/dear.text.j2", "{% include 'zh/piece.text' %}{{ number }}\n")
    assert codes(office) == set(), "a piece that others include may be empty"
    write(office, "templates/zh/escalation.mail.j2", text)
    assert ("empty", "templates/zh/escalation.mail.j2") in codes(office)
    with pytest.raises(Invalid):
        OfficeFiles(office).version("complaint")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("｛｛ summary ｝｝", "{{ summary }}"),
        ("｛{ summary }｝", "{{ summary }}"),
        ("｛％ if summary ％｝", "{% if summary %}"),
    ],
)
def test_full_width_braces_in_a_template_are_a_warning_that_names_them_and_what_was_meant(
    office: Path, written: str, meant: str
) -> None:
    write(office, "templates/zh/escalation.mail.j2", f"{{{{ number }}}} 摘要\n您好，{written}（一）\n")
    (found,) = OfficeFiles(office).check()
    assert (found.severity, found.place) == ("warning", "templates/zh/escalation.mail.j2:2:4")
    assert written in found.text.zh
    assert isinstance(found.hint, Instead)
    assert (found.hint.wrong, found.hint.right) == (written, meant), "so it can be mended, and nothing else of the line"
    assert meant in found.hint.zh


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("好 {{ summary }", "“}”不成对", "1:3"),
        ("好 {{ number }}，{% if number = 1 %}x{% endif %}", "两个等号", "1:16"),
        ("好\n{{ number }}{% if number %}{% if summary %}x{% endif %}\n再见", "{% if %} 没有结束", "2:13"),
        ("{% for x in labels %}{% if x %}\n {% endfor %}", "{% endfor %} 前面的 {% if %} 还没有结束", "2:2"),
        ("好 {% fi number %}", "没有 {% fi %} 这种标签", "1:3"),
        ("好 {{ number", "没有结束", "1:3"),
        ("{{ number }} {{ summary | lowre }}", "没有过滤器 lowre", "1:14"),
    ],
)
def test_a_mistake_in_a_template_is_told_in_the_words_of_the_reader_with_a_caret_under_its_tag(
    office: Path, text: str, said: str, place: str
) -> None:
    write(office, "templates/zh/escalation.mail.j2", text)
    (found,) = (item for item in OfficeFiles(office).check() if item.severity == "error")
    assert found.place == f"templates/zh/escalation.mail.j2:{place}"
    assert said in found.text.zh
    assert found.hint is not None
    assert found.snippet.endswith("^")


def test_a_template_in_one_language_only_is_a_warning(office: Path) -> None:
    (office / "templates/en/escalation.mail.j2").unlink()
    findings = OfficeFiles(office).check()
    assert {(finding.code, finding.severity) for finding in findings} == {("missing-template", "warning")}
    assert OfficeFiles(office).version("complaint").templates


def test_a_template_that_is_lacking_in_a_language_is_told_once_however_often_it_is_used(tmp_path: Path) -> None:
    folder = shipped(tmp_path / "office", ["repair"])
    (folder / "templates/en/sla_warning.text.j2").unlink()
    told = [item for item in OfficeFiles(folder).check() if item.code == "missing-template"]
    (own,) = [item.text.en for item in told if item.file == "procedures/repair.yaml"]
    assert {own} == {item.text.en for item in told} == {"the template 'sla_warning' is missing in English"}


def test_a_template_for_one_channel_only_where_the_other_language_has_one_for_all_is_a_warning(office: Path) -> None:
    (office / "templates/en/escalation.mail.j2").rename(office / "templates/en/escalation.text.j2")
    findings = OfficeFiles(office).check()
    assert {(finding.code, finding.severity) for finding in findings} == {("missing-template", "warning")}
    assert {finding.hint.en for finding in findings if finding.hint} == {"write templates/zh/escalation.text.j2"}


def test_what_an_office_cannot_do_without_is_doubted_where_it_is_missing(office: Path) -> None:
    (office / "organisation.yaml").unlink()
    (office / "procedures/投诉.yaml").unlink()
    write(office, "office.yaml", "name: {zh: 翠湖, en: Cuihu}\n")
    found = {(finding.code, finding.file, finding.severity) for finding in OfficeFiles(office).check()}
    assert found == {("missing-file", "organisation.yaml", "warning"), ("no-procedure", "procedures/", "warning")}


def test_stories_are_checked_with_the_rest(office: Path) -> None:
    write(office, "procedures/complaint.stories.yaml", "stories: [\n")
    (finding,) = OfficeFiles(office).check()
    assert finding.place.startswith("procedures/complaint.stories.yaml:")
    assert finding.severity == "error"


def test_a_story_that_lacks_something_is_told_what_and_not_that_there_are_too_few(office: Path) -> None:
    file = "procedures/complaint.stories.yaml"
    write(office, file, "stories:\n  - {story: x, open: {by: engineer.li}}\n")
    assert [(item.code, item.text.zh) for item in OfficeFiles(office).check()] == [
        ("missing-key", "缺少 at"), ("missing-key", "缺少 steps"),
    ]  # fmt: skip
    write(office, file, "stories: [{story: x, at: 2026-11-24 09:00, open: {by: engineer.li}, steps: []}]\n")
    (found,) = OfficeFiles(office).check()
    assert found.text == ("至少要 1 项，这里一项也没有", "at least 1 item is needed; here is none")
    write(office, file, FILES[file])
    write(office, "procedures/投诉.yaml", COMPLAINT + "four_eyes: [[accept]]\n")
    (found,) = (item for item in OfficeFiles(office).check() if item.severity == "error")
    assert found.text == ("至少要 2 项，这里只有 1 项", "at least 2 items are needed; here 1 is")


def test_an_empty_file_is_told_how_it_begins(office: Path) -> None:
    for file, key in (("organisation.yaml", "roles"), ("office.yaml", "name"), ("procedures/投诉.yaml", "procedure")):
        before = (office / file).read_bytes()
        write(office, file, "")
        hints = [finding.hint.en for finding in OfficeFiles(office).check() if finding.code == "empty" and finding.hint]
        assert hints == [f"begin with `{key}: …`"]
        write(office, file, before)


def test_two_files_that_claim_one_procedure_are_refused(office: Path) -> None:
    write(office, "procedures/second.yaml", COMPLAINT)
    assert ("duplicate-procedure", "procedures/投诉.yaml") in codes(office)
    with pytest.raises(Invalid):
        OfficeFiles(office).version("complaint")


@pytest.mark.parametrize("number", ["TS-{year}-{seq:05}", "TS-{year}-{seq:04}", "ts-{year}-{seq}"])
def test_two_procedures_that_would_give_the_same_numbers_are_both_refused_with_the_place_of_the_other(
    office: Path, number: str
) -> None:
    copy = COMPLAINT.replace("procedure: complaint", "procedure: praise").replace("complaint: 投诉", "praise: 表扬")
    write(office, "procedures/praise.yaml", copy.replace("TS-{year}-{seq:05}", number))
    found = [item for item in OfficeFiles(office).check() if item.code == "duplicate-number"]
    assert [item.place for item in found] == ["procedures/praise.yaml:2:9", "procedures/投诉.yaml:2:9"]
    for item, other in zip(found, ("complaint", "praise"), strict=True):
        assert f"“{other}”" in item.text.zh
    assert "procedures/投诉.yaml:2:9" in found[0].text.zh
    for name in ("complaint", "praise"):
        with pytest.raises(Invalid, match="numbers of"):
            OfficeFiles(office).version(name)


@pytest.mark.parametrize(
    ("number", "same"), [("{procedure}-{year}-{seq}", False), ("complaint-{year}-{seq}", True), (None, False)]
)
def test_the_name_of_the_procedure_makes_numbers_differ_unless_another_is_written_so(
    office: Path, number: str | None, same: bool
) -> None:
    line = "number: TS-{year}-{seq:05}\n"
    write(office, "procedures/投诉.yaml", COMPLAINT.replace(line, ""))
    copy = COMPLAINT.replace("procedure: complaint", "procedure: praise")
    write(office, "procedures/praise.yaml", copy.replace(line, "" if number is None else f"number: '{number}'\n"))
    assert ("duplicate-number" in {code for code, _ in codes(office)}) is same


def test_one_broken_file_does_not_keep_the_others_from_being_used(office: Path) -> None:
    write(office, "procedures/broken.yaml", "procedure: broken\nstates: [")
    files = OfficeFiles(office)
    assert files.procedures() == ["broken", "complaint"]
    assert files.version("complaint").hash
    with pytest.raises(Invalid):
        files.version("broken")


def test_a_folder_that_is_no_office_says_so(tmp_path: Path) -> None:
    files = OfficeFiles(tmp_path / "nothing")
    with pytest.raises(Invalid) as caught:
        files.office()
    assert "office.yaml" in caught.value.text.zh
    assert [finding.code for finding in files.check()] == ["missing-file"]


def test_an_include_stays_inside_the_office(office: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text("labels: {zh: {secret: 秘密}}\n")
    (office / "procedures/shared/link.yaml").symlink_to(outside)
    for path in ("shared/link.yaml", "../../" * 9 + "etc/passwd", str(outside), "shared/\\0", "shared"):
        write(office, "procedures/投诉.yaml", COMPLAINT + f'include: {{file: "{path}"}}\n')
        with pytest.raises(Invalid) as caught:
            OfficeFiles(office).version("complaint")
        finding = caught.value.findings[0]
        assert finding.code in ("outside", "missing-file", "unreadable")
        assert finding.line == len((COMPLAINT + "x").splitlines())
        assert "秘密" not in str(caught.value)


@pytest.mark.parametrize("path", ["procedures/x.yaml", "templates/zh/x.mail.j2", "calendars/x.yaml"])
def test_a_link_that_leads_out_of_the_folder_is_refused(
    office: Path, tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text("secret: 1\n")
    (office / path).symlink_to(outside)
    assert ("outside", path) in codes(office)


@pytest.mark.parametrize("path", ["office.yaml", "organisation.yaml", "calendars/office.yaml", "procedures/投诉.yaml"])
@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"[" * 9999, b"a: *b", b"a:\n\t- b", b"- 1", "名".encode("gbk"), b"x: y"]
)
def test_no_file_however_broken_brings_more_than_findings(office: Path, path: str, raw: bytes) -> None:
    write(office, path, raw)
    files = OfficeFiles(office)
    if path != "organisation.yaml" or raw:
        assert files.check()
    for ask in (
        files.office,
        files.organisation,
        files.calendars,
        files.templates,
        files.digest,
        lambda: files.version("complaint"),
    ):
        with contextlib.suppress(GuanjiaError):
            ask()


def test_a_mistake_in_a_calendar_is_no_mistake_of_those_that_it_extends(office: Path) -> None:
    write(office, "calendars/country.yaml", "zone: Asia/Shanghai\nholidays: [2026-10-01]\n")
    write(office, "calendars/office.yaml", CALENDAR + "extends: country\ncounting: civil-code\n")
    found = [finding for finding in OfficeFiles(office).check() if finding.file.startswith("calendars/")]
    assert [(finding.code, finding.place) for finding in found] == [("calendar", "calendars/office.yaml:6:1")]


@pytest.mark.parametrize(
    "text", ["zone: Asia/Shanghai\nholidays: [2026-10-01 2026-10-05]\n", "holidays: [2026-10-01\n"]
)
def test_a_calendar_with_a_mistake_is_not_said_to_be_missing_by_those_that_extend_it(office: Path, text: str) -> None:
    write(office, "calendars/cn-2025.yaml", "zone: Asia/Shanghai\nholidays: [2025-10-01]\n")
    write(office, "calendars/cn-2026.yaml", text)
    write(office, "calendars/office.yaml", CALENDAR + "extends: [cn-2025, cn-2026]\n")
    assert {item.file for item in OfficeFiles(office).check()} == {"calendars/cn-2026.yaml"}


def test_calendars_that_extend_each_other_in_a_circle_are_told_there_and_nowhere_else(office: Path) -> None:
    write(office, "calendars/office.yaml", CALENDAR + "extends: [office]\n")
    (found,) = OfficeFiles(office).check()
    assert (found.code, found.place) == ("calendar", "calendars/office.yaml:5:1")
    assert "office → office" in found.text.zh
    write(office, "calendars/office.yaml", CALENDAR + "extends: [one]\n")
    write(office, "calendars/one.yaml", "extends: other\n")
    write(office, "calendars/other.yaml", "extends: one\n")
    found_at = {item.place: item.text.en for item in OfficeFiles(office).check()}
    assert found_at.keys() == {"calendars/one.yaml:1:1", "calendars/other.yaml:1:1"}
    assert "one -> other -> one" in found_at["calendars/one.yaml:1:1"]


def test_a_calendar_that_is_missing_is_told_where_it_is_extended(office: Path) -> None:
    write(office, "calendars/country.yaml", "zone: Asia/Shanghai\nextends: cn-2062\n")
    write(office, "calendars/office.yaml", CALENDAR + "extends: country\n")
    (found,) = OfficeFiles(office).check()
    assert (found.place, "cn-2062" in found.text.zh) == ("calendars/country.yaml:2:1", True)


def test_last_years_holidays_that_no_calendar_extends_any_more_stop_nothing(office: Path) -> None:
    write(office, "calendars/cn-2019.yaml", "zone: Asia/Shanghai\nholidays: [2019-10-01]\n")
    (found,) = [finding for finding in OfficeFiles(office).check() if finding.file.startswith("calendars/")]
    assert (found.code, found.severity, found.place) == ("unused-calendar", "warning", "calendars/cn-2019.yaml:1:1")
    assert "cn-2019" not in OfficeFiles(office).calendars()
    write(office, "calendars/empty.yaml", "extends: cn-2019\n")
    with pytest.raises(Invalid, match="no working time"):
        OfficeFiles(office).calendars()
