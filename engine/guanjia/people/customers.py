"""What may become of a customer: from a person and what is asked to the person after it. Pure.

`Asked` is what somebody wants; `decide` answers with the person after it and what is recorded. The history holds which fields changed,
never what they hold: values lie in the sealed record, of which each event has a commitment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from ..calendars import window_of
from ..clock import Instant, moment
from ..errors import NotFound, Refused, Text
from ..model.customer import CARE, RELATIONS, Consent, Customer, Relation, digits
from ..model.event import SYSTEM, Actor, CustomerEventType
from ..model.identifiers import masked, narrow
from ..model.places import Places
from ..model.procedure import Field
from ..values import coerce

Kind = Literal["add", "edit", "verify", "consent", "withdraw", "restrict", "lift", "merge", "reveal", "forget"]

LISTS = ("phones", "mails", "rooms", "care")
LONGEST = 200
"""Characters of a name, a tag, a purpose."""
MOST = 50
"""Of each list: a person with more phones is a mistake of an import."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about one customer. `values`: name, language, channel, hours as they are to be ("" is none); phones, mails, rooms,
    care: what is added; `drop`: what of these goes. `name`: a purpose, or the customer to merge into."""

    kind: Kind
    customer: str | None = None
    """None only to add one: then they get the next number."""
    values: Mapping[str, Any] = field(default_factory=dict)
    drop: Mapping[str, Sequence[str]] = field(default_factory=dict)
    name: str = ""
    notice: str = ""
    """The version of the notice that a consent was given under."""
    actor: Actor = SYSTEM
    reason: str | None = None


class Decided(NamedTuple):
    """The person after it; what is recorded, None where nothing changed."""

    customer: Customer
    type: CustomerEventType | None
    name: str = ""
    data: Mapping[str, Any] = {}


class Surroundings(NamedTuple):
    """What of the office decides what a customer may have."""

    now: Instant
    zone: str
    site: str
    sites: Sequence[str]
    channels: Sequence[str]
    places: Places = Places({})


def decide(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    """What becomes of a person. `customer` with `seq` 0 is one that is only being added. Refused says which value will not do."""
    _possible(customer, asked)
    return _DECIDE[asked.kind](customer, asked, around)


def _possible(customer: Customer, asked: Asked) -> None:
    who = customer.id
    if asked.kind == "add":
        if customer.seq:
            raise Refused("customer", Text(f"已有客户 {who}。", f"There is a customer {who} already."), Text(f"guanjia customer show {who}", f"guanjia customer show {who}"))  # fmt: skip
        return
    if customer.forgotten:
        raise Refused("customer", Text(f"客户 {who} 的资料已销毁。", f"What was known of customer {who} is destroyed."))
    if customer.survivor and asked.kind not in ("reveal", "forget"):
        raise Refused(
            "customer",
            Text(f"客户 {who} 已并入 {customer.survivor}。", f"Customer {who} was merged into {customer.survivor}."),
            Text(f"请对 {customer.survivor} 办理。", f"Ask it of {customer.survivor}."), survivor=customer.survivor,
        )  # fmt: skip
    if customer.restricted and asked.kind in ("edit", "verify", "merge", "consent"):
        raise Refused(
            "restricted",
            Text(f"客户 {who} 的资料已限制使用，只保存不改动。", f"What is known of customer {who} is restricted: it is kept and not changed."),
            Text(f"有 privacy 权限的人可以解除：guanjia customer restrict {who} --lift --reason 原因",
                 f"Whoever has the right `privacy` can lift it: guanjia customer restrict {who} --lift --reason WHY"),
        )  # fmt: skip


def _changed(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    after = _with(customer, asked, around)
    names = [name for name in (*_SCALARS, *LISTS, "hours") if getattr(after, name) != getattr(customer, name)]
    if asked.kind == "add":
        if not after.name and not after.phones and not after.mails:
            raise _unfit("name", "没有姓名，也没有电话、邮箱", "neither a name nor a phone nor a mail address is given")
        after = after._replace(verified_at=around.now if after.verified_at is None else after.verified_at)
        return Decided(after, "registered", "", {"fields": names})
    return Decided(after, "changed", "", {"fields": names}) if names else Decided(customer, None)


def _with(customer: Customer, asked: Asked, around: Surroundings) -> Customer:
    given = dict(asked.values)
    changes: dict[str, Any] = {}
    for name in _SCALARS:
        if name in given:
            changes[name] = _SCALARS[name](given.pop(name), around)
    if "hours" in given:
        changes["hours"] = _hours(given.pop("hours"))
    for name, read in _ITEMS.items():
        gone = {_same(name, each) for each in _several(name, asked.drop.get(name))}
        before = getattr(customer, name)
        if unknown := gone - {_same(name, each) for each in before}:
            raise _unfit(name, f"没有要去掉的“{min(unknown)}”", f"there is no {min(unknown)!r} to take away")
        items = {_identity(name, each): each for each in before if _same(name, each) not in gone}
        for each in _several(name, given.pop(name, None)):
            new = read(_completed(each, items.values(), around) if name == "rooms" else each, around)
            known = items.get(_identity(name, new))
            items[_identity(name, new)] = new if known is None or name == "rooms" else known
            if known is not None and name == "rooms":
                back = new.since is not None and known.until is not None and known.until < new.since
                until = new.until if back else new.until or known.until  # whoever moves in again has not moved out yet
                items[_identity(name, new)] = new._replace(since=new.since or known.since, until=until)
        if len(items) > MOST:
            raise _unfit(name, f"多于 {MOST} 项", f"more than {MOST} of them")
        changes[name] = tuple(items.values())
    if given:
        known = [*_SCALARS, *_ITEMS, "hours"]
        close = get_close_matches(min(given), known, 1)
        raise NotFound(
            Text(f"客户没有“{min(given)}”这一项。", f"A customer has no field {min(given)!r}."),
            Text(f"是不是 {close[0]}？", f"Did you mean {close[0]}?") if close else Text(f"可填：{'、'.join(known)}", f"There are: {', '.join(known)}"),
            field=min(given), known=known,
        )  # fmt: skip
    after = customer._replace(**changes)
    if set(after.care) - set(customer.care) and not customer.agrees(CARE):
        raise Refused(
            "consent",
            Text("关怀标签属于敏感信息，须先征得本人同意。", "Care tags are sensitive: the person has to agree first."),
            Text(
                f"{'' if customer.seq else '先不写 --care 登记，再 '}guanjia customer consent {customer.id if customer.seq else '编号'} {CARE} --notice 告知书版本",
                f"{'' if customer.seq else 'Register them without --care, then '}guanjia customer consent {customer.id if customer.seq else 'ID'} {CARE} --notice VERSION",
            ),
        )  # fmt: skip
    return after


def _verified(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    return Decided(customer._replace(verified_at=around.now), "verified")


def _consented(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    purpose = _word("purpose", asked.name)
    if not asked.notice.strip():
        raise Refused(
            "field", Text("没有写明按哪一版告知书同意的。", "It is not said under which version of the notice they agreed."),
            Text(f"guanjia customer consent {customer.id} {purpose} --notice 告知书版本", f"guanjia customer consent {customer.id} {purpose} --notice VERSION"),
            field="notice",
        )  # fmt: skip
    notice = _word("notice", asked.notice)
    last = customer.consent(purpose)
    if last is not None and last.holds and last.notice == notice:
        return Decided(customer, None)
    after = customer._replace(consents=(*customer.consents, Consent(purpose, notice, around.now)))
    return Decided(after, "consented", purpose, {"notice": notice})


def _withdrew(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    """Withdraws a consent; objects, where none was given. Care tags go with the consent to them."""
    purpose = _word("purpose", asked.name)
    last = customer.consent(purpose)
    if last is not None and last.withdrawn_at is not None:
        return Decided(customer, None)
    ended = Consent(purpose, None, None) if last is None else last
    kept = tuple(each for each in customer.consents if each is not last)
    after = customer._replace(consents=(*kept, ended._replace(withdrawn_at=around.now)))
    dropped = purpose == CARE and bool(customer.care)
    data = {"objected": last is None, **({"fields": ["care"]} if dropped else {})}
    return Decided(after._replace(care=()) if dropped else after, "withdrew", purpose, data)


def _restricted(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    on = asked.kind == "restrict"
    if customer.restricted == on:
        return Decided(customer, None)
    return Decided(customer._replace(restricted=on), "restricted" if on else "lifted")


def _merged(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    return Decided(customer._replace(survivor=asked.name), "merged", asked.name)


def _revealed(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    return Decided(customer, "revealed", asked.name)


def _forgotten(customer: Customer, asked: Asked, around: Surroundings) -> Decided:
    gone = Customer(customer.id, forgotten=True, seq=customer.seq, survivor=customer.survivor)
    return Decided(gone, "forgotten")


_DECIDE: Mapping[Kind, Callable[[Customer, Asked, Surroundings], Decided]] = {
    "add": _changed, "edit": _changed, "verify": _verified, "consent": _consented, "withdraw": _withdrew, "restrict": _restricted,
    "lift": _restricted, "merge": _merged, "reveal": _revealed, "forget": _forgotten,
}  # fmt: skip


def absorbed(survivor: Customer, other: Customer) -> Decided:
    """The survivor of a merge, who has what the other had and he had not. Consents stay with whom they were given by."""
    union: dict[str, Any] = {}
    for name in LISTS[:3]:
        items = {_identity(name, each): each for each in getattr(survivor, name)}
        for each in getattr(other, name):
            items.setdefault(_identity(name, each), each)
        union[name] = tuple(items.values())
    for name in (*_SCALARS, "hours"):
        union[name] = getattr(survivor, name) or getattr(other, name)
    after = survivor._replace(**union)
    names = [name for name in (*_SCALARS, "hours", *LISTS) if getattr(after, name) != getattr(survivor, name)]
    return Decided(after, "absorbed", other.id, {"fields": names})


# -- values

_TEXT, _PHONE, _EMAIL, _ROOM = (Field(type=kind, personal=True) for kind in ("text", "phone", "email", "room"))


def _name(value: Any, around: Surroundings) -> str:
    text = coerce("name", _TEXT, value, label=_LABELS["name"])
    return _short("name", " ".join((text or "").split()))


def _language(value: Any, around: Surroundings) -> str | None:
    spoken = {"中文": "zh", "汉语": "zh", "英文": "en", "英语": "en", "chinese": "zh", "english": "en"}
    text = str(value or "").strip()
    text = spoken.get(text.lower(), text.lower())
    if text not in ("", "zh", "en"):
        raise _unfit("language", f"“{text}”不是 zh 或 en", f"{text!r} is neither zh nor en")
    return text or None


def _channel(value: Any, around: Surroundings) -> str | None:
    text = str(value or "").strip()
    if text and text not in around.channels:
        have = around.channels
        raise _unfit(
            "channel",
            f"办公室没有“{text}”，有：{'、'.join(have)}",
            f"the office has no {text!r}, it has: {', '.join(have)}",
        )
    return text or None


def _several(name: str, value: Any) -> Sequence[Any]:
    """The items of a list; one alone stands for a list of it."""
    if value is None:
        return ()
    if isinstance(value, str | Relation | Mapping):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, bytes):
        raise _unfit(name, "要一个列表", "a list is wanted")
    items = list(value)
    if strange := [
        each for each in items if not isinstance(each, str if name != "rooms" else str | Relation | Mapping)
    ]:
        kind = type(strange[0]).__name__
        raise _unfit(name, f"{kind} 不能作为其中一项，请给文字", f"give text, and no {kind}")
    return items


def _hours(value: Any) -> tuple[str, ...]:
    parts = re.split(r"[,，、;；]", value) if isinstance(value, str) else _several("hours", value)
    found = tuple(each.strip() for each in parts if each.strip())
    for each in found:
        if window_of(each) is None:
            raise _unfit("hours", f"“{each}”不是时段，写成 09:00-12:00", f"{each!r} is no window; write 09:00-12:00")
    return found


def _phone(value: Any, around: Surroundings) -> str:
    text = coerce("phone", _PHONE, value, label=_LABELS["phones"])
    if not text:
        raise _unfit("phones", "是空的", "it is empty")
    return str(text)


def _mail(value: Any, around: Surroundings) -> str:
    text = coerce("mail", _EMAIL, value, label=_LABELS["mails"])
    if not text:
        raise _unfit("mails", "是空的", "it is empty")
    return str(text)


def _tag(value: Any, around: Surroundings) -> str:
    return _word("care", value)


def _room(value: Any, around: Surroundings) -> Relation:
    """A `Relation`, or a mapping of its parts."""
    given = value._asdict() if isinstance(value, Relation) else value
    if not isinstance(given, Mapping) or set(given) - set(Relation._fields):
        parts = '{"room": "3-1-502", "relation": "owner", "site": …, "since": "2026-01-01", "until": …}'
        raise _unfit("rooms", f"写成 {parts}", f"write {parts}")
    room = coerce("room", _ROOM, given.get("room"), label=_LABELS["rooms"])
    if not room:
        raise _unfit("rooms", "没有房号", "there is no room")
    relation = str(given.get("relation") or "owner").strip()
    relation = _CALLED.get(relation, relation.lower())
    if relation not in RELATIONS:
        raise _unfit(
            "relation",
            f"“{relation}”不在其中：业主 owner、租户 tenant、家属 family、代理人 agent",
            f"{relation!r} is none of {', '.join(RELATIONS)}",
        )
    site = str(given.get("site") or around.site).strip()
    if site not in around.sites:
        raise _unfit(
            "site",
            f"没有小区“{site}”，有：{'、'.join(around.sites)}",
            f"there is no site {site!r}, there are: {', '.join(around.sites)}",
        )
    if (doubt := around.places.doubt(site, room, whole=True)) is not None:
        raise Refused(
            "field",
            Text(f"房号不对：{doubt.text.zh}", f"room will not do: {doubt.text.en}"), doubt.hint, field="rooms",
        )  # fmt: skip
    since, until = _day("since", given.get("since")), _day("until", given.get("until"))
    if since and until and until < since:
        raise _unfit("until", f"{until} 早于 {since}", f"{until} is before {since}")
    return Relation(site, _short("rooms", room), relation, since, until)


def _completed(given: Any, known: Iterable[Relation], around: Surroundings) -> Any:
    """A room with what the person is to it already, where that is not said anew."""
    if not isinstance(given, Mapping) or given.get("relation"):
        return given
    here = (str(given.get("site") or around.site).strip(), str(given.get("room") or "").strip().upper())
    same = next((each for each in known if (each.site, each.room.upper()) == here), None)
    return given if same is None else {**given, "relation": same.relation}


def _day(name: str, value: Any) -> str | None:
    text = narrow(str(value or "")).strip().replace("/", "-").replace(".", "-")
    if not text:
        return None
    try:
        return date(*(int(part) for part in text.split("-"))).isoformat()
    except (ValueError, TypeError):
        raise _unfit(name, f"“{text}”不是日期，写成 2026-11-24", f"{text!r} is no date; write 2026-11-24") from None


def _word(name: str, value: Any) -> str:
    text = coerce(name, _TEXT, value, label=_LABELS[name])
    if not text:
        raise _unfit(name, "是空的", "it is empty")
    if masked(text):
        raise _unfit(name, "里面像有号码", "there seems to be a number of somebody in it")
    return _short(name, text)


GIVEN = re.compile(r"C-\d{5,}")
"""The ids that the register gives."""


def given(number: int) -> str:
    return f"C-{number:05}"


def identifier(value: str) -> str:
    """An id that a person may be given: no number of theirs, for ids lie in clear."""
    text = value.strip()
    if not re.fullmatch(r"[\w.:#@\-]{1,80}", text, re.ASCII) or masked(text) or text.startswith("customer:"):
        raise _unfit("id", "编号用字母、数字和 . - _ : #，不能是电话、邮箱、证件号", "an id is letters, digits and . - _ : #, and no phone, mail address or identity number")  # fmt: skip
    return text


def _short(name: str, text: str) -> str:
    if len(text) > LONGEST:
        raise _unfit(name, f"长于 {LONGEST} 字", f"longer than {LONGEST} characters")
    return text


def _identity(name: str, item: Any) -> Any:
    """What makes two items of a list the same."""
    if name == "rooms":
        return item.site, item.room.upper(), item.relation
    return _same(name, item)


def _same(name: str, item: Any) -> str:
    """What an item is taken away by."""
    if name == "phones":
        return digits(item)
    return (
        (item.room.upper() if isinstance(item, Relation) else str(item).strip().upper())
        if name == "rooms"
        else str(item).strip().lower()
    )


def _unfit(name: str, zh: str, en: str) -> Refused:
    label = _LABELS.get(name, Text(name, name))
    return Refused("field", Text(f"{label.zh}不对：{zh}", f"{label.en} will not do: {en}"), field=name)


_SCALARS: Mapping[str, Callable[[Any, Surroundings], Any]] = {"name": _name, "language": _language, "channel": _channel}
_ITEMS: Mapping[str, Callable[[Any, Surroundings], Any]] = {
    "phones": _phone,
    "mails": _mail,
    "rooms": _room,
    "care": _tag,
}
_CALLED = {
    "业主": "owner", "产权人": "owner", "租户": "tenant", "租客": "tenant", "承租人": "tenant", "家属": "family", "家庭成员": "family",
    "代理人": "agent", "中介": "agent", "代办人": "agent",
}  # fmt: skip
_LABELS = {
    "id": Text("编号", "id"), "name": Text("姓名", "name"), "phones": Text("电话", "phone"), "mails": Text("邮箱", "mail"),
    "rooms": Text("房号", "room"), "relation": Text("关系", "relation"), "site": Text("小区", "site"),
    "since": Text("入住日期", "since"), "until": Text("迁出日期", "until"), "language": Text("语言", "language"), "channel": Text("渠道", "channel"), "hours": Text("时段", "hours"),
    "care": Text("关怀标签", "care tag"), "consents": Text("同意", "consent"), "purpose": Text("用途", "purpose"), "notice": Text("告知书版本", "version of the notice"),
}  # fmt: skip
"""What people call each field of a customer."""


def today(now: Instant, zone: str) -> str:
    return f"{moment(now, zone):%Y-%m-%d}"
