"""The page of `guanjia preview` in a real browser: what an administrator sees and does there, and what other pages cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.browser import FOREIGN, Browser
from tests.cli.previews import Preview, previewed
from tests.cli.test_preview_played import AT, PROCEDURE, TOLD
from tests.offices import OFFICE, small

HOSTILE = "<img src=x onerror='document.title=`hacked`'><script>document.title='hacked'</script>"
STORIES = """\
stories:
  - story: nobody answers in time
    at: 2026-03-02 09:00
    open: {by: agent.wang, with: {summary: x}}
    steps:
      - after: 2h
      - then: {clocks: {answer: breached}}
"""


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Preview]:
    folder = small(tmp_path / "office", PROCEDURE, more={**TOLD, "procedures/desk.stories.yaml": STORIES})
    with previewed(folder) as running:
        yield running


def shown(browser: Browser, preview: Preview, language: str = "en") -> None:
    """The page as it is called up for the first time, at a desk."""
    browser.size(1280, 900)
    browser.colours("light")
    browser.go(preview.address)
    browser.run("localStorage.clear()")
    browser.complaints()  # of what was looked at before
    browser.go(f"{preview.address}?{language}#lang={language}")
    browser.wait("#findings", {"en": "Findings", "zh": "检查"}[language])


def opened(browser: Browser, summary: str = "漏水") -> None:
    browser.type('[id="open.desk.summary"]', summary)
    browser.click('[id="open.desk.send"]')
    browser.one("#case-state")


def test_the_page_follows_the_files_as_they_are_saved_and_loses_nothing_when_they_are_broken(browser: Browser, preview: Preview) -> None:  # fmt: skip
    shown(browser, preview)
    assert "front desk" in browser.text("#picture svg")
    browser.wait("#stories", "passed 1")
    file = preview.folder / "procedures/desk.yaml"
    file.write_text(PROCEDURE.replace("to: over, by: agent", "to: ovr, by: agent"))
    browser.wait("#findings", "errors 1")
    said = browser.text("#findings")
    assert "procedures/desk.yaml:25:" in said
    assert "^" in said
    assert "over" in said  # what to write instead
    assert "front desk" in browser.text("#picture svg")
    assert "last were in order" in browser.text("#notice")
    file.write_text(PROCEDURE.replace("front desk", "the counter"))
    browser.wait("#picture", "the counter")
    assert browser.run("return document.getElementById('notice').hidden")
    (preview.folder / "procedures/desk.stories.yaml").write_text(STORIES.replace("after: 2h", "after: 1h"))
    browser.wait("#stories", "failed 1")
    assert "procedures/desk.stories.yaml:7:" in browser.text("#stories")
    assert browser.complaints() == []


def test_a_case_is_played_from_its_opening_to_its_end(browser: Browser, preview: Preview) -> None:
    shown(browser, preview)
    browser.click('[id="open.desk.send"]')
    assert browser.text('[id="open.desk.summary.wrong"]') == "required"
    assert browser.run("return document.activeElement.id") == "open.desk.summary"
    browser.click('[id="open.desk.more"] summary')
    browser.choose('[id="open.desk.size"]', "large")
    browser.type('[id="open.desk.score"]', "9")
    opened_with = "漏水 <b>三楼</b>"
    browser.type('[id="open.desk.summary"]', opened_with)
    browser.click('[id="open.desk.send"]')
    browser.one('[id="open.desk.score.wrong"]')
    browser.type('[id="open.desk.score"]', "3")
    browser.click('[id="open.desk.send"]')
    browser.wait("#case-state", "waits")
    assert browser.run("return document.querySelectorAll('#picture [fill=\"#fde68a\"]').length") == 1
    assert "4 h left" in browser.text("#play")
    browser.click("#next")
    browser.wait("#now", "13:00")
    browser.type("#amount", "5d")
    browser.click("#wait")
    browser.wait("#play form", "5 workdays")  # 5d does not say which days: what to write stands there
    browser.click('[id="clock.answer.1"] summary')
    assert "“size” is “big”" in browser.text('[id="clock.answer.1"]')
    browser.click("#messages summary")
    assert "escalation" in browser.text("#messages")
    browser.choose("#as", "manager.sun")
    browser.wait("#play", "There is nothing to do.")
    browser.choose("#as", "agent.li")
    browser.click('[id="act.when.answer"] summary')
    browser.type('[id="when.desk.answer.words"]', "修好了")
    browser.click('[id="when.desk.answer.send"]')
    browser.wait("#case-state", "answered")
    assert opened_with in browser.text("#play")
    assert "when: answer, by: agent.li" in browser.run("return document.getElementById('story').value")
    browser.click("#back")
    browser.wait("#case-state", "waits")
    file = preview.folder / "procedures/desk.yaml"
    file.write_text(PROCEDURE.replace("open_by: [agent", "open_by: [manager"))
    browser.wait("#play", "It goes no further under the new rules")
    file.write_text(PROCEDURE)
    browser.wait("#case-state", "waits")
    browser.click("#anew")
    browser.one('[id="open.desk.send"]')
    assert browser.complaints() == []


def test_a_message_is_looked_at_in_every_language_and_the_page_speaks_both(browser: Browser, preview: Preview) -> None:
    shown(browser, preview, "zh")
    opened(browser)
    browser.wait("#play h3", "以谁的身份")
    browser.click("#messages details:last-child summary")
    browser.click('#messages details:last-child button[value="en.mail"]')
    browser.wait("#messages", "Dear Sir")
    browser.click('#messages details:last-child button[value="zh.text"]')
    browser.wait("#messages", "已收到")
    browser.click("#language")
    browser.wait("#play h3", "As whom")
    assert browser.run("return document.documentElement.lang") == "en"
    browser.go(preview.address)  # it is remembered
    browser.wait("#play h3", "As whom")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_on_a_telephone_and_in_the_dark(browser: Browser, preview: Preview, scheme: str) -> None:
    shown(browser, preview, "zh")
    opened(browser, "水" * 60 + "x" * 120)
    browser.colours(scheme)
    browser.size(360, 740, phone=True)
    wide, least, contrasts = browser.run(_LOOK)
    assert wide <= 360
    assert least >= 11
    assert min(contrasts) >= 4.5, contrasts


_LOOK = """
const seen = [...document.querySelectorAll('body *')].filter((it) => it.checkVisibility() && !it.closest('svg')
  && [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
const light = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((it) => it / 255).map((it) => it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const paper = (it) => {
  for (; it; it = it.parentElement) {
    const colour = getComputedStyle(it).backgroundColor;
    if (!colour.endsWith(', 0)') && colour !== 'transparent') return colour;
  }
  return 'rgb(255, 255, 255)';
};
const contrasts = seen.filter((it) => !it.disabled).map((it) => {
  const [a, b] = [light(getComputedStyle(it).color), light(paper(it))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
});
return [document.documentElement.scrollWidth, Math.min(...seen.map((it) => parseFloat(getComputedStyle(it).fontSize))), contrasts];
"""
"""How wide the page is, its smallest type, and the contrast of each text to what is behind it (WCAG)."""


def test_nothing_that_somebody_wrote_runs_on_the_page(browser: Browser, tmp_path: Path) -> None:
    quoted = json.dumps(HOSTILE)
    hostile = PROCEDURE.replace("waiting: waits", f"waiting: {quoted}").replace("desk: front desk", f"desk: {quoted}")
    more = {
        **TOLD, "templates/en/told.text.j2": f"Subject: {HOSTILE}\n{HOSTILE} {{{{ summary }}}}\n",
        "procedures/desk.stories.yaml": STORIES.replace("nobody answers in time", quoted).replace("breached", quoted),
        "office.yaml": OFFICE.replace("Test office", quoted),
    }  # fmt: skip
    with previewed(small(tmp_path / "office", hostile, more=more)) as preview:
        shown(browser, preview)
        assert browser.text("#name") == HOSTILE
        browser.wait("#stories", "failed 1")
        opened(browser, HOSTILE)
        browser.click("#messages details:last-child summary")
        browser.click('#messages details:last-child button[value="en.text"]')
        browser.click('[id="case-fields"] summary')
        assert HOSTILE in browser.text("#play")
        assert HOSTILE.split(">", maxsplit=1)[0] in browser.text("#picture")
        (preview.folder / f"templates/en/{HOSTILE[:4]}.text.j2").write_text(HOSTILE)
        (preview.folder / "procedures/desk.yaml").write_text(hostile.replace("to: over", f"to: {quoted}"))
        browser.wait("#findings", "errors")
        assert HOSTILE[:10] in browser.text("#findings")
        assert browser.run("return document.title") == f"{HOSTILE} · preview"
        assert browser.run("return document.querySelectorAll('img, main script').length") == 0
        assert browser.complaints() == []


def test_another_page_of_the_same_browser_reads_and_changes_nothing(browser: Browser, preview: Preview) -> None:
    """Neither from another port of this machine, though it knows the address, nor by a name of its own."""
    preview.play("open", at=AT, by="agent.wang", values={"summary": "x"})
    preview.play("wait", "5m")
    with elsewhere() as there:
        browser.go(there)
        tried = browser.run(_TRY, preview.address)
        assert tried == ["refused", "refused", "refused", "refused"]
        browser.run("const frame = document.createElement('iframe'); frame.src = arguments[0]; document.body.append(frame)", preview.address)  # fmt: skip
    browser.go(f"http://{FOREIGN}:{preview.server.port}/{preview.server.token}/")
    assert "本机" in browser.text("body")
    assert browser.run("return document.scripts.length") == 0
    assert preview.state()["case"]["steps"] == 1


_TRY = """
const tries = [
  fetch(arguments[0] + 'state').then((it) => it.text()),
  fetch(arguments[0] + 'play', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"do": "anew"}'}).then((it) => it.text()),
  fetch(arguments[0] + 'play', {method: 'POST', mode: 'no-cors', body: '{"do": "anew"}'}).then((it) => it.text()),
  new Promise((yes, no) => { const it = document.createElement('script'); it.onload = yes; it.onerror = no; it.src = arguments[0] + 'page.js'; document.head.append(it); }),
];
return Promise.all(tries.map((it) => it.then((text) => text === '' ? 'refused' : 'read', () => 'refused')));
"""


class elsewhere:
    """A page of somebody else, from another port of this machine."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title><body>elsewhere")

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    def __enter__(self) -> str:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.Page)
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def test_a_page_whose_preview_has_ended_says_so(browser: Browser, tmp_path: Path) -> None:
    with previewed(small(tmp_path / "office", PROCEDURE, more=TOLD)) as preview:
        shown(browser, preview)
        assert browser.text("#following") == "follows the files"
    browser.wait("#following", "the preview has stopped")
