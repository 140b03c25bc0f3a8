"""The keys that personal data is sealed under: one for each case, wrapped by a key of the office.

What is sealed is AES-GCM, bound to where it lies, so that nothing sealed can be moved to another place and pass for what
belongs there. The key of a case lies beside its values, wrapped; whoever destroys it destroys everything sealed under it,
and nothing else. The office's own keys lie outside of the database: in a file of the office, or in the environment. A new
one can be added at any time (`renewed`); the last is the one that wraps, those before it still open.

Source of the format: NIST SP 800-38D; a nonce is 12 random bytes, one key seals far fewer than 2^32 texts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import StoreError, Text, because

VARIABLE = "GUANJIA_KEYS"
"""The environment variable that may hold what else stands in the file, lines divided by `;`."""

FILE = "office.key"

FIRST = "k1"
"""The key that an office begins with."""

_HEAD = """\
# 办公室密钥：没有它，数据库里的个人信息谁也读不出来。另存一份到别处，不要和备份放在一起；不要改动下面各行。
# The office's keys: without them nobody can read the personal data in the database. Keep a copy elsewhere, not beside the
# backups; leave the lines below as they are.
"""


class Unreadable(Exception):
    """What was sealed under another key, or is not what was sealed."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The office's keys by name, the last is current; and the secret of blind indexes, which never changes."""

    keys: Mapping[str, bytes]
    index: bytes

    @classmethod
    def new(cls) -> Secrets:
        return cls({FIRST: os.urandom(32)}, os.urandom(32))

    @classmethod
    def parse(cls, text: str, where: str) -> Secrets:
        """From the lines of a key file. StoreError names the place and what is wrong, never a key."""
        found: dict[str, bytes] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            name, _, value = line.strip().partition(" ")
            try:
                found[name] = b64decode(value.strip(), validate=True)
            except ValueError:
                found[name] = b""
            if len(found[name]) != 32:
                raise StoreError(
                    Text(f"{where} 第 {number} 行不是密钥。", f"Line {number} of {where} is no key."),
                    Text("请从另存的副本恢复这个文件。", "Put the file back from the copy that you keep."),
                )
        index = found.pop("index", None)
        if index is None or not found:
            raise StoreError(
                Text(f"{where} 不完整。", f"{where} is not whole."),
                Text("请从另存的副本恢复这个文件。", "Put the file back from the copy that you keep."),
            )
        return cls(found, index)

    def text(self) -> str:
        lines = {"index": self.index, **self.keys}
        return _HEAD + "".join(f"{name} {b64encode(key).decode()}\n" for name, key in lines.items())

    @property
    def current(self) -> str:
        return list(self.keys)[-1]

    @property
    def mark(self) -> str:
        """What tells these keys from those of another office, and tells nothing else."""
        return hashlib.sha256(b"guanjia keys\0" + self.index).hexdigest()[:16]

    def renewed(self) -> Secrets:
        """With one more key, which is current from now on."""
        newest = max(int(name[1:]) for name in self.keys if name[1:].isdecimal())
        return Secrets({**self.keys, f"k{newest + 1}": os.urandom(32)}, self.index)

    def without(self, name: str) -> Secrets:
        return Secrets({known: key for known, key in self.keys.items() if known != name}, self.index)


def read(path: str) -> Secrets | None:
    """The keys from the environment, else from the file; None where there is neither."""
    if given := os.environ.get(VARIABLE):
        return Secrets.parse(given.replace(";", "\n"), VARIABLE)
    try:
        with open(path, encoding="utf-8") as file:
            return Secrets.parse(file.read(), path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = because(error) if isinstance(error, OSError) else Text("不是文本", "it is no text")
        raise StoreError(Text(f"读不了 {path}：{why.zh}", f"{path} cannot be read: {why.en}")) from None


def write(path: str, kept: Secrets, *, new: bool = False) -> None:
    """Put the keys into the file, for its owner only; the file is never there by half. FileExistsError where it is to be new."""
    half = f"{path}.part-{os.getpid()}"
    try:
        with os.fdopen(os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(kept.text())
            file.flush()
            os.fsync(file.fileno())
        if new:
            os.link(half, path)
        else:
            os.replace(half, path)
    except FileExistsError:
        raise
    except OSError as error:
        why = because(error)
        raise StoreError(
            Text(f"写不了密钥文件 {path}：{why.zh}", f"The key file {path} cannot be written: {why.en}"),
            Text(f"让文件夹可写，或者用环境变量 {VARIABLE} 给出密钥。", f"Let the folder be written, or give the keys in the variable {VARIABLE}."),
        ) from None  # fmt: skip
    finally:
        if os.path.lexists(half):
            os.unlink(half)


class Key:
    """The key of one case, ready to seal and to open."""

    __slots__ = ("_cipher", "wrapped")

    def __init__(self, raw: bytes, wrapped: str) -> None:
        self._cipher = _cipher(raw)
        self.wrapped = wrapped
        """As it lies in the database: `<name of the office's key>:<base64>`."""

    def seal(self, plain: str, place: str) -> str:
        """Base64 of nonce and ciphertext. `place` must be given again to open it."""
        nonce = os.urandom(12)
        return b64encode(nonce + self._cipher.encrypt(nonce, plain.encode(), place.encode())).decode()

    def open(self, sealed: str, place: str) -> str:
        """Unreadable when it was not sealed by this key for this place."""
        return _opened(self._cipher, sealed, place).decode()


class Keys:
    """What seals and opens for one office."""

    MOST = 1024

    def __init__(self, kept: Secrets, again: Callable[[], Secrets | None] = lambda: None) -> None:
        self.secrets = kept
        self._again = again
        """Reads them anew: another program may have added one meanwhile."""
        self._known: dict[tuple[str, str], Key] = {}
        self._ciphers: dict[str, Any] = {}
        """Of the office's own keys, by name; to make one takes longer than to use it."""

    def made(self, case: str) -> Key:
        """A new key for a case."""
        raw = os.urandom(32)
        return self._kept(Key(raw, self._wrap(raw, case)), case)

    def opened(self, wrapped: str, case: str) -> Key:
        """The key of a case. Unreadable when the office has no key that opens it."""
        return self._known.get((case, wrapped)) or self._kept(Key(self._unwrap(wrapped, case), wrapped), case)

    def _kept(self, key: Key, case: str) -> Key:
        if len(self._known) >= self.MOST:
            self._known.clear()
        self._known[case, key.wrapped] = key
        return key

    def rewrapped(self, wrapped: str, case: str) -> str | None:
        """The same key under the office's current one; None when it is that already."""
        if wrapped.partition(":")[0] == self.secrets.current:
            return None
        return self._wrap(self._unwrap(wrapped, case), case)

    def blind(self, text: str) -> str:
        """The same for the same text, and no way back: what is looked up or compared without being known."""
        return hmac.new(self.secrets.index, text.encode(), hashlib.sha256).hexdigest()

    def _wrap(self, raw: bytes, case: str) -> str:
        name, nonce = self.secrets.current, os.urandom(12)
        box = nonce + self._office(name).encrypt(nonce, raw, f"key of {case}".encode())
        return f"{name}:{b64encode(box).decode()}"

    def _unwrap(self, wrapped: str, case: str) -> bytes:
        name, _, box = wrapped.partition(":")
        if name not in self.secrets.keys and (now := self._again()) is not None and now.index == self.secrets.index:
            self.secrets = now
        if name not in self.secrets.keys:
            raise Unreadable(name)
        return _opened(self._office(name), box, f"key of {case}")

    def _office(self, name: str) -> Any:
        known = self._ciphers.get(name)
        if known is None:
            known = self._ciphers[name] = _cipher(self.secrets.keys[name])
        return known


def _cipher(raw: bytes) -> Any:
    try:  # the class where it is made: the package that names it imports all other ciphers, a twentieth of `customer find`
        from cryptography.hazmat.bindings._rust import openssl

        return openssl.aead.AESGCM(raw)
    except (ImportError, AttributeError):  # another version of it keeps it elsewhere
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(raw)


def _opened(cipher: Any, sealed: str, place: str) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        box = b64decode(sealed, validate=True)
        plain: bytes = cipher.decrypt(box[:12], box[12:], place.encode())
    except (InvalidTag, ValueError):
        raise Unreadable(place) from None
    return plain
