"""`prove`: is it so of every case? Proved, refuted with a shortest example, or not decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...clock import iso, spoken
from ...errors import Text, plural
from ..desk import Desk
from ..failure import INVALID, OK, UNDECIDED
from ..naming import NO_PROCEDURE, PROCEDURE, nameless
from ..out import Ink
from ..progress import progress
from ..spec import Argument, Command, Option, json_option, whole

if TYPE_CHECKING:
    from ...authoring.prove import Claim, Proof

_MARKS = {"proved": Ink("✓ ", "good"), "refuted": Ink("✗ ", "late"), "undecided": Ink("? ", "soon")}


def prove(desk: Desk, *, name: tuple[str, ...], states: int, as_json: bool) -> int:
    from ...authoring import prove as proving
    from ...language import OfficeFiles

    files = OfficeFiles(desk.folder)
    known = files.procedures()
    for wanted in name:
        if wanted not in known:
            raise nameless(PROCEDURE, wanted, known)
    proofs: list[Proof] = []
    for each in name or known:
        version = files.version(each)
        label = desk.label(each, each)
        with progress(desk.out, Text(f"证明：{label}", f"Proving {label}"), None) as bar:
            proof = proving.prove(version, states=states, told=bar)
        proofs.append(proof)
        if not as_json:
            _tell(desk, proof, version.calendars[version.procedure.calendar]["zone"], label)
    if as_json:
        desk.out.json([_plain(proof, files.office().zone) for proof in proofs])
    elif not proofs:
        desk.out.line(NO_PROCEDURE)
    if any(proof.refuted for proof in proofs):
        return INVALID
    return OK if all(proof.proved for proof in proofs) else UNDECIDED


def _tell(desk: Desk, proof: Proof, zone: str, label: str) -> None:
    out = desk.out
    seen = Text(f"看了 {proof.states:,} 种情形", f"{plural(proof.states, 'situation')}")
    out.line(Ink(label, "bold"), "  ", Ink(seen, "dim"))
    for claim in proof.claims:
        out.line("  ", _MARKS[claim.verdict], *_named(claim), claim.text)
        if claim.hint is not None:
            out.line("    ", Ink(claim.hint, "dim"))
        for step in claim.trace:
            out.line("      ", Ink(spoken(step.at, zone)[:16], "dim"), "  ", step.text)


def _named(claim: Claim) -> list[Any]:
    from ...authoring.prove import GENERAL

    return [] if claim.name in GENERAL else [Ink(claim.name, "bold"), Text("：", ": ")]


def _plain(proof: Proof, zone: str) -> dict[str, Any]:
    return {
        "procedure": proof.procedure,
        "states": proof.states,
        "claims": [
            {
                "name": claim.name, "verdict": claim.verdict, "text": _both(claim.text),
                "hint": None if claim.hint is None else _both(claim.hint),
                "trace": [
                    {"at": iso(step.at, zone), "text": _both(step.text), "states": list(step.states)}
                    for step in claim.trace
                ],
            }
            for claim in proof.claims
        ],
    }  # fmt: skip


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


COMMANDS = {
    "prove": Command(
        "prove", prove,
        [
            Argument("name", metavar="PROCEDURE", many=True, required=False, complete="procedures", say=Text("只证明这些流程（默认全部）", "only these procedures (default: all)")),
            Option("--states", metavar="N", default=5_000, convert=whole(1), say=Text("最多看多少种情形（默认 5000）", "how many situations are looked at (default 5000)")),
            json_option(),
        ],
        say=Text("走遍流程的全部情形，证明或推翻：都能办结、没人管的也会按时办结或升级、没有相争的和走不到的转换，以及文件里写的 properties。", "Go through every situation of a procedure and prove or refute: every case can end, one left alone ends or is escalated in time, no two transitions compete, nothing is unreachable, and the file's own properties."),
        more=Text(
            "推翻的附最短的例子，时间、人、操作都真能照做。都得证以 0 退出，有推翻的以 3，有未能判定的以 6。",
            "What is refuted comes with a shortest example that can really be done so. The exit code is 0 when all is proved, 3 when something is refuted, 6 when something is not decided."),
        examples=("guanjia prove", "guanjia prove repair", "guanjia prove complaint --states 100000"),
    ),
}  # fmt: skip
