"""HTML to PDF by a browser that is on the machine: it has the fonts, and sets Chinese as people are used to."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from ...errors import Refused, Text

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
PATIENCE = 120
"""Seconds that printing may take."""


def printed(html: str) -> bytes:
    """The page as a PDF. Refused where no browser is found, or it does not print."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise Refused(
            "browser", Text("没有找到浏览器（chromium、Chrome 或 Edge），印不出 PDF。", "There is no browser (chromium, Chrome or Edge) to print a PDF with."),
            Text("改用 --format html，在自己的浏览器里打开，打印成 PDF", "Use --format html, open it in your browser, and print it to PDF."),
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        page, pdf = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html)
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-extensions",
                 "--no-pdf-header-footer", f"--user-data-dir={folder}/profile", f"--print-to-pdf={pdf}"]  # fmt: skip
        try:
            done = subprocess.run([browser, *flags, page.as_uri()], capture_output=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired):
            done = None
        if done is None or done.returncode or not pdf.is_file():
            raise Refused(
                "browser", Text(f"浏览器 {browser} 没有印出 PDF。", f"The browser {browser} printed no PDF."),
                Text("改用 --format html，在自己的浏览器里打开，打印成 PDF", "Use --format html, open it in your browser, and print it to PDF."),
            )  # fmt: skip
        return pdf.read_bytes()
