"""The folder of a new office, and its maker among its staff."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from guanjia.cli.commands import acts, handover, why
from guanjia.cli.commands.init import adopt
from guanjia.cli.out import Out
from guanjia.cli.spec import Command
from guanjia.clock import ManualClock, from_iso
from guanjia.terminal import width
from hypothesis import given, settings, strategies as st

from tests.cli.terminals import Ran

BLOCK = """\
# our people
roles:
  reception: {label: {zh: 前台, en: reception}}
  manager: {}
staff:
  manager.sun:
    name: 孙经理
    roles: [manager]
  reception.chen:   # the front desk
    name: 陈静
    roles: [reception]
    mail: chen@example.com
"""

FLOW = """\
roles: {supervisor: {}}
staff:
  supervisor.zhao: {name: 赵敏, roles: supervisor}   # on Mondays
"""


@pytest.mark.parametrize(("text", "who"), [(BLOCK, "reception.chen"), (FLOW, "supervisor.zhao")])
def test_the_first_who_receives_or_supervises_becomes_the_user_and_nothing_else_changes(
    text: str, who: str, tmp_path: Path
) -> None:
    path = tmp_path / "organisation.yaml"
    path.write_text(text, encoding="utf-8")
    assert who in (adopt(path, "mei") or "")
    after = path.read_text(encoding="utf-8")
    changed = yaml.safe_load(after)
    assert changed["staff"][who].pop("users") == ["mei"]
    assert changed == yaml.safe_load(text)
    assert [line for line in text.splitlines() if "#" in line and "{" not in line] == [
        line for line in after.splitlines() if "#" in line and "{" not in line
    ]


@settings(deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), min_size=1, max_size=20
    )
)
def test_any_name_of_a_user_is_written_so_that_it_is_read_back(user: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "organisation.yaml")
        path.write_text(BLOCK, encoding="utf-8")
        if adopt(path, user) is None:
            assert path.read_text(encoding="utf-8") == BLOCK
        else:
            assert yaml.safe_load(path.read_text(encoding="utf-8"))["staff"]["reception.chen"]["users"] == [user]


@pytest.mark.parametrize("text", ["staff: {}\n", "roles: [\n", "staff:\n  a: {name: A, roles: [manager]}\n", "{}\n"])
def test_where_nobody_fits_the_file_stays_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "organisation.yaml"
    path.write_text(text, encoding="utf-8")
    assert adopt(path, "mei") is None
    assert path.read_text(encoding="utf-8") == text


def test_a_new_office_works_at_once_and_a_second_time_overwrites_nothing(
    tmp_path: Path, run: Callable[..., Ran]
) -> None:
    folder = tmp_path / "new office"
    made = run("init", str(folder))
    assert made.code == 0, made.err
    assert f"cd '{folder}'" in made.out
    assert run("whoami", "--office", str(folder)).code == 0
    office = folder / "office.yaml"
    changed = office.read_text(encoding="utf-8") + "# ours\n"
    office.write_text(changed, encoding="utf-8")
    (folder / "organisation.yaml").unlink()
    again = run("init", str(folder))
    assert again.code == 0
    assert office.read_text(encoding="utf-8") == changed
    assert (folder / "organisation.yaml").exists()
    assert "1 file made" in " ".join(again.out.split())  # the name of the folder may fill the line


def test_a_file_in_the_way_is_refused_in_words(tmp_path: Path, run: Callable[..., Ran]) -> None:
    (tmp_path / "taken").write_text("")
    assert run("init", str(tmp_path / "taken")).code == 1
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "procedures").write_text("")
    ran = run("init", str(tmp_path / "half"))
    assert ran.code == 1
    assert "procedures" in ran.err


def test_the_examples_that_the_help_gives_work_in_a_new_office(
    run: Callable[..., Ran], clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init", "office").code == 0
    monkeypatch.setenv("GUANJIA_OFFICE", str(tmp_path / "office"))
    monkeypatch.setenv("GUANJIA_AS", "supervisor.zhao")
    entered = [
        example
        for name, command in {**acts.COMMANDS, **why.COMMANDS, **handover.COMMANDS}.items()
        if name not in ("signal", "ack", "attach") and isinstance(command, Command)
        for example in command.examples
    ]
    assert len(entered) >= 14
    for example in sorted(entered, key=lambda it: not it.startswith("guanjia open")):
        ran = run(*shlex.split(example)[1:], clock=clock)
        assert ran.code == 0, (example, ran.err)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_at_eighty_columns_what_is_typed_again_is_whole(
    run: Callable[..., Ran], clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    assert run("init", str(tmp_path / "office")).code == 0
    monkeypatch.setenv("GUANJIA_OFFICE", str(tmp_path / "office"))
    monkeypatch.setenv("GUANJIA_AS", "supervisor.zhao")
    monkeypatch.setenv("GUANJIA_LANG", language)
    clock.set(from_iso("2026-11-24T22:30+08:00"))  # some of it waits for the morning
    for _ in range(3):
        assert (
            run(
                "open", "complaint", "--summary", "电梯异响" * 9, "--place", "3", "--channel", "phone", clock=clock
            ).code
            == 0
        )
    messages = json.loads(run("outbox", "--json", clock=clock).out)
    people = json.loads(run("staff", "--json", clock=clock).out)
    load = json.loads(run("team", "--json", clock=clock).out)["people"]
    monkeypatch.setattr(Out, "columns", 80)
    for command, whole in (
        ("outbox", [word for row in messages for word in (row["short"], "TS-2026-0000", "11-25 08:00")]),
        ("staff", [word for person in people for word in (person["id"], *person["roles"])]),
        ("team", [word for person in load for word in (person["id"], person["next"] or "")]),
    ):
        shown = run(command, clock=clock).out
        assert [word for word in whole if word not in shown] == []
        assert max(map(width, shown.splitlines())) <= 80
    assert {row["next"] for row in load} > {None}
