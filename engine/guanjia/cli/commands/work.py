"""`work`: the worker in the foreground; each round that did something is one line."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from ...errors import Text
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..out import Ink, Out, Unread, Unwritable
from ..spec import Command, Option, json_option

if TYPE_CHECKING:
    from ...runtime.engine import Work

LOG = "GUANJIA_LOG"
FORMS = ("text", "json")
LEVELS = (Text("提醒：", "warning: "), Text("错误：", "error: "))


class _Lines(logging.Handler):
    """Log records as lines on standard error, in the language of this run and cleaned like all else. Of an unforeseen error only its
    kind is shown."""

    def __init__(self, out: Out) -> None:
        super().__init__(logging.WARNING)
        self.out = out

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        with suppress(Unread, Unwritable):
            self.out.line(
                Ink(LEVELS[record.levelno >= logging.ERROR], "late"),
                Text.parse(record.getMessage()),
                f" ({kind.__name__})" if kind else "",
                err=True,
            )
            self.out.flush()


class _Records(logging.Handler):
    """Log records on standard output, a line each, in the form that was asked for; nothing else stands there then."""

    def __init__(self, out: Out, form: str) -> None:
        from ...runtime.logs import JsonLines, TextLines

        super().__init__(logging.INFO)
        self.out = out
        self.setFormatter(JsonLines() if form == "json" else TextLines())

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Unread, Unwritable):  # whoever read the log has gone: no reason to stop the work
            self.out.raw(self.format(record) + "\n")
            self.out.flush()


def work(
    desk: Desk, *, once: bool, as_json: bool, log: str | None, health: tuple[str, int] | None, metrics: bool
) -> None:
    if once and health is not None:
        raise Usage(Text("--health 不能与 --once 一起用。", "--health and --once do not go together."))
    if once and metrics:
        raise Usage(Text("--metrics 不能与 --once 一起用。", "--metrics and --once do not go together."))
    if as_json and not once:
        raise Usage(Text("--json 只能与 --once 一起用。", "--json goes with --once only."))
    if as_json and log is not None:
        raise Usage(Text("--json 不能与 --log 一起用。", "--json and --log do not go together."))
    form = log or ("" if as_json else os.environ.get(LOG, ""))
    if form and form not in FORMS:
        raise Usage(
            Text(f"{LOG} 不能是“{form}”。", f"{LOG} cannot be {form!r}."),
            Text(f"可以是：{'、'.join(FORMS)}", f"It is one of: {', '.join(FORMS)}"),
        )
    lines = _Records(desk.out, form) if form else _Lines(desk.out)
    loggers = [logging.getLogger(name) for name in ("guanjia", "opentelemetry")]
    for logger in loggers:
        logger.addHandler(lines)
        logger.propagate = False
    loggers[0].setLevel(lines.level)
    # The scheduler's own remarks are none of the user's business; only its failures are.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    try:
        if once:
            _once(desk, as_json=as_json, silent=bool(form))
        else:
            _forever(desk, silent=bool(form), health=health, metrics=metrics)
    finally:
        for logger in loggers:
            logger.removeHandler(lines)


def _once(desk: Desk, *, as_json: bool, silent: bool) -> None:
    from ...runtime.worker import Worker

    out, done = desk.out, Worker(desk.engine, name="once").run_once()
    if as_json:
        out.json({"fired": done.fired, "applied": done.applied, "opened": done.opened, "delivered": done.delivered,
                  "failed": done.failed, "problems": list(done.problems), "alarms": list(done.alarms)})  # fmt: skip
    elif not silent:
        _print(desk, done)


def _forever(desk: Desk, *, silent: bool, health: tuple[str, int] | None, metrics: bool) -> None:
    from ...runtime.pulse import Answering, Pulse
    from ...runtime.worker import Worker, settle

    out, pulse = desk.out, Pulse()

    def report(done: Work) -> None:
        counted(done)
        if not silent and (done.fired or done.applied or done.opened or done.delivered or done.failed):
            with suppress(Unread, Unwritable):
                _print(desk, done)
                out.flush()

    stack = ExitStack()
    counted = _counting(desk, stack) if metrics else _uncounted
    worker = Worker(desk.engine, report=report, pulse=pulse)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    with stack:
        if health is not None:
            stack.enter_context(Answering(pulse, *health))
        if not silent:
            out.line(Text("后台已启动，Ctrl-C 停止。", "The worker is running; Ctrl-C stops it."))
            out.flush()
        settle()
        worker.run_forever()
    if not silent:
        out.line(Text("后台已停止。", "The worker has stopped."))


def _counting(desk: Desk, stack: ExitStack) -> Callable[[Work], None]:
    """What counts a round, until the end."""
    from ...runtime.metrics import Metrics, exporting, shut

    provider = exporting()
    stack.callback(shut, provider)
    return Metrics(desk.engine, provider).round


def _uncounted(done: Work) -> None:
    """Nobody asked for figures."""


def _address(name: str, text: str) -> tuple[str, int]:
    """HOST:PORT, an IPv6 address in brackets, or a port of this machine alone."""
    host, between, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536) or (between and not host):
        raise Usage(
            Text(f"{name} 的“{text}”不是地址。", f"{name}: {text!r} is no address."),
            Text("写成 127.0.0.1:8080，或只写端口 8080（只有本机能访问）", "Write 127.0.0.1:8080, or 8080 for this machine alone"),
        )  # fmt: skip
    return host or "127.0.0.1", int(port)


def _print(desk: Desk, done: Work) -> None:
    out = desk.out
    at = words.when(desk.now(), desk.zone)
    counts = (
        (Text("到时", "due"), done.fired, ""), (Text("工单间", "between cases"), done.applied, ""), (Text("定时建单", "opened by schedule"), done.opened, ""),
        (Text("已发送", "sent"), done.delivered, "good"), (Text("发送失败", "not sent"), done.failed, "late"),
    )  # fmt: skip
    shown = [Ink(f"{out.say(title)} {count}", style) for title, count, style in counts if count]
    pieces = [piece for item in shown for piece in ("  ", item)] or [
        "  ",
        Ink(Text("没有要做的", "nothing to do"), "dim"),
    ]
    out.line(Ink(at, "dim"), *pieces)


COMMANDS = {
    "work": Command(
        "work", work,
        [Option("--once", flag=True, say=Text("只做一轮，然后退出", "one round, then exit")),
         Option("--log", metavar="text|json", words=FORMS, say=Text(
             "每件事一行日志，写到标准输出；也可用环境变量 GUANJIA_LOG", "a line of log for everything that happens, on standard output; or set GUANJIA_LOG")),
         Option("--health", metavar="HOST:PORT", convert=_address, say=Text(
             "在这个地址回答 GET /live 和 /ready；只写端口则只有本机能访问", "answer GET /live and /ready at this address; a port alone is for this machine only")),
         Option("--metrics", flag=True, say=Text(
             "用 OpenTelemetry 送出指标，送到 OTEL_EXPORTER_OTLP_ENDPOINT 所写之处", "send metrics by OpenTelemetry to where OTEL_EXPORTER_OTLP_ENDPOINT says")),
         json_option()],
        say=Text("运行后台：到时的期限、升级、定时建单、发通知。可以同时运行几个。",
                 "Run the worker: deadlines, escalation, scheduled cases, notifications. Several may run at once."),
        examples=("guanjia work", "guanjia work --once", "guanjia work --log json --health 8080"),
    ),
}  # fmt: skip
