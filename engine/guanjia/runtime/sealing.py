"""A store in which nothing personal lies in clear: it seals on the way in and opens on the way out.

Around any other store. Sealed are the personal values of a case with their salts, the text and address of every message of a
case that has such values, and what it sends to other cases; each under the case's own key, which lies, wrapped, among its
personal values (`KEY`). The history holds commitments only, so it verifies with and without the key. Where the key was
destroyed, the values are absent and the messages empty, and nothing fails.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from ..clock import Instant
from ..errors import GuanjiaError, StoreError, Text
from ..model.event import Notification
from ..people.keys import FILE, VARIABLE, Key, Keys, Secrets, Unreadable, read, write
from ..store.interface import Change, Held, InboxItem, OutboxRow, Read, Store, Transaction

T = TypeVar("T")

KEY = "key"
"""The commitment under which the wrapped key of a case stands; real ones are hexadecimal."""

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


class Sealed:
    """What holds nothing personal goes through to the store as it is."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self.within = store
        self.keys = keys
        self._addresses: dict[str, str] = {}
        """Of messages in hand: what the other side says of an address must not be kept in clear."""

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
        rows = self.within.outbox(case=case, status=status, limit=limit)
        wrapped = {row.notification.case: "" for row in rows if row.notification.body.startswith(MARK)}
        wrapped = {case: self._wrapped(case) for case in wrapped}
        return [replace(row, notification=self._message(row.notification, wrapped) or row.notification) for row in rows]

    def claim(self, now: Instant, owner: str, lease: Instant, limit: int = 20) -> Sequence[OutboxRow]:
        """A message whose text was destroyed is a dead letter."""
        while taken := self.within.claim(now, owner, lease, limit):
            ready = []
            for row in taken:
                message = row.notification
                if message.body.startswith(MARK):
                    found = self._message(message, {message.case: self._wrapped(message.case)})
                    if found is None or found.problem == DESTROYED:
                        self.within.failed(message.key, owner, DESTROYED, None)
                        continue
                    message = found
                if message.address:
                    self._addresses[message.key] = message.address
                ready.append(replace(row, notification=message))
            if ready:
                return ready
        return []

    def sent(self, key: str, owner: str, at: Instant, note: str | None = None) -> bool:
        return self.within.sent(key, owner, at, None if note is None else self._hidden(key, note))

    def failed(self, key: str, owner: str, error: str, retry_at: Instant | None) -> bool:
        return self.within.failed(key, owner, self._hidden(key, error), retry_at)

    def _hidden(self, key: str, told: str) -> str:
        address = self._addresses.pop(key, "")
        return told.replace(address, "***") if address else told

    def closed(self, message: Notification, key: Key | None) -> Notification:
        """A message as it is to lie in the store: sealed, where its case has a key."""
        if key is None:
            return replace(message, body=f" {message.body}") if message.body.startswith(MARK) else message
        if not (message.subject or message.body or message.address):
            return message
        text = json.dumps([message.subject, message.body, message.address], ensure_ascii=False)
        return replace(message, subject="", body=f"{MARK}{key.seal(text, message.key)}", address="")

    # -- opening

    def opened(self, held: Held) -> Held:
        """The case with its personal values in clear, each opened when it is asked for."""
        return held._replace(personal=_Opened(self, held)) if held.personal else held

    def key(self, case: str, wrapped: str) -> Key | None:
        """The key of a case, None where it has none; StoreError where the office has no key that opens it."""
        if not wrapped:
            return None
        try:
            return self.keys.opened(wrapped, case)
        except Unreadable:
            raise _wrong(case) from None

    def _wrapped(self, case: str) -> str:
        rows = self.within.sealed(case)
        return _wrapped({commitment: json.loads(value) for commitment, _, value in rows if commitment == KEY})

    def _message(self, message: Notification, wrapped: Mapping[str, str]) -> Notification | None:
        """The message in clear; None when it is that already."""
        if not message.body.startswith(MARK):
            return None
        key = self.key(message.case, wrapped.get(message.case, ""))
        if key is None:
            return replace(message, body="", problem=DESTROYED)
        try:
            subject, body, address = json.loads(key.open(message.body[len(MARK) :], message.key))
        except Unreadable:
            raise _wrong(message.case) from None
        return replace(message, subject=subject, body=body, address=address)

    def _item(self, item: InboxItem) -> InboxItem:
        plain = json.loads(item.command)
        if not _is_sealed(plain):
            return item
        key = self.key(item.sender, self._wrapped(item.sender))
        if key is None:  # its sender was forgotten: what it asked for cannot be known any more
            return replace(item, command=json.dumps({"kind": "signal" if item.receiver else "open", "name": ""}))
        try:
            return replace(item, command=key.open(plain[SEALED], item.key))
        except Unreadable:
            raise _wrong(item.sender) from None


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
        key = self._store.key(change.case, self._wrapped.get(change.case, "")) if tells else None
        personal = []
        if key is None and change.personal:
            key = self._store.keys.made(change.case)
            self._wrapped[change.case] = key.wrapped
            personal.append((KEY, "", json.dumps({KEY: key.wrapped})))
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
    if key is None or '"values"' not in item.command:
        return item
    return replace(item, command=json.dumps({SEALED: key.seal(item.command, item.key)}))


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


def _wrong(case: str) -> StoreError:
    return StoreError(
        Text(f"工单 {case} 的个人信息解不开：密钥不对，或数据被改过。", f"The personal data of case {case} cannot be opened: another key, or the data was changed."),
        Text("把这个办公室当时的 office.key 放回来；guanjia keys 列出缺哪把钥匙。", "Put back the office.key that this office had then; guanjia keys says which key is missing."),
        case=case,
    )  # fmt: skip
