"""One procedure file: read, includes merged, built, checked as a whole graph."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import Finding, Invalid, Text
from ..model.procedure import Procedure
from .checks import Around, check
from .grammar import build
from .including import Fetch, Including
from .nodes import Node, errors, in_order
from .reading import read_yaml
from .registries import fill_registries
from .standards import fill


class Draft(NamedTuple):
    """A procedure as far as it could be read. `procedure` is None when it cannot be built; `findings` hold warnings too."""

    procedure: Procedure | None
    root: Node | None
    findings: list[Finding]


def draft_procedure(
    text: str | bytes | Node, file: str, fetch: Fetch | None = None, around: Around | None = None
) -> Draft:
    """Read a procedure and gather everything that is wrong or doubtful. Never raises for what the text holds. What was read already may
    be given as its root; includes are merged into it."""
    findings: list[Finding] = []
    try:
        root = text if isinstance(text, Node) else read_yaml(text, file).root
        Including(fetch, findings).expand(root)
        fill(root, around.standards if around else None, findings)
        fill_registries(root, around.registries if around else None, findings)
    except Invalid as refused:
        return Draft(None, None, in_order(refused.findings))
    whole = not findings
    procedure = build(Procedure, root, findings)
    # Where something could not be included, names are missing that nobody forgot.
    if procedure is not None and whole:
        try:
            findings += check(procedure, root, around or Around())
        except RecursionError:
            what = Text("表达式或状态嵌套太深", "an expression or state is nested too deeply")
            findings.append(Finding("too-deep", what, file))
    return Draft(procedure, root, in_order(findings))


def read_procedure_text(
    text: str | bytes, file: str, *, fetch: Fetch | None = None, around: Around | None = None
) -> Procedure:
    """The procedure that `text` defines; `file` is what findings call it. Invalid with every error.

    `fetch` reads what it includes (without it nothing can be included); `around` is what of the office it may refer to
    (what is not known is not checked).
    """
    procedure, _, findings = draft_procedure(text, file, fetch, around)
    if wrong := errors(findings):
        raise Invalid(wrong)
    assert procedure is not None
    return procedure
