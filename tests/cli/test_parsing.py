"""The command line itself: languages, help, options of fields, and complaints about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from guanjia.cli.desk import Desk
from guanjia.cli.failure import Usage
from guanjia.cli.grammar import build
from guanjia.cli.out import Out
from guanjia.cli.run import QUICK, ROOT, language
from guanjia.cli.spec import EVERYWHERE, Command, Group, Option, load, named, quick
from guanjia.cli.values import gather
from guanjia.errors import Text
from guanjia.model.procedure import Field
from hypothesis import given, settings, strategies as st

from tests.cli.terminals import Ran

CJK = re.compile("[\u4e00-\u9fff]")


def every() -> Iterator[tuple[str, Command | Group]]:
    """Every command there is, with what is typed to reach it."""

    def below(group: Group, words: str) -> Iterator[tuple[str, Command | Group]]:
        for name, entry in group.entries.items():
            command = load(entry, name)
            yield f"{words} {name}".strip(), command
            if isinstance(command, Group):
                yield from below(command, f"{words} {name}".strip())

    yield from below(ROOT, "")


COMMANDS = dict(every())


@pytest.mark.parametrize("words", ["", *COMMANDS])
def test_help_is_wholly_in_the_language_asked_for(words: str, run: Callable[..., Ran]) -> None:
    chinese = run(*words.split(), "--help", "--lang", "zh")
    english = run("--lang", "en", *words.split(), "--help")
    assert chinese.code == english.code == 0
    explained = english.out.split("\nExamples\n")[0].replace("张**", "")
    assert not CJK.search(explained), explained
    assert english.out.startswith(f"Usage: {' '.join(['guanjia', *words.split()])}")
    for line in chinese.out.split("\n例\n")[0].splitlines():
        assert not line.strip() or CJK.search(line) or re.fullmatch(r"[\s\w|,=\[\]…-]+", line), line


@pytest.mark.parametrize("words", list(COMMANDS))
def test_every_command_explains_every_option_and_argument(words: str) -> None:
    command = COMMANDS[words]
    parts: list[Any] = (
        [command, *command.entries.values()]
        if isinstance(command, Group)
        else [command, *command.options, *command.arguments]
    )
    for part in (*parts, *EVERYWHERE):
        assert CJK.search(part.say.zh)
        assert part.say.en
        assert not CJK.search(part.say.en)


@pytest.mark.parametrize(
    ("surroundings", "expected"),
    [
        ({}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "en_GB.UTF-8"}, "en"), ({"LANG": "C.UTF-8"}, "en"), ({"LANG": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "zh_CN"}, "zh"), ({"LC_ALL": "en_US", "GUANJIA_LANG": "zh"}, "zh"),
    ],
)  # fmt: skip
def test_the_language_is_that_of_the_surroundings(
    surroundings: Mapping[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    assert language([]) == expected


def test_a_language_on_the_command_line_wins_wherever_it_stands(run: Callable[..., Ran]) -> None:
    assert "没有命令" in run("nosuch", "--lang=zh").err
    assert "没有选项" in run("ls", "--nosuch", "--lang", "zh").err
    assert "There is no command" in run("--lang", "en", "nosuch").err


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        ("lss", "没有命令“lss”", "There is no command 'lss'"),
        ("ls --limt 3", "是不是：--limit", "Did you mean --limit"),
        ("ls --limit", "--limit 后面要有值", "--limit needs a value"),
        ("ls --limit three", "整数", "whole number"),
        ("ls --order colour", "可以是：deadline", "It is one of: deadline"),
        ("ls more", "多出来的参数", "Too many arguments"),
        ("ls --json=yes", "不带值", "takes no value"),
        ("do", "缺少 REF", "REF is missing"),
        ("calendar shw", "没有命令“shw”", "There is no command 'shw'"),
        ("--lang fr ls", "--lang 不能是“fr”", "--lang cannot be 'fr'"),
        ("work --json", "--once", "--once"),
    ],
)
def test_a_misspelt_command_line_is_explained_in_both_languages(
    words: str, zh: str, en: str, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    for spoken, wanted in (("zh", zh), ("en", en)):
        monkeypatch.setenv("GUANJIA_LANG", spoken)
        ran = run(*words.split())
        if words == "work --json" and ran.code == 1:
            continue  # no office here: said first
        assert ran.code == 2, ran
        assert wanted in ran.err
        assert not ran.out


def test_what_stands_in_a_complaint_cannot_colour_the_terminal(run: Callable[..., Ran]) -> None:
    for words in (["\x1b[31mx"], ["ls", "--\x1b[31mx"], ["ls", "\x1b]0;x\x07"], ["ls", "--order", "\x9b31m"]):
        ran = run(*words)
        assert ran.code == 2
        assert not re.search("[\x1b\x07\x9b]", ran.err)


def test_bytes_that_are_no_text_are_refused(run: Callable[..., Ran]) -> None:
    assert run("find", "\udce4\udcf6").code == 2


# -- fields as options

FIELDS = {
    "summary": Field(type="text"), "urgent": Field(type="boolean"), "tags": Field(type="list"), "at": Field(type="instant"),
    "lift_no": Field(type="text"), "severity": Field(type="choice", of=("minor", "major")),
}  # fmt: skip


def parse(*words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the command received for its own options, and the values for fields."""
    seen: dict[str, Any] = {}

    def take(desk: Desk, given: Any, **own: Any) -> None:
        seen.update(own)
        seen["values"] = gather(desk, given, FIELDS)

    said = Text("试", "try")
    options = [Option("--reason", say=said), Option("--json", to="as_json", flag=True, say=said)]
    command = build(Command("try", take, options, say=said, dynamic=True))
    command.main(list(words), "try", standalone_mode=False, obj=Desk(Out("en")))
    values = seen.pop("values")
    return seen, values


def test_fields_are_taken_with_a_space_an_equals_sign_or_as_a_flag() -> None:
    own, values = parse("--summary", "lift stuck", "--reason", "why", "--severity=major", "--urgent", "--json")
    assert own == {"reason": "why", "as_json": True}
    assert values == {"summary": "lift stuck", "severity": "major", "urgent": True}


def test_a_name_may_be_written_with_hyphens_and_a_list_in_several_options() -> None:
    assert parse("--lift-no", "3", "--tags", "a", "--tags", "b")[1] == {"lift_no": "3", "tags": ["a", "b"]}


def test_a_field_that_is_called_like_an_option_can_still_be_named() -> None:
    assert parse("--field:at=2026-11-24 09:05")[1] == {"at": "2026-11-24 09:05"}


def test_an_empty_value_clears() -> None:
    assert parse("--summary=")[1] == {"summary": None}
    assert parse("--summary", "")[1] == {"summary": None}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sumary", "x"), "--summary"),
        (("--summary",), "needs a value"),
        (("--summary", "a", "--summary", "b"), "twice"),
        (("--zzz", "x"), "There are: --summary"),
    ],
)
def test_what_does_not_fit_is_said_with_what_there_is(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(Usage) as caught:
        parse(*words)
    assert said in caught.value.text.en + (caught.value.hint.en if caught.value.hint else "")


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["summary", "lift_no", "severity"]), st.text(min_size=1, max_size=20)),
    st.booleans(),
)
def test_any_text_can_be_given_as_a_value(values: dict[str, str], equals: bool) -> None:
    words: list[str] = []
    for name, value in values.items():
        plain = not equals and not value.startswith("--")
        words += [f"--{name}", value] if plain else [f"--{name}={value}"]
    assert parse(*words)[1] == values


# -- the quick reading of simple lines

WORDS = st.sampled_from(
    ["ls", "find", "--mine", "-m", "--procedure", "complaint", "-p", "--limit", "3", "0", "x", "--limit=7", "--json", "--lang", "zh",
     "--office", "here", "--as", "a", "--order", "opened", "--help", "--nosuch", "-n", "--", "-", "", "--json=1", "-n=3", "电梯"]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(WORDS, max_size=6), st.sampled_from(QUICK))
def test_what_is_read_without_click_is_read_as_click_reads_it(words: list[str], name: str) -> None:
    line = [*name.split(), *words]
    command = named(ROOT, name.split())
    seen: dict[str, Any] = {}

    class Noting(Desk):
        def take(self, given: Mapping[str, str]) -> None:
            seen.setdefault("everywhere", {}).update(given)

    def with_click() -> Any:
        called = Command(name, lambda desk, **values: seen.update(values=values), say=command.say)
        called.options, called.arguments = command.options, command.arguments
        build(called).main(words, name, standalone_mode=False, obj=Noting(Out("en")))
        return seen["values"], seen.get("everywhere", {})

    simple = quick(ROOT, QUICK, line)
    if simple is not None:
        assert simple[1:] == with_click()


def test_help_mistakes_and_dynamic_commands_are_left_to_click() -> None:
    for line in (
        ["ls", "--help"],
        ["ls", "--nosuch"],
        ["ls", "extra"],
        ["find"],
        ["do", "x"],
        ["customer"],
        ["customer", "find"],
        ["customer", "find", "a", "b"],
        ["customer", "show", "x"],
        ["ls", "--limit"],
        ["ls", "--limit", "x"],
        [],
    ):
        assert quick(ROOT, QUICK, line) is None
    assert quick(ROOT, QUICK, ["--lang", "zh", "ls", "-m", "--limit=3"]) is not None
    assert quick(ROOT, QUICK, ["--lang", "zh", "customer", "find", "x", "--json"]) is not None
