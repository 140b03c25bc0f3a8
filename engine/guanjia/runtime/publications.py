"""Publishing on purpose: who may, with what reason, and where the office asks for it by two people.

Whoever publishes decides over what is in force at that moment; with `approval` it becomes a proposal, which another person
approves or declines. Somebody else's name typed by the same person is the same person. A rollback publishes the text of an
earlier version once more; nothing that was recorded is taken away. Whether a procedure is fit to be published is judged
before, on a higher floor (`authoring.publishing`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import NotFound, Refused, Text
from ..model.event import Actor, Event
from ..model.rights import check_through
from ..model.version import Version
from .proposals import Proposal, Publication, in_force, numbered, proposals
from .publishing import SOURCE, Put, as_written, rule as rule_of, without_suspensions
from .stream import Happened
from .unsaid import kept

if TYPE_CHECKING:
    from .engine import Engine


class Edits(NamedTuple):
    """How the files differ from what is in force."""

    changed: Mapping[str, Version]
    """Procedures whose files make another version, or a first one."""
    gone: tuple[str, ...]
    """Procedures whose file is gone."""
    rule: bool
    """Whether `publishing` of office.yaml says otherwise than the rule that holds."""


class Done(NamedTuple):
    """What publishing led to: events in the office's own stream, and the proposal where a second person is needed."""

    events: tuple[Event, ...]
    proposal: Proposal | None = None


def edits(engine: Engine, written: Mapping[str, Version], names: Iterable[str], unread: Iterable[str] = ()) -> Edits:
    """How the files (`written`: their versions; `unread`: those that hold errors) differ from what is in force, for the
    procedures named; for everything where none is named. NotFound."""
    past = list(engine.log())
    known, chosen, unread = in_force(past), list(names), set(unread)
    for name in chosen:
        if name not in {*known, *written, *unread}:
            raise _unknown(name, {*known, *written, *unread})
    wanted = set(chosen or {*known, *written})
    changed = {
        name: version
        for name, version in written.items()
        if name in wanted and (name not in known or without_suspensions(engine, known[name]).hash != version.hash)
    }
    gone = tuple(sorted(name for name in known if name in wanted and name not in {*written, *unread}))
    rule = rule_of(engine, past)
    return Edits(changed, gone, not chosen and rule is not None and as_written(engine) != rule)


def publish(engine: Engine, edits: Edits, actor: Actor, reason: str) -> Done:
    """Let the edits come into force, or propose it where a second person has to approve. Refused, Conflict."""
    versions: dict[str, Version | None] = {**edits.changed, **dict.fromkeys(edits.gone)}
    return _decide(engine, versions, actor, reason, as_written(engine) if edits.rule else None)


def unexplained(engine: Engine, names: Iterable[str] = ()) -> dict[str, Publication]:
    """What came into force by itself and of which nobody has said why, of these procedures; of all that were ever edited where none is
    named."""
    past, chosen = list(engine.log()), list(names)
    found: dict[str, Publication] = {}
    for name, hash in in_force(past).items():
        text, (*before, last) = without_suspensions(engine, hash).hash, numbered(past, name)
        for earlier in reversed(before):  # a suspension makes another version of the same text, and says itself why
            if without_suspensions(engine, earlier.version).hash != text:
                break
            last = earlier
        if last.reason is None and (name in chosen or (not chosen and last.changed)):
            found[name] = last
    return found


def explain(engine: Engine, names: Iterable[str], actor: Actor, reason: str) -> dict[str, Publication]:
    """Say why what came into force by itself is so, of these procedures: what was explained by it. Refused."""
    publisher(engine, actor, rule_of(engine, engine.log()))
    _reasoned(reason)
    late = unexplained(engine, names)
    why = {"reason": kept(engine, reason.strip()), **_through(actor)}
    said = [Happened("explained", name, {"version": it.version, **why}) for name, it in late.items()]
    if said:
        engine.record(said, by=actor.id)
    return {name: replace(it, reason=why["reason"]) for name, it in late.items()}


def rollback(engine: Engine, name: str, number: int | None, actor: Actor, reason: str) -> Done:
    """Let the text of an earlier version come into force again: the one of the number, else the last that was another than
    the present one. Refused, NotFound, Conflict."""
    chosen = earlier(engine, name, number)
    version, now = without_suspensions(engine, chosen.version), in_force(engine.log()).get(name)
    if now is not None and without_suspensions(engine, now).hash == version.hash:
        raise Refused(
            "nothing", Text(f"“{name}”现在用的就是第 {chosen.number} 版的内容。", f"{name!r} has the text of version {chosen.number} already."),
            Text(f"请看 guanjia versions {name}", f"See guanjia versions {name}"),
        )  # fmt: skip
    return _decide(engine, {name: version}, actor, reason, None, {"rollback": chosen.number})


def earlier(engine: Engine, name: str, number: int | None) -> Publication:
    """The version of the number, else the last one that was another than the present one. NotFound."""
    known = versions(engine, name)
    if number is not None:
        found = next((it for it in known if it.number == number), None)
    else:
        last = without_suspensions(engine, known[-1].version).hash
        found = next((it for it in known[::-1] if without_suspensions(engine, it.version).hash != last), None)
    if found is None:
        which = (
            Text("更早的版本", "earlier version") if number is None else Text(f"第 {number} 版", f"version {number}")
        )
        raise NotFound(
            Text(f"“{name}”没有{which.zh}。", f"{name!r} has no {which.en}."), Text(f"共有 {len(known)} 版：guanjia versions {name}", f"Versions there are: {len(known)}. See guanjia versions {name}")
        )  # fmt: skip
    return found


def versions(engine: Engine, name: str) -> list[Publication]:
    """Every version of the procedure that was ever in force, the first one first. NotFound."""
    past = list(engine.log())
    if found := numbered(past, name):
        return found
    raise NotFound(
        Text(f"“{name}”还没有发布过。", f"{name!r} has never been published."),
        Text(f"发布：guanjia publish {name} --reason 原因", f"Publish it: guanjia publish {name} --reason WHY"),
    )


def waiting(engine: Engine) -> list[Proposal]:
    return proposals(engine.log())


def approve(engine: Engine, id: str, actor: Actor, reason: str | None = None) -> Done:
    """Let what somebody else proposed come into force. Refused, NotFound, Conflict."""
    proposal = _entitled(engine, id, actor)
    second = {actor.id, actor.through} - {None}
    if actor.kind != "staff":
        raise Refused("role", Text("只有员工可以批准。", "Only a person of the staff may approve."))
    if not proposal.people.isdisjoint(second):
        raise Refused(
            "not_by", Text(f"{id} 是{_name(engine, proposal.by)}提交的，须由另一个人批准。", f"{id} is {_name(engine, proposal.by)}'s own proposal; somebody else has to approve it."),
            Text("换别的名字办理（--as）也不算另一个人。", "Another name (--as) typed by the same person is no other person."),
        )  # fmt: skip
    why: dict[str, Any] = {"reason": proposal.reason, "proposal": proposal.id, "proposed_by": proposal.by}
    why |= {"rollback": proposal.rollback} if proposal.rollback is not None else {}
    why |= {"approval": kept(engine, reason.strip())} if reason and reason.strip() else {}
    made = {name: engine.compiled(hash).version if hash else None for name, hash in proposal.versions.items()}
    return Done(engine.record([], by=actor.id, put=Put(made, why | _through(actor), proposal.before, proposal.rule)))


def decline(engine: Engine, id: str, actor: Actor, reason: str) -> Done:
    """A proposal comes to nothing: whoever made it takes it back, or another one who may publish declines it."""
    _reasoned(reason)
    proposal = _entitled(engine, id, actor)
    declined = Happened("declined", proposal.id, {"reason": kept(engine, reason.strip()), **_through(actor)})
    return Done(engine.record([declined], by=actor.id))


def source(engine: Engine, version: Version) -> Mapping[str, str] | None:
    """The text of the files that the version was made of, by path; None where an older program did not keep it."""
    kept = engine.store.setting(SOURCE + version.hash)
    texts: Mapping[str, str] | None = None if kept is None else json.loads(kept)
    return texts


# -- who may, and why


def _decide(
    engine: Engine, versions: Mapping[str, Version | None], actor: Actor, reason: str, rule: Mapping[str, Any] | None,
    more: Mapping[str, Any] | None = None,
) -> Done:  # fmt: skip
    past = list(engine.log())
    holds = rule_of(engine, past)
    publisher(engine, actor, holds)
    _reasoned(reason)
    known = in_force(past)
    before = {name: without_suspensions(engine, known[name]).hash if name in known else None for name in versions}
    why = {"reason": kept(engine, reason.strip()), **(more or {}), **_through(actor)}
    for version in filter(None, versions.values()):
        engine.know(version)  # what cannot be compiled is not decided either
    if not (holds and holds["approval"]):
        return Done(engine.record([], by=actor.id, put=Put(versions, why, before, rule)))
    id = f"P{1 + sum(event.type == 'proposed' for event in past)}"
    asked = {"versions": {name: version and version.hash for name, version in versions.items()}, "before": before}
    # Of two proposals for one procedure the later one is meant.
    overtaken = [it.id for it in proposals(past) if not versions.keys().isdisjoint(it.versions) or (rule and it.rule)]
    happened = [Happened("declined", old, {"reason": f"→ {id}"}) for old in overtaken]
    made = Happened("proposed", id, asked | ({"rule": dict(rule)} if rule else {}) | why)
    events = engine.record([*happened, made], by=actor.id, versions=list(filter(None, versions.values())))
    return Done(events, next(it for it in waiting(engine) if it.id == id))


def publisher(engine: Engine, actor: Actor, rule: Mapping[str, Any] | None) -> None:
    """Refused unless this person is one of those who publish; where there is no rule every member of the staff does."""
    check_through(vars(engine.organisation), actor)
    if actor.kind == "system" or (rule is None and actor.kind != "customer"):
        return
    people = engine.organisation
    words = () if rule is None else tuple(rule["by"])
    if any(word in actor.roles or word == f"staff:{actor.id}" or actor.id in people.members(word) for word in words):
        return
    named = actor.name or actor.id
    zh, en = (
        "、".join(_called(engine, word, "zh") for word in words),
        ", ".join(_called(engine, word, "en") for word in words),
    )
    raise Refused(
        "role", Text(f"可以发布的是：{zh}；{named}不在其中。", f"Those who publish are: {en}; {named} is none of them."),
        Text("在 office.yaml 的 publishing.by 里规定", "`publishing.by` of office.yaml says who."),
    )  # fmt: skip


def _entitled(engine: Engine, id: str, actor: Actor) -> Proposal:
    past = list(engine.log())
    publisher(engine, actor, rule_of(engine, past))
    waits = proposals(past)
    found = next((it for it in waits if it.id.lower() == id.lower()), None)
    if found is None:
        settled = any(event.type == "proposed" and event.name.lower() == id.lower() for event in past)
        listed = Text("、".join(it.id for it in waits) or "无", ", ".join(it.id for it in waits) or "none")
        raise NotFound(
            Text(f"{id} 已经处理过了。", f"{id} is settled.") if settled else Text(f"没有待批准的 {id}。", f"There is no proposal {id}."),
            Text(f"待批准：{listed.zh}", f"Those that wait: {listed.en}"), known=[it.id for it in waits],
        )  # fmt: skip
    return found


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise Refused("reason", Text("须写明原因（--reason）。", "A reason is needed (--reason)."))


def _through(actor: Actor) -> dict[str, str]:
    return {} if actor.through is None else {"through": actor.through}


def _name(engine: Engine, id: str) -> str:
    return engine.organisation.name(id)


def _called(engine: Engine, word: str, language: str) -> str:
    return engine.role_labels[language].get(word) or (_name(engine, word[6:]) if word.startswith("staff:") else word)


def _unknown(name: str, known: Iterable[str]) -> NotFound:
    names: Sequence[str] = sorted(known)
    near = get_close_matches(name, names, 3)
    return NotFound(
        Text(f"没有流程“{name}”。", f"There is no procedure {name!r}."),
        Text(f"是不是：{'、'.join(near)}？", f"Did you mean {', '.join(near)}?") if near
        else Text(f"有：{'、'.join(names) or '无'}", f"There are: {', '.join(names) or 'none'}"), known=names,
    )  # fmt: skip
