"""Mail by SMTP. Only `EmailMessage`: it refuses line breaks in headers, which the older interface lets through.

The Message-ID derives from the notification's key, so a message that is handed over twice is one message to its receiver.
What the server says decides: 5xx about the message is final; 4xx, a refused or broken connection, and 5xx about ourselves (the
login) are tried again. A conversation has an end, however slowly or endlessly the server talks; and what it has accepted is
delivered, whatever it does afterwards.
"""

from __future__ import annotations

import hashlib
import os
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from ..errors import Text
from ..model.event import Notification
from ..terminal import safe_text
from .interface import Undeliverable


def compose(notification: Notification, sender: str, domain: str) -> EmailMessage:
    """The mail that a notification is."""
    message = EmailMessage()
    message["Subject"] = safe_text(notification.subject)[:500]
    message["From"] = _address(sender)
    message["To"] = _address(notification.address)
    sent = datetime.fromtimestamp(notification.created_at / 1_000_000, UTC)
    message["Date"] = format_datetime(sent)
    digest = hashlib.sha256(notification.key.encode()).hexdigest()[:40]
    message["Message-ID"] = f"<{digest}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "zh-CN" if notification.language == "zh" else "en"
    message.set_content(safe_text(notification.body, newlines=True))
    return message


def _address(text: str) -> Address:
    name, spec = parseaddr(safe_text(text))
    try:
        return Address(display_name=name, addr_spec=spec or text)
    except (ValueError, IndexError):
        raise Undeliverable(Text(f"“{text}”不是邮箱地址", f"{text!r} is no mail address"), permanent=True) from None


LONGEST = 6
"""A whole conversation may take so many times as long as one answer."""


class _Server(smtplib.SMTP):
    """A server that is hung up on when the conversation takes too long: smtplib's timeout begins anew with every byte."""

    _twin: socket.socket | None = None
    _end: threading.Timer | None = None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._twin = connected.dup()  # the connection itself may be wrapped by TLS meanwhile
        self._end = threading.Timer(LONGEST * timeout, _hang_up, (self._twin,))
        self._end.daemon = True
        self._end.start()
        return connected

    def close(self) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._twin is not None:
            self._twin.close()
        super().close()


class _TlsServer(smtplib.SMTP_SSL, _Server):
    """The same, where TLS comes first."""


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class MailChannel:
    """One SMTP server; `settings` are those of office.yaml's `channels.mail`."""

    name = "mail"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.domain = parseaddr(settings["sender"])[1].rpartition("@")[2] or "localhost"

    def send(self, notification: Notification) -> str:
        message = compose(notification, self.settings["sender"], self.domain)
        try:
            server = self._connect()
            try:
                server.send_message(message)
                with suppress(OSError, smtplib.SMTPException):
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as refused:
            code, answer = next(iter(refused.recipients.values()))
            raise _said(code, answer, about_us=False) from None
        except smtplib.SMTPResponseException as refused:
            about_us = isinstance(
                refused, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError
            )
            raise _said(refused.smtp_code, refused.smtp_error, about_us=about_us) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            host = f"{self.settings['host']}:{self.settings.get('port', 587)}"
            raise Undeliverable(
                Text(f"邮件服务器 {host} 没有收下：{error}", f"The mail server {host} did not take it: {error}")
            ) from None
        return f"accepted by {self.settings['host']}"

    def _connect(self) -> smtplib.SMTP:
        host, port = self.settings["host"], self.settings.get("port", 587)
        timeout, security = self.settings.get("timeout", 20), self.settings.get("security", "starttls")
        server: smtplib.SMTP
        if security == "tls":
            server = _TlsServer(host, port, timeout=timeout, context=ssl.create_default_context())
        else:
            server = _Server(host, port, timeout=timeout)
        try:
            if security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if user := self.settings.get("user"):
                server.login(user, os.environ.get(self.settings.get("password_env") or "", ""))
        except BaseException:
            server.close()
            raise
        return server

    def close(self) -> None:
        pass


def _said(code: int, answer: bytes | str, *, about_us: bool) -> Undeliverable:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    words = safe_text(f"{code} {said}")[:300]
    return Undeliverable(
        Text(f"邮件服务器答复：{words}", f"The mail server answered: {words}"),
        permanent=500 <= code < 600 and not about_us,
    )
