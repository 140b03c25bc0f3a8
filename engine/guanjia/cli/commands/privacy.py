"""`forget` and `keys`: personal data that goes for good, and the keys that it is sealed under."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import NotFound, Refused, Text, plural
from ...people.keys import FILE, VARIABLE
from ...runtime.customer_reading import family
from ...store.interface import Query
from ..desk import Desk
from ..failure import Usage
from ..out import Ink, Piece
from ..progress import progress
from ..spec import Argument, Command, Entry, Group, Option, json_option


def forget(desk: Desk, *, ref: str | None, customer: str | None, reason: str | None, as_json: bool) -> None:
    if (ref is None) == (customer is None):
        raise Usage(
            Text("要销毁谁的个人信息？", "Whose personal data?"),
            Text(
                "写工单编号，或 --customer 客户编号",
                "Give the number of a case, or --customer ID for all of a customer's",
            ),
        )
    if customer is not None:
        _person(desk, customer, reason or "", as_json=as_json)
        return
    assert ref is not None
    done = desk.engine.forget(ref, actor=desk.actor, reason=reason or "")
    if as_json:
        desk.out.json([{"number": case.number, "id": case.id, "version": case.seq} for case in done])
        return
    for case in done:
        desk.out.line(Ink(Text(f"{case.number} 的个人信息已销毁。", f"The personal data of {case.number} is destroyed."), "good"))  # fmt: skip
    desk.out.line(Text(
        "经过照旧可查、可核对。以前的备份里还有它，请按保存期限一并清理。",
        "The history stays and verifies. Backups made before still hold it: let them go when their time is over."))  # fmt: skip


def _person(desk: Desk, customer: str, reason: str, *, as_json: bool) -> None:
    out = desk.out
    ids = tuple(family(desk.store.customers, customer))
    total = desk.store.count(Query(customer=ids, open=None, mode=None))
    known = desk.store.customers.get(customer) is not None
    if not total and not known:
        raise NotFound(
            Text(
                f"没有客户“{customer}”，也没有他的工单。", f"There is no customer {customer!r}, and no case of theirs."
            ),
            Text("guanjia ls --customer 客户编号 --all 可以查看。", "See guanjia ls --customer ID --all."),
        )
    with progress(out, Text("销毁", "Destroying"), total) as bar:
        done, still = desk.engine.forget_person(customer, actor=desk.actor, reason=reason, progress=bar)
    if as_json:
        out.json({"customer": customer, "forgotten": done, "open": still, "registered": known and bool(still)})
        return
    out.line(
        Ink(
            Text(
                f"{len(done)} 个工单的个人信息已销毁。",
                f"The personal data of {plural(len(done), 'case')} is destroyed.",
            ),
            "good",
        )
    )
    if known and not still:
        out.line(
            Ink(Text(f"客户 {customer} 的资料已销毁。", f"What was known of customer {customer} is destroyed."), "good")
        )
    if still:
        out.line(Ink(Text(
            f"{len(still)} 个还没有办结或在保全中，个人信息还用得着，客户资料也留着；以后再来一次。",
            f"{plural(len(still), 'is open or on hold and still needs it', 'are open or on hold and still need it')}, and so the register keeps the customer; come again later."), "soon"))  # fmt: skip


def list_(desk: Desk, *, as_json: bool) -> None:
    from ...runtime.rekeying import customers_by, secrets, wrapped_by

    kept, counts, persons = secrets(desk.engine), wrapped_by(desk.engine.store), customers_by(desk.engine.store)
    clear = counts.get("", 0)
    if as_json:
        desk.out.json({
            "source": VARIABLE if os.environ.get(VARIABLE) else _path(desk),
            "keys": [{"name": name, "current": name == kept.current, "cases": counts.get(name, 0), "customers": persons.get(name, 0)} for name in kept.keys],
            "in_clear": clear,
        })  # fmt: skip
        return
    rows: list[list[Piece]] = [
        [
            name,
            str(counts.get(name, 0)),
            str(persons.get(name, 0)),
            Text("当前", "current") if name == kept.current else "",
        ]
        for name in kept.keys
    ]
    rows += [
        [
            name,
            str(counts.get(name, 0)),
            str(persons.get(name, 0)),
            Ink(Text("缺失：它们的个人信息读不出来", "missing: their personal data cannot be read"), "late"),
        ]
        for name in {**counts, **persons}
        if name and name not in kept.keys
    ]
    desk.out.table(rows, (Text("密钥", "KEY"), Text("工单", "CASES"), Text("客户", "CUSTOMERS"), ""))
    if clear:
        desk.out.line(Ink(Text(
            f"{clear} 个工单的个人信息还没有加密：guanjia keys rotate",
            f"The personal data of {plural(clear, 'case')} lies in clear: guanjia keys rotate"), "late"))  # fmt: skip


def rotate(desk: Desk, *, as_json: bool) -> None:
    from ...runtime import rekeying

    store, out = desk.engine.store, desk.out
    path = _changeable(desk)
    current = rekeying.secrets(desk.engine).current
    counts = (*rekeying.wrapped_by(store).items(), *rekeying.customers_by(store).items())
    behind = sum(count for name, count in counts if name not in ("", current))
    if not behind:
        current = rekeying.renew(desk.engine, path, desk.actor)
    elif not as_json:
        out.line(
            Text(f"上次没有换完，接着换成 {current}。", f"The last time it was broken off: going on with {current}.")
        )
    total = desk.store.count(Query(open=None, mode=None))
    with progress(out, Text("换密钥：工单", "Wrapping anew: cases"), total) as bar:
        changed = rekeying.rewrap(store, bar)
    with progress(out, Text("换密钥：客户", "Wrapping anew: customers"), store.customers.count()) as bar:
        persons = rekeying.rewrap_customers(store, bar)
    if as_json:
        out.json({"key": current, "cases": changed, "customers": persons})
        return
    out.line(Ink(Text(f"{changed} 个工单、{persons} 位客户改用新密钥 {current}。",
                      f"{plural(changed, 'case')} and {plural(persons, 'customer')} are under the new key {current}."), "good"))  # fmt: skip
    out.line(Text(
        f"请把 {path} 另存一份。旧密钥还能打开以前的备份；不再需要时用 guanjia keys drop 去掉。",
        f"Keep a copy of {path}. The old key still opens backups made before; guanjia keys drop takes it away when it is not needed."))  # fmt: skip


def drop(desk: Desk, *, name: str, yes: bool) -> None:
    from ...runtime import rekeying

    path = _changeable(desk)
    if not yes:
        raise Refused(
            "sure",
            Text(f"去掉 {name} 以后，换钥匙以前的备份和导出里的个人信息再也读不出来。", f"Without {name} the personal data in backups and exports made before the change of keys can never be read again."),
            Text(f"确定就写：guanjia keys drop {name} --yes", f"If that is meant: guanjia keys drop {name} --yes"),
        )  # fmt: skip
    rekeying.drop(desk.engine, path, name, desk.actor)
    desk.out.line(Ink(Text(f"密钥 {name} 已去掉。", f"The key {name} is gone."), "good"))


def _path(desk: Desk) -> str:
    return str(Path(desk.folder) / FILE)


def _changeable(desk: Desk) -> str:
    """The key file, for whoever may change it."""
    from ...runtime.rekeying import entitled

    entitled(desk.engine, desk.actor)
    if os.environ.get(VARIABLE):
        raise Refused(
            "keys",
            Text(f"密钥来自环境变量 {VARIABLE}，这里改不了。", f"The keys come from the variable {VARIABLE}: they cannot be changed here."),
            Text(
                f"把变量里的各行写进 {FILE}，去掉变量，换好以后再把文件里的各行放回变量。",
                f"Write the lines of the variable into {FILE}, unset it, rotate, and put the lines of the file back.",
            ),
        )  # fmt: skip
    return _path(desk)


_WHY = Option("--reason", metavar="TEXT", say=Text("原因", "why"))

COMMANDS = {
    "forget": Command(
        "forget", forget,
        [
            Argument("ref", required=False, complete="references", say=Text("工单编号", "number of the case")),
            Option("--customer", metavar="ID", say=Text("这个客户的全部工单和登记的资料", "all cases of this customer, and what the register has")),
            _WHY, json_option(),
        ],
        say=Text("永久销毁一个已办结工单（连同它的子工单）的个人信息。", "Destroy the personal data of a closed case, and of its child cases, for ever."),
        more=Text("销毁的是它的密钥和密文：字段的值、发出过的通知正文。经过、时限、统计都还在，guanjia audit 照样核对得上。需要 privacy 权限和原因。",
                  "Its key and what was sealed go: values of fields, texts of messages. History, clocks and counts stay, and guanjia audit "
                  "still verifies. Needs the right `privacy` and a reason."),
        examples=("guanjia forget TS-2026-00001 --reason 业主要求删除", "guanjia forget --customer wx-1001 --reason 业主要求删除"),
    ),
    "keys": Group(
        "keys",
        {
            Text("密钥", "Keys"): {
                "list": Entry("privacy", Text("列出密钥，各管多少工单", "the keys, and how many cases are under each")),
                "rotate": Entry("privacy", Text("换一把新的；可中断，再运行就接着换", "take a new one; broken off, run it again to go on")),
                "drop": Entry("privacy", Text("去掉不再用的旧密钥", "take away an old one that is not needed")),
            }
        },
        default="list",
        say=Text("个人信息的密钥。", "The keys that personal data is sealed under."),
    ),
    "list": Command("list", list_, [json_option()], say=Text("列出密钥。", "List the keys."), examples=("guanjia keys",)),
    "rotate": Command(
        "rotate", rotate, [json_option()],
        say=Text("换一把新密钥，不必停工。", "Take a new key while everybody works."),
        examples=("guanjia keys rotate",),
    ),
    "drop": Command(
        "drop", drop, [
            Argument("name", say=Text("密钥的名字，例如 k1", "name of the key, such as k1")),
            Option("--yes", flag=True, say=Text("明白以前的备份会读不出来", "knowing that backups made before cannot be read any more")),
        ],
        say=Text("去掉一把旧密钥。", "Take away an old key."),
        examples=("guanjia keys drop k1 --yes",),
    ),
}  # fmt: skip
