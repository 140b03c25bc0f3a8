"""A store in which nothing personal lies in clear: it seals on the way in and opens on the way out.

Around any other store. Sealed are the personal values of a case with their salts, the text and address of every message of a
case that has such values, and the openings that it asks for; each under the case's own key, which lies, wrapped, among its
personal values (`KEY`). The history holds commitments only, so it verifies with and without the key. Where the key was
destroyed, the values are absent and the messages empty, and nothing fails. Where the office has no key that opens one case
now, its messages say so, and those of the others go out.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from ..clock import Instant
from ..errors import GuanjiaError, StoreError, Text, Unopened
from ..model.event import Notification, to_json
from ..model.frozen import changed
from ..model.identifiers import masked
from ..people.keys import FILE, VARIABLE, Key, Keys, Secrets, Unreadable, read, write
from ..store.interface import Change, Held, InboxItem, OutboxRow, Read, Store, Transaction
from ..store.opening import file_of
from .sealed_customers import SealedCustomers, SealedCustomersInHand

T = TypeVar("T")

KEY = "key"
"""The commitment under which the wrapped key of a case stands; real ones are hexadecimal."""

SINCE = "since"
"""Beside it, where the case has had another key before: the version as of which that is gone, with all that it sealed."""

SETTING = "keys"
"""The setting that says which office's keys these are (`Secrets.mark`)."""

SEALED = "sealed"
MARK = "sealed:1:"
"""Before the text of a message that is sealed; a clear one that begins so gets a space ahead of it."""

DESTROYED = "个人信息已销毁 / its personal data was destroyed"


def sealed(store: Store, keys: Keys) -> Store:
    """`store` with everything personal sealed under `keys`."""
    return cast("Store", Sealed(store, keys))


def of_office(store: Store, folder: Path) -> tuple[Store, Keys]:
    """The store of the office in `folder`, sealed under its keys. A new office gets keys of its own; StoreError where an office
    that has some lacks them, for what is sealed under others could be read by nobody."""
    path = str(folder / FILE)
    kept, known = read(path), store.setting(SETTING)
    if kept is None and known is None:
        kept = Secrets.new()
        try:
            write(path, kept, new=True)
        except FileExistsError:  # another program was quicker
            kept = read(path)
    if kept is None or (known is not None and known != kept.mark):
        raise StoreError(
            Text(f"缺少这个办公室的密钥 {path}。", f"The keys of this office are missing: {path}.")
            if kept is None
            else Text(f"{path} 不是这个办公室的密钥。", f"{path} holds the keys of another office."),
            Text(
                f"把另存的 {FILE} 放回办公室文件夹，或用环境变量 {VARIABLE} 给出。",
                f"Put your copy of {FILE} into the office's folder, or give its lines in the variable {VARIABLE}.",
            ),
        )
    if known is None:
        store.set_setting(SETTING, kept.mark)
    keys = Keys(kept, lambda: read(path))
    return sealed(store, keys), keys


def still_there(database: str, folder: Path) -> None:
    """StoreError where the office in `folder` has keys, and so had a database, and the file of that is gone, or has nothing in it: a
    new and empty one in its place would look as if all were well."""
    file, keys = file_of(database), folder / FILE
    if file is None or not keys.exists():
        return
    there = Path(file)
    if not there.exists() or (there.is_file() and there.stat().st_size == 0):
        gone = Text("是空的", "is empty") if there.exists() else Text("不见了", "is gone")
        raise StoreError(
            Text(
                f"数据库 {file} {gone.zh}，而随它生成的密钥还在（{keys}）。",
                f"The database {file} {gone.en}; the keys that came with it are still there ({keys}).",
            ),
            Text(
                f"把文件放回原处，或从备份恢复：guanjia restore 备份文件\n"
                f"改过名字、挪过位置：改正 office.yaml 里的 database。真要从头开始：先把 {FILE} 另存到别处。",
                f"Put the file back, or restore a backup: guanjia restore FILE\n"
                f"If it was renamed or moved: correct `database` in office.yaml. To begin anew: move {FILE} elsewhere first.",
            ),
            path=file,
        )


def left(store: Store, case: str) -> bool:
    """Whether there is anything personal of a case to destroy: values, or the key of what was told."""
    plain = store.within if isinstance(store, Sealed) else store
    return bool(plain.sealed(case))


class Sealed:
    """What holds nothing personal goes through to the store as it is."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self.within = store
        self.keys = keys
        self._addresses: dict[str, str] = {}
        """Of messages in hand: what the other side says of an address must not be kept in clear."""
        self.customers = SealedCustomers(store.customers, keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.within, name)

    # -- writing

    def transact(self, work: Callable[[Transaction], T]) -> T:
        return self.within.transact(self._around(work))

    def transact_many(self, works: Sequence[Callable[[Transaction], T]]) -> builtins.list[T | GuanjiaError]:
        return self.within.transact_many([self._around(work) for work in works])

    def transact_due(
        self, now: Instant, limit: int, work: Callable[[Transaction, str], T], beside: Sequence[str] = ()
    ) -> builtins.list[tuple[str, T | GuanjiaError]]:
        def around(tx: Transaction, case: str) -> T:
            return work(cast("Transaction", SealedTransaction(self, tx)), case)

        return self.within.transact_due(now, limit, around, beside)

    def _around(self, work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
        return lambda tx: work(cast("Transaction", SealedTransaction(self, tx)))

    def retry(self, message: Notification, now: Instant) -> bool:
        key = self.key(message.case, self._wrapped(message.case))
        return self.within.retry(self.closed(message, key), now)

    # -- reading

    def get(self, ref: str) -> Held | None:
        held = self.within.get(ref)
        return None if held is None else self.opened(held)

    def sealed(self, case: str) -> Sequence[tuple[str, str, str]]:
        rows = self.within.sealed(case)
        key = self.key(case, _wrapped({commitment: json.loads(value) for commitment, _, value in rows}))
        found = []
        for commitment, salt, text in rows:
            if commitment == KEY:
                continue
            value = json.loads(text)
            if not _is_sealed(value):
                found.append((commitment, salt, text))
            elif key is not None:
                found.append((commitment, *_value(key, value, case, commitment)))
        return found

    def inbox(self, limit: int = 100) -> Sequence[InboxItem]:
        return [self._item(item) for item in self.within.inbox(limit)]

    def dropped_inbox(self, limit: int = 100) -> Sequence[tuple[InboxItem, str]]:
        return [(self._item(item), problem) for item, problem in self.within.dropped_inbox(limit)]

    def outbox(self, *, case: str | None = None, status: str | None = None, limit: int = 100) -> Sequence[OutboxRow]:
        return self._in_clear(self.within.outbox(case=case, status=status, limit=limit))

    def _in_clear(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        cases = {row.notification.case for row in rows if row.notification.body.startswith(MARK)}
        wrapped = {case: self._wrapped(case) for case in cases}
        return [changed(row, notification=self._message(row.notification, wrapped)) for row in rows]

    def claim(self, now: Instant, owner: str, lease: Instant, limit: int = 20) -> Sequence[OutboxRow]:
        rows = self._in_clear(self.within.claim(now, owner, lease, limit))
        self._addresses.update(
            (row.notification.key, row.notification.address) for row in rows if row.notification.address
        )
        return rows

    def sent(self, key: str, owner: str, at: Instant, note: str | None = None) -> bool:
        return self.within.sent(key, owner, at, None if note is None else self._hidden(key, note))

    def failed(self, key: str, owner: str, error: str, retry_at: Instant | None, *, alone: bool = False) -> bool:
        return self.within.failed(key, owner, self._hidden(key, error), retry_at, alone=alone)

    def _hidden(self, key: str, told: str) -> str:
        """What the other side said, without the address, and with every other number and address masked."""
        address = self._addresses.pop(key, "")
        told = told.replace(address, "***") if address else told
        return masked(told) or told

    def closed(self, message: Notification, key: Key | None) -> Notification:
        """A message as it is to lie in the store: sealed, where its case has a key."""
        if key is None:
            return changed(message, body=f" {message.body}") if message.body.startswith(MARK) else message
        if not (message.subject or message.body or message.address):
            return message
        text = to_json([message.subject, message.body, message.address])
        return changed(message, subject="", body=f"{MARK}{key.seal(text, message.key)}", address="")

    # -- opening

    def opened(self, held: Held) -> Held:
        """The case with its personal values in clear, each opened when it is asked for."""
        return held._replace(personal=_Opened(self, held)) if held.personal else held

    def key(self, case: str, wrapped: str) -> Key | None:
        """The key of a case, None where it has none; Unopened where the office has no key that opens it."""
        if not wrapped:
            return None
        try:
            return self.keys.opened(wrapped, case)
        except Unreadable:
            raise _wrong(case) from None

    def _wrapped(self, case: str) -> str:
        rows = self.within.sealed(case)
        return _wrapped({commitment: json.loads(value) for commitment, _, value in rows if commitment == KEY})

    def _anew(self, case: str) -> int:
        """The version as of which the case has its present key, 0 where it never had another."""
        found = [
            json.loads(value).get(SINCE, 0) for commitment, _, value in self.within.sealed(case) if commitment == KEY
        ]
        return found[0] if found else 0

    def _message(self, message: Notification, wrapped: Mapping[str, str]) -> Notification:
        """The message in clear; without its text and with the problem, where it cannot be opened."""
        if not message.body.startswith(MARK):
            return message
        try:
            key = self.key(message.case, wrapped[message.case])
            if key is None:
                return changed(message, body="", problem=DESTROYED)
            subject, body, address = json.loads(key.open(message.body[len(MARK) :], message.key))
        except (Unreadable, Unopened):
            gone = message.seq < self._anew(message.case)
            return changed(message, body="", problem=DESTROYED if gone else _told(_wrong(message.case)))
        return changed(message, subject=subject, body=body, address=address)

    def _item(self, item: InboxItem) -> InboxItem:
        try:
            plain = json.loads(item.command)
            if not _is_sealed(plain):
                return item
            key = self.key(item.sender, self._wrapped(item.sender))
            # Without a key its sender was forgotten: what was to be opened for it cannot be known any more.
            return item if key is None else changed(item, command=key.open(plain[SEALED], item.key))
        except (Unreadable, Unopened, ValueError, RecursionError):
            return item  # nobody can read it now: it is parked, and holds nothing up


class _Opened(Mapping[str, Any]):
    """Personal values, each opened when somebody asks for it: a step asks for few of those that a case has gathered."""

    def __init__(self, store: Sealed, held: Held) -> None:
        self._store = store
        self._case = held.id
        self.wrapped = _wrapped(held.personal)
        self._held = {
            commitment: value
            for commitment, value in held.personal.items()
            if commitment != KEY and (self.wrapped or not _is_sealed(value))
        }
        self._open: dict[str, Any] = {}

    def __getitem__(self, commitment: str) -> Any:
        value = self._held[commitment]
        if not _is_sealed(value):
            return value
        if commitment not in self._open:
            key = self._store.key(self._case, self.wrapped)
            assert key is not None
            self._open[commitment] = json.loads(_value(key, value, self._case, commitment)[1])
        return self._open[commitment]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


class SealedTransaction:
    def __init__(self, store: Sealed, tx: Transaction) -> None:
        self._store = store
        self._tx = tx
        self._wrapped: dict[str, str] = {}

    @property
    def customers(self) -> SealedCustomersInHand:
        return SealedCustomersInHand(self._tx.customers, self._store.keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def read(self, ref: str | None, key: str | None) -> Read:
        read = self._tx.read(ref, key)
        if read.held is None or not read.held.personal:
            return read
        self._wrapped[read.held.id] = _wrapped(read.held.personal)
        return Read(self._store.opened(read.held), read.answer)

    def write(self, change: Change) -> None:
        tells = change.personal or change.notifications or change.inbox
        # What remains of a case that forgets comes under another key, so that nothing sealed under the old one can be read.
        wrapped = "" if change.forget else self._wrapped.get(change.case, "")
        key = self._store.key(change.case, wrapped) if tells else None
        personal = []
        # What is told to a customer may hold what only the register knows.
        if key is None and (change.personal or any(each.recipient == "customer" for each in change.notifications)):
            key = self._store.keys.made(change.case)
            self._wrapped[change.case] = key.wrapped
            lies: dict[str, Any] = {KEY: key.wrapped}
            if change.before:  # what was told before lies in clear, or under a key that was destroyed
                lies[SINCE] = change.seq if change.forget else change.before + 1
            personal.append((KEY, "", json.dumps(lies)))
        for commitment, salt, value in change.personal:
            assert key is not None
            personal.append((commitment, "", row(key, change.case, commitment, salt, value)))
        self._tx.write(
            change._replace(
                personal=personal,
                notifications=[self._store.closed(each, key) for each in change.notifications],
                inbox=[_shut(item, key) for item in change.inbox],
            )
        )


def _shut(item: InboxItem, key: Key | None) -> InboxItem:
    """Only an opening brings what is personal. The rest has to be understood also when its sender is forgotten before it is heard."""
    if key is None or '"kind": "open"' not in item.command:
        return item
    return changed(item, command=json.dumps({SEALED: key.seal(item.command, item.key)}))


def _is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and SEALED in value


def _wrapped(personal: Mapping[str, Any]) -> str:
    key: str = personal[KEY][KEY] if KEY in personal else ""
    return key


def _value(key: Key, value: Mapping[str, str], case: str, commitment: str) -> tuple[str, str]:
    """Salt and value, as JSON text, of a sealed row."""
    try:
        salt, _, text = key.open(value[SEALED], f"{case}:{commitment}").partition("\n")
    except Unreadable:
        raise _wrong(case) from None
    return salt, text


def row(key: Key, case: str, commitment: str, salt: str, value: str) -> str:
    """A personal value (JSON text) with its salt as it lies in the store; a salt is one line."""
    closed = key.seal(f"{salt}\n{value}", f"{case}:{commitment}")
    return f'{{"{SEALED}":"{closed}"}}'


def _told(error: GuanjiaError) -> str:
    hint = error.hint or Text("", "")
    return str(Text(f"{error.text.zh}{hint.zh}", f"{error.text.en} {hint.en}"))


def _wrong(case: str) -> Unopened:
    return Unopened(
        Text(f"工单 {case} 的个人信息解不开：密钥不对，或数据被改过。", f"The personal data of case {case} cannot be opened: another key, or the data was changed."),
        Text("把这个办公室当时的 office.key 放回来；guanjia keys 列出缺哪把钥匙。", "Put back the office.key that this office had then; guanjia keys says which key is missing."),
        case=case,
    )  # fmt: skip
