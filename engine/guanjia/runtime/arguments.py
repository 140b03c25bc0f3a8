"""What a library call is given is of the kind that its signature says, or it is refused with the argument's name.

`@checked` on a class does so for all its public methods, by their annotations: whatever is added later is checked too, and no
method asks for itself. The command line reads text and is typed; this is for programs that embed the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from ..clock import Clock, Instant, has_a_date
from ..errors import Misused, Text

T = TypeVar("T")
Check = Callable[[Any], bool]


class _Rule(NamedTuple):
    check: Check
    said: str
    inside: bool
    """Whether its own fields are to be looked at: it came from a program, as a command or a query does."""


def checked(cls: type[T]) -> type[T]:
    """The class itself, whose public methods raise Misused for an argument of a wrong kind, before anything is done."""
    for name, given in list(vars(cls).items()):
        method = given.__func__ if isinstance(given, classmethod) else given
        if callable(method) and not name.startswith("_"):
            guarded = _guarded(method)
            setattr(cls, name, classmethod(guarded) if isinstance(given, classmethod) else guarded)
    return cls


def told_by(clock: Clock) -> Instant:
    """What the clock of whoever embeds the engine tells. Misused unless it is an instant: what is decided by it is kept for ever."""
    now = None if isinstance(clock, type) or not hasattr(clock, "now") else clock.now()
    if type(now) is not int or not has_a_date(now):
        raise Misused(
            Text(f"时钟 {clock!r:.80} 的 now() 给出 {now!r:.40}，不是时刻。", f"now() of the clock {clock!r:.80} gives {now!r:.40}, which is no instant."),
            Text("时刻是自 1970 年（UTC）以来的整数微秒，例如 time.time_ns() // 1000", "An instant is microseconds since 1970 in UTC, as an int, such as time.time_ns() // 1000"),
        )  # fmt: skip
    return now


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        order, rules = _rules(method)
        for (name, rule), value in zip(order, args, strict=False):
            if rule is not None and not _plainly(rule, value):
                _look(f"{method.__name__}({name}=…)", rule, value)
        for name, value in kwargs.items():
            rule = rules.get(name)
            if rule is not None and not _plainly(rule, value):
                _look(f"{method.__name__}({name}=…)", rule, value)
        return method(*args, **kwargs)

    return call


def _plainly(rule: _Rule, value: Any) -> bool:
    """Whether it is seen at a glance to be right: the way of nearly all values, on which no word is put together."""
    if not rule.check(value):
        return False
    if not rule.inside or value is None or type(value) is str:
        return True
    kind = type(value)
    if kind in (list, tuple):
        return all(_plainly(rule, item) for item in value)
    if is_dataclass(kind):
        for name, inner in _fields(kind).items():
            if not _plainly(inner, getattr(value, name)):
                return False
        return kind.__name__ != "Command" or (value.kind not in _OWN and "$code" not in value.values)
    return True


def _look(where: str, rule: _Rule, value: Any) -> None:
    if not rule.check(value):
        if isinstance(value, str) and not _whole(value):
            raise Misused(
                Text(f"{where}：文字里有半个字符，多半是表情符号被截断了。", f"{where}: the text has half a character, as of an emoji that was cut in two."),
                Text("要能写成 UTF-8 的文字", "It takes text that UTF-8 can write"),
            )  # fmt: skip
        kind = type(value).__name__
        raise Misused(
            Text(f"{where}：{value!r:.80}（{kind}）不对。", f"{where}: {value!r:.80} ({kind}) will not do."),
            Text(f"应为 {rule.said}", f"It takes {rule.said}"),
        )
    if not rule.inside:
        return
    for item in value if isinstance(value, list | tuple) else (value,):
        if is_dataclass(item):
            of: Any = type(item)
            for name, inner in _fields(of).items():
                _look(f"{where[:-1]} {of.__name__}({name}=…))", inner, getattr(item, name))
            if of.__name__ == "Command":
                _of_kind(f"{where[:-1]} {of.__name__}", item)


@cache
def _rules(method: Callable[..., Any]) -> tuple[tuple[tuple[str, _Rule | None], ...], Mapping[str, _Rule]]:
    """A method's positional parameters, of which the first is asked nothing, and what each parameter may be."""
    itself, *parameters = signature(method).parameters.values()
    hints = get_type_hints(method)
    order = [it.name for it in parameters if it.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    named = [it.name for it in parameters if it.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)]
    rules = {
        name: _rule(hints[name], method.__annotations__[name], name)
        for name in named
        if hints.get(name, Any) is not Any
    }
    in_order = ((itself.name, None), *((name, rules.get(name)) for name in order))
    for it in parameters:
        if it.kind is Parameter.POSITIONAL_ONLY:  # a value of that name is a field of the case
            rules.pop(it.name, None)
    if any(it.kind is Parameter.VAR_KEYWORD for it in parameters):
        rules["$code"] = _CODE
    return in_order, rules


@cache
def _fields(kind: Any) -> Mapping[str, _Rule]:
    hints = get_type_hints(kind)
    return {it.name: _rule(hints[it.name], str(it.type), it.name) for it in fields(kind) if hints[it.name] is not Any}


def _rule(hint: Any, written: str, name: str = "") -> _Rule:
    inside = any(getattr(kind, "__name__", "") in _INSIDE for kind in _kinds(hint))
    if name in ("limit", "offset"):
        return _Rule(_check(hint, _count), f"{written} >= 0", inside)
    check = _check(hint, _instant if "Instant" in written else _number)
    return _Rule(check, written, inside)


_INSIDE = ("Command", "Query", "Asked", "Actor")

_CODE = _Rule(lambda value: value is None or (isinstance(value, str) and _whole(value)), "str | None", inside=False)
"""By what one-time code the values of a case come."""

_OWN: Mapping[str, Mapping[str, Any]] = {
    "due": {},
    "assign": {},
    "clock": {"way": Literal["pause", "resume", "reset"]},
    "migrate": {"policy": Literal["start", "now"] | None, "notify": bool | None, "drop": Sequence[str] | None},
    "note": {"text": str},
    "link": {"case": str, "way": str | None},
    "merge": {},
    "undo": {"version": str | None, "before": str | None},
    "code": {"$code": str, "digest": str, "until": int},
    "ack": {},
    "reveal": {"sensitive": Sequence[str] | None, "file": int | None, "message": str | None},
    "forget": {"fields": Sequence[str] | None},
    "hold": {"on": bool},
}
"""What the values of a command hold where they are no fields of a case: they go into its history as they are."""


def _of_kind(where: str, command: Any) -> None:
    own = _OWN.get(command.kind)
    if own is None:  # fields of the case, and by what code they come
        _look(f"{where} values['$code']=…)", _CODE, command.values.get("$code"))
        return
    for name, hint in own.items():
        _look(f"{where} values[{name!r}]=…)", _rule(hint, str(hint)), command.values.get(name))
    if unknown := sorted(command.values.keys() - own.keys()):
        listed = ", ".join(own) or "—"
        raise Misused(
            Text(
                f"{where} values：{command.kind} 没有 {unknown}。", f"{where} values: {command.kind} has no {unknown}."
            ),
            Text(f"有：{listed}", f"There are: {listed}"),
        )


def _kinds(hint: Any) -> Iterable[Any]:
    yield hint
    for part in get_args(hint):
        yield from _kinds(part)


def _check(hint: Any, number: Check) -> Check:
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, UnionType):
        checks = [_check(part, number) for part in parts if part is not NoneType]
        one = checks[0]
        for other in checks[1:]:
            one = _either(one, other)
        return one if len(checks) == len(parts) else lambda value: value is None or one(value)
    if origin is Literal:
        return lambda value: isinstance(value, str) and value in parts
    if hint is str:
        return _is_text
    if hint is int:
        return number
    if origin is Callable:
        return callable
    if origin is tuple or (
        isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, str | bytes)
    ):
        if issubclass(origin, Mapping):
            return lambda value: isinstance(value, Mapping) and all(map(_is_text, value))
        within = _check(parts[0], number) if parts and issubclass(origin, Sequence) else _anything
        return lambda value: (
            isinstance(value, origin) and not isinstance(value, str | bytes) and all(map(within, value))
        )
    if not isinstance(origin, type) or getattr(origin, "_is_protocol", False):
        return _anything
    return lambda value: isinstance(value, origin)


def _either(one: Check, other: Check) -> Check:
    return lambda value: one(value) or other(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and (value.isascii() or _whole(value))


def _whole(text: str) -> bool:
    """Whether it has no halves of characters, which nothing can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(value: Any) -> bool:
    """A whole number that a database can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _count(value: Any) -> bool:
    return _number(value) and value >= 0


def _instant(value: Any) -> bool:
    return _number(value) and has_a_date(value)


def _anything(value: Any) -> bool:
    return True
