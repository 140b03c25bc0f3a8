"""Runs the command line from a checkout: `python cli.py ls` is what `guanjia ls` is once installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "engine"))

from guanjia.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
