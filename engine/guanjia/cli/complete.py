"""What the shell offers when somebody presses the tab key: numbers of open cases, actions, fields and what they may be, people.

A shell in the middle of a word must never see an error; when something is wrong there is simply nothing to offer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..model.procedure import Field
    from .desk import Desk

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
Offered = Iterable[tuple[str, str]]
"""What may be typed, each with what it is."""


def _quietly(offer: Callable[[Desk, click.Context], Offered]) -> Completer:
    @wraps(offer)
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _beginning(incomplete, lambda: offer(ctx.obj, ctx))

    return complete


def _beginning(incomplete: str, offer: Callable[[], Offered]) -> list[CompletionItem]:
    """What is offered and begins so."""
    from click.shell_completion import CompletionItem

    try:
        found = list(offer())
    except Exception:  # an unreadable office offers nothing; the command itself will say why
        return []
    return [CompletionItem(word, help=_clean(say)) for word, say in found if word.startswith(incomplete)]


def _clean(text: str) -> str:
    from ..terminal import safe_text

    return safe_text(text).replace("\t", " ")


@_quietly
def references(desk: Desk, ctx: click.Context) -> Offered:
    """Numbers of open cases, the most urgent first."""
    from ..store.interface import Query

    return [
        (row.columns.number, row.columns.summary)
        for row in desk.store.list(Query(mode=None, limit=200, sight=desk.sight))
    ]


@_quietly
def clocks(desk: Desk, ctx: click.Context) -> Offered:
    """The clocks of the case that was typed before."""
    ref = ctx.params.get("ref")
    if not ref:
        return []
    case = desk.engine.case(ref)
    return [(name, desk.label(case.procedure, name)) for name in case.clocks]


@_quietly
def actions(desk: Desk, ctx: click.Context) -> Offered:
    """Actions that are possible now for the case that was typed before; its label explains each."""
    ref = ctx.params.get("ref")
    if not ref:
        return []
    case = desk.engine.case(ref)
    options = desk.engine.available(case.id, desk.actor)
    return [(item.action, desk.label(case.procedure, item.action)) for item in options if item.allowed]


@_quietly
def procedures(desk: Desk, ctx: click.Context) -> Offered:
    return [(name, desk.label(name, name)) for name in desk.known.get("versions", {})]


@_quietly
def roles(desk: Desk, ctx: click.Context) -> Offered:
    from .commands.staff import roles

    return roles(desk).items()


@_quietly
def people(desk: Desk, ctx: click.Context) -> Offered:
    staff: dict[str, Any] = desk.known.get("staff", {})
    return staff.items()


@_quietly
def states(desk: Desk, ctx: click.Context) -> Offered:
    """States in which open cases are."""
    from ..store.interface import Query

    rows = [row.columns for row in desk.store.list(Query(mode=None, limit=500, sight=desk.sight))]
    return {name: desk.label(it.procedure, name) for it in rows for name in it.states.split(",")}.items()


@_quietly
def signals(desk: Desk, ctx: click.Context) -> Offered:
    """The signals that the case that was typed before may receive."""
    case = desk.engine.case(ctx.params["ref"])
    return [(name, desk.label(case.procedure, name)) for name in desk.engine.program(case).signals]


@_quietly
def calendars(desk: Desk, ctx: click.Context) -> Offered:
    return [(name, "") for name in desk.engine.files.calendars()]


@_quietly
def registries(desk: Desk, ctx: click.Context) -> Offered:
    return [(name, "") for name in desk.engine.registries()]


@_quietly
def findings(desk: Desk, ctx: click.Context) -> Offered:
    """The codes that a check may give."""
    from ..authoring.pages import pages

    return [(code, desk.out.say(it.text)) for code, it in pages().items()]


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _paths("file", incomplete)


def folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _paths("dir", incomplete)


def _paths(type: str, incomplete: str) -> list[CompletionItem]:
    """The shell knows its files itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type=type)]


def values(ctx: click.Context, command: str, incomplete: str) -> list[CompletionItem]:
    """Fields that a dynamic command may be given, or what the field that was just named may be."""

    def offer() -> Offered:
        desk: Desk = ctx.obj
        fields, label = _fields(desk, ctx, command)
        last, value = (ctx.meta.get("given") or [("", "")])[-1]
        field = fields.get(last.lstrip("-").replace("-", "_"))
        if incomplete.startswith("-"):
            return [(f"--{name}", label(name)) for name in fields]
        if field is None or value is not None:
            return []
        if field.type == "staff":
            staff: dict[str, str] = desk.known.get("staff", {})
            return [(who, str(staff[who])) for who in _near(desk, ctx, command).get(last.lstrip("-")) or staff]
        if field.type == "entry":
            engine = desk.engine
            return (
                [(key, "") for key in engine.registry(field.of[0]).rows] if field.of[0] in engine.registries() else []
            )
        return [(word, label(word)) for word in field.of] or (
            [("yes", ""), ("no", "")] if field.type == "boolean" else []
        )

    return _beginning(incomplete, offer)


def _near(desk: Desk, ctx: click.Context, command: str) -> Mapping[str, Sequence[str]]:
    """Who could be given the case that was typed before, by input of the action."""
    if command != "do" or not ctx.params.get("action"):
        return {}
    from ..runtime.takers import takers

    return takers(desk.engine, desk.engine.case(ctx.params["ref"]), ctx.params["action"], desk.actor)


def _fields(desk: Desk, ctx: click.Context, command: str) -> tuple[Mapping[str, Field], Callable[[str], str]]:
    """The fields that this command line may fill, and what people call each."""
    if command == "open":
        program, trigger = desk.engine.opening(ctx.params["procedure"]), ("", "")
    else:
        program = desk.engine.program(desk.engine.case(ctx.params["ref"]))
        trigger = (
            ("act", ctx.params.get("action") or "") if command == "do" else (command, ctx.params.get("name") or "")
        )
    inputs = program.inputs.get(trigger, {})
    return {**inputs, **program.procedure.fields}, partial(program.procedure.label, language=desk.out.language)
