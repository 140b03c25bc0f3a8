"""Words: labels in both languages, and templates that exist and name only what they are given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Set as AbstractSet
from itertools import takewhile
from typing import TYPE_CHECKING

from ...errors import Finding, Instead, Text, plural
from ...model.procedure import Procedure
from ...model.survey import Path, deeds, steps
from ..nodes import Node, Source
from .view import View, likely

if TYPE_CHECKING:
    from ...expressions import Templates

LANGUAGES = ("zh", "en")
TEMPLATE_DATA = frozenset({
    "number", "procedure", "state", "summary", "labels", "language", "zone", "office", "recipient", "assignee", "now",
    "opened_at", "due", "clock", "clocks", "threshold", "climb", "input", "reason", "outcome", "merged",
})  # fmt: skip
"""What every template is given, beside the fields and the `with` of its notify."""

_HIDING = TEMPLATE_DATA - {"summary", "language"}
_SPOKEN = {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")}


def check_words(view: View) -> None:
    _labels(view)
    for name in view.procedure.fields:
        if name in _HIDING:
            view.warn(
                ("fields", name), "hidden-field",
                Text(f"模板里的 {name} 另有含义，看不到这个字段", f"in templates {name} means something else and hides this field"),
                Text("请改名", "choose another name"), key=True,
            )  # fmt: skip
    if view.around.templates is not None:
        _templates(view)


def _labels(view: View) -> None:
    procedure, wanted, other = view.procedure, _wanted(view), _also(view)
    for language in LANGUAGES:
        words = procedure.labels.get(language, {})  # type: ignore[call-overload]
        missing = [name for name in wanted if name not in words]
        if missing:
            path: Path = ("labels", language) if words else ("labels",) if procedure.labels else ("procedure",)
            listed = ", ".join(missing[:30]) + (" …" if len(missing) > 30 else "")
            spoken = _SPOKEN[language]
            view.warn(
                path, "missing-labels",
                Text(f"缺少{spoken.zh}名称（{len(missing)} 个）：{listed}", f"{plural(len(missing), f'{spoken.en} label is', f'{spoken.en} labels are')} missing: {listed}"),
                Text(f"写进 labels: {{{language}: …}}", f"write them under labels: {{{language}: …}}"), key=True,
            )  # fmt: skip
        for name in words:
            if name not in wanted and name not in other:
                view.warn(
                    ("labels", language, name), "unknown-label",
                    Text(f"没有叫“{name}”的东西，这个名称用不上", f"nothing is called {name!r}: this label is never used"),
                    likely(name, dict.fromkeys((*wanted, *other))), key=True,
                )  # fmt: skip


def _wanted(view: View) -> dict[str, None]:
    """Everything that people read and so needs a label, in the order written."""
    procedure = view.procedure
    names = [procedure.procedure]
    names += [place.name for place in view.places[1:] if not place.state.history]
    names += [*view.actions, *view.signals, *procedure.sla, *procedure.ladders, *procedure.counts]
    for name, field in (*procedure.fields.items(), *view.inputs.items()):
        names += [name, *field.choices]
    names += [place.state.outcome for place in view.places if place.state.outcome]
    return dict.fromkeys(names)


def _also(view: View) -> set[str]:
    procedure = view.procedure
    children = {child.as_ or name for deed in view.deeds for name, child in (deed.effect.open or {}).items()}
    lines = {deed.effect.log for deed in view.deeds if deed.effect.log}
    return {
        *lines,
        *view.states,
        *view.delays,
        *procedure.modes,
        *children,
        *(deed.effect.emit.signal for deed in view.deeds if deed.effect.emit is not None),
        *(t for sla in procedure.sla.values() for t in sla.at),
    }


def sent(view: View) -> Iterator[tuple[str, Path, frozenset[str]]]:
    """(template, path, names given by `with`) of every notify and escalate, and of every ladder."""
    for deed in view.deeds:
        for name, to in (deed.effect.notify or {}).items():
            yield name, (*deed.path, "notify", name), frozenset(to.with_)
        if deed.effect.escalate is not None and deed.effect.escalate.ladder is None:
            yield deed.effect.escalate.template, (*deed.path, "escalate"), frozenset()
    for name, ladder in view.procedure.ladders.items():
        yield ladder.template, ("ladders", name), frozenset()


def told_names(procedure: Procedure) -> frozenset[str]:
    """The templates by which the procedure itself tells somebody something."""
    found = {ladder.template for ladder in procedure.ladders.values()}
    for deed in deeds(procedure):
        found |= set(deed.effect.notify or {})
        if deed.effect.escalate is not None and deed.effect.escalate.ladder is None:
            found.add(deed.effect.escalate.template)
    return frozenset(found)


def template_names(procedure: Procedure) -> frozenset[str]:
    """The templates that a procedure can send."""
    more = {CODE}
    if procedure.undo is not None or any(step.branch.undo is not None for step in steps(procedure)):
        more.add(UNDONE)
    return told_names(procedure) | more


def _templates(view: View) -> None:
    templates = view.around.templates
    assert templates is not None
    told: set[str] = set()
    for name, path, given in sent(view):
        channels = templates.channels(name)
        if not channels:
            view.say(
                path, "unknown-template",
                Text(f"没有模板“{name}”", f"there is no template {name!r}"),
                Text(f"写一个 templates/zh/{name}.text.j2", f"write templates/zh/{name}.text.j2"), key=True,
            )  # fmt: skip
            continue
        spoken = templates.languages(name)
        for language in LANGUAGES:
            if language not in spoken:
                if f"{language}/{name}" in told:
                    continue
                told.add(f"{language}/{name}")
                view.warn(
                    path, "missing-template",
                    Text(f"模板“{name}”没有{_SPOKEN[language].zh}版", f"the template {name!r} is missing in {_SPOKEN[language].en}"),
                    Text(f"写一个 templates/{language}/{name}.text.j2", f"write templates/{language}/{name}.text.j2"), key=True,
                )  # fmt: skip
            elif "text" in channels and (lost := f"{language}/{name}.text") not in {*templates.sources, *told}:
                told.add(lost)
                view.warn(
                    path, "missing-template",
                    Text(f"模板“{name}”的{_SPOKEN[language].zh}版没有 text：由别的渠道通知的人收到的是别的语言，或收不到", f"the template {name!r} has no text in {_SPOKEN[language].en}: whoever is told by another channel gets another language, or nothing"),
                    Text(f"写一个 templates/{language}/{name}.text.j2", f"write templates/{language}/{name}.text.j2"), key=True,
                )  # fmt: skip
        known = TEMPLATE_DATA | given | set(view.procedure.fields)
        codes = (
            {field for field, about in view.procedure.fields.items() if about.type == "choice"} - TEMPLATE_DATA - given
        )
        for language in sorted(spoken):
            for channel in sorted(channels):
                key = f"{language}/{name}.{channel}"
                _variables(view, key, path, known)
                _columns(view, key, path, given)
                if "clocks" not in given:
                    _clocks(view, key, path)
                if key not in told:
                    told.add(key)
                    _codes(view, key, path, codes)


def _codes(view: View, key: str, path: Path, codes: AbstractSet[str]) -> None:
    """Choices that would be written as they are typed, and not as people call them."""
    assert view.around.templates is not None
    if key in view.around.templates.sources:
        for name in sorted(codes & view.around.templates.printed(key)):
            view.warn(
                path, "choice-as-code",
                Text(f"模板 {key} 直接写出选项“{name}”，收件人看到的是代码", f"the template {key} writes the choice {name!r} as its code"),
                Text(f"写 {{{{ {name} | label }}}}，就是它的名称", f"write {{{{ {name} | label }}}}: what people call it"), key=True,
            )  # fmt: skip


def _variables(view: View, key: str, path: Path, known: frozenset[str]) -> None:
    assert view.around.templates is not None
    try:
        names = view.around.templates.variables(key)
    except (KeyError, RecursionError):
        return
    for name in sorted(names - known):
        view.say(
            path, "unknown-variable",
            Text(f"模板 {key} 用到“{name}”，这里没有给它", f"the template {key} uses {name!r}, which it is not given here"),
            likely(name, sorted(known)), key=True,
        )  # fmt: skip


def _columns(view: View, key: str, path: Path, given: AbstractSet[str]) -> None:
    """What a template reads of a row is one of its columns."""
    templates = view.around.templates
    assert templates is not None
    for field in view.procedure.fields if key in templates.sources else ():
        columns = view.procedure.columns(field)
        for name in sorted(templates.members(key, field) - columns.keys()) if columns and field not in given else ():
            view.say(
                path, "unknown-column",
                Text(f"模板 {key} 用到 {field}.{name}，台账没有这一列", f"the template {key} uses {field}.{name}: the registry has no such column"),
                likely(name, columns), key=True,
            )  # fmt: skip


def _clocks(view: View, key: str, path: Path) -> None:
    """A template is told of the clocks of the case that tells; of another one's it may only ask whether they are there."""
    templates, clocks = view.around.templates, view.procedure.sla
    assert templates is not None
    for name in sorted(templates.members(key, "clocks") - clocks.keys()) if key in templates.sources else ():
        if re.search(rf"clocks\.{name}\s+is\s+(not\s+)?(un)?defined", templates.sources[key]) is None:
            view.say(
                path, "unknown-clock",
                Text(f"模板 {key} 用到 clocks.{name}，这个流程没有这个时钟", f"the template {key} uses clocks.{name}: this procedure has no such clock"),
                likely(name, list(clocks)), key=True,
            )  # fmt: skip


CODE = "code"
"""The template of a one-time code, where an office has words of its own for it."""

UNDONE = "undone"
"""The template of a correction, where an office has words of its own for it."""

DIGEST = "digest"
"""The template of several messages that go out as one."""

DIGEST_DATA = frozenset({"count", "items", "language", "zone", "office"})


def check_digest(root: Node, templates: Templates, findings: list[Finding]) -> None:
    """An office that leaves people in peace has a template for what they are then told together, in both languages."""
    for language in LANGUAGES:
        if language not in templates.languages(DIGEST):
            what = Text(
                f"汇总通知的模板没有{_SPOKEN[language].zh}版",
                f"the template of digests is missing in {_SPOKEN[language].en}",
            )
            hint = Text(f"写一个 templates/{language}/{DIGEST}.text.j2", f"write templates/{language}/{DIGEST}.text.j2")
            findings.append(root.at(("quiet",))[0].finding("missing-template", what, hint, severity="warning"))


def digest_findings(templates: Templates) -> Iterator[Finding]:
    """Names in the templates of digests that they are not given."""
    for language in sorted(templates.languages(DIGEST)):
        for channel in sorted(templates.channels(DIGEST)):
            key = f"{language}/{DIGEST}.{channel}"
            for name in sorted(templates.variables(key) - DIGEST_DATA if key in templates.sources else ()):
                what = Text(
                    f"这里用到“{name}”，汇总通知没有给它", f"{name!r} is used here, which a digest is not given"
                )
                yield Finding("unknown-variable", what, f"templates/{key}.j2", 1, 1, likely(name, sorted(DIGEST_DATA)))


_WIDE = re.compile(r"(?=.?｛)[{｛][{｛%％][^{}｛｝]*(?:[}｝]{1,2})?")
"""What was meant as `{{ … }}` or `{% … %}`, its first braces full-width."""


def template_findings(templates: Templates, key: str, text: str) -> list[Finding]:
    """What is wrong in one template, in its file."""
    source = Source(f"templates/{key}.j2", tuple(re.split(r"\r\n|\n|\r", text)))
    found = []
    for line, said, hint in templates.check(key):
        written = source.lines[line - 1] if 0 < line <= len(source.lines) else ""
        found.append(Node(source, line, templates.column(key, written, said)).finding("template", said, hint))
    if templates.blank(key):
        what = Text(
            "模板里什么也没写，收件人会收到空的通知", "the template says nothing: people would get an empty message"
        )
        hint = Text(
            "写上内容；不再用的，删去这个文件", "write what it is to say, or delete the file if nothing sends it"
        )
        found.append(Node(source, 1, 1).finding("empty", what, hint))
    for line, written in enumerate(source.lines, 1):
        for wide in _WIDE.finditer(written):
            plain = unicodedata.normalize("NFKC", wide[0])
            what = Text(f"“{wide[0]}”的花括号是全角的：不会换成内容，收件人看到的就是它", f"the braces of {wide[0]!r} are full-width: nothing is filled in, and people would read it as it stands")  # fmt: skip
            # What is mended ends where a word does, and nothing else of the sentence changes.
            rest = "".join(takewhile(str.isalnum, written[wide.end() :]))
            hint = Instead.of(Text(f"改成半角：{plain}", f"write plain ones: {plain}"), wide[0] + rest, plain + rest)
            found.append(Node(source, line, wide.start() + 1).finding("template", what, hint, severity="warning"))
    return found
