"""What the shell offers when somebody presses the tab key: numbers of open cases, actions, procedures, fields.

A shell in the middle of a word must never see an error; when something is wrong there is simply nothing to offer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from .desk import Desk

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _quietly(offer: Callable[[Desk, click.Context], Iterable[tuple[str, str]]]) -> Completer:
    @wraps(offer)
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        try:
            found = list(offer(ctx.obj, ctx))
        except Exception:  # an unreadable office offers nothing; the command itself will say why
            return []
        return [CompletionItem(word, help=_clean(say)) for word, say in found if word.startswith(incomplete)]

    return complete


def _clean(text: str) -> str:
    from ..terminal import safe_text

    return safe_text(text).replace("\t", " ")


@_quietly
def references(desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    """Numbers of open cases, the most urgent first."""
    from ..store.interface import Query

    return [(row.columns.number, row.columns.summary) for row in desk.store.list(Query(mode=None, limit=200))]


@_quietly
def clocks(desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    """The clocks of the case that was typed before."""
    ref = ctx.params.get("ref")
    if not ref:
        return []
    case = desk.engine.case(ref)
    return [(name, desk.label(case.procedure, name)) for name in case.clocks]


@_quietly
def actions(desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    """Actions that are possible now for the case that was typed before; its label explains each."""
    ref = ctx.params.get("ref")
    if not ref:
        return []
    case = desk.engine.case(ref)
    options = desk.engine.available(case.id, desk.actor)
    return [(item.action, desk.label(case.procedure, item.action)) for item in options if item.allowed]


@_quietly
def procedures(desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [(name, desk.label(name, name)) for name in desk.known.get("versions", {})]


@_quietly
def roles(desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    from .commands.staff import roles

    return roles(desk).items()


@_quietly
def people(desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    staff: dict[str, Any] = desk.known.get("staff", {})
    return staff.items()
