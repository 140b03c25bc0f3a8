"""The examples of operations do what they say, as far as a machine without systemd and without containers can tell."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from guanjia.cli import desk
from guanjia.cli.main import main
from guanjia.cli.run import ROOT as COMMANDS
from guanjia.cli.spec import Command, load
from guanjia.runtime.pulse import SILENCE

from tests.offices import ROOT, shipped

HERE = ROOT / "examples/operations"
UNITS = sorted(path.name for path in HERE.iterdir() if path.suffix in (".service", ".timer"))


def unit(name: str) -> ConfigParser:
    parsed = ConfigParser(strict=True, interpolation=None, delimiters="=", comment_prefixes="#")
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string((HERE / name).read_text())
    return parsed


def instructions() -> dict[str, str]:
    text = (HERE / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {word: rest for word, _, rest in lines}


def is_a_command(words: list[str]) -> None:
    """Each option stands in the command's own list."""
    command = load(COMMANDS.entries[words[0]], words[0])
    assert isinstance(command, Command)
    known = {name for option in command.options for name in option.names}
    assert {word for word in words[1:] if word.startswith("--")} <= known


def test_the_units_call_commands_that_there_are():
    called = [
        re.search(r"bin/guanjia (.*)", unit(name)["Service"]["ExecStart"])[1].split()
        for name in UNITS
        if name.endswith("service")
    ]  # type: ignore[index]
    assert sorted(words[0] for words in called) == ["backup", "work"]
    for words in called:
        is_a_command(words)


def test_the_nights_backup_is_not_refused(tmp_path, monkeypatch):
    """Whoever runs `init` becomes one of the staff; the user of the unit, who may not be, backs up what he made."""
    lines = re.search(r"```sh\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)[1].splitlines()  # type: ignore[index]
    (line,) = [line for line in lines if " init " in line]
    by = re.match(r"sudo -u (\w+)", line)
    monkeypatch.setattr(desk, "system_user", lambda: by[1] if by else "root")
    office = tmp_path / "office"
    assert main(("init", str(office))) == 0
    monkeypatch.chdir(office)
    service = unit("guanjia-backup.service")["Service"]
    monkeypatch.setattr(desk, "system_user", lambda: service["User"])
    (words,) = re.findall(r"bin/guanjia (.*?) \"", service["ExecStart"])
    assert main((*words.split(), str(tmp_path / "night.db"))) == 0
    assert (tmp_path / "night.db").exists()


def test_systemd_waits_as_long_as_a_worker_may_be_silent():
    service = unit("guanjia.service")["Service"]
    assert (service["Type"], service["WatchdogSec"]) == ("notify", f"{SILENCE / 60:.0f}min")
    assert service["Restart"] == "always"


@pytest.mark.parametrize("name", UNITS)
def test_systemd_itself_finds_nothing_wrong(name, tmp_path):
    """The programs that the unit names are put in the place of those that are installed there."""
    for file in UNITS:
        text = (
            (HERE / file)
            .read_text()
            .replace("/opt/guanjia/bin/guanjia", sys.executable)
            .replace("User=guanjia", "User=root")
        )
        (tmp_path / file).write_text(text)
    assert not re.search(r"^\s*[^#\[\s][^=]*$", (HERE / name).read_text(), re.MULTILINE), (
        "each line is a key and its value"
    )
    if shutil.which("systemd-analyze") is None:
        return
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    ours = [line for line in (said.stdout + said.stderr).splitlines() if str(tmp_path) in line or name in line]
    assert ours == []


def test_the_container_runs_a_worker_and_its_health_check_finds_it(tmp_path):
    """What ENTRYPOINT and CMD say is run with another port, and so is the health check: while it works, and after."""
    of = instructions()
    assert json.loads(of["ENTRYPOINT"]) == ["guanjia"]
    words = json.loads(of["CMD"])
    is_a_command(words)
    assert of["EXPOSE"] == words[-1].rpartition(":")[2]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    check = json.loads(of["HEALTHCHECK"].partition("CMD ")[2])
    assert check[:2] == ["python", "-c"]
    look = [sys.executable, "-c", check[2].replace(of["EXPOSE"], port)]
    variables = dict(pair.split("=", 1) for pair in of["ENV"].split()) | {
        "GUANJIA_OFFICE": str(shipped(tmp_path / "office"))
    }
    worker = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *(word.replace(of["EXPOSE"], port) for word in words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | variables,
    )  # fmt: skip
    assert worker.stdout is not None
    assert json.loads(worker.stdout.readline())["event"] == "started"
    assert subprocess.run(look, capture_output=True, check=False).returncode == 0
    worker.send_signal(getattr(signal, of["STOPSIGNAL"]))
    rest, errors = worker.communicate(timeout=30)
    assert (worker.returncode, errors, json.loads(rest.splitlines()[-1])["event"]) == (0, "", "stopped")
    assert subprocess.run(look, capture_output=True, check=False).returncode != 0


def test_the_container_installs_extras_that_there_are():
    extras = set(re.findall(r"\[([\w,]+)\]", instructions()["RUN"])[0].split(","))
    text = Path(ROOT / "pyproject.toml").read_text()
    assert extras <= set(re.findall(r"^(\w+) = \[", text.partition("[project.optional-dependencies]")[2], re.MULTILINE))
