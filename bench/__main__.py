"""`python -m bench [NAME …]`: measure, print one table, write build/bench.json. Without names: everything."""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

IDEAS = (
    "working_time",
    "pure",
    "advance",
    "crowd",
    "sealing",
    "peers",
    "listing",
    "check",
    "customers",
    "due",
    "moving",
    "workers",
    "prove",
)
RESULT = Path("build/bench.json")


def main() -> None:
    wanted = sys.argv[1:] or IDEAS
    if unknown := [name for name in wanted if name not in IDEAS]:
        sys.exit(f"没有 / no such measurement: {', '.join(unknown)} ({', '.join(IDEAS)})")
    found = []
    for name in wanted:
        began = time.perf_counter()
        print(f"{name} …", flush=True)
        found += import_module(f"bench.{name}").measure()
        print(f"  {time.perf_counter() - began:.0f} s", flush=True)

    table = Table()
    for head in ("测量 What", "对照 Beside"):
        table.add_column(head)
    for head in ("管家 Guanjia", "它 It", "比 Ratio"):
        table.add_column(head, justify="right")
    for item in found:
        beside = "" if item.beside is None else f"{item.beside:,.4g} {item.unit}"
        ratio = "" if item.ratio is None else f"{item.ratio:.2f}"
        table.add_row(item.name, item.against, f"{item.value:,.4g} {item.unit}", beside, ratio)
    Console(width=140).print(table)
    RESULT.parent.mkdir(exist_ok=True)
    plain = {
        item.name: {"value": item.value, "unit": item.unit, "beside": item.beside, "ratio": item.ratio}
        for item in found
    }
    RESULT.write_text(json.dumps(plain, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
