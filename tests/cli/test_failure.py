"""Errors as exit codes, as words, and the last resort."""

from __future__ import annotations

import io
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli import failure
from guanjia.cli.out import Out
from guanjia.cli.spec import Command
from guanjia.errors import Conflict, Finding, GuanjiaError, Invalid, NotFound, Refused, StoreError, Text

from tests.cli.terminals import Ran

SAID = Text("坏了", "broken")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("state", SAID), 1), (NotFound(SAID), 1), (failure.Usage(SAID), 2), (Invalid([Finding("x", SAID)]), 3),
        (Conflict(SAID), 4), (StoreError(SAID), 5), (GuanjiaError(SAID), 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_of_error_has_its_exit_code_and_is_said_on_standard_error(
    error: GuanjiaError, code: int, language: str
) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert failure.report(error, Out(language, out, err)) == code
    assert SAID.get(language) in err.getvalue()
    assert not out.getvalue()


def test_an_invalid_file_shows_every_place_with_its_line_and_a_caret() -> None:
    err = io.StringIO()
    findings = [
        Finding(
            "unknown-key",
            Text("没有这个键", "no such key"),
            "procedures/a.yaml",
            7,
            5,
            Text("写 guard", "write guard"),
            "    gard: x\n    ^",
        ),
        Finding("type", Text("要整数", "a whole number is wanted"), "procedures/a.yaml", 9, 12),
    ]
    assert failure.report(Invalid(findings), Out("en", err, err)) == 3
    lines = err.getvalue().splitlines()
    assert lines[0] == "procedures/a.yaml:7:5: error [unknown-key] no such key"
    text, caret = lines[1], lines[2]
    assert text.index("gard") == caret.index("^")
    assert "write guard" in lines[3]
    assert "procedures/a.yaml:9:12: error [type] a whole number is wanted" in err.getvalue()


SECRET = "13800001234"


def _explode(desk: object, **_: object) -> None:
    phone = SECRET
    try:
        raise KeyError(phone)
    except KeyError as inner:
        raise RuntimeError(f"no idea what to do with {phone}") from inner


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    from guanjia.cli.commands import whoami

    monkeypatch.setitem(whoami.COMMANDS, "whoami", Command("whoami", _explode, say=SAID))


@pytest.mark.usefixtures("broken")
def test_the_last_resort_speaks_both_languages_and_shows_no_traceback(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("whoami")
    assert ran.code == 70
    assert "数据没有丢失" in ran.err
    assert "Nothing was lost" in ran.err
    assert str(tmp_path / failure.LOG) in ran.err
    assert SECRET not in ran.err + ran.out


@pytest.mark.usefixtures("broken")
def test_the_details_are_for_their_owner_only_and_hold_no_values(run: Callable[..., Ran], tmp_path: Path) -> None:
    run("whoami", "--as", SECRET)
    log = tmp_path / failure.LOG
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    written = log.read_text(encoding="utf-8")
    assert "RuntimeError" in written
    assert "KeyError" in written
    assert "_explode" in written
    assert SECRET not in written


@pytest.mark.usefixtures("broken")
def test_a_log_that_is_a_link_to_elsewhere_is_not_followed(run: Callable[..., Ran], tmp_path: Path) -> None:
    aim = tmp_path / "precious"
    aim.write_text("kept")
    (tmp_path / failure.LOG).symlink_to(aim)
    ran = run("whoami")
    assert ran.code == 70
    assert aim.read_text() == "kept"
    assert "The details could not be written down." in ran.err
