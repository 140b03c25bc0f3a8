"""Notification templates: Jinja2, hardened until it can neither run code nor cost much.

Only a closed set of texts is known. Every node of a template is checked against a whitelist when it is compiled: no calls, no
macros, no operators that make much out of little, loops over data only and not inside each other. Data is plain values; an
attribute is a key of a mapping and nothing else. What is still unbounded in principle is bounded in output.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import GuanjiaError, Text
from .words import AROUND, BORROWED, FILTERS

MOST_OUTPUT = 256 * 1024
MOST_ITERATIONS = 1000

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
            for part in self._template.root_render_func(
                _Context(self._template.environment, data, self._template.name)
            ):
                size += len(part)
                if size > MOST_OUTPUT:
                    raise RenderError(Text(f"模板 {key} 的输出太长", f"the template {key} gives too long a text"))
                parts.append(part)
        except RenderError:
            raise
        except TemplateError as error:
            raise RenderError(
                Text(f"模板 {key} 无法生成：{error.message}", f"the template {key} cannot be rendered: {error.message}")
            ) from None
        except (RecursionError, MemoryError, OverflowError, ValueError, TypeError, ArithmeticError) as error:
            raise RenderError(
                Text(
                    f"模板 {key} 无法生成：{type(error).__name__}",
                    f"the template {key} cannot be rendered: {type(error).__name__}",
                )
            ) from None
        return _split(self.language, "".join(parts))


Problem = tuple[int, Text, Text | None]


class _Environment(ImmutableSandboxedEnvironment):
    escaping: nodes.EvalContext

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)


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
    return "" if value is None else value


class Templates:
    """The templates of one version, by `<language>/<name>.<channel>`. Safe to use from any thread."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = {key: _whole_lines(text) for key, text in sources.items()}
        self._plain = _environment(self.sources, escape=False)
        self._html = _environment(self.sources, escape=True)
        self._compiled: dict[str, Template] = {}
        self._chosen: dict[tuple[str, str, str], Chosen] = {}
        self._parsed: dict[str, nodes.Template | TemplateSyntaxError | RecursionError] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def channels(self, name: str) -> frozenset[str]:
        return frozenset(channel for _, known, channel in self._keys() if known == name)

    def languages(self, name: str) -> frozenset[str]:
        return frozenset(language for language, known, _ in self._keys() if known == name)

    def _keys(self) -> Iterator[tuple[str, str, str]]:
        for key in self.sources:
            language, _, rest = key.partition("/")
            name, _, channel = rest.rpartition(".")
            yield language, name, channel

    def variables(self, key: str) -> frozenset[str]:
        """The names that a template needs, with those that it includes."""
        return frozenset().union(*(self._own_variables(part) for part in self._with_includes(key)[0]))

    def _own_variables(self, key: str) -> frozenset[str]:
        known = self._names.get(key)
        if known is None:
            tree = self._tree(key)
            found = find_undeclared_variables(tree) if isinstance(tree, nodes.Template) else ()
            known = self._names[key] = frozenset(found)
        return known

    def check(self, key: str) -> list[Problem]:
        """Everything that is wrong with the template, as (line, text, hint)."""
        if key not in self.sources:
            return [(1, Text(f"没有模板 {key}", f"there is no template {key}"), None)]
        tree = self._tree(key)
        if isinstance(tree, TemplateSyntaxError):
            return [(tree.lineno, Text(f"模板写错了：{tree.message}", f"template syntax: {tree.message}"), None)]
        if isinstance(tree, RecursionError):
            return [(1, Text("模板嵌套太深", "the template is nested too deeply"), None)]
        problems = list(self._judge(tree, key, 0))
        if again := self._with_includes(key)[1]:
            what = Text(f"模板 {again} 被包含了不止一次", f"the template {again} is included more than once")
            problems.append((1, what, None))
        return problems

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

    def _tree(self, key: str) -> nodes.Template | TemplateSyntaxError | RecursionError:
        known = self._parsed.get(key)
        if known is None:
            try:
                known = self._plain.parse(self.sources[key])
            except (TemplateSyntaxError, RecursionError) as error:
                known = error
            self._parsed[key] = known
        return known

    def _with_includes(self, key: str) -> tuple[list[str], str | None]:
        """The template with all that it includes, each once; and one that is included again, by whatever way.

        Again is refused, so that rendering costs what is written: templates that include one twice, which includes another twice,
        would be a bomb.
        """
        found: list[str] = []
        again: str | None = None
        waiting = [key]
        while waiting:
            here = waiting.pop()
            if here in found:
                again = here
            elif here in self.sources:
                found.append(here)
                tree = self._tree(here)
                if isinstance(tree, nodes.Template):
                    waiting += [
                        str(it.template.value)
                        for it in tree.find_all(nodes.Include)
                        if isinstance(it.template, nodes.Const)
                    ]
        return found, again

    def _names_one(self, node: nodes.Include) -> bool:
        return isinstance(node.template, nodes.Const) and str(node.template.value) in self.sources

    def _judge(self, node: nodes.Node, key: str, loops: int) -> Iterator[Problem]:
        line = node.lineno or 1
        kind = type(node).__name__
        if not isinstance(node, _ALLOWED):
            yield line, Text(f"模板里不能用 {kind}", f"{kind} is not part of templates"), None
            return
        if isinstance(node, nodes.Filter) and node.name not in FILTERS and node.name not in BORROWED:
            known = ", ".join(sorted((*FILTERS, *BORROWED)))
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
        for child in node.iter_child_nodes():
            yield from self._judge(child, key, loops)


def _environment(sources: Mapping[str, str], *, escape: bool) -> _Environment:
    environment = _Environment(
        loader=DictLoader(dict(sources)), undefined=StrictUndefined, autoescape=escape,
        keep_trailing_newline=False, finalize=_finalize, auto_reload=False, cache_size=1000,
    )  # fmt: skip
    environment.context_class = _Context
    environment.escaping = nodes.EvalContext(environment)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in BORROWED} | dict(FILTERS)
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


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
