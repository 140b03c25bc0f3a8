"""What all stores refuse in the same words, whatever the database.

A `Conflict` with `again` may succeed when the same is done once more, on what is there now. The rest are StoreErrors that
do not depend on a driver.
"""

from __future__ import annotations

from ..errors import Conflict, StoreError, Text


def changed_meanwhile(case: str) -> Conflict:
    return Conflict(
        Text("工单刚刚被别人改动过，本次未作任何改动。", "The case was changed meanwhile; nothing was done."),
        Text("请重新查看后再办。", "Look at it again, then repeat."),
        case=case,
        again=True,
    )


def customer_changed(customer: str) -> Conflict:
    return Conflict(
        Text(f"客户 {customer} 的资料刚刚被别人改动过，本次未作任何改动。", f"Customer {customer} was changed meanwhile; nothing was done."),
        Text("请重新查看后再办。", "Look again, then repeat."),
        customer=customer,
        again=True,
    )  # fmt: skip


def key_taken(key: str) -> Conflict:
    return Conflict(
        Text(f"键“{key}”刚刚被另一条命令用掉了。", f"The key {key!r} was taken by another command meanwhile."),
        Text(
            "用同一个键再发一次，就会得到那次的答复。",
            "Send it again with the same key to get the answer that was given.",
        ),
        key=key,
        again=True,
    )


def number_taken(site: str, number: str) -> Conflict:
    return Conflict(
        Text(f"编号“{number}”已经有别的工单在用。", f"The number {number!r} belongs to another case already."),
        Text(
            "多半是两个流程的 number 写成了同一种格式，请改成不同的前缀。",
            "Two procedures probably share the pattern of `number`: give them different prefixes.",
        ),
        site=site,
        number=number,
    )


def already_applied(key: str) -> Conflict:
    return Conflict(
        Text(f"消息“{key}”刚刚已经处理过了。", f"The inbox item {key!r} was applied meanwhile."),
        key=key,
        again=True,
    )


def ambiguous(ref: str) -> Conflict:
    return Conflict(
        Text(f"编号“{ref}”在几个项目里都有。", f"Cases of several sites have the number {ref!r}."),
        Text("请改用工单的 id。", "Name the case by its id."),
        ref=ref,
    )


def nested() -> StoreError:
    return StoreError(
        Text("在一次事务里又开了一次事务。", "A transaction was begun inside a transaction."),
        Text(
            "请在 transact 返回以后再发下一条命令，或者用事务对象 tx 读取。",
            "Send the next command after transact returned, or read through the transaction itself.",
        ),
    )


def closed() -> StoreError:
    return StoreError(
        Text("数据库已经关闭。", "The database is closed."),
        Text("请重新打开：Engine.at(…) 或 open_store(…)。", "Open it again: Engine.at(…) or open_store(…)."),
    )


def broken_rule(detail: str) -> StoreError:
    """A constraint of the schema held: a fault of the program that writes, and nothing of it was kept."""
    return StoreError(
        Text(f"数据库拒绝写入不合规则的数据：{detail}", f"The database refused what breaks its rules: {detail}"),
        Text(
            "这是程序的错误，数据没有被改动，请报告给开发者。",
            "This is a fault of the program; nothing was changed. Please report it.",
        ),
    )


def out_of_order() -> StoreError:
    """Rows come in an order in which they cannot be, as from a damaged index."""
    return StoreError(
        Text("数据库已损坏：索引给出的顺序不对。", "The database is damaged: an index gives rows out of order."),
        Text(
            "请先停止使用，把数据库另存一份，再从备份恢复（guanjia restore）；guanjia audit 说出坏了什么。",
            "Stop using it, keep a copy of the database, then restore it from a backup (guanjia restore); guanjia audit says what is damaged.",
        ),
        damaged=True,
    )


def unfit(detail: str) -> StoreError:
    """A value that no column can hold: NUL characters, halves of characters, numbers beyond 64 bits."""
    return StoreError(
        Text(f"有一个值无法存入数据库：{detail}", f"A value cannot be stored: {detail}"),
        Text("请去掉其中看不见的控制字符或残缺字符。", "Take out invisible control characters or broken characters."),
    )


def newer(location: str, theirs: int, ours: int) -> StoreError:
    return StoreError(
        Text(
            f"{location}：数据库的结构版本是 {theirs}，本程序只认识到 {ours}。",
            f"{location}: the database has schema {theirs}, this program knows schemas up to {ours}.",
        ),
        Text("请升级 guanjia 后再打开。", "Upgrade guanjia, then open it again."),
        location=location,
        schema=theirs,
        known=ours,
    )


def unprepared(location: str, theirs: int, ours: int) -> StoreError:
    return StoreError(
        Text(
            f"{location}：数据库的结构还没有更新（{theirs}，需要 {ours}）。",
            f"{location}: the schema of the database is not up to date ({theirs}, needed is {ours}).",
        ),
        Text(
            "运行一次 guanjia work --once 会自动更新；程序里请先调用 store.migrate()。",
            "Run `guanjia work --once`, which brings it up to date; a program calls store.migrate() first.",
        ),
        location=location,
        schema=theirs,
        known=ours,
    )


def foreign(location: str, what: Text) -> StoreError:
    return StoreError(
        Text(f"{location}：{what.zh}", f"{location}: {what.en}"),
        Text(
            "请检查 office.yaml 里的 database；原有的数据没有被改动。",
            "Check `database` in office.yaml; what is there was left as it was.",
        ),
        location=location,
    )


def unsound(kind: str, of: str, seq: int, last: int | None, events: int) -> Text:
    """What does not fit together in a database that can be read."""
    if kind == "customer":
        return Text(f"客户 {of}：有记录而没有这位客户", f"customer {of}: there are events and no such customer")
    if kind == "terms":
        return Text(f"客户 {of}：查得到而没有这位客户", f"customer {of}: there is what finds them and no such customer")
    return Text(
        f"工单 {of}：快照到第 {seq} 步，历史有 {events} 步，最后是第 {last or 0} 步",
        f"case {of}: the snapshot is at step {seq}, its history has {events}, the last of them {last or 0}",
    )


def not_empty(location: str) -> StoreError:
    return StoreError(
        Text(f"{location}：数据库里已经有数据。", f"{location}: the database is not empty."),
        Text(
            "请在 office.yaml 里写一个新的 database，先停下 guanjia work，再以 import 作为第一条命令：别的命令会把流程先登记进去。",
            "Name a new `database` in office.yaml, stop guanjia work, and let import be the first command: any other takes up the procedures.",
        ),
        location=location,
    )


def exists_already(path: str) -> StoreError:
    return StoreError(
        Text(f"{path}：已经有这个文件。", f"{path}: there is such a file already."),
        Text("请换一个文件名。", "Give another name."),
        location=path,
    )


def no_backup(location: str, program: str) -> StoreError:
    return StoreError(
        Text(
            f"{location}：这种数据库用 {program} 备份。",
            f"{location}: a database of this kind is backed up by {program}.",
        ),
        Text(
            "或者用 guanjia export（程序里用 Store.dump）写出整个办公室，它可以导入任何一种数据库。",
            "Or write the whole office with guanjia export (in a program: Store.dump), which goes into a database of any kind.",
        ),
        location=location,
    )
