"""click commands made of the plain data of `spec`, with help and complaints in both languages.

click parses; the words are ours. Help is laid out here, because click counts characters where Chinese needs columns, and
click's errors are turned into `Usage` with both languages. A command's module is imported when the command is called.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ..errors import Text
from . import spec
from .failure import Usage
from .out import Ink, Out, wrap

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from .desk import Desk


_HELP = ["--help", "-h"]
_EVERYWHERE = {name for item in spec.EVERYWHERE for name in item.names}


class Command(click.Command):
    """One command. A dynamic one keeps names it does not know, with their values, in the order typed.

    What follows such a `--name` is its value unless it begins with `--` itself; `--name=--value` says so plainly.
    """

    def __init__(self, made_of: spec.Command) -> None:
        self.spec = made_of
        params = [*map(_argument, made_of.arguments), *map(_option, made_of.options), *_everywhere()]
        super().__init__(made_of.name, callback=self._call, params=params, add_help_option=False)

    def _call(self, **values: Any) -> Any:
        ctx = click.get_current_context()
        if self.spec.dynamic:
            values["given"] = ctx.meta["given"]
        gc.enable()
        return self.spec.run(ctx.obj, **values)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from . import complete

        own = super().shell_complete(ctx, incomplete)
        return [*complete.values(ctx, self.spec.name, incomplete), *own] if self.spec.dynamic else own

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self.spec.dynamic:
            args, ctx.meta["given"] = _parted(args, {name: item for item in self.params for name in item.opts})
        with _in(ctx):
            return super().parse_args(ctx, args)


class Group(click.Group):
    """A group that knows its commands by name and imports one only when it is called."""

    def __init__(self, made_of: spec.Group) -> None:
        self.spec = made_of
        params = [*_everywhere(), *([_version()] if made_of.name == spec.PROGRAM else [])]
        super().__init__(
            made_of.name, callback=self._alone, params=params, add_help_option=False, invoke_without_command=True
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.spec.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.spec.entries.get(cmd_name)
        return None if entry is None else build(spec.load(entry, cmd_name))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _in(ctx):
            return super().parse_args(ctx, self._meant(args) if self.spec.default else args)

    def _meant(self, args: list[str]) -> list[str]:
        """With the default command put in where none is named."""
        from difflib import get_close_matches

        at = 0
        while at < len(args) and args[at].partition("=")[0] in _EVERYWHERE:
            at += 1 if "=" in args[at] else 2
        if at >= len(args) or args[at] in _HELP or get_close_matches(args[at], self.spec.entries, 1):
            return args
        return [*args[:at], self.spec.default or "", *args[at:]]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.spec.entries and not ctx.resilient_parsing:
            raise unknown(Text("命令", "command"), args[0], list(self.spec.entries), ctx.command_path)
        return super().resolve_command(ctx, args)

    def _alone(self) -> Any:
        """What happens where no command follows: the default one, or help."""
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is not None:
            return None
        command = self.get_command(ctx, self.spec.default) if self.spec.default else None
        if command is None:
            print_help(ctx)
            return None
        with command.make_context(self.spec.default, [], parent=ctx) as inner:
            return command.invoke(inner)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        out: Out = ctx.obj.out
        entries = self.spec.entries.items()
        found = [CompletionItem(name, help=out.say(item.say)) for name, item in entries if name.startswith(incomplete)]
        return found or click.Command.shell_complete(self, ctx, incomplete)


def build(made_of: spec.Command | spec.Group) -> click.Command:
    return Group(made_of) if isinstance(made_of, spec.Group) else Command(made_of)


# -- options and arguments


def _option(made_of: spec.Option) -> click.Option:
    def convert(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if ctx.resilient_parsing:
            return value
        if made_of.many:
            return tuple(made_of.value(text) for text in value)
        return made_of.value(value) if isinstance(value, str) else value

    typed: dict[str, Any] = {"is_flag": True} if made_of.flag else {"type": str, "default": made_of.default}
    if made_of.many:
        typed = {"type": str, "multiple": True}
    return click.Option([*made_of.names, made_of.to], **typed, callback=convert, shell_complete=_offer(made_of))


def _argument(made_of: spec.Argument) -> click.Argument:
    def convert(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if made_of.words and value is not None and not ctx.resilient_parsing:
            return spec.one_of(made_of.words)(made_of.metavar, value)
        return value

    # click takes a default of None for a value that is there, so that nothing would ever be missing.
    default = {} if made_of.default is None else {"default": made_of.default}
    return click.Argument(
        [made_of.name], metavar=made_of.metavar, required=made_of.required, nargs=-1 if made_of.many else 1, callback=convert,
        **default, shell_complete=_offer(made_of),
    )  # fmt: skip


def _offer(made_of: spec.Option | spec.Argument) -> Callable[[click.Context, click.Parameter, str], Any] | None:
    """What the tab key offers for a value: one of its words, or what a function of `complete` finds."""

    def found(ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        from . import complete

        return getattr(complete, made_of.complete)(ctx, param, incomplete)

    if made_of.complete:
        return found
    return lambda ctx, param, incomplete: [word for word in made_of.words if word.startswith(incomplete)]


def _everywhere() -> list[click.Parameter]:
    def note(made_of: spec.Option) -> Callable[[click.Context, click.Parameter, Any], None]:
        def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
            if value is not None:
                ctx.obj.take({made_of.to: value if ctx.resilient_parsing else made_of.value(value)})

        return keep

    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            print_help(ctx)
            ctx.exit()

    options: list[click.Parameter] = [
        click.Option([*item.names, f"of_run_{item.to}"], expose_value=False, is_eager=True, callback=note(item), shell_complete=_offer(item))
        for item in spec.EVERYWHERE
    ]  # fmt: skip
    return [*options, click.Option(_HELP, is_flag=True, is_eager=True, expose_value=False, callback=show)]


def _version() -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            from importlib.metadata import version

            ctx.obj.out.line(f"{spec.PROGRAM} {version(spec.PROGRAM)}")
            ctx.exit()

    return click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=show)


def _parted(args: list[str], own: dict[str, click.Parameter]) -> tuple[list[str], list[tuple[str, str | None]]]:
    """The words that are the command's own, and the others as (option, value)."""
    ours: list[str] = []
    given: list[tuple[str, str | None]] = []
    words = list(args)
    while words:
        word = words.pop(0)
        if word == "--":
            ours += [word, *words]
            break
        head, equals, value = word.partition("=")
        option = own.get(head)
        if isinstance(option, click.Option):
            ours.append(word)
            if not equals and not option.is_flag and words:
                ours.append(words.pop(0))
        elif head.startswith("--"):
            takes = not equals and bool(words) and not words[0].startswith("--")
            given.append((head, words.pop(0) if takes else value if equals else None))
        else:
            ours.append(word)
    return ours, given


# -- complaints


@contextmanager
def _in(ctx: click.Context) -> Iterator[None]:
    """A complaint knows the command it is about, so that its hint can name it."""
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or ctx
        raise


def unknown(what: Text, word: str, known: Sequence[str], path: str) -> Usage:
    """There is no such command or option: what was probably meant, and where to look."""
    from difflib import get_close_matches

    bare = {name.lstrip("-"): name for name in known}
    near = [bare[name] for name in get_close_matches(word.lstrip("-"), bare, 3)]
    meant = Text(f"是不是：{'、'.join(near)}？\n", f"Did you mean {' or '.join(near)}?\n") if near else Text("", "")
    return Usage(
        Text(f"没有{what.zh}“{word}”。", f"There is no {what.en} {word!r}."),
        Text(f"{meant.zh}全部见 {path} --help", f"{meant.en}See {path} --help"),
    )


def translated(error: click.ClickException) -> Usage:
    """click's complaint in both languages."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else spec.PROGRAM
    look = Text(f"用法见 {path} --help", f"See {path} --help")
    if isinstance(error, click.NoSuchOption):
        known = (
            [name for item in ctx.command.params for name in item.opts if name.startswith("-")]
            if ctx is not None
            else []
        )
        return unknown(Text("选项", "option"), error.option_name, known, path)
    if isinstance(error, click.MissingParameter):
        name = error.param.human_readable_name if error.param is not None else ""
        made_of = ctx.command.spec.arguments if ctx is not None and isinstance(ctx.command, Command) else []
        say = next((item.say for item in made_of if item.metavar == name), Text(name, name))
        return Usage(Text(f"缺少 {name}（{say.zh}）。", f"{name} is missing: {say.en}."), look)
    message = error.format_message()
    if isinstance(error, click.BadOptionUsage):
        name = error.option_name
        if "does not take" in message:
            return Usage(Text(f"{name} 不带值。", f"{name} takes no value."), look)
        return Usage(Text(f"{name} 后面要有值。", f"{name} needs a value."), look)
    if message.startswith("Got unexpected extra"):
        rest = message.partition("(")[2].rpartition(")")[0]
        return Usage(Text(f"多出来的参数：{rest}", f"Too many arguments: {rest}"), look)
    return Usage(Text(f"命令行有误：{message}", message), look)


# -- help


def print_help(ctx: click.Context) -> None:
    """Usage, what it does, its arguments and options, examples; in the language of this run."""
    command, desk = ctx.command, ctx.obj
    if isinstance(command, Group):
        _group_help(ctx, desk, command.spec)
    elif isinstance(command, Command):
        _command_help(ctx, desk, command.spec)


def _command_help(ctx: click.Context, desk: Desk, it: spec.Command) -> None:
    out = desk.out
    pieces = [item.metavar if item.required else f"[{item.metavar}]" for item in it.arguments]
    pieces = [f"{piece} …" if item.many else piece for item, piece in zip(it.arguments, pieces, strict=True)]
    if it.dynamic:
        pieces.append(out.both("[--字段 值 …]", "[--FIELD VALUE …]"))
    _usage(out, ctx, pieces, it.say)
    if it.more is not None:
        out.line()
        out.lines(it.more)
    _section(out, Text("参数", "Arguments"), [(item.metavar, item.say) for item in it.arguments])
    _section(out, Text("选项", "Options"), [(item.spelling, item.say) for item in it.options])
    _also(out)
    if it.examples:
        out.line()
        out.line(Ink(Text("例", "Examples"), "bold"))
        for example in it.examples:
            out.line("  ", example)


def _group_help(ctx: click.Context, desk: Desk, it: spec.Group) -> None:
    out = desk.out
    _usage(out, ctx, [out.both("命令 …", "COMMAND …")], it.say)
    for title, table in it.sections.items():
        _section(out, title, [(name, entry.say) for name, entry in table.items()])
    if ctx.parent is None:
        rows = [(item.spelling, item.say) for item in spec.EVERYWHERE]
        rows.append(("-h, --help", Text("说明；每个命令都有", "this help; every command has its own")))
        rows.append(("--version", Text("版本", "the version of this program")))
        _section(out, Text("到处可用的选项", "Options of every command"), rows)
    else:
        _also(out)


def _usage(out: Out, ctx: click.Context, pieces: Sequence[str], say: Text) -> None:
    out.line(
        Ink(Text("用法：", "Usage: "), "bold"), " ".join([ctx.command_path, *pieces, out.both("[选项]", "[OPTIONS]")])
    )
    out.line()
    out.lines(say)


def _also(out: Out) -> None:
    names = "  ".join(["-h, --help", *(item.spelling for item in spec.EVERYWHERE)])
    out.line()
    out.line(Ink(Text("另有：", "Also: "), "dim"), Ink(names, "dim"))


def _section(out: Out, title: Text, rows: Sequence[tuple[str, Text]]) -> None:
    if not rows:
        return
    out.line()
    out.line(Ink(title, "bold"))
    left = min(34, max(len(name) for name, _ in rows))
    for name, say in rows:
        first, *rest = wrap(out.say(say), max(30, (out.columns or 100) - left - 4))
        out.line("  ", name.ljust(left), "  ", first)
        for line in rest:
            out.line(" " * (left + 4), line)
