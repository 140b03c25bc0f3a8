"""Puts the starter kit into the wheel, the folders that `guanjia init` copies into an office, and the book of the checks.

They lie at the root of the checkout, where people edit and review them, and travel as `guanjia/starter/`. Everything else
about the package stands in pyproject.toml.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
FOLDERS = ("procedures", "templates", "calendars")


class BuildWithStarter(build_py):
    """The ordinary build, then the starter kit beside the modules. An editable install reads the checkout instead."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        starter = Path(self.build_lib, "guanjia", "starter")
        shutil.rmtree(starter, ignore_errors=True)
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, starter / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        shutil.copytree(ROOT / "starter", starter, dirs_exist_ok=True)
        shutil.copyfile(ROOT / "docs" / "checks.md", Path(self.build_lib, "guanjia", "checks.md"))


setup(cmdclass={"build_py": BuildWithStarter})
