"""At a real terminal: what is missing is asked for, the tab key completes, the worker stops when told."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import pytest
from guanjia.cli.main import main

from tests.cli.complaints import PROCEDURE
from tests.offices import small

COMMAND = [sys.executable, "-c", "import sys; from guanjia.cli.main import main; sys.exit(main())"]
LONGEST = 20.0


class Terminal:
    """A command at a terminal of its own: what it writes is waited for, what is typed reaches it."""

    def __init__(self, surroundings: dict[str, str], *words: str) -> None:
        ours, theirs = pty.openpty()
        self._at = ours
        self.seen = ""
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=surroundings,
            start_new_session=True,
            close_fds=True,
        )
        os.close(theirs)

    def until(self, wanted: str) -> None:
        """Read until `wanted` has appeared since the last time."""
        end = time.monotonic() + LONGEST
        while wanted not in self.seen:
            ready, _, _ = select.select([self._at], [], [], max(0, end - time.monotonic()))
            assert ready, f"waited for {wanted!r}, saw {self.seen!r}"
            try:
                self.seen += self._decode(os.read(self._at, 65536))  # which may end in the middle of a character
            except OSError:
                raise AssertionError(f"ended before {wanted!r}: {self.seen!r}") from None
        self.seen = self.seen.partition(wanted)[2]

    def type(self, text: str) -> None:
        os.write(self._at, text.encode())

    def end(self) -> int:
        code = self.process.wait(LONGEST)
        os.close(self._at)
        return code


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    folder = small(tmp_path / "office", PROCEDURE, name="complaint", templates=("told",))
    return {
        **os.environ,
        "GUANJIA_OFFICE": str(folder),
        "GUANJIA_AS": "agent.wang",
        "GUANJIA_LANG": "zh",
        "LC_ALL": "C.UTF-8",
    }


def test_what_is_required_is_asked_for_and_what_will_not_do_is_asked_again(surroundings: dict[str, str]) -> None:
    screen = Terminal(surroundings, "open", "complaint", "--severity", "huge")
    screen.until("内容")
    screen.until("> ")
    screen.type("\n")
    screen.until("这一项必填。")
    screen.until("> ")
    screen.type("电梯异响\n")
    screen.until("错误：")
    screen.until("严重")
    screen.until("> ")
    screen.type("2\n")
    screen.until("TS-2026-00001")
    screen.until("严重程度 = 严重")
    assert screen.end() == 0


def test_what_the_register_knows_of_a_customer_is_not_asked_for(surroundings: dict[str, str]) -> None:
    folder = Path(surroundings["GUANJIA_OFFICE"])
    (folder / "procedures/complaint.yaml").write_text(PROCEDURE.replace("{type: room}", "{type: room, required: true}"))
    people = (folder / "organisation.yaml").read_text()
    (folder / "organisation.yaml").write_text(people.replace("en: agent}}", "en: agent}, rights: [customers]}"))
    for rooms in (["--room", "2-1"], ["--room", "2-1", "--room", "2-2"]):
        made = ["customer", "add", "--name", "张伟", *rooms]
        subprocess.run([*COMMAND, *made], env=surroundings, capture_output=True, check=True)
    screen = Terminal(surroundings, "open", "complaint", "--customer", "C-00001", "--summary", "x")
    screen.until("TS-2026-00001")
    screen.until("2-1")
    assert screen.end() == 0
    screen = Terminal(surroundings, "open", "complaint", "--customer", "C-00002", "--summary", "x")
    screen.until("C-00002 的房号有：2-1、2-2")
    screen.until("> ")
    screen.type("2-2\n")
    screen.until("TS-2026-00002")
    screen.until("2-2")
    assert screen.end() == 0


def test_staff_are_offered_by_name_and_taken_by_number(surroundings: dict[str, str]) -> None:
    folder = Path(surroundings["GUANJIA_OFFICE"])
    text = PROCEDURE.replace(
        "input: {promise: {type: text, required: true}}", "input: {promise: {type: staff, required: true}}"
    )
    (folder / "procedures/complaint.yaml").write_text(text)
    made = ["open", "complaint", "--summary", "x", "--room", "1"]
    subprocess.run([*COMMAND, *made], env=surroundings, capture_output=True, check=True)
    screen = Terminal(surroundings, "do", "TS-2026-00001", "accept")
    screen.until("2  agent.li         Li Lei")
    screen.until("> ")
    screen.type("nobody\n")
    screen.until("错误：")
    screen.until("> ")
    screen.type("2\n")
    screen.until("承诺 = Li Lei（agent.li）")
    assert screen.end() == 0


def test_whoever_ends_the_input_at_a_question_stops_and_nothing_happened(surroundings: dict[str, str]) -> None:
    screen = Terminal(surroundings, "open", "complaint")
    screen.until("> ")
    screen.type("\x04")
    screen.until("已中止")
    assert screen.end() == 130
    listed = subprocess.run([*COMMAND, "ls"], env=surroundings, capture_output=True, text=True, check=True)
    assert listed.stdout == "没有符合的工单。\n"


def test_the_worker_stops_at_once_when_it_is_told_to(surroundings: dict[str, str]) -> None:
    screen = Terminal(surroundings, "work")
    screen.until("后台已启动")
    screen.process.send_signal(signal.SIGTERM)
    screen.until("后台已停止")
    assert screen.end() == 0


def complete(surroundings: dict[str, str], *words: str) -> list[str]:
    """What bash is offered for the last of these words."""
    asked = {
        **surroundings,
        "_GUANJIA_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["guanjia", *words]),
        "COMP_CWORD": str(len(words)),
    }
    said = forked(asked)
    return [line.partition(",")[2] for line in said.splitlines() if line]


def forked(surroundings: dict[str, str]) -> str:
    """What the program says, which is begun here as it is by its command, only that it need not be loaded; nothing on its stderr."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        child = os.fork()
        if child == 0:
            try:
                os.environ.clear()
                os.environ.update(surroundings)
                sys.argv, sys.stdout, sys.stderr = ["guanjia"], out, err
                os.dup2(out.fileno(), 1)
                main()
            except SystemExit:
                pass
            except BaseException:
                traceback.print_exc(file=err)
            finally:
                out.flush()
                err.flush()
                os._exit(0)
        os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        assert err.read() == ""
        return out.read()


def test_the_tab_key_offers_commands_cases_actions_people_and_options(surroundings: dict[str, str]) -> None:
    subprocess.run([*COMMAND, "open", "complaint", "--summary", "x"], env=surroundings, capture_output=True, check=True)
    asked = {**surroundings, "_GUANJIA_COMPLETE": "bash_complete", "COMP_WORDS": "guanjia sho", "COMP_CWORD": "1"}
    ran = subprocess.run(COMMAND, env=asked, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("plain,show\n", "")
    assert complete(surroundings, "sho") == ["show"]
    assert complete(surroundings, "show", "TS") == ["TS-2026-00001"]
    assert complete(surroundings, "do", "TS-2026-00001", "a") == ["accept"]
    assert complete(surroundings, "open", "c") == ["complaint"]
    assert "agent.li" in complete(surroundings, "assign", "TS-2026-00001", "ag")
    assert complete(surroundings, "ls", "--ord") == ["--order"]
    assert complete(surroundings, "ls", "--order", "o") == ["opened"]
    assert complete(surroundings, "calendar", "e") == ["explain"]
    assert complete(surroundings, "calendar", "show", "o") == ["office"]
    assert complete(surroundings, "ls", "--state", "r") == ["received"]
    assert complete(surroundings, "ls", "-a", "agent.l") == ["agent.li"]
    assert complete(surroundings, "--as", "man") == ["manager.sun"]
    assert complete(surroundings, "staff", "s") == ["supervisor"]
    assert complete(surroundings, "signal", "TS-2026-00001", "p") == ["paid"]
    assert complete(surroundings, "attach", "TS-2026-00001", "/etc/ho") == ["/etc/ho"]  # the shell goes on from here


def test_the_tab_key_offers_fields_and_what_they_may_be(surroundings: dict[str, str]) -> None:
    subprocess.run([*COMMAND, "open", "complaint", "--summary", "x"], env=surroundings, capture_output=True, check=True)
    assert complete(surroundings, "open", "complaint", "--s") == ["--summary", "--severity", "--site"]
    assert complete(surroundings, "open", "complaint", "--severity", "m") == ["minor", "major"]
    assert complete(surroundings, "edit", "TS-2026-00001", "--urgent", "y") == ["yes"]
    assert complete(surroundings, "do", "TS-2026-00001", "accept", "--pr") == ["--promise"]
    assert complete(surroundings, "do", "TS-2026-00001", "accept", "--promise", "x") == []
    assert complete(surroundings, "open", "nothing", "--su") == []


def test_where_something_is_wrong_the_tab_key_is_silent(surroundings: dict[str, str], tmp_path: Path) -> None:
    nowhere = {**surroundings, "GUANJIA_OFFICE": str(tmp_path / "nowhere")}
    assert complete(nowhere, "show", "T") == []
    assert complete(surroundings, "do", "NOTHING", "a") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell_asks_this_program(surroundings: dict[str, str], shell: str) -> None:
    ran = subprocess.run([*COMMAND, "completion", shell], env=surroundings, capture_output=True, text=True, check=True)
    assert re.search(rf"_GUANJIA_COMPLETE={shell}_complete", ran.stdout)


def piped(surroundings: dict[str, str], tail: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command with a piece of shell after it."""
    line = f'"$0" -c "$1" "${{@:2}}" {tail}'
    shell = ["bash", "-c", line, *(COMMAND[0], COMMAND[2]), *words]
    return subprocess.run(shell, env=surroundings, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [("ls",), ("procedures", "complaint"), ("--help",), ("open", "--help"), ("check",)])
def test_whoever_stops_reading_is_no_error_of_ours(surroundings: dict[str, str], words: tuple[str, ...]) -> None:
    ran = piped(surroundings, "| true; exit ${PIPESTATUS[0]}", *words)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("words", [("ls",), ("board",), ("--help",), ("open", "complaint", "--summary", "x")])
def test_a_full_disk_behind_the_output_is_said_in_words(surroundings: dict[str, str], words: tuple[str, ...]) -> None:
    ran = piped(surroundings, ">/dev/full", *words)
    assert ran.returncode == 74
    assert "磁盘已满" in ran.stderr
    assert "guanjia show" in ran.stderr
    assert "Exception" not in ran.stderr


def test_streams_that_are_closed_are_no_reason_to_fail(surroundings: dict[str, str]) -> None:
    assert piped(surroundings, ">&-", "ls").returncode == 0
    assert piped(surroundings, ">&- 2>&-", "ls").returncode == 0
    assert piped(surroundings, "2>&-", "nonsense").returncode == 2
    asked = piped(surroundings, "<&-", "open", "complaint")
    assert asked.returncode == 1
    assert "summary" in asked.stderr
