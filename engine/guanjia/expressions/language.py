"""Guards and computed values: Jinja2 expressions over a whitelist, typed when read, run as closures.

Jinja2's parser gives the tree; every node that is not on the list is refused with its place. The tree is turned into closures
once, so evaluating runs no template engine and costs no more than the expression is long. An absent value is none: it
equals only none, no ordering with it holds, and reckoning with it gives none. So does reckoning that has no result: a division
by zero, a text that is no number, an instant in no year of a calendar.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from jinja2 import Environment as Jinja, TemplateSyntaxError, nodes

from ..errors import Text, plural
from .mistakes import strange_sign, told
from .types import Environment, ExpressionError, Part, Scope, Type

LONGEST = 2000
MOST_NODES = 200
DEEPEST = 20

_ORDER = {"gt": operator.gt, "gteq": operator.ge, "lt": operator.lt, "lteq": operator.le}
_SIGNS = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in"}
_SHOWN = {"True": "true", "False": "false", "None": "none"}
_NUMBERS = ("integer", "decimal")
_TEXTS = ("text", "choice", "date")
_FILTERS: dict[str, tuple[Callable[..., Any], str]] = {
    "length": (len, "integer"), "lower": (str.lower, "text"), "upper": (str.upper, "text"), "round": (round, "decimal"),
    "abs": (abs, "same"), "first": (lambda items: items[0] if items else None, "any"),
    "last": (lambda items: items[-1] if items else None, "any"), "int": (int, "integer"), "default": (lambda a, b: a, "same"),
}  # fmt: skip

_NO_RESULT = (ArithmeticError, ValueError, TypeError)
_FIRST, _LAST = -60_000_000_000_000_000, 250_000_000_000_000_000
"""Instants that every clock on a wall can show: from the year 69 to 9892."""

Run = Callable[[Environment], Any]


@dataclass(slots=True)
class _Built:
    """One node: how to run it, its type, its text, the names it reads, and its parts where it is and, or, not."""

    run: Run
    type: Type
    source: str
    paths: frozenset[tuple[str, ...]]
    kind: str = "leaf"
    parts: tuple[_Built, ...] = ()
    constant: Any = None
    against: tuple[Any, ...] | None = None
    """Of a comparison of one name with fixed values, or of two names whether they are equal: those values."""


class Expression:
    """A checked expression. `paths` are the names it reads."""

    __slots__ = ("evaluate", "paths", "root", "source", "type")

    def __init__(self, source: str, root: _Built) -> None:
        self.source = source
        self.type = root.type
        self.paths = root.paths
        self.evaluate: Run = root.run
        self.root = root

    def explain(self, env: Environment) -> list[Part]:
        """The smallest parts that make it false; empty when it is true."""
        return [] if self.evaluate(env) else list(_why(self.root, env))

    def settled(self, env: Environment, unknown: Callable[[tuple[str, ...]], bool]) -> bool | None:
        """What a boolean comes to whatever the `unknown` names will be; None while that depends on them."""
        return _settled(self.root, env, unknown)


def parse(text: str, scope: Scope, *, expect: str | None = None) -> Expression:
    """The expression that `text` is. ExpressionError with the place when it is none, or of another type than expected."""
    root = _Reader(text, scope).build(tree(text), 0)
    if (
        expect is not None
        and root.type.kind not in (expect, "any")
        and not (expect == "decimal" and root.type.kind == "integer")
    ):
        raise ExpressionError(
            Text(
                f"这里要 {expect}，这个表达式是 {root.type.kind}", f"{expect} is wanted here; this is {root.type.kind}"
            ),
            None,
            0,
        )
    return Expression(text, root)


def tree(text: str) -> nodes.Node:
    """The one expression that `text` is, as Jinja2 reads it, and nothing checked in it. ExpressionError when it is none."""
    if len(text) > LONGEST:
        raise ExpressionError(Text("表达式太长", "the expression is too long"), None, 0)
    try:
        body = _tree(text).body
    except (TemplateSyntaxError, RecursionError) as error:
        said = getattr(error, "message", None) or "too deep"
        if strange := strange_sign(said):
            what, hint, at = strange
            raise ExpressionError(what, hint, at - len(_BEFORE)) from None
        what, hint = told(said) or (Text(said, said), None)
        wrong = Text(f"表达式写错了：{what.zh}", f"this is no expression: {what.en}")
        alone = _ALONE.search(text) if said.endswith("got '='") else None
        raise ExpressionError(wrong, hint, alone.start("sign") if alone else 0) from None
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        raise ExpressionError(
            Text("这里只能是一个表达式", "one expression is wanted here"),
            Text("不要写 {{ }} 或 {% %}", "without {{ }} or {% %}"),
            0,
        )
    return body[0].nodes[0]


_jinja = Jinja()
_BEFORE = "{{ "

_ALONE = re.compile(r"^(?:'[^']*'|\"[^\"]*\"|[=!<>]=|[^=])*+(?P<sign>=)")
"""The first equals sign that stands alone, outside of quotes."""


@lru_cache(4096)
def _tree(text: str) -> nodes.Template:
    """Checks ask for one expression again and again, in other scopes; nothing changes its tree."""
    return _jinja.parse(_BEFORE + text + " }}")


def _fixed(left: _Built, op: str, right: _Built) -> tuple[Any, ...] | None:
    """The values that one name is compared with; none where two names are asked whether they are equal. None: anything else."""
    if left.kind == "const" and op not in ("in", "notin"):
        left, right = right, left
    if left.kind != "path" or left.against is None or (op in _ORDER and left.type.kind not in _NUMBERS):
        return None
    if op in ("in", "notin"):
        fixed = right.kind == "list" and all(item.kind == "const" for item in right.parts)
        return tuple(item.constant for item in right.parts) if fixed else None
    if right.kind == "const":
        return (right.constant,)
    alike = right.kind == "path" and right.against is not None and left.type.kind == right.type.kind
    return () if alike and left.type.kind in ("text", "choice", "boolean") else None


def _why(node: _Built, env: Environment) -> list[Part]:
    if node.kind == "and":
        return [part for child in node.parts if not child.run(env) for part in _why(child, env)]
    if node.kind == "or":
        return [part for child in node.parts for part in _why(child, env)]
    return [Part(node.source, {path: env.look(path) for path in sorted(node.paths)})]


def _settled(node: _Built, env: Environment, unknown: Callable[[tuple[str, ...]], bool]) -> bool | None:
    if node.kind == "not":
        inner = _settled(node.parts[0], env, unknown)
        return None if inner is None else not inner
    if node.kind in ("and", "or"):
        decides, found = node.kind == "or", [_settled(part, env, unknown) for part in node.parts]
        return decides if decides in found else None if None in found else not decides
    return None if any(map(unknown, node.paths)) else bool(node.run(env))


class _Reader:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.count = 0

    def build(self, node: nodes.Node, depth: int) -> _Built:
        self.count += 1
        if depth > DEEPEST or self.count > MOST_NODES:
            raise self.wrong(Text("表达式太复杂", "the expression is too complex"))
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            name = type(node).__name__
            raise self.wrong(Text(f"这里不能用 {name}", f"{name} is not part of this language"))
        built: _Built = method(node, depth + 1)
        return built

    def wrong(self, text: Text, hint: Text | None = None, word: str = "") -> ExpressionError:
        return ExpressionError(text, hint, max(0, self.text.find(word)) if word else 0)

    # -- leaves

    def _const(self, node: nodes.Const, depth: int) -> _Built:
        value = Decimal(str(node.value)) if isinstance(node.value, float) else node.value
        kinds = {bool: "boolean", int: "integer", Decimal: "decimal", str: "text", type(None): "none"}
        kind = kinds.get(type(value))
        if kind is None:
            raise self.wrong(Text(f"不能用常量 {value!r}", f"the constant {value!r} cannot be used"))
        shown = f"'{value}'" if isinstance(value, str) else _SHOWN.get(str(value), str(value))
        return _Built(lambda env: value, Type(kind), str(shown), frozenset(), "const", constant=value)

    def _list(self, node: nodes.List, depth: int) -> _Built:
        items = [self.build(item, depth) for item in node.items]
        runs = tuple(item.run for item in items)
        if all(item.kind == "const" for item in items):
            fixed = tuple(item.constant for item in items)
            run: Run = lambda env: fixed  # noqa: E731
        else:
            run = lambda env: tuple(item(env) for item in runs)  # noqa: E731
        return _Built(
            run, Type("list"), f"[{', '.join(item.source for item in items)}]", _paths(items), "list", tuple(items)
        )

    _tuple = _list

    def _name(self, node: nodes.Name, depth: int) -> _Built:
        return self.path((node.name,))

    def _getattr(self, node: nodes.Getattr, depth: int) -> _Built:
        names: list[str] = []
        inner: nodes.Node = node
        while isinstance(inner, nodes.Getattr):
            names.append(inner.attr)
            inner = inner.node
        if not isinstance(inner, nodes.Name):
            raise self.wrong(Text("点号前面只能是名字", "only a name may stand before a dot"), word="." + names[0])
        return self.path((inner.name, *reversed(names)))

    def path(self, path: tuple[str, ...]) -> _Built:
        kind = self.scope.type_of(path)
        dotted = ".".join(path)
        if kind is None:
            last = next((i for i in range(len(path)) if path[i] not in self.scope.known(path[:i])), len(path) - 1)
            known = list(self.scope.known(path[:last]))
            close = get_close_matches(path[last], known, 3)
            hint = Text(f"是不是 {'、'.join(close)}？", f"did you mean {', '.join(close)}?") if close else Text(
                f"有：{'、'.join(known[:30])}", f"there are: {', '.join(known[:30]) or 'none'}"
            )  # fmt: skip
            raise self.wrong(Text(f"没有名字 {dotted}", f"there is no name {dotted}"), hint, path[last])
        return _Built(lambda env: env.look(path), Type(*kind), dotted, frozenset({path}), "path", against=())

    # -- logic

    def _and(self, node: nodes.And, depth: int) -> _Built:
        return self.logic("and", node, depth)

    def _or(self, node: nodes.Or, depth: int) -> _Built:
        return self.logic("or", node, depth)

    def logic(self, word: str, node: Any, depth: int) -> _Built:
        left, right = self.build(node.left, depth), self.build(node.right, depth)
        one, other = left.run, right.run
        if word == "and":
            run: Run = lambda env: bool(one(env)) and bool(other(env))  # noqa: E731
        else:
            run = lambda env: bool(one(env)) or bool(other(env))  # noqa: E731
        flat = tuple(
            part for side in (left, right) for part in (side.parts if side.kind == word else (side,))
        )  # fmt: skip
        source = f" {word} ".join(f"({part.source})" if part.kind in ("and", "or") else part.source for part in flat)
        return _Built(run, Type("boolean"), source, _paths(flat), word, flat)

    def _not(self, node: nodes.Not, depth: int) -> _Built:
        inner = self.build(node.node, depth)
        run = inner.run
        source = f"not ({inner.source})" if inner.kind in ("and", "or") else f"not {inner.source}"
        return _Built(lambda env: not run(env), Type("boolean"), source, inner.paths, "not", (inner,))

    def _condexpr(self, node: nodes.CondExpr, depth: int) -> _Built:
        test, yes = self.build(node.test, depth), self.build(node.expr1, depth)
        no = self.build(node.expr2, depth) if node.expr2 is not None else self._const(nodes.Const(None), depth)
        a, b, c = test.run, yes.run, no.run
        kind = yes.type if no.type.kind in (yes.type.kind, "none") else Type("any")
        return _Built(
            lambda env: b(env) if a(env) else c(env),
            kind,
            f"{yes.source} if {test.source} else {no.source}",
            _paths([test, yes, no]),
        )

    def _compare(self, node: nodes.Compare, depth: int) -> _Built:
        left = self.build(node.expr, depth)
        links = []
        for operand in node.ops:
            right = self.build(operand.expr, depth)
            links.append(self.link(left, operand.op, right))
            left = right
        if len(links) == 1:
            return links[0]
        runs = tuple(link.run for link in links)
        source = " and ".join(link.source for link in links)
        return _Built(
            lambda env: all(run(env) for run in runs), Type("boolean"), source, _paths(links), "and", tuple(links)
        )

    def link(self, left: _Built, op: str, right: _Built) -> _Built:
        one, other = left.run, right.run
        source, paths = f"{left.source} {_SIGNS[op]} {right.source}", _paths([left, right])
        run: Run
        if op in ("in", "notin"):
            if right.type.kind not in ("list", "text", "choice", "any"):
                raise self.wrong(
                    Text(
                        f"in 的右边应为列表，{right.source} 不是",
                        f"a list is wanted after `in`; {right.source} is none",
                    ),
                    word=right.source,
                )
            for item in right.parts if right.kind == "list" else ():
                self.alike(left, item)
            wanted = op == "in"
            run = lambda env: _within(one(env), other(env)) == wanted  # noqa: E731
        elif op in ("eq", "ne"):
            self.alike(left, right)
            if right.kind == "const":
                value = right.constant
                run = (lambda env: one(env) == value) if op == "eq" else (lambda env: one(env) != value)
            else:
                run = (lambda env: one(env) == other(env)) if op == "eq" else (lambda env: one(env) != other(env))
        else:
            self.alike(left, right)
            for side in (left, right):
                if side.type.kind in ("boolean", "list", "choice"):
                    raise self.wrong(Text(f"{side.source} 不能比大小", f"{side.source} has no order"), word=side.source)
            order, bound = _ORDER[op], right.constant

            def against(env: Environment) -> bool:
                a = one(env)
                return False if a is None else bool(order(a, bound))

            def between(env: Environment) -> bool:
                a, b = one(env), other(env)
                return False if a is None or b is None else bool(_tried(order, a, b))

            run = between if bound is None or "any" in (left.type.kind, right.type.kind) else against

        return _Built(run, Type("boolean"), source, paths, against=_fixed(left, op, right))

    def alike(self, left: _Built, right: _Built) -> None:
        for side, constant in ((left, right), (right, left)):
            if (
                side.type.kind == "choice"
                and isinstance(constant.constant, str)
                and constant.constant not in side.type.of
            ):
                close = get_close_matches(constant.constant, side.type.of, 1)
                hint = Text(f"是不是 '{close[0]}'？", f"did you mean '{close[0]}'?") if close else Text(
                    f"可选：{'、'.join(side.type.of)}", f"its values are: {', '.join(side.type.of)}"
                )  # fmt: skip
                raise self.wrong(
                    Text(
                        f"{side.source} 没有值 '{constant.constant}'", f"{side.source} is never '{constant.constant}'"
                    ),
                    hint,
                    constant.constant,
                )
        a, b = left.type.kind, right.type.kind
        groups = (_NUMBERS, _TEXTS)
        if a == b or "any" in (a, b) or "none" in (a, b) or any(a in group and b in group for group in groups):
            return
        raise self.wrong(
            Text(
                f"{left.source}（{a}）与 {right.source}（{b}）不能相比",
                f"{left.source} ({a}) cannot be compared with {right.source} ({b})",
            ),
            word=left.source,
        )

    def _test(self, node: nodes.Test, depth: int) -> _Built:
        inner = self.build(node.node, depth)
        run = inner.run
        if node.name == "none":
            return _Built(
                lambda env: run(env) is None,
                Type("boolean"),
                f"{inner.source} is none",
                inner.paths,
                against=inner.against,
            )
        if node.name == "defined":
            return _Built(
                lambda env: run(env) is not None,
                Type("boolean"),
                f"{inner.source} is defined",
                inner.paths,
                against=inner.against,
            )
        raise self.wrong(
            Text(f"没有判断 is {node.name}", f"there is no test {node.name!r}"),
            Text("有：none、defined", "there are: none, defined"),
            node.name,
        )

    # -- reckoning

    def _add(self, node: nodes.Add, depth: int) -> _Built:
        return self.reckon("+", node, depth, operator.add)

    def _sub(self, node: nodes.Sub, depth: int) -> _Built:
        return self.reckon("-", node, depth, operator.sub)

    def _mul(self, node: nodes.Mul, depth: int) -> _Built:
        return self.reckon("*", node, depth, operator.mul)

    def _div(self, node: nodes.Div, depth: int) -> _Built:
        return self.reckon("/", node, depth, _divide)

    def _floordiv(self, node: nodes.FloorDiv, depth: int) -> _Built:
        return self.reckon("//", node, depth, _divide_whole)

    def _neg(self, node: nodes.Neg, depth: int) -> _Built:
        inner = self.build(node.node, depth)
        if inner.type.kind not in (*_NUMBERS, "span", "any"):
            raise self.wrong(Text(f"{inner.source} 不是数", f"{inner.source} is no number"), word=inner.source)
        run = inner.run
        constant = -inner.constant if inner.constant is not None else None

        def negated(env: Environment) -> Any:
            value = run(env)
            return None if value is None else _tried(operator.neg, value)

        return _Built(negated, inner.type, f"-{inner.source}", inner.paths, inner.kind, constant=constant)

    def reckon(self, sign: str, node: Any, depth: int, operation: Callable[[Any, Any], Any]) -> _Built:
        left, right = self.build(node.left, depth), self.build(node.right, depth)
        kind = self.result(left, sign, right)
        one, other = left.run, right.run
        run: Run
        if kind == "instant" and right.type.kind == "amount":
            direction = 1 if sign == "+" else -1

            def run(env: Environment) -> Any:
                at, amount = one(env), other(env)
                return None if at is None or amount is None else env.shift(at, amount, direction)
        else:

            def run(env: Environment) -> Any:
                a, b = one(env), other(env)
                found = None if a is None or b is None else _tried(operation, a, b)
                return None if kind == "instant" and found is not None and not _FIRST < found < _LAST else found

        return _Built(
            run, Type(kind), f"{_bracketed(left)} {sign} {_bracketed(right)}", _paths([left, right]), "reckon"
        )

    def result(self, left: _Built, sign: str, right: _Built) -> str:
        a, b = left.type.kind, right.type.kind
        if a in _NUMBERS and b in _NUMBERS:
            return "integer" if a == b == "integer" and sign != "/" else "decimal"
        if sign == "-" and a == b == "instant":
            return "span"
        if sign in "+-" and a == "instant" and b in ("span", "amount"):
            return "instant"
        if sign in "+-" and a == b == "span":
            return "span"
        if sign == "*" and {a, b} == {"span", "integer"}:
            return "span"
        if "any" in (a, b) and sign in "+-":
            return "any"
        raise self.wrong(
            Text(
                f"{left.source}（{a}）{sign} {right.source}（{b}）没有意义",
                f"{left.source} ({a}) {sign} {right.source} ({b}) has no meaning",
            ),
            word=left.source,
        )

    # -- filters and functions

    def _filter(self, node: nodes.Filter, depth: int) -> _Built:
        known = _FILTERS.get(node.name)
        if known is None or node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise self.wrong(
                Text(f"没有过滤器 {node.name}", f"there is no filter {node.name!r}"),
                Text("有：" + "、".join(_FILTERS), "there are: " + ", ".join(_FILTERS)), node.name,
            )  # fmt: skip
        inner = self.build(node.node, depth)
        wanted = {"default": (1, 1), "round": (0, 1)}.get(node.name, (0, 0))
        if not wanted[0] <= len(node.args) <= wanted[1]:
            raise self.wrong(
                Text(f"{node.name} 的参数个数不对", f"{node.name} takes {plural(wanted[1], 'argument')}"),
                word=node.name,
            )
        args = [self.build(arg, depth) for arg in node.args]
        if node.name == "round" and args and not (isinstance(args[0].constant, int) and 0 <= args[0].constant <= 10):
            raise self.wrong(Text("round 的位数为 0 到 10", "round takes 0 to 10 places"), word="round")
        if node.name in ("lower", "upper", "length") and inner.type.kind not in (*_TEXTS, "list", "any"):
            raise self.wrong(Text(f"{inner.source} 不是文字", f"{inner.source} is no text"), word=inner.source)
        function, result = known
        run, runs = inner.run, tuple(arg.run for arg in args)
        kind = inner.type if result == "same" else Type(result)
        if node.name == "default":
            fallback = runs[0]

            def filled(env: Environment) -> Any:
                value = run(env)
                return fallback(env) if value is None else value

            return _Built(filled, kind, f"{inner.source} | default({args[0].source})", _paths([inner, *args]))

        def filtered(env: Environment) -> Any:
            value = run(env)
            return None if value is None else _tried(function, value, *(arg(env) for arg in runs))

        return _Built(filtered, kind, f"{inner.source} | {node.name}", _paths([inner, *args]))

    def _call(self, node: nodes.Call, depth: int) -> _Built:
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        function = self.scope.functions.get(name)
        if function is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            known = "、".join(self.scope.functions)
            raise self.wrong(
                Text(f"不能调用 {name or '它'}", f"{name or 'this'} cannot be called"),
                Text(f"有：{known}", f"there are: {', '.join(self.scope.functions)}"), name,
            )  # fmt: skip
        if len(node.args) != len(function.parameters):
            raise self.wrong(
                Text(
                    f"{name} 要 {len(function.parameters)} 个参数",
                    f"{name} takes {plural(len(function.parameters), 'argument')}",
                ),
                word=name,
            )
        args = [self.build(arg, depth) for arg in node.args]
        for arg, kind in zip(args, function.parameters, strict=True):
            if arg.type.kind not in (kind, "any") and not (kind == "text" and arg.type.kind in _TEXTS):
                raise self.wrong(
                    Text(
                        f"{name}() 要 {kind}，{arg.source} 是 {arg.type.kind}",
                        f"{name}() takes {kind}; {arg.source} is {arg.type.kind}",
                    ),
                    word=arg.source.strip("'"),
                )
        runs = tuple(arg.run for arg in args)
        source = f"{name}({', '.join(arg.source for arg in args)})"

        def called(env: Environment) -> Any:
            given = tuple(run(env) for run in runs)
            return None if None in given else env.call(name, given)

        return _Built(called, Type(*function.result), source, _paths(args))


def _paths(parts: Sequence[_Built]) -> frozenset[tuple[str, ...]]:
    return frozenset().union(*(part.paths for part in parts)) if parts else frozenset()


def _bracketed(part: _Built) -> str:
    return f"({part.source})" if part.kind == "reckon" else part.source


def _within(value: Any, items: Any) -> bool:
    return value is not None and items is not None and bool(_tried(operator.contains, items, value))


def _tried(operation: Callable[..., Any], *given: Any) -> Any:
    """What it gives; none where it has no result."""
    try:
        return operation(*given)
    except _NO_RESULT:
        return None


def _divide(a: Any, b: Any) -> Decimal | None:
    return None if b == 0 else Decimal(a) / Decimal(b)


def _divide_whole(a: Any, b: Any) -> Any:
    return None if b == 0 else a // b
