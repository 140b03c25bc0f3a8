"""Another key for the office: the keys of all cases and customers are wrapped anew, one by one, while everybody works.

Nothing that is sealed is sealed anew; only the small keys that it is sealed under change their wrapping. What an older program
left in clear is sealed on the way. Whoever is broken off begins again where he was: what is done says so itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from ..errors import Refused, Text
from ..model.event import Actor
from ..people import keys as files
from ..store.customers import HeldCustomer
from ..store.interface import Store, Transaction
from ..store.paging import pages
from .sealing import KEY, SEALED, Sealed, row
from .stream import Happened

if TYPE_CHECKING:
    from .engine import Engine

_PAGE = 1000


def secrets(engine: Engine) -> files.Secrets:
    """The keys that the office has."""
    return cast("Sealed", engine.store).keys.secrets


def missing(engine: Engine) -> Sequence[str]:
    """The keys that something may be under, by what the office says of its keys itself, and that it has not."""
    needed: dict[str, None] = {files.FIRST: None}
    for event in engine.log():
        if event.type == "rekeyed":
            if event.data["way"] == "added":
                needed[event.name] = None
            else:
                needed.pop(event.name, None)
    here = secrets(engine).keys
    return [name for name in needed if name not in here]


def wrapped_by(store: Store) -> Mapping[str, int]:
    """How many cases have a key that each key of the office wraps; "" counts those with personal values in clear."""
    plain = store.within if isinstance(store, Sealed) else store
    found: Counter[str] = Counter()
    for case in plain.cases():
        rows = {commitment: json.loads(value) for commitment, _, value in plain.sealed(case)}
        if rows:
            found[rows[KEY][KEY].partition(":")[0] if KEY in rows else ""] += 1
    return found


def customers_by(store: Store) -> Mapping[str, int]:
    """How many customers have a key that each key of the office wraps."""
    return Counter(held.wrapped.partition(":")[0] for held in _customers(store) if held.wrapped)


def _customers(store: Store) -> Iterator[HeldCustomer]:
    """All of them as they lie in the store."""
    register = store.within.customers if isinstance(store, Sealed) else store.customers
    for page in pages(lambda after: register.list(after, _PAGE), "", lambda held: held.id):
        yield from page


def renew(engine: Engine, path: str, actor: Actor) -> str:
    """Put one more key into the file at `path`; its name. From now on it wraps the keys of new cases."""
    own = cast("Sealed", engine.store).keys
    own.secrets = own.secrets.renewed()
    files.write(path, own.secrets)
    engine.record([Happened("rekeyed", own.secrets.current, {"way": "added"})], by=actor.id)
    return own.secrets.current


def drop(engine: Engine, path: str, name: str, actor: Actor) -> None:
    """Take a key out of the file. Refused while it is needed."""
    own = cast("Sealed", engine.store).keys
    if name not in own.secrets.keys:
        known = list(own.secrets.keys)
        raise Refused(
            "key", Text(f"没有密钥 {name}。", f"There is no key {name!r}."),
            Text(f"有：{'、'.join(known)}", f"There are: {', '.join(known)}"),
        )  # fmt: skip
    if name == own.secrets.current or wrapped_by(engine.store).get(name) or customers_by(engine.store).get(name):
        raise Refused(
            "key", Text(f"密钥 {name} 还在用。", f"The key {name} is in use."),
            Text("先运行 guanjia keys rotate。", "Run guanjia keys rotate first."),
        )  # fmt: skip
    own.secrets = own.secrets.without(name)
    files.write(path, own.secrets)
    engine.record([Happened("rekeyed", name, {"way": "dropped"})], by=actor.id)


def entitled(engine: Engine, actor: Actor) -> None:
    """Refused unless this person may change the keys."""
    if actor.kind == "customer" or not engine.organisation.may(actor, "privacy"):
        raise Refused(
            "role", Text("换密钥需要 privacy 权限。", "To change the keys needs the right `privacy`."),
            Text("在 organisation.yaml 里给角色写 rights: [privacy]。", "Give a role rights: [privacy] in organisation.yaml."),
        )  # fmt: skip


def rewrap(store: Store, progress: Callable[[int], None] | None = None) -> int:
    """Bring the keys of all cases under the office's current one; how many cases changed."""
    outer = cast("Sealed", store)
    changed = 0
    for number, case in enumerate(outer.within.cases(), 1):
        if any(_stale(outer, commitment, value) for commitment, _, value in outer.within.sealed(case)):
            changed += outer.within.transact(lambda tx, case=case: _rewrapped(outer, tx, case))  # type: ignore[misc]
        if progress is not None:
            progress(number)
    return changed


def rewrap_customers(store: Store, progress: Callable[[int], None] | None = None) -> int:
    """Bring the keys of all customers under the office's current one; how many changed."""
    outer, changed = cast("Sealed", store), 0
    for number, held in enumerate(_customers(outer), 1):
        if held.wrapped and held.wrapped.partition(":")[0] != outer.keys.secrets.current:
            changed += outer.within.transact(lambda tx, id=held.id: _rewrapped_customer(outer, tx, id))  # type: ignore[misc]
        if progress is not None:
            progress(number)
    return changed


def _rewrapped_customer(store: Sealed, tx: Transaction, id: str) -> int:
    held = tx.customers.read(id)
    again = store.keys.rewrapped(held.wrapped, f"customer:{id}") if held is not None and held.wrapped else None
    if again is not None:
        tx.customers.rewrap(id, again)
    return int(again is not None)


def _stale(store: Sealed, commitment: str, value: str) -> bool:
    plain = json.loads(value)
    if commitment == KEY:
        return str(plain[KEY]).partition(":")[0] != store.keys.secrets.current
    return not (isinstance(plain, dict) and SEALED in plain)


def _rewrapped(store: Sealed, tx: Transaction, case: str) -> int:
    """Read and written under the case's lock: what is forgotten meanwhile does not come back."""
    held = tx.read(case, None).held
    if held is None or not held.personal:
        return 0
    rows = []
    if KEY in held.personal:
        wrapped = held.personal[KEY][KEY]
        key = store.keys.opened(wrapped, case)
        again = store.keys.rewrapped(wrapped, case)
        if again is not None:
            rows.append((KEY, "", json.dumps({**held.personal[KEY], KEY: again})))
    else:
        key = store.keys.made(case)
        rows.append((KEY, "", json.dumps({KEY: key.wrapped})))
    for commitment, salt, value in store.within.sealed(case):
        if commitment in held.personal and commitment != KEY and _stale(store, commitment, value):
            rows.append((commitment, "", row(key, case, commitment, salt, value)))
    tx.put_personal(case, rows)
    return 1
