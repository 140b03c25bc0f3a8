"""Which cases are meant: conditions in the words that `ls` has, `procedure=repair state=waiting_parts overdue`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from ..errors import Refused, Text
from ..store.interface import Row
from .desk import Desk
from .failure import Usage

VALUES = ("procedure", "state", "assignee", "room", "customer", "site", "parent", "mode")
FLAGS = ("overdue", "alarm", "provisional", "unassigned")

MOST = 500
"""Cases that one line may be about: more is rather a mistake in it."""


def conditions(text: str) -> dict[str, str | bool]:
    """By name. Usage for a word that there is not, with those that there are."""
    try:
        words = shlex.split(text.replace(",", " "))
    except ValueError:
        raise Usage(Text(f"--where 的引号没有成对：{text}", f"--where: a quote is not closed: {text}")) from None
    found: dict[str, str | bool] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name == "and" and not equals:
            continue
        if (name in FLAGS and not equals) or (name in VALUES and value):
            found[name] = value or True
            continue
        near = get_close_matches(name, (*VALUES, *FLAGS), 1)
        meant = Text(f"是不是 {near[0]}？", f"Did you mean {near[0]}? ") if near else Text("", "")
        listed = " ".join((*(f"{each}=…" for each in VALUES), *FLAGS))
        raise Usage(
            Text(f"--where 不认识“{word}”。", f"--where does not know {word!r}."),
            Text(f"{meant.zh}可以写：{listed}", f"{meant.en}There are: {listed}"),
        )
    if not found:
        raise Usage(Text("--where 没有写条件。", "--where names no condition."), Text("例如：--where 'state=waiting_parts overdue'", "For example: --where 'state=waiting_parts overdue'"))  # fmt: skip
    return found


def meant(desk: Desk, text: str) -> Sequence[Row]:
    """The open cases that the conditions name, the most urgent first. Refused when they are too many, NotFound where there are none
    because a condition names what there is not."""
    from .commands.ls import check_names, mode_of, overdue, pages, person

    given = conditions(text)
    query: dict[str, Any] = {name: value for name, value in given.items() if name in (*VALUES, "alarm", "provisional")}
    if (who := query.get("assignee")) is not None:
        query["assignee"] = desk.who if who == "me" else desk.member(str(who))
    if "parent" in query:
        query["parent"] = desk.engine.case(str(query["parent"])).id
    if "customer" in query:
        query["customer"] = person(desk, str(query["customer"]))
    query["mode"] = mode_of(query.get("mode"))
    now, rows = desk.now(), []
    for row in pages(desk, **query):
        if ("overdue" in given and not overdue(row, now)) or (
            "unassigned" in given and row.columns.assignee is not None
        ):
            continue
        rows.append(row)
        if len(rows) > MOST:
            raise Refused(
                "many", Text(f"超过 {MOST} 个工单，请缩小范围。", f"These are more than {MOST} cases; narrow it down.")
            )
    if not rows:
        check_names(desk, query)
    return rows
