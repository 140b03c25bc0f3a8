"""`new`: a procedure begins with a few questions; what is written can be used at once and is there to be changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import Refused, Text
from ..desk import Desk
from ..failure import Usage
from ..out import Ink
from ..spec import Argument, Command, Option
from ..values import interactive

Judge = Callable[[str], str]
"""The answer as it is taken; Refused says why it is none."""


def new(
    desk: Desk, *, name: str, zh: str | None, en: str | None, opens: str | None, does: str | None, above: str | None,
    answer: str | None, finish: str | None, yes: bool,
) -> None:  # fmt: skip
    from ...authoring.beginning import Answers, begin
    from ...language import OfficeFiles

    files = OfficeFiles(desk.folder, still=True)
    _name(name)
    if name in files.procedures():
        raise Refused(
            "file",
            Text(f"已经有流程“{name}”。", f"There is a procedure {name!r} already."),
            Text("换一个名字。", "Use another name."),
        )
    organisation = files.organisation()
    roles = _roles(organisation, desk.out.language)
    meant = _of(roles, organisation["roles"])
    if not roles:
        raise Refused(
            "role",
            Text(
                "organisation.yaml 里还没有可以办事的角色。", "organisation.yaml has no role yet that somebody holds."
            ),
        )
    first, asking = next(iter(roles)), _Asking(desk, quiet=yes)
    called = (
        asking.one("--zh", Text("中文叫什么", "What is it called in Chinese"), zh, name, _plain),
        asking.one("--en", Text("英文叫什么", "What is it called in English"), en, name.replace("_", " "), _plain),
    )
    who = asking.one(
        "--opens",
        Text("谁登记（业主总可以）", "Who opens a case (customers always may)"),
        opens,
        first,
        meant,
        roles,
    )
    hand = asking.one("--does", Text("谁来办", "Who does the work"), does, first, meant, roles)
    over = organisation["roles"][hand]["parent"]
    usual = over if over in roles else list(roles)[-1]
    given = Answers(
        name, *called, (who,), hand,
        asking.one("--above", Text("迟了告诉谁", "Who is told when it is late"), above, usual, meant, roles),
        asking.one("--answer", Text("多久之内接单，如 30m、2h", "Within how long is it taken on, e.g. 30m, 2h"), answer, "30m", _amount),
        asking.one("--finish", Text("多久之内办完，如 24h、3 workdays", "Within how long is it done, e.g. 24h, 3 workdays"), finish, "3 workdays", _amount),
    )  # fmt: skip
    made = begin(desk.folder, given)
    out = desk.out
    for path in made:
        out.line(Ink("+ ", "good"), path)
    out.line()
    out.line(Ink(Text("检查和情景都已通过。接下来", "It is checked, and its story comes true. Next"), "bold"))
    rows = [
        (f"guanjia explain-file {name}", Text("用大白话看一遍", "read it in plain words")),
        (f"guanjia test {name} --coverage", Text("看情景还有什么没走到", "see what the story does not reach yet")),
        (f"guanjia diagram {name} -o {name}.svg", Text("画出来", "draw it")),
        (f"guanjia open {name}", Text("开第一张工单", "open the first case")),
    ]
    out.table([[Ink(command, "good"), text] for command, text in rows], indent="  ")


class _Asking:
    """Asks for what no option gave; with --yes what is usual is taken."""

    def __init__(self, desk: Desk, *, quiet: bool) -> None:
        self.out, self.quiet = desk.out, quiet

    def one(
        self,
        option: str,
        what: Text,
        given: str | None,
        usual: str,
        judge: Judge,
        choices: Mapping[str, str] | None = None,
    ) -> str:
        if given is not None:
            try:
                return judge(given)
            except Refused as wrong:
                raise Usage(Text(f"{option}：{wrong.text.zh}", f"{option}: {wrong.text.en}"), wrong.hint) from None
        if self.quiet:
            return judge(usual)
        if not interactive(self.out):
            raise Usage(
                Text(f"这里没法询问，请给出 {option}，或加 --yes 都用通常的。", f"Nobody can be asked here: give {option}, or --yes for what is usual."),
            )  # fmt: skip
        self.out.line(Ink(what, "bold"), Ink(self.out.both(f"（直接回车：{usual}）", f" (enter: {usual})"), "dim"))
        offered = list((choices or {}).items())
        self.out.table([[f"{number:>3}", role, called] for number, (role, called) in enumerate(offered, 1)])
        while True:
            typed = self.out.ask("> ").strip() or usual
            if typed.isdecimal() and 1 <= int(typed) <= len(offered):
                typed = offered[int(typed) - 1][0]
            try:
                return judge(typed)
            except Refused as wrong:
                self.out.line(Ink(wrong.text, "soon"))


def _name(name: str) -> None:
    if not (name.isidentifier() and name == name.lower()) or not name.isascii():
        raise Usage(
            Text(f"“{name}”不能作流程的名字：用小写英文字母、数字和 _，不以数字开头。", f"{name!r} is no name for a procedure: small letters, digits and _, not beginning with a digit."),
            Text("中文叫法另写：--zh 包裹代收", "What people call it is given beside: --zh 包裹代收 --en parcels"),
        )  # fmt: skip


def _roles(organisation: Mapping[str, Any], language: str) -> dict[str, str]:
    """The roles of the house that somebody holds, with what people call them."""
    held = {role for person in organisation["staff"].values() if person["active"] for role in person["roles"]}
    return {
        role: str(about["label"].get(language) or role)
        for role, about in organisation["roles"].items()
        if role in held and not about.get("outside")
    }


def _plain(text: str) -> str:
    if not text.isprintable() or len(text) > 40:
        raise Refused("name", Text("最多 40 个字，写在一行里。", "At most 40 characters, on one line."))
    return text


def _of(roles: Mapping[str, str], known: Mapping[str, Any]) -> Judge:
    """One of these roles, by its name or by what people call it, where only one is `known` to be called so."""

    def judge(text: str) -> str:
        called = [role for role in roles if text in known[role]["label"].values()]
        if text in roles or len(called) == 1:
            return text if text in roles else called[0]
        told = [(role, roles[role]) for role in called or roles]
        zh = "、".join(f"{role}（{label}）" if label != role else role for role, label in told)
        en = ", ".join(f"{role} ({label})" if label != role else role for role, label in told)
        if called:
            raise Refused("role", Text(f"叫“{text}”的角色不止一个：{zh}", f"several roles are called {text!r}: {en}"))
        raise Refused("role", Text(f"没有在职的人是“{text}”；有：{zh}", f"nobody here is {text!r}; there are: {en}"))

    return judge


def _amount(text: str) -> str:
    from ...calendars import AmountError, parse_amount

    try:
        parse_amount(text)
    except AmountError as error:
        raise Refused("amount", error.text, error.hint) from None
    return text


COMMANDS = {
    "new": Command(
        "new", new,
        [
            Argument("name", metavar="PROCEDURE", say=Text("名字：小写英文字母、数字和 _", "its name: small letters, digits and _")),
            Option("--zh", metavar="TEXT", say=Text("中文叫什么", "what it is called in Chinese")),
            Option("--en", metavar="TEXT", say=Text("英文叫什么", "what it is called in English")),
            Option("--opens", metavar="ROLE", say=Text("谁登记", "who opens a case")),
            Option("--does", metavar="ROLE", say=Text("谁来办", "who does the work")),
            Option("--above", metavar="ROLE", say=Text("迟了告诉谁", "who is told when it is late")),
            Option("--answer", metavar="DURATION", say=Text("多久之内接单（通常 30m）", "within how long it is taken on (usual: 30m)")),
            Option("--finish", metavar="DURATION", say=Text("多久之内办完（通常 3 workdays）", "within how long it is done (usual: 3 workdays)")),
            Option("--yes", flag=True, say=Text("不询问，没给的都用通常的", "ask nothing: what is not given is as usual")),
        ],
        say=Text("新建一个流程：问几个问题，写好流程、中英文模板和第一条情景。", "Begin a procedure: a few questions, then the procedure, its texts in both languages and a first story."),
        more=Text("写之前先在副本里检查、跑情景；已有的文件不会被覆盖，中途按 Ctrl-C 什么也不会留下。", "It is checked and its story told in a copy first; nothing is overwritten, and Ctrl-C leaves nothing behind."),
        examples=("guanjia new parcel", "guanjia new parcel --zh 包裹代收 --en parcels --does reception --finish 24h --yes"),
    ),
}  # fmt: skip
