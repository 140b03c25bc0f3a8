"""`publish`, `rollback` and `versions`: which text of a procedure new cases run under, who decided it, why, and who approved it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import Refused, Text, plural
from .. import words
from ..desk import Desk
from ..failure import OK, REFUSED, Usage
from ..naming import no_procedure
from ..out import Ink
from ..progress import progress
from ..spec import Argument, Command, Option, json_option, whole
from ..values import interactive
from .diff import SHORT, told_differences

if TYPE_CHECKING:
    from ...authoring.publishing import Draft
    from ...model.version import Version
    from ...runtime.engine import Engine
    from ...runtime.proposals import Proposal, Publication
    from ...runtime.publications import Done, Edits

HEAD = (Text("版", "NO"), Text("时间", "WHEN"), Text("谁", "WHO"), Text("批准", "APPROVED BY"), Text("版本", "VERSION"), Text("为什么", "WHY"))  # fmt: skip


def publish(
    desk: Desk, *, name: tuple[str, ...], reason: str | None, approve: str | None, decline: str | None, as_json: bool
) -> int:
    from ...authoring import publishing
    from ...runtime import publications
    from ...runtime.publishing import rule as rule_of

    if sum((bool(name), approve is not None, decline is not None)) > 1:
        raise Usage(
            Text("流程、--approve、--decline 只写一样。", "Give procedures, --approve or --decline; one of them.")
        )
    engine = desk.holding()
    if approve is not None:
        proposal = next((it for it in publications.waiting(engine) if it.id.lower() == approve.lower()), None)
        if proposal is not None and not as_json:
            _propose(desk, engine, proposal)
        return _done(desk, publications.approve(engine, approve, desk.actor, reason), as_json)
    if decline is not None:
        publications.decline(engine, decline, desk.actor, reason or "")
        if as_json:
            desk.out.json({"declined": decline})
        else:
            desk.out.line(Ink(Text(f"{decline} 不发布。", f"{decline} will not be published."), "good"))
        return OK
    draft = publishing.read(desk.folder)
    edits = publications.edits(engine, draft.written, name, draft.wrong)
    if reason is None:
        _look(desk, engine, draft, edits, as_json)
        if as_json or not interactive(desk.out) or not (edits.changed or edits.gone or edits.rule):
            return OK
        reason = desk.out.ask(Text("为什么发布（直接回车则不发布）：", "Why publish it (nothing: do not):")).strip()
        if not reason:
            desk.out.line(Text("没有发布。", "Nothing was published."))
            return OK
    rule = rule_of(engine, engine.log())
    publications.publisher(engine, desk.actor, rule)
    draft.sound(name)
    if not (edits.changed or edits.gone or edits.rule):
        return _nothing(desk, engine, name, reason, as_json)
    if failed := list(publishing.failing(draft, edits.changed)):
        for result in failed:
            desk.out.line(Ink("✗ ", "late"), result.procedure, "  ", Ink(result.name, "bold"), err=True)
            desk.out.line("  ", Ink(f"{result.place}: ", "bold"), result.message or "", err=True)
        raise Refused(
            "stories", Text(f"{len(failed)} 个情景测试不通过，没有发布。", f"{plural(len(failed), 'story fails', 'stories fail')}; nothing was published."),
            _held(Text("改好后先用 guanjia test 试跑。", "Mend it, and try it with guanjia test."), rule),
        )  # fmt: skip
    _proved(desk, edits, rule)
    draft.same()
    return _done(desk, publications.publish(engine, edits, desk.actor, reason), as_json)


def _held(hint: Text, rule: Mapping[str, Any] | None) -> Text:
    """What to do; and where no rule keeps an edit waiting, that it holds although it was not published."""
    if rule is not None:
        return hint
    return Text(
        f"{hint.zh}\n这个办公室的改动不等发布：新工单已按改后的文件办理；不要它，就把文件改回去。",
        f"{hint.en}\nIn this office edits do not wait: new cases run under the file as it is; to prevent that, take the edit back.",
    )


def _proved(desk: Desk, edits: Edits, rule: Mapping[str, Any] | None) -> None:
    """Refused where something that is claimed of every case is not so."""
    from ...authoring import publishing

    with progress(desk.out, Text("证明", "Proving"), None) as bar:
        wrong = list(publishing.refuted(edits.changed, bar))
    for name, claim in wrong:
        desk.out.line(Ink("✗ ", "late"), name, "  ", claim.text, err=True)
    if wrong:
        raise Refused(
            "refuted", Text(f"{len(wrong)} 条证明不成立，没有发布。", f"{plural(len(wrong), 'claim is', 'claims are')} refuted; nothing was published."),
            _held(Text("guanjia prove 给出反例", "guanjia prove shows an example."), rule),
        )  # fmt: skip


def rollback(desk: Desk, *, name: str, to: int | None, write: bool, reason: str | None, as_json: bool) -> int:
    from ...runtime import publications
    from ...runtime.publishing import without_suspensions

    engine = desk.engine
    _known(desk, name)
    chosen = publications.earlier(engine, name, to)
    version = without_suspensions(engine, chosen.version)
    done = None
    try:
        done = publications.rollback(engine, name, chosen.number, desk.actor, reason or "")
    except Refused as refused:
        if not (refused.code == "nothing" and write):
            raise
    if done is not None and done.proposal is not None:
        return _done(desk, done, as_json)
    return _files(desk, engine, done, version, chosen, write=write, as_json=as_json)


def versions(desk: Desk, *, name: str, as_json: bool) -> None:
    from ...runtime import stream
    from ...runtime.proposals import in_force, numbered

    past = list(stream.events(desk.store))
    _known(desk, name)
    found, now = numbered(past, name)[::-1], in_force(past).get(name)
    if as_json:
        desk.out.json([_plain(desk, it) | {"in_force": it is found[0] and now is not None} for it in found])
        return
    if not found:
        desk.out.line(Text(f"“{name}”还没有发布过。", f"{name!r} has never been published."))
        return
    desk.out.table(
        [
            [
                Ink(str(it.number), "bold" if it is found[0] and now else "dim"), words.when(it.at, desk.zone, desk.now()), desk.short(it.by),
                desk.short(it.approved_by) if it.approved_by else "", Ink(it.version[:SHORT], "dim"), why(it.reason, it.rollback, it.changed),
            ]
            for it in found
        ],
        HEAD, flex=len(HEAD) - 1,
    )  # fmt: skip
    if now is None:
        desk.out.line(Text("已撤下，不能建单。", "It was withdrawn: no new cases."))


def why(reason: str | None, rollback: int | None, changed: Iterable[str]) -> Text:
    """What was given as the reason; where there was none, what changed."""
    parts = words.parts(changed)
    zh, en = "、".join(part.zh for part in parts), ", ".join(part.en for part in parts)
    said = Text(f"（改动了{zh}）", f"({en} changed)") if parts else Text("", "")
    text = Text(reason, reason) if reason else said
    if rollback is None:
        return text
    return Text(f"恢复第 {rollback} 版：{text.zh}", f"back to version {rollback}: {text.en}")


def _known(desk: Desk, name: str) -> None:
    from ...language import OfficeFiles
    from ...runtime import stream

    published = {event.name for event in stream.events(desk.store) if event.type == "published"}
    known = sorted({*published, *OfficeFiles(desk.folder).procedures()})
    if name not in known:
        raise no_procedure(desk, name, known)


def _plain(desk: Desk, it: Publication) -> dict[str, Any]:
    return {
        "number": it.number, "version": it.version, "at": iso(it.at, desk.zone), "by": it.by, "approved_by": it.approved_by,
        "reason": it.reason, "rollback": it.rollback, "changed": list(it.changed),
    }  # fmt: skip


# -- looking


def _look(desk: Desk, engine: Engine, draft: Draft, edits: Edits, as_json: bool) -> None:
    from ...runtime import publications
    from ...runtime.publishing import rule as rule_of

    proposals = publications.waiting(engine)
    rule = rule_of(engine, engine.log())
    if as_json:
        desk.out.json(
            {"rule": rule, "changed": {name: version.hash for name, version in edits.changed.items()}, "gone": list(edits.gone),
             "rule_changed": edits.rule, "invalid": sorted(draft.wrong), "proposals": [_proposal(desk, it) for it in proposals]}
        )  # fmt: skip
        return
    out = desk.out
    if rule is None:
        out.line(Ink(Text("这个办公室改了文件随即生效；office.yaml 写了 publishing 以后才须发布。",
                          "In this office edits come into force by themselves; with `publishing` in office.yaml they wait to be published."), "dim"))  # fmt: skip
    for name, version in edits.changed.items():
        _changes(desk, engine, name, version)
    for name in edits.gone:
        out.line(Ink(Text(f"{name}：文件没有了，发布后不能再建单", f"{name}: its file is gone; once published, no new cases"), "late"))  # fmt: skip
    if edits.rule:
        out.line(Text("office.yaml 的 publishing 改了，发布以后才按新的办", "`publishing` of office.yaml changed; it holds once it is published"))  # fmt: skip
    for name in draft.wrong:
        out.line(Ink(Text(f"{name}：有错误，见 guanjia check", f"{name}: has errors, see guanjia check"), "late"))
    for proposal in proposals:
        _propose(desk, engine, proposal)
    if not (edits.changed or edits.gone or edits.rule or proposals or draft.wrong):
        out.line(Ink(Text("没有要发布的改动。", "There is nothing to publish."), "good"))
    elif (edits.changed or edits.gone or edits.rule) and not interactive(out):
        out.line(Text("没有发布。要发布，请加上 --reason 原因", "Nothing was published. To do it, add --reason WHY"))


def _changes(desk: Desk, engine: Engine, name: str, version: Version) -> None:
    """What a version would change, in words."""
    from ...runtime.proposals import in_force
    from ...runtime.publishing import without_suspensions

    now = in_force(engine.log()).get(name)
    if now is None:
        desk.out.line(Ink(Text(f"{name}：新流程", f"{name}: a new procedure"), "bold"))
    else:
        told_differences(desk, name, without_suspensions(engine, now), version)


def _propose(desk: Desk, engine: Engine, it: Proposal) -> None:
    at, who = words.when(it.at, desk.zone, desk.now()), desk.short(it.by)
    desk.out.line(
        Ink(Text(f"待批准 {it.id}：{who} 于 {at} 提交：{it.reason}", f"{it.id} waits for approval: {who}, {at}: {it.reason}"), "soon")
    )  # fmt: skip
    for name, hash in it.versions.items():
        if hash is None:
            desk.out.line(Text(f"{name}：撤下，不能再建单", f"{name}: withdrawn, no new cases"))
        else:
            _changes(desk, engine, name, engine.compiled(hash).version)
    if it.rule is not None:
        by = "、".join(it.rule["by"])
        desk.out.line(Text(f"发布的规定改为：{by or '不须发布'}", f"the rule of publishing becomes: {by.replace('、', ', ') or 'none'}"))  # fmt: skip


# -- done


def _nothing(desk: Desk, engine: Engine, names: Iterable[str], reason: str, as_json: bool) -> int:
    """The files are in force already. What came into force by itself has a reason from now on, where it was named."""
    from ...runtime import publications

    late = publications.explain(engine, names, desk.actor, reason) if names else {}
    out = desk.out
    if as_json:
        explained = [{"procedure": name, **_plain(desk, it)} for name, it in late.items()]
        out.json({"published": [], "withdrawn": [], "rule": False, "proposal": None, "explained": explained})
        return OK
    for name, it in late.items():
        label, at = desk.label(name, name), words.when(it.at, desk.zone, desk.now())
        out.line(Ink(Text(f"“{label}”第 {it.number} 版已于 {at} 自行生效，原因已记下。",
                          f"Version {it.number} of “{label}” came into force by itself at {at}; why it did is recorded."), "good"))  # fmt: skip
    if not late:
        out.line(
            Text("没有要发布的改动：现在生效的就是这些文件。", "There is nothing to publish: these files are in force.")
        )
    for name in () if names else publications.unexplained(engine):
        out.line(Text(f"“{desk.label(name, name)}”是自行生效的，没有写原因：guanjia publish {name} --reason 原因",
                      f"“{desk.label(name, name)}” came into force by itself, and nobody said why: guanjia publish {name} --reason WHY"))  # fmt: skip
    return OK


def _done(desk: Desk, done: Done, as_json: bool) -> int:
    numbers = {it.name: _number(desk, it.name) for it in done.events if it.type == "published"}
    gone = [it.name for it in done.events if it.type == "withdrawn"]
    ruled = any(it.type == "guarded" and "reason" in it.data for it in done.events)
    if as_json:
        desk.out.json(
            {"published": [{"procedure": name, **_plain(desk, it)} for name, it in numbers.items()], "withdrawn": gone, "rule": ruled,
             "proposal": None if done.proposal is None else _proposal(desk, done.proposal)}
        )  # fmt: skip
        return OK
    out = desk.out
    for name, it in numbers.items():
        label = desk.label(name, name)
        out.line(Ink(Text(f"已发布“{label}”第 {it.number} 版（{it.version[:SHORT]}），新工单按它办理。",
                          f"Published version {it.number} of “{label}” ({it.version[:SHORT]}): new cases run under it."), "good"))  # fmt: skip
    for name in gone:
        out.line(Ink(Text(f"已撤下“{name}”，不能再建单。", f"Withdrew {name!r}: no new cases."), "good"))
    if ruled:
        out.line(Ink(Text("发布的规定已改。", "The rule of publishing was changed."), "good"))
    if done.proposal is not None:
        id = done.proposal.id
        out.line(Ink(Text(f"已提交 {id}，须另一个人批准：guanjia publish --approve {id}",
                          f"Proposed as {id}; somebody else has to approve it: guanjia publish --approve {id}"), "soon"))  # fmt: skip
        for old in (it.name for it in done.events if it.type == "declined"):
            was = next(it.data["versions"] for it in desk.engine.log() if (it.type, it.name) == ("proposed", old))
            lost = ", ".join(name for name in was if name not in done.proposal.versions)
            out.line(Ink(Text(f"{old} 就此作废，由 {id} 代替" + (f"；其中这些须另行提交：{lost}" if lost else "。"),
                              f"{old} is settled: {id} takes its place" + (f"; propose these anew: {lost}" if lost else ".")), "soon"))  # fmt: skip
    elif some := next((name for name, it in numbers.items() if it.number > 1), None):
        out.line(Ink(Text(f"在办工单不变；要让它们跟上：guanjia migrate {some}", f"Open cases stay as they are; to let them follow: guanjia migrate {some}"), "dim"))  # fmt: skip
    return OK


def _number(desk: Desk, name: str) -> Publication:
    from ...runtime import publications

    return publications.versions(desk.engine, name)[-1]


def _proposal(desk: Desk, it: Proposal) -> dict[str, Any]:
    return {
        "id": it.id, "by": it.by, "at": iso(it.at, desk.zone), "reason": it.reason, "versions": dict(it.versions),
        "rule": None if it.rule is None else dict(it.rule), "rollback": it.rollback,
    }  # fmt: skip


def _files(
    desk: Desk, engine: Engine, done: Done | None, version: Version, chosen: Publication, *, write: bool, as_json: bool
) -> int:
    """What of the office's files says otherwise than the version that came into force; written where that was asked for."""
    from ...runtime import publications
    from ...runtime.rewriting import differing, rewrite

    texts: Mapping[str, str] | None = publications.source(engine, version)
    others = differing(desk.folder, texts or {})
    moved = rewrite(desk.folder, texts or {}, others) if write else {}
    if as_json:
        published = [] if done is None else [{"procedure": version.procedure.procedure, **_plain(desk, _number(desk, version.procedure.procedure))}]  # fmt: skip
        desk.out.json({"published": published, "proposal": None, "files": others, "kept": texts is not None, "written": write, "before": moved})  # fmt: skip
        return OK
    if done is not None:
        _done(desk, done, False)
    out = desk.out
    if texts is None:
        out.lines(Text("那一版是旧程序发布的，没有留下文件的原文；请自己把文件改回去。", "That version was published by an older program, which kept no text of its files: edit them yourself."))  # fmt: skip
        return REFUSED if write else OK
    if not others:
        out.line(Text("文件与它一致。", "The files agree with it."))
    elif not write:
        out.line(
            Text(
                "文件还是改过的样子，下次修改以它们为准：",
                "The files still say otherwise, and the next edit starts from them:",
            )
        )
        out.lines("\n".join(f"  {path}" for path in others))
        out.line(Text(f"要把它们也改回去：guanjia rollback {version.procedure.procedure} --to {chosen.number} --write --reason …（原来的另存）",
                      f"To write them back too: guanjia rollback {version.procedure.procedure} --to {chosen.number} --write --reason … (what is there is kept beside)"))  # fmt: skip
    for path in others if write else ():
        kept = moved.get(path)
        beside = Text(f"，原来的在 {kept}", f"; what was there is {kept}") if kept else Text("", "")
        out.line(Text(f"已写 {path}{beside.zh}", f"wrote {path}{beside.en}"))
    return OK


COMMANDS = {
    "publish": Command(
        "publish", publish,
        [
            Argument("name", metavar="PROCEDURE", many=True, required=False, complete="procedures", say=Text("只发布这些流程（默认：所有改过的）", "only these procedures (default: all that were edited)")),
            Option("--reason", metavar="TEXT", say=Text("为什么；不写则只看有什么要发布的", "why; without it, look at what would be published")),
            Option("--approve", metavar="ID", say=Text("批准别人提交的（如 P1）", "approve what somebody else proposed (such as P1)")),
            Option("--decline", metavar="ID", say=Text("不批准，或撤回自己提交的（须 --reason）", "decline it, or take back one's own (needs --reason)")),
            json_option(),
        ],
        say=Text("发布改过的流程：检查和情景测试都通过，新工单才按它办理。", "Publish edited procedures: once check and stories pass, new cases run under them."),
        more=Text("office.yaml 写了 publishing（by：谁可以发布，approval：要不要第二个人批准）以后，改了的流程须发布才生效；没写则改了随即生效，用它发布可以记下原因。谁、何时、为什么、谁批准，都记在办公室记录里。",
                  "With `publishing` in office.yaml (`by`: who may, `approval`: whether a second person approves) edited procedures wait until they are published; without it they come into force by themselves, and this records why. Who, when, why and who approved stand in the office's own record."),
        examples=("guanjia publish", "guanjia publish repair --reason 缩短完工时限", "guanjia publish --approve P1"),
    ),
    "rollback": Command(
        "rollback", rollback,
        [
            Argument("name", metavar="PROCEDURE", complete="procedures", say=Text("流程的名字", "name of a procedure")),
            Option("--to", metavar="N", convert=whole(1), say=Text("恢复第几版（默认：内容不同的上一版）", "the number of the version (default: the last that was another)")),
            Option("--write", flag=True, say=Text("把文件也改回去；原来的另存在旁边", "write the files back too; what is there is kept beside")),
            Option("--reason", metavar="TEXT", say=Text("为什么，记入办公室记录", "why; recorded in the office's own stream")),
            json_option(),
        ],
        say=Text("恢复一个流程较早的版本，作为一次新的发布；历史不变。", "Let an earlier version of a procedure come into force again, as a new publication; history stays."),
        more=Text("有哪些版本见 guanjia versions。在办工单不变，要让它们跟上用 migrate。文件不写 --write 就不动，只说明哪些不一致。须第二个人批准的办公室，恢复也须批准。",
                  "guanjia versions lists them. Open cases stay as they are; migrate lets them follow. Without --write no file is touched, and those that say otherwise are listed. Where a second person has to approve, that holds here too."),
        examples=("guanjia rollback repair --reason 新规则有误", "guanjia rollback repair --to 2 --write --reason 新规则有误"),
    ),
    "versions": Command(
        "versions", versions,
        [Argument("name", metavar="PROCEDURE", complete="procedures", say=Text("流程的名字", "name of a procedure")), json_option()],
        say=Text("一个流程的各个版本：何时、谁、为什么、谁批准；最近的在前。", "The versions of a procedure: when, who, why, and who approved; the latest first."),
        examples=("guanjia versions repair",),
    ),
}  # fmt: skip
