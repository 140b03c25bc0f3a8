"""`token`: a token for another system, told once; what is kept is its digest, in organisation.yaml."""

from __future__ import annotations

import secrets

from ...errors import Text
from ...people.organisation import token_digest
from ..desk import TOKEN, Desk
from ..failure import Usage
from ..out import Ink
from ..spec import Argument, Command, json_option


def token(desk: Desk, *, name: str, as_json: bool) -> None:
    if not name.isidentifier():
        raise Usage(
            Text(f"“{name}”不能作系统的名字。", f"{name!r} cannot be the name of a system."),
            Text("只用文字、数字和 _，不以数字开头", "letters, digits and _ only, not beginning with a digit"),
        )
    made = secrets.token_urlsafe(32)
    digest, there = token_digest(made), name in desk.engine.organisation.systems
    if as_json:
        desk.out.json({"system": name, "token": made, "token_sha256": digest, "known": there})
        return
    out = desk.out
    out.line(Ink(made, "bold"))
    out.lines(Text(
        f"令牌只显示这一次，任何地方都不留底：交给那个系统，用环境变量 {TOKEN} 或 engine.actor_by_token(…)。",
        f"The token is shown this once and kept nowhere: hand it to that system, for the variable {TOKEN} or engine.actor_by_token(…).",
    ))  # fmt: skip
    out.line()
    out.line(Ink(Text("在 organisation.yaml 里写上：", "Write in organisation.yaml:"), "dim"))
    out.line("systems:")
    out.line(f"  {name}:" if there else f"  {name}:  # roles, sites, label")
    out.line(f"    token_sha256: {digest}")
    if there:
        out.lines(Text("原来的令牌从那时起失效。", "Its token of before is good no more from then on."))


COMMANDS = {
    "token": Command(
        "token", token,
        [Argument("name", say=Text("系统的名字，如 hotline", "name of the system, e.g. hotline")), json_option()],
        say=Text("给别的系统发一个令牌；只显示一次，只留摘要。", "Make a token for another system: told once, only its digest is kept."),
        more=Text("系统凭令牌办理，能做什么由 organisation.yaml 里它的 roles 决定；流程的 by 里写作 system:名字。把 token_sha256 删掉，令牌即作废。",
                  "What it may do follows from its `roles` in organisation.yaml; in `by` of a procedure it is `system:<name>`. Take token_sha256 away, and the token is good no more."),
        examples=("guanjia token hotline",),
    ),
}  # fmt: skip
