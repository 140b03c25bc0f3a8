"""`customer show`, `add`, `edit` and the others: each builds one `Asked`, sends it through the register, and says what is so now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...clock import Instant, iso
from ...errors import Text, plural
from ...model.customer import Customer, sought
from ...model.event import Event
from ...people.customers import Asked
from ...store.interface import Query
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..out import Ink
from ..spec import Argument, Command, Option, json_option, limit_option, whole
from . import ls
from .customer import plain, room, standing, table

MOST_EVENTS = 8
DAYS = 365
"""Days after which what nobody verified is stale."""

EVENTS = {
    "registered": Text("登记", "registered"), "changed": Text("更正", "corrected"), "verified": Text("核实", "verified"),
    "consented": Text("同意", "agreed to"), "withdrew": Text("撤回同意", "withdrew the consent to"),
    "restricted": Text("限制使用", "restricted"), "lifted": Text("解除限制", "restriction lifted"), "merged": Text("并入", "merged into"),
    "absorbed": Text("并来", "took in"), "revealed": Text("查看完整信息", "looked at it in clear"), "forgotten": Text("销毁", "destroyed"),
    "refused": Text("无权，被拒", "refused: no right to"),
}  # fmt: skip
TRIED = {
    "add": Text("登记", "register"), "edit": Text("更正", "correct"), "verify": Text("核实", "verify"), "consent": Text("登记同意", "record a consent"),
    "withdraw": Text("撤回同意", "withdraw a consent"), "restrict": Text("限制使用", "restrict"), "lift": Text("解除限制", "lift a restriction"),
    "merge": Text("合并", "merge"), "reveal": Text("查看完整信息", "look at it in clear"), "forget": Text("销毁", "destroy"),
}  # fmt: skip
FIELDS = {
    "name": Text("姓名", "name"), "phones": Text("电话", "phones"), "mails": Text("邮箱", "mail addresses"), "rooms": Text("房号", "rooms"),
    "language": Text("语言", "language"), "channel": Text("渠道", "channel"), "hours": Text("时段", "hours"), "care": Text("关怀标签", "care tags"),
    "consents": Text("同意", "consents"),
}  # fmt: skip


def show(desk: Desk, *, id: str, reveal: bool, reason: str | None, everything: bool, as_json: bool) -> None:
    register, out = desk.engine.customers, desk.out
    it = register.reveal(id, actor=desk.actor, reason=reason or "") if reveal else register.get(id, actor=desk.asking)
    day = iso(desk.now(), desk.zone)[:10]
    beside = {
        other.id: other
        for each in it.at_home(day)
        for other in register.household(each.room, each.site, actor=desk.asking)
        if other.id != it.id
    }
    rows, history = register.cases(it.id, actor=desk.asking), register.history(it.id, actor=desk.asking)
    if as_json:
        out.json({
            **plain(it, desk.zone), "household": [plain(each, desk.zone) for each in beside.values()],
            "cases": [row.columns.number for row in rows], "history": [event_plain(desk, each) for each in history],
        })  # fmt: skip
        return
    note = standing(it)
    out.line(Ink(it.id, "bold"), "  ", Ink(it.name, "bold"), "  ", Ink(note or "", "soon"))
    entry(desk, it)
    if beside:
        out.line(Ink(Text("同住", "Household"), "bold"))
        table(desk, list(beside.values()))
    if rows:
        out.line(
            Ink(Text(f"工单 {len(rows)} 个", plural(len(rows), "case")), "bold"),
            "  ",
            Ink(f"guanjia customer cases {it.id}", "dim"),
        )
        ls.table(desk, [row for row in rows if row.columns.closed_at is None][:MOST_EVENTS], desk.now())
    out.line(Ink(Text("经过", "History"), "bold"))
    last = history if everything else history[-MOST_EVENTS:]
    if len(last) < len(history):
        out.line(
            Ink(
                Text(
                    f"  前 {len(history) - len(last)} 条见 --all", f"  {len(history) - len(last)} before these: --all"
                ),
                "dim",
            )
        )
    for each in last:
        happened(desk, each, desk.now())


def entry(desk: Desk, it: Customer) -> None:
    """What is known of a customer besides the name, as people read it."""
    out, day = desk.out, iso(desk.now(), desk.zone)[:10]
    shown = {**{name: getattr(it, name) for name in FIELDS}, "rooms": [out.say(room(each, day)) for each in it.rooms],
             "language": {"zh": "中文", "en": "English"}.get(it.language or ""), "consents": [_consent(desk, each) for each in it.consents]}  # fmt: skip
    rows = [[out.say(FIELDS[name]), value if isinstance(value, str) else out.both("、", ", ").join(value)]
            for name, value in shown.items() if value and name != "name"]  # fmt: skip
    rows.append([out.both("核实于", "verified"), words.when(it.verified_at, desk.zone)])
    out.table(rows, indent="  ", flex=1, wrapped=True)


def happened(desk: Desk, event: Event, now: Instant | None = None) -> None:
    """An event of a customer on a line: when, by whom, what, why. What was on the day of `now` is told by its hour."""
    at, reason = words.when(event.recorded_at, desk.zone, now), event.data.get("reason")
    why = Text(f"：{reason}", f": {reason}") if reason else ""
    desk.out.line("  ", Ink(at, "dim"), "  ", desk.short(event.actor), "  ", told(desk, event), why)


def told(desk: Desk, event: Event) -> Text:
    """An event of a customer in words."""
    what, name = EVENTS[event.type], event.name
    if event.type == "revealed" and name == "export":
        return Text("导出本人的全部资料", "took out all there is about them")
    if event.type == "withdrew" and event.data.get("objected"):
        return Text(f"反对 {name}", f"objects to {name}")
    named = [FIELDS[each] for each in event.data.get("fields", ()) if each in FIELDS]
    zh = " ".join(filter(None, [what.zh, name or "、".join(each.zh for each in named)]))
    en = " ".join(filter(None, [what.en, name or ", ".join(each.en for each in named)]))
    if event.type == "refused":
        tried = TRIED[event.data["what"]]
        zh, en = f"{what.zh}：{tried.zh}", f"{what.en} {tried.en}"
    return Text(zh, en)


def event_plain(desk: Desk, event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq, "type": event.type, "name": event.name, "actor": event.actor, "recorded_at": iso(event.recorded_at, desk.zone),
        "reason": event.data.get("reason"), "words": desk.out.say(told(desk, event)),
    }  # fmt: skip


def _consent(desk: Desk, it: Any) -> str:
    given, ended = words.when(it.given_at, desk.zone)[:10], words.when(it.withdrawn_at, desk.zone)[:10]
    if it.given_at is None:
        return desk.out.both(f"{it.purpose} 反对（{ended}）", f"{it.purpose} objects ({ended})")
    over = desk.out.both(f"，{ended} 撤回", f", withdrawn {ended}") if it.withdrawn_at is not None else ""
    return desk.out.both(f"{it.purpose}（{it.notice}，{given}{over}）", f"{it.purpose} ({it.notice}, {given}{over})")


def add(desk: Desk, *, id: str | None, reason: str | None, as_json: bool, **given: Any) -> None:
    register, out = desk.engine.customers, desk.out
    made = register.execute(Asked("add", id, _values(given), actor=desk.actor, reason=reason))
    like = register.like(made.id, actor=desk.asking)
    if as_json:
        out.json(plain(made, desk.zone) | {"like": [other.id for other in like]})
        return
    table(desk, [made])
    for other in like:
        out.line("  ", Ink(Text(f"可能是同一人：{other.id}（{other.name}）", f"Perhaps the same person: {other.id} ({other.name})"), "soon"))  # fmt: skip
        out.line("    ", Ink(Text("若是同一人：", "if so: "), "dim"), Ink(f"{desk.line} customer merge {made.id} {other.id} --reason …", "good"))  # fmt: skip


def edit(desk: Desk, *, id: str, reason: str | None, as_json: bool, **given: Any) -> None:
    values = _values(given)
    drop = {name: given[f"drop_{one}"] for name, one in _MANY.items() if given[f"drop_{one}"]}
    if not values and not drop:
        raise Usage(
            Text("要改什么？", "What is to be changed?"),
            Text("各项见 guanjia customer edit --help", "See guanjia customer edit --help"),
        )
    done(desk, Asked("edit", id, values, drop, actor=desk.actor, reason=reason), as_json=as_json)


def verify(desk: Desk, *, id: str, as_json: bool) -> None:
    done(desk, Asked("verify", id, actor=desk.actor), as_json=as_json)


_MANY = {"phones": "phone", "mails": "mail", "rooms": "room", "care": "care"}


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """What stood on the command line, as `Asked` takes it; relation, site and days are those of every room of the line."""
    values = {name: given[name] for name in ("name", "language", "channel", "hours") if given[name] is not None}
    values |= {name: list(given[one]) for name, one in _MANY.items() if given[one] and name != "rooms"}
    about = {name: given[name] for name in ("relation", "site", "since", "until") if given[name] is not None}
    if about and not given["room"]:
        raise Usage(Text(f"--{min(about)} 要和 --room 一起写。", f"--{min(about)} goes with --room."))
    return {**values, "rooms": [{"room": each, **about} for each in given["room"]]} if given["room"] else values


def done(desk: Desk, asked: Asked, *, as_json: bool) -> None:
    """Carry it out and show the customer after it."""
    told_(desk, [desk.engine.customers.execute(asked)], as_json=as_json)


def told_(desk: Desk, persons: Sequence[Customer], *, as_json: bool) -> None:
    if as_json:
        desk.out.json(plain(persons[0], desk.zone))
    else:
        table(desk, persons)


def stale(desk: Desk, *, days: int, limit: int, as_json: bool) -> None:
    persons = desk.engine.customers.stale(days, limit, actor=desk.asking)
    if as_json:
        desk.out.json([plain(each, desk.zone) for each in persons])
    elif persons:
        table(desk, persons)
    else:
        desk.out.line(Text(f"{days} 天以来都核实过。", f"Everybody was verified within {plural(days, 'day')}."))


SHARED = {"phone": Text("同一电话", "same phone"), "room": Text("同一房号，姓名相近", "same room, like names")}


def duplicates(desk: Desk, *, limit: int, as_json: bool) -> None:
    found, out = desk.engine.customers.duplicates(limit, actor=desk.asking), desk.out
    if as_json:
        out.json(
            [{"shared": each.shared, "customers": [plain(it, desk.zone) for it in each.customers]} for each in found]
        )
        return
    for each in found:
        out.line(Ink(SHARED[each.shared], "bold"))
        table(desk, each.customers)
    if found:
        first, second = found[0].customers[:2]
        out.line(
            Ink(
                Text(
                    f"确认是同一人：guanjia customer merge {second.id} {first.id} --reason …",
                    f"If they are one person: guanjia customer merge {second.id} {first.id} --reason …",
                ),
                "dim",
            )
        )
    else:
        out.line(Text("没有可能重复的。", "No entries that may be of one person."))


def merge(desk: Desk, *, id: str, into: str, reason: str | None, as_json: bool) -> None:
    done(desk, Asked("merge", id, name=into, actor=desk.actor, reason=reason), as_json=as_json)


def cases(desk: Desk, *, who: str, limit: int, as_json: bool) -> None:
    register = desk.engine.customers
    if desk.store.customers.get(who) is not None:
        rows = list(register.cases(who, limit=limit, actor=desk.asking))
    else:
        persons = register.household(who, actor=desk.asking) if ("room", who.upper()) in sought(who) else ()
        found = [row for each in persons for row in register.cases(each.id, limit=limit, actor=desk.asking)]
        found += desk.engine.list(
            Query(room=who, open=None, mode=None, order="changed", limit=limit), actor=desk.asking
        )
        rows = sorted({row.id: row for row in found}.values(), key=lambda row: -row.columns.changed_at)[:limit]
    if as_json:
        desk.out.json([ls.plain(desk, row, desk.now()) for row in rows])
    elif rows:
        ls.table(desk, rows, desk.now())
    else:
        desk.out.line(Text("没有工单。", "No cases."))


def _id(say: Text | None = None) -> Argument:
    return Argument("id", say=say or Text("客户编号", "id of the customer"))


_GIVEN = [
    Option("--name", metavar="NAME", say=Text("姓名", "name")),
    Option("--phone", metavar="N", many=True, say=Text("电话，可写多次", "phone; may stand several times")),
    Option("--mail", metavar="ADDRESS", many=True, say=Text("邮箱，可写多次", "mail address; may stand several times")),
    Option("--room", metavar="ROOM", many=True, say=Text("房号，可写多次", "room; may stand several times")),
    Option("--relation", metavar="owner|tenant|family|agent", say=Text("与房子的关系：业主（默认）、租户、家属、代理人", "what they are to the room (owner)")),
    Option("--site", metavar="SITE", say=Text("小区；不写为办公室自己的", "site of the room; else the office's own")),
    Option("--since", metavar="DAY", say=Text("从哪天起", "since when")),
    Option("--until", metavar="DAY", say=Text("到哪天止（含当天）", "until when, that day included")),
    Option("--language", metavar="zh|en", words=("zh", "en"), say=Text("用哪种语言通知", "the language they are told in")),
    Option("--channel", metavar="NAME", say=Text("用哪个渠道通知，例如 mail", "the channel they are told by, such as mail")),
    Option("--hours", metavar="HOURS", say=Text("愿意接收通知的时段，例如 09:00-12:00,14:00-18:00", "when they want to be told: 09:00-12:00,14:00-18:00")),
    Option("--care", metavar="TAG", many=True, say=Text("关怀标签，须先征得同意；可写多次", "care tag, which they have to agree to first; several times")),
]  # fmt: skip
_WHY = Option("--reason", metavar="TEXT", say=Text("原因", "why"))

COMMANDS = {
    "show": Command(
        "show", show,
        [
            _id(), Option("--reveal", flag=True, say=Text("显示完整信息，须写 --reason，会记录", "in clear; needs --reason, and is recorded")), _WHY,
            Option("--all", flag=True, to="everything", say=Text("全部经过", "the whole history")), json_option(),
        ],
        say=Text("看一位客户。默认遮盖姓名和号码。", "One customer. Name and numbers are masked."),
        examples=("guanjia customer show C-00001", "guanjia customer show C-00001 --reveal --reason 回访"),
    ),
    "cases": Command(
        "cases", cases,
        [Argument("who", metavar="ID|ROOM", say=Text("客户编号，或一户的房号", "id of a customer, or a room for its household")), limit_option(50), json_option()],
        say=Text("一位客户的全部工单；写房号则是这一户的。最近变动的在前。", "All cases of a customer, or of a household by its room; the last changed first."),
        examples=("guanjia customer cases C-00001", "guanjia customer cases 3-1-502"),
    ),
    "duplicates": Command(
        "duplicates", duplicates, [limit_option(50), json_option()],
        say=Text("可能重复登记的：同一电话，或同一房号而姓名相近。", "Entries that may be of one person: the same phone, or the same room and like names."),
        examples=("guanjia customer duplicates",),
    ),
    "merge": Command(
        "merge", merge, [_id(), Argument("into", say=Text("并入哪一份", "the entry that stays")), _WHY, json_option()],
        say=Text("两份资料是同一人：并入另一份，电话、房号等合在一起，工单跟着走，经过都留着。需要 customers 权限和原因。",
                 "Two entries are one person: the first goes into the second, with phones, rooms and cases; both histories stay. Needs `customers` and a reason."),
        examples=("guanjia customer merge C-00007 C-00002 --reason 本人确认",),
    ),
    "stale": Command(
        "stale", stale,
        [Option("--days", metavar="N", convert=whole(), default=DAYS, say=Text(f"多少天（默认 {DAYS}）", f"for how many days ({DAYS})")), limit_option(50), json_option()],
        say=Text("很久没有人核实的客户，最久的在前。", "Customers whom nobody has verified for long, the longest ago first."),
        examples=("guanjia customer stale --days 180",),
    ),
    "add": Command(
        "add", add,
        [Option("--id", metavar="ID", say=Text("编号；不写则给下一个", "an id of your own; else the next number")), *_GIVEN, _WHY, json_option()],
        say=Text("登记一位客户。需要 customers 权限。", "Put a person into the register. Needs the right `customers`."),
        examples=("guanjia customer add --name 张伟 --phone 13800001234 --room 3-1-502", "guanjia customer add --name \"Li Lei\" --room 3-1-502 --relation tenant --language en"),
    ),
    "edit": Command(
        "edit", edit,
        [
            _id(), *_GIVEN,
            *(Option(f"--drop-{one}", to=f"drop_{one}", metavar=metavar, many=True, say=Text(f"去掉这个{FIELDS[name].zh}", f"take this {one} away"))
              for (name, one), metavar in zip(_MANY.items(), ("N", "ADDRESS", "ROOM", "TAG"), strict=True)),
            _WHY, json_option(),
        ],
        say=Text("更正资料：姓名等以新的为准，电话、房号等是增加。需要 customers 权限。",
                 "Correct what is known: a name is replaced, phones and rooms are added. Needs the right `customers`."),
        more=Text("搬走：写同一房号和 --until。号码错了：--drop-phone 旧号 --phone 新号。空值（--name \"\"）为清除。",
                  "Who moved out: the same room with --until. A wrong number: --drop-phone OLD --phone NEW. An empty value (--channel \"\") clears."),
        examples=("guanjia customer edit C-00001 --phone 13900001234", "guanjia customer edit C-00001 --room 3-1-502 --until 2026-10-31"),
    ),
    "verify": Command(
        "verify", verify, [_id(), json_option()],
        say=Text("与本人核对过，资料仍然正确。需要 customers 权限。", "Everything was found to be so still. Needs the right `customers`."),
        examples=("guanjia customer verify C-00001",),
    ),
}  # fmt: skip
