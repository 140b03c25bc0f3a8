"""`customer`: the group, and `find`, which opens the database and nothing else: it must start fast. How a customer is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...clock import Instant, iso, moment
from ...errors import Text
from ...model.customer import Customer, Relation
from .. import words
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Argument, Command, Entry, Group, json_option

RELATIONS = {
    "owner": Text("业主", "owner"), "tenant": Text("租户", "tenant"), "family": Text("家属", "family"), "agent": Text("代理人", "agent"),
}  # fmt: skip
HEAD = (
    Text("编号", "ID"),
    Text("姓名", "NAME"),
    Text("电话", "PHONE"),
    Text("房号", "ROOM"),
    Text("核实于", "VERIFIED"),
    "",
)


def find(desk: Desk, *, text: str, as_json: bool) -> None:
    from ...runtime.customer_reading import found

    persons = [each.masked() for each in found(desk.register, text) if desk.acquaintance.knows(each)]
    if as_json:
        desk.out.json([plain(each, desk.zone) for each in persons])
        return
    if not persons:
        desk.out.line(Text("没有符合的客户。", "No such customers."))
        return
    table(desk, persons)


def table(desk: Desk, persons: Sequence[Customer]) -> None:
    desk.out.table([line(desk, each) for each in persons], HEAD, flex=3, keep=(0, 2))


def line(desk: Desk, it: Customer) -> list[Piece]:
    day = f"{moment(desk.now(), desk.zone):%Y-%m-%d}"
    rooms = sorted(it.rooms, key=lambda each: not each.holds(day))
    return [
        Ink(it.id, "bold"), it.name, it.phones[0] if it.phones else "", joined(desk, [room(each, day) for each in rooms]),
        words.when(it.verified_at, desk.zone)[:10], Ink(standing(it) or "", "soon"),
    ]  # fmt: skip


def joined(desk: Desk, texts: Sequence[Text]) -> str:
    return desk.out.both("、", ", ").join(desk.out.say(text) for text in texts)


def room(it: Relation, day: str) -> Text:
    """A relation in words: 业主 3-1-502, or what it was."""
    what = RELATIONS[it.relation]
    over = "" if it.holds(day) or (it.since is not None and it.since > day) else it.until or ""
    zh, en = f"{what.zh} {it.room}", f"{what.en} of {it.room}"
    return Text(f"{zh}（至 {over}）", f"{en} (until {over})") if over else Text(zh, en)


def standing(it: Customer) -> Text | None:
    """What is to be known before anything is done with a customer."""
    if it.forgotten:
        return Text("已销毁", "destroyed")
    if it.survivor:
        return Text(f"已并入 {it.survivor}", f"merged into {it.survivor}")
    return Text("限制使用", "restricted") if it.restricted else None


def plain(it: Customer, zone: str) -> dict[str, Any]:
    """A customer as docs/cli.md promises it."""

    def at(moment: Instant | None) -> str | None:
        return None if moment is None else iso(moment, zone)

    return {
        "id": it.id, "name": it.name, "phones": list(it.phones), "mails": list(it.mails),
        "rooms": [each._asdict() for each in it.rooms], "language": it.language, "channel": it.channel, "hours": list(it.hours),
        "care": list(it.care),
        "consents": [{**each._asdict(), "given_at": at(each.given_at), "withdrawn_at": at(each.withdrawn_at)} for each in it.consents],
        "restricted": it.restricted, "verified_at": at(it.verified_at), "survivor": it.survivor, "forgotten": it.forgotten,
        "version": it.seq,
    }  # fmt: skip


COMMANDS = {
    "customer": Group(
        "customer",
        {
            Text("看", "Look"): {
                "find": Entry("customer", Text("按姓名、电话、邮箱、房号查找", "find by name, phone, mail or room")),
                "show": Entry("customer_acts", Text("看一位客户：联系方式、住户、工单、经过", "one customer: contacts, household, cases, history")),
                "cases": Entry("customer_acts", Text("一位客户或一户的全部工单", "all cases of a customer or of a household")),
                "duplicates": Entry("customer_acts", Text("可能重复登记的", "entries that may be of one person")),
                "stale": Entry("customer_acts", Text("很久没有核实的资料", "whom nobody has verified for long")),
            },
            Text("办", "Act"): {
                "add": Entry("customer_acts", Text("登记一位客户", "put a person into the register")),
                "edit": Entry("customer_acts", Text("更正资料", "correct what is known")),
                "import": Entry("customer_import", Text("从 CSV 或 XLSX 导入，先预览", "take in a CSV or XLSX table, after a preview")),
                "merge": Entry("customer_acts", Text("两份资料是同一人：并入另一份", "two entries are one person: merge")),
                "verify": Entry("customer_acts", Text("核实过，资料仍然正确", "say that all of it is still so")),
            },
            Text("本人的权利", "Their rights"): {
                "consent": Entry("customer_rights", Text("登记同意：用途和告知书版本", "record a consent: purpose and version of the notice")),
                "withdraw": Entry("customer_rights", Text("撤回同意，或反对", "withdraw a consent, or object")),
                "restrict": Entry("customer_rights", Text("限制使用；--lift 解除", "restrict the use; --lift ends it")),
                "export": Entry("customer_rights", Text("关于本人的全部：资料、同意、工单、通知、谁看过", "all there is about a person")),
            },
        },
        say=Text("客户：业主、租户、家属、代理人，和他们的房子。", "Customers: owners, tenants, families, agents, and their rooms."),
    ),
    "find": Command(
        "find", find,
        [Argument("text", metavar="TEXT", say=Text("姓名、电话、邮箱、房号或编号，要写全", "a name, phone, mail address, room or id, in full")), json_option()],
        say=Text("按姓名、电话、邮箱、房号或编号查找客户；显示的信息已遮盖。", "Find customers by name, phone, mail, room or id; what is shown is masked."),
        examples=("guanjia customer find 13800001234", "guanjia customer find 3-1-502"),
    ),
}  # fmt: skip
