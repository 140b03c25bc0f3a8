"""Each message is a file in a folder: .eml for mail programs, .txt for people.

The file's name derives from the notification's key, so a message that is handed over twice is still one file. A file appears
whole or not at all. The folder is made for its owner alone; who opens it to others opens the files that come to them as well.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from ..errors import Text, because
from ..model.event import Notification
from ..terminal import safe_text
from .interface import Undeliverable
from .mail import compose


class FileChannel:
    name = "file"

    def __init__(self, folder: Path, sender: str = "guanjia@localhost") -> None:
        self.folder = folder
        self.sender = sender

    def send(self, notification: Notification) -> str:
        digest = hashlib.sha256(notification.key.encode()).hexdigest()[:12]
        about = re.sub(r"[^\w.-]+", "-", f"{notification.template}-{notification.recipient}").strip("-")[:80]
        mail = "@" in notification.address
        name = f"{about}-{digest}.{'eml' if mail else 'txt'}"
        content = compose(notification, self.sender, "localhost").as_bytes() if mail else _text(notification)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            readable = self.folder.stat().st_mode & 0o044 | 0o600
            partial = self.folder / f".{name}.{os.getpid()}"
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, readable), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.folder / name)
        except OSError as error:
            why = because(error)
            raise Undeliverable(
                Text(f"写不进 {self.folder}：{why.zh}", f"Cannot write to {self.folder}: {why.en}")
            ) from None
        return name

    def close(self) -> None:
        pass


def _text(notification: Notification) -> bytes:
    subject, body = safe_text(notification.subject), safe_text(notification.body, newlines=True)
    return f"{notification.recipient}\n{subject}\n\n{body.rstrip()}\n".encode("utf-8", "replace")
