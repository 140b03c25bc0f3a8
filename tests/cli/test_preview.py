"""`guanjia preview`: what its page is told, who is answered, and how it begins and ends."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from guanjia.cli.preview.wording import WORDS

from tests.cli.conftest import Call
from tests.cli.previews import Preview, previewed
from tests.offices import small

PROCEDURE = """\
procedure: desk
fields: {summary: {type: text, required: true}}
sla: {answer: {start: open, stop: over, target: {within: 2h}}}
initial: waiting
states:
  waiting:
    transitions:
      answer: {to: over, by: agent}
  over: {final: true}
labels: {zh: {desk: 前台, waiting: 等待, over: 已答复}, en: {desk: front desk}}
"""
STORIES = """\
stories:
  - story: an answer ends it
    at: 2026-03-02 09:00
    open: {by: agent.wang, with: {summary: x}}
    steps:
      - {when: answer, by: agent.wang}
      - then: {closed: true}
  - story: a manager answers too
    at: 2026-03-02 09:00
    open: {by: agent.wang, with: {summary: x}}
    steps:
      - {when: answer, by: manager.sun}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return small(tmp_path / "office", PROCEDURE, more={"procedures/desk.stories.yaml": STORIES})


@pytest.fixture
def preview(desk: Path) -> Iterator[Preview]:
    with previewed(desk) as running:
        yield running


# -- what is shown


def test_an_office_is_shown_with_its_picture_findings_and_stories_in_both_languages(preview: Preview) -> None:
    state = preview.stories(2)
    assert (state["office"]["name"], state["procedure"], state["office"]["errors"]) == ("Test office", "desk", 0)
    assert "front desk" in state["picture"]["svg"]
    assert [(item["name"], item["passed"]) for item in state["stories"]["results"]] == [
        ("an answer ends it", True),
        ("a manager answers too", False),
    ]
    failed = state["stories"]["results"][1]
    assert failed["place"] == "procedures/desk.stories.yaml:12:9"
    assert "answer" in failed["message"]
    chinese = preview.state("zh")
    assert chinese["office"]["procedures"] == [{"name": "desk", "label": "前台", "broken": False}]
    assert "已答复" in chinese["picture"]["svg"]


def test_a_broken_file_shows_its_findings_and_the_last_good_picture(preview: Preview) -> None:
    file, before = preview.folder / "procedures/desk.yaml", preview.state()
    for broken in (PROCEDURE.replace("to: over", "to: ovr"), "procedure: [\n", ""):
        file.write_text(broken)
        state = preview.until(lambda it: it["office"]["errors"])
        assert state["office"]["findings"][0]["place"].startswith("procedures/desk.yaml:")
        assert state["picture"] == {"svg": before["picture"]["svg"], "stale": True}
        assert state["procedure"] == "desk"
        file.write_text(PROCEDURE.replace("front desk", "reception"))
        mended = preview.until(lambda it: not it["office"]["errors"])
        assert not mended["picture"]["stale"]
        assert "reception" in mended["picture"]["svg"]
        file.write_text(PROCEDURE)
        preview.until(lambda it: "front desk" in it["picture"]["svg"])


def test_without_a_good_file_there_is_no_picture_and_no_traceback(tmp_path: Path) -> None:
    def of_office(state: dict[str, Any]) -> bool:
        return any(item["place"].startswith("office.yaml") for item in state["office"]["findings"])

    with previewed(small(tmp_path / "office", "procedure: desk\n")) as preview:
        assert preview.state()["picture"]["svg"] is None
        (preview.folder / "office.yaml").write_bytes(b"\xff\x00")
        assert preview.until(of_office)["procedure"] == "desk"
        (preview.folder / "procedures/desk.yaml").unlink()
        (preview.folder / "office.yaml").write_text("name: {zh: a}\nzone: Asia/Shanghai\n")
        assert preview.until(lambda it: not of_office(it))["procedure"] is None


def test_stories_that_are_saved_are_run_again_and_one_that_cannot_be_read_is_a_finding(preview: Preview) -> None:
    assert preview.stories(2)["stories"]["failed"] == 1
    file = preview.folder / "procedures/desk.stories.yaml"
    file.write_text(STORIES.replace("manager.sun", "agent.li"))
    preview.until(lambda it: not it["stories"]["running"] and it["stories"]["passed"] == 2)
    file.write_text("stories: 3\n")
    state = preview.until(lambda it: it["stories"]["unreadable"])
    assert state["office"]["findings"][0]["place"].startswith("procedures/desk.stories.yaml:1")


# -- who is answered


def test_nobody_is_answered_without_the_token(preview: Preview) -> None:
    for token in ("", "x", preview.server.token[:-1], preview.server.token.swapcase()):
        for path in ("", "state", "page.js", "follow"):
            answer, body = preview.request(path, token=token)
            assert answer.status == 404
            assert b"svg" not in body
    assert len(preview.server.token) >= 32


def test_another_page_of_the_browser_is_not_answered(preview: Preview) -> None:
    """Neither by a name of its own that it points at this machine, nor from where it lies."""
    own = f"http://{preview.host}"
    for host in ("", "evil.example", f"evil.example:{preview.server.port}", "127.0.0.1", f"127.0.0.1:{preview.server.port}.evil.example"):  # fmt: skip
        assert preview.request("state", Host=host)[0].status == 421
    for origin in ("http://evil.example", "null", "https://" + preview.host, own + "0"):
        assert preview.request("state", Origin=origin)[0].status == 403
        assert preview.request("play", method="POST", body=b"{}", Origin=origin, Content_Type="application/json")[0].status == 403  # fmt: skip
    assert preview.request("play", method="POST", body=b"{}", Content_Type="application/json")[0].status == 403
    for site in ("cross-site", "same-site"):
        assert preview.request("state", Sec_Fetch_Site=site)[0].status == 403
        assert preview.request("page.js", Sec_Fetch_Site=site)[0].status == 403
    assert preview.request("state", Origin=own, Sec_Fetch_Site="same-origin")[0].status == 200


def test_what_is_no_request_of_the_page_is_refused_and_nothing_breaks(preview: Preview) -> None:
    own = {"Origin": f"http://{preview.host}", "Content_Type": "application/json"}
    assert preview.request("nothing")[0].status == 404
    assert preview.request("../../etc/passwd")[0].status == 404
    assert preview.request("play", method="POST", body=b"{", **own)[0].status == 400
    assert preview.request("play", method="POST", body=b"[" * 100_000, **own)[0].status == 400
    assert preview.request("play", method="POST", body=b"[]", **own)[0].status == 400
    assert preview.request("play", method="POST", body=b"{}", Origin=own["Origin"], Content_Type="text/plain")[0].status == 400  # fmt: skip
    assert preview.request("play", method="POST", Content_Length="99999999", **own)[0].status == 413
    assert preview.request("nothing", method="POST", body=b"{}", **own)[0].status == 404
    assert preview.request("", method="PUT")[0].status == 501
    assert preview.state(procedure="nothing")["procedure"] == "desk"
    assert preview.state("fr")["language"] == "en"
    assert not (preview.folder / "guanjia-error.log").exists()


def test_the_page_may_ask_nobody_else_and_run_nothing_but_its_own_script(preview: Preview) -> None:
    for path in ("", "page.css", "page.js", "state"):
        answer, body = preview.request(path)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert b"http://" not in body.replace(b"http://www.w3.org/2000/svg", b"")
        assert b"https://" not in body
    script = (files("guanjia.cli.preview") / "page.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script)


def test_only_this_machine_is_listened_to(preview: Preview) -> None:
    assert preview.server.server_address[0] == "127.0.0.1"


# -- the page and its words


def test_the_page_has_no_words_of_its_own_and_every_word_is_used() -> None:
    script = (files("guanjia.cli.preview") / "page.js").read_text()
    assert set(re.findall(r"words\.(\w+)", script)) == set(WORDS)
    assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"//.*", "", script))


def test_every_colour_of_the_picture_has_one_for_the_dark() -> None:
    style = (files("guanjia.cli.preview") / "page.css").read_text()
    svg = import_module("guanjia.authoring.diagram.svg")
    drawn = {*svg.FILLS.values(), *svg.COLOURS, svg.INK, svg.PALE, svg.EDGE, svg.PAPER, svg.NOW, svg.BEEN, svg.LATE, svg.TIMES}  # fmt: skip
    assert not [colour for colour in drawn if f'="{colour}"]' not in style]
    assert not [colour for colour in svg.COLOURS if f'[stroke="{colour}"]' not in style]


# -- how it begins and ends


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended_and_ends_in_words(desk: Path, how: signal.Signals) -> None:
    line = [sys.executable, "-m", "guanjia.cli.main", "--office", str(desk), "--lang", "en", "preview"]
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/[\w-]{32}/", first)
        assert found, first
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=20) as follower:
            path = found[0].split("/", 3)[3]
            follower.sendall(f"GET /{path}follow HTTP/1.1\r\nHost: 127.0.0.1:{found[1]}\r\n\r\n".encode())
            assert select.select([follower], [], [], 20)[0]
            process.send_signal(how)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.endswith("The preview has stopped.\n")


def test_a_port_that_another_program_has_is_told(run: Call, desk: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run("--office", str(desk), "--lang", "zh", "preview", "--port", port)
    assert ran.code == 1
    assert f"127.0.0.1:{port}" in ran.err
    assert "已被别的程序占用" in ran.err
    assert run("--office", str(desk), "preview", "--port", "70000").code == 1
    assert run("--office", str(desk), "preview", "--port", "x").code == 2
    assert run("--office", str(desk), "preview", "--open", "--no-open").code == 2


def test_nothing_of_the_office_is_written(preview: Preview) -> None:
    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in preview.folder.rglob("*") if path.is_file()}

    before = everything()
    preview.stories(2)
    assert everything() == before
