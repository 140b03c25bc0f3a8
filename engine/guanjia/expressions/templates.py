"""Notification templates: Jinja2, hardened until it can neither run code nor cost much.

Only a closed set of texts is known. Every node of a template is checked against a whitelist when it is compiled: no calls, no
macros, no operators that make much out of little, no names for lists, loops over data only and not inside each other. Data is
plain values; an attribute is a key of a mapping and nothing else. The tree itself is small and not deep, and what depends on the
data is counted as it is done (`costs.py`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import GuanjiaError, Text
from .costs import BILL, LOOP, MOST_TEXT, Bill, Costly, each_time
from .mistakes import strange_sign, told
from .words import AROUND, FILTERS, written

LONGEST = 64 * 1024
MOST_NODES = 3_000
DEEPEST = 40
"""Of one template: characters, nodes of its tree, and how deep it is."""

MOST_INCLUDED = 20

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.NSRef, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Filter, nodes.Test, nodes.If, nodes.For, nodes.Include, nodes.Assign, nodes.And, nodes.Or, nodes.Not, nodes.Compare,
    nodes.Operand, nodes.CondExpr, nodes.List, nodes.Tuple, nodes.Neg,
)  # fmt: skip
_TESTS = ("none", "defined", "undefined")


class RenderError(GuanjiaError):
    """A template that cannot be rendered; the text names it and, where known, its line."""


class Rendered(NamedTuple):
    language: str
    subject: str
    body: str


class Chosen:
    """A template that was chosen for a channel and a language. `names` are what it needs of its data."""

    def __init__(self, key: str, language: str, names: frozenset[str], template: Template) -> None:
        self.key = key
        self.language = language
        self.names = names
        self._template = template

    def render(self, data: dict[str, Any]) -> Rendered:
        """RenderError where it cannot be rendered with this data."""
        parts: list[str] = []
        size, key = 0, self.key
        try:
            data[BILL] = Bill(data)
            for part in self._template.root_render_func(
                _Context(self._template.environment, data, self._template.name)
            ):
                size += len(part)
                if size > MOST_TEXT:
                    raise RenderError(Text(f"模板 {key} 的输出太长", f"the template {key} gives too long a text"))
                parts.append(part)
        except RenderError:
            raise
        except Costly as error:
            raise _unrendered(key, error.text) from None
        except TemplateError as error:
            raise _unrendered(key, Text(error.message or "", error.message or "")) from None
        except (RecursionError, MemoryError, OverflowError, ValueError, TypeError, ArithmeticError) as error:
            raise _unrendered(key, Text(type(error).__name__, type(error).__name__)) from None
        return _split(self.language, "".join(parts))


class Entry(str):
    """The key of a row of a registry, with its values by column: `{{ lift }}`, `{{ lift.building }}`."""

    values: Mapping[str, Any]

    @classmethod
    def of(cls, key: str, values: Mapping[str, Any]) -> Entry:
        made = cls(key)
        made.values = values
        return made


Problem = tuple[int, Text, Text | None]


def _unrendered(key: str, why: Text) -> RenderError:
    return RenderError(Text(f"模板 {key} 无法生成：{why.zh}", f"the template {key} cannot be rendered: {why.en}"))


class _Environment(ImmutableSandboxedEnvironment):
    escaping: nodes.EvalContext

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Entry):
            return obj.values[argument] if argument in obj.values else self.undefined(obj=str(obj), name=argument)
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)

    def _generate(self, source: nodes.Template, *given: Any, **more: Any) -> Any:
        """What a loop goes over passes through `each_time`, with the number of nodes that it costs each time."""
        for loop in source.find_all(nodes.For):
            cost = sum(1 for _ in loop.find_all(nodes.Node))
            loop.iter = nodes.Filter(loop.iter, LOOP, [nodes.Const(cost)], [], None, None, lineno=loop.lineno)
        return super()._generate(source, *given, **more)


class _Context(Context):
    """Data only: no blocks, no globals, and one way of escaping for all templates of an environment."""

    def __init__(self, environment: Any, parent: dict[str, Any], name: str | None, *_: Any, **__: Any) -> None:
        self.parent = parent
        self.vars = {}
        self.environment = environment
        self.eval_ctx = environment.escaping
        self.exported_vars = set()
        self.name = name
        self.globals_keys = set()
        self.blocks = {}


def _finalize(value: Any) -> Any:
    if value is None:
        return ""
    return written(value) if isinstance(value, list | tuple | Mapping) else value


class Templates:
    """The templates of one version, by `<language>/<name>.<channel>`. Safe to use from any thread."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = {key: _whole_lines(text) for key, text in sources.items()}
        self._plain = _environment(self.sources, escape=False)
        self._html = _environment(self.sources, escape=True)
        self._compiled: dict[str, Template] = {}
        self._chosen: dict[tuple[str, str, str], Chosen] = {}
        self._parsed: dict[str, Parsed | Problem] = {}
        self._included: dict[str, tuple[list[str], str | None]] = {}
        self._lock = threading.Lock()

    def channels(self, name: str) -> frozenset[str]:
        return frozenset(channel for _, channel in self._by_name.get(name, ()))

    def languages(self, name: str) -> frozenset[str]:
        return frozenset(language for language, _ in self._by_name.get(name, ()))

    def of(self, name: str) -> tuple[str, ...]:
        """The keys of all its texts: by language and channel."""
        return tuple(f"{language}/{name}.{channel}" for language, channel in self._by_name.get(name, ()))

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[str, str]]]:
        """The texts that there are of each template: language and channel."""
        found: dict[str, list[tuple[str, str]]] = {}
        for key in self.sources:
            language, _, rest = key.partition("/")
            name, _, channel = rest.rpartition(".")
            found.setdefault(name, []).append((language, channel))
        return found

    def variables(self, key: str) -> frozenset[str]:
        """The names that a template needs, with those that it includes."""
        return frozenset().union(*(part.needs for part in self._parts(key)))

    def members(self, key: str, name: str) -> frozenset[str]:
        """What a template, with those that it includes, reads of one of its names: of `input` in `input.reason` the reason."""
        return frozenset(member for part in self._parts(key) for of, member in part.members if of == name)

    def printed(self, key: str) -> frozenset[str]:
        """The names that a template, or what it includes, writes as they are, without a filter."""
        return frozenset().union(*(part.printed for part in self._parts(key)))

    def _parts(self, key: str) -> list[Parsed]:
        """A template and those that it includes, as far as they can be read."""
        found = (self._read(part) for part in self._with_includes(key)[0])
        return [part for part in found if isinstance(part, Parsed)]

    def check(self, key: str) -> list[Problem]:
        """Everything that is wrong with the template, as (line, text, hint)."""
        if key not in self.sources:
            return [(1, Text(f"没有模板 {key}", f"there is no template {key}"), None)]
        read = self._read(key)
        if not isinstance(read, Parsed):
            return [read]
        problems = list(self._judge(read.tree, key, 0))
        included, again = self._with_includes(key)
        if again:
            what = Text(f"模板 {again} 被包含了不止一次", f"the template {again} is included more than once")
            problems.append((1, what, None))
        elif len(included) > MOST_INCLUDED:
            what = Text(f"包含的模板超过 {MOST_INCLUDED} 个", f"it includes more than {MOST_INCLUDED} templates")
            problems.append((1, what, None))
        return problems

    def blank(self, key: str) -> bool:
        """Whether it writes nothing, whatever it is given. A piece that others include may."""
        parts = [self._read(part) for part in self._with_includes(key)[0]]
        trees = [part.tree for part in parts if isinstance(part, Parsed)]
        outs = (item for tree in trees for out in tree.find_all(nodes.Output) for item in out.nodes)
        if len(trees) < len(parts) or any(not isinstance(it, nodes.TemplateData) or it.data.strip() for it in outs):
            return False
        return all(not isinstance(each, Parsed) or key not in each.includes for each in map(self._read, self.sources))

    def column(self, key: str, line: str, said: Text) -> int:
        """Where in a line of the template the tag begins of which this is said; the first sign of the line where none is known."""
        starts = [found.start() for found in _BEGIN.finditer(line)]
        for start, end in pairwise([*starts, len(line)]):
            read = _parsed(line[start:end])
            problems = self._judge(read.tree, key, 0) if isinstance(read, Parsed) else [read]
            if any(text == said for _, text, _ in problems):
                return start + 1
        return (starts[0] if len(starts) == 1 else len(line) - len(line.lstrip())) + 1

    def render(self, name: str, channel: str, language: str, data: Mapping[str, Any]) -> Rendered:
        """What `choose` finds, rendered. RenderError."""
        return self.choose(name, channel, language).render(dict(data))

    def choose(self, name: str, channel: str, language: str) -> Chosen:
        """The template in a recipient's language, falling back to another one, and to the `text` channel. RenderError where
        there is none, or none that is in order."""
        asked = (name, channel, language)
        chosen = self._chosen.get(asked)
        if chosen is None:
            key, spoken = self._choose(name, channel, language)
            template = self._template(key)
            chosen = self._chosen[asked] = Chosen(key, spoken, self.variables(key) | AROUND, template)
        return chosen

    # -- within

    def _choose(self, name: str, channel: str, language: str) -> tuple[str, str]:
        for spoken in dict.fromkeys((language, language[:2], "zh", "en", *sorted(self.languages(name)))):
            for way in (channel, "text"):
                key = f"{spoken}/{name}.{way}"
                if key in self.sources:
                    return key, spoken
        raise RenderError(
            Text(f"没有模板 {name}（渠道 {channel}）", f"there is no template {name} for the channel {channel}"),
            Text(f"建一个 templates/{language}/{name}.text.j2", f"write templates/{language}/{name}.text.j2"),
        )

    def _template(self, key: str) -> Template:
        known = self._compiled.get(key)
        if known is None:
            for part in self._with_includes(key)[0]:
                if problems := self.check(part):
                    line, text, hint = problems[0]
                    raise RenderError(
                        Text(f"模板 {part} 第 {line} 行：{text.zh}", f"template {part}, line {line}: {text.en}"), hint
                    )
            with self._lock:
                environment = self._html if key.endswith("html") else self._plain
                known = self._compiled[key] = environment.get_template(key)
        return known

    def _read(self, key: str) -> Parsed | Problem:
        known = self._parsed.get(key)
        if known is None:
            known = self._parsed[key] = _parsed(self.sources[key])
        return known

    def _with_includes(self, key: str) -> tuple[list[str], str | None]:
        """The template with all that it includes, each once; and one that is included again, by whatever way.

        Again is refused, so that rendering costs what is written: templates that include one twice, which includes another twice,
        would be a bomb.
        """
        if key in self._included:
            return self._included[key]
        found: list[str] = []
        again: str | None = None
        waiting = [key]
        while waiting:
            here = waiting.pop()
            if here in found:
                again = here
            elif here in self.sources:
                found.append(here)
                read = self._read(here)
                if isinstance(read, Parsed):
                    waiting += read.includes
        self._included[key] = found, again
        return found, again

    def _names_one(self, node: nodes.Include) -> bool:
        return isinstance(node.template, nodes.Const) and str(node.template.value) in self.sources

    def _judge(self, node: nodes.Node, key: str, loops: int, named: bool = False) -> Iterator[Problem]:
        line = node.lineno or 1
        kind = type(node).__name__
        if not isinstance(node, _ALLOWED):
            yield line, Text(f"模板里不能用 {kind}", f"{kind} is not part of templates"), None
            return
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            known = ", ".join(sorted(FILTERS))
            yield (
                line,
                Text(f"没有过滤器 {node.name}", f"there is no filter {node.name!r}"),
                Text(f"有：{known}", f"there are: {known}"),
            )
        elif isinstance(node, nodes.Test) and node.name not in _TESTS:
            yield (
                line,
                Text(f"没有判断 is {node.name}", f"there is no test {node.name!r}"),
                Text("有：none、defined", "there are: none, defined"),
            )
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            yield line, Text(f"不能用 .{node.attr}", f".{node.attr} cannot be used"), None
        elif isinstance(node, nodes.Getitem) and not (
            isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int)
        ):
            yield line, Text("方括号里只能是文字或数字", "only a text or number may stand in brackets"), None
        elif isinstance(node, nodes.For):
            if loops:
                yield line, Text("循环里不能再有循环", "a loop cannot stand inside a loop"), None
            if node.recursive or not isinstance(node.iter, nodes.Name | nodes.Getattr):
                yield line, Text("只能对数据循环", "a loop goes over data only"), None
            loops += 1
        elif isinstance(node, nodes.Include) and (loops or not self._names_one(node)):
            example = f"{{% include '{key.partition('/')[0]}/signature.text' %}}"
            text = Text(
                "include 只能写已有模板的名字，且不在循环里", "include names a template that exists, outside of loops"
            )
            yield line, text, Text(f"如 {example}", f"e.g. {example}")
        elif isinstance(node, nodes.List | nodes.Tuple) and named:
            yield line, Text("不能给列表起名", "a list is given no name"), None
        named = named or isinstance(node, nodes.Assign)
        for child in _children(node):
            yield from self._judge(child, key, loops, named)


class Parsed(NamedTuple):
    """A template by itself: its tree, and what was seen in it when it was gone through."""

    tree: nodes.Template
    includes: tuple[str, ...]
    needs: frozenset[str]
    members: frozenset[tuple[str, str]]
    printed: frozenset[str]

    @classmethod
    def of(cls, tree: nodes.Template, found: list[nodes.Node]) -> Parsed:
        names = [node for node in found if isinstance(node, nodes.Name)]
        included = [node.template for node in found if isinstance(node, nodes.Include)]
        return cls(
            tree,
            tuple(str(named.value) for named in included if isinstance(named, nodes.Const)),
            _needed(tree, names),
            frozenset(
                (got.node.name, got.attr)
                for got in found
                if isinstance(got, nodes.Getattr) and isinstance(got.node, nodes.Name)
            ),
            frozenset(
                item.name
                for out in found
                if isinstance(out, nodes.Output)
                for item in out.nodes
                if isinstance(item, nodes.Name)
            ),
        )


def _needed(tree: nodes.Template, names: list[nodes.Name]) -> frozenset[str]:
    """Where nothing in a template is given a name, what it names is what it needs; else Jinja knows which names are its own."""
    with suppress(TemplateError):  # of a filter that there is not, which is said by itself
        if any(name.ctx != "load" for name in names):
            return frozenset(find_undeclared_variables(tree))
    return frozenset(name.name for name in names)


def _children(node: nodes.Node) -> Iterator[nodes.Node]:
    """What stands directly in a node. Jinja has the same, for any choice of fields, at three times the cost."""
    for field in node.fields:
        value = getattr(node, field, None)
        if isinstance(value, nodes.Node):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, nodes.Node))


@lru_cache(1024)
def _parsed(source: str) -> Parsed | Problem:
    """The tree of a template, if it costs little to look at and to compile. Versions have most of their templates in common, and
    nothing changes a tree."""
    if len(source) > LONGEST:
        return (
            1,
            Text(f"模板太长（最多 {LONGEST} 字）", f"the template is too long (at most {LONGEST} characters)"),
            None,
        )
    try:
        tree = _parser().parse(source)
    except TemplateSyntaxError as error:
        said = error.message or ""
        if strange := strange_sign(said):
            return error.lineno, strange[0], strange[1]
        what, hint = told(said) or (Text(said, said), None)
        open_ = _OPEN.match(said)
        line = _left_open(source, open_[1]) if open_ else error.lineno
        return line or error.lineno, Text(f"模板写错了：{what.zh}", f"template syntax: {what.en}"), hint
    except RecursionError:
        return 1, Text("模板嵌套太深", "the template is nested too deeply"), None
    except ValueError:  # of thousands of digits
        return 1, Text("模板里有太长的数", "a number in the template is too long"), None
    found: list[nodes.Node] = []
    level: list[nodes.Node] = [tree]
    for _ in range(DEEPEST + 1):
        found += level
        if len(found) > MOST_NODES:
            return 1, Text("模板太复杂", "the template is too complex"), None
        level = [child for node in level for child in _children(node)]
        if not level:
            return Parsed.of(tree, found)
    return level[0].lineno or 1, Text("模板嵌套太深", "the template is nested too deeply"), None


_OPEN = re.compile(r"Unexpected end of template\..* closed is '(if|for)'")
"""What Jinja2 says at the end of a template of a tag that is not closed."""


def _left_open(source: str, tag: str) -> int | None:
    """The line of the last such tag that is never closed."""
    lines: list[int] = []
    for found in re.finditer(rf"\{{%[-+]?\s*(end)?{tag}\b", source):
        if not found[1]:
            lines.append(source.count("\n", 0, found.start()) + 1)
        elif lines:
            lines.pop()
    return lines[-1] if lines else None


@cache
def _parser() -> _Environment:
    return _environment({}, escape=False)


def _environment(sources: Mapping[str, str], *, escape: bool) -> _Environment:
    environment = _Environment(
        loader=DictLoader(dict(sources)), undefined=StrictUndefined, autoescape=escape,
        keep_trailing_newline=False, finalize=_finalize, auto_reload=False, cache_size=1000, optimized=False,
    )  # fmt: skip
    environment.context_class = _Context
    environment.escaping = nodes.EvalContext(environment)
    environment.globals.clear()
    environment.filters = {**FILTERS, LOOP: each_time}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


_BEGIN = re.compile(r"\{[{%#]")
_TAG = r"\{%(?![-+ \t]*include\b)(?:(?!%\}).)*"
_TAGS_ALONE = re.compile(rf"^[ \t]*((?:{_TAG}%\}}[ \t]*)*{_TAG})%\}}[ \t]*\n", re.MULTILINE)


def _whole_lines(text: str) -> str:
    """A line that holds nothing but tags leaves no line behind; a tag within a sentence takes nothing away. What is included
    stands on the lines where it is named.

    The line's end moves into the last tag, so that the numbers of lines stay what the author sees.
    """
    return _TAGS_ALONE.sub(lambda found: f"{found[1]}\n%}}", text)


def _split(language: str, text: str) -> Rendered:
    """The subject is the first line, with or without `Subject:` or `主题：` before it."""
    first, _, rest = text.lstrip("\n").partition("\n")
    for mark in ("Subject:", "主题：", "主题:"):
        if first.startswith(mark):
            return Rendered(language, _line(first[len(mark) :]), rest.strip("\n") + "\n")
    return Rendered(language, _line(first), text.strip("\n") + "\n")


def _line(text: str) -> str:
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())[:300]
