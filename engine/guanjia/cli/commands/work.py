"""`work`: the worker in the foreground; each round that did something is one line."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING

from ...errors import Text
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..out import Ink, Out
from ..spec import Command, Option, json_option

if TYPE_CHECKING:
    from ...runtime.engine import Work


class _Lines(logging.Handler):
    """Log records as lines on standard error, cleaned like all else. Of an unforeseen error only its kind is shown."""

    def __init__(self, out: Out) -> None:
        super().__init__(logging.WARNING)
        self.out = out

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        self.out.line(
            Ink(f"{record.levelname.lower()}: ", "late"),
            record.getMessage(),
            f" ({kind.__name__})" if kind else "",
            err=True,
        )
        self.out.flush()


def work(desk: Desk, *, once: bool, as_json: bool) -> None:
    if as_json and not once:
        raise Usage(Text("--json 只能与 --once 一起用。", "--json goes with --once only."))
    logger, lines = logging.getLogger("guanjia"), _Lines(desk.out)
    logger.addHandler(lines)
    logger.propagate = False
    # The scheduler's own remarks are none of the user's business; only its failures are.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    try:
        if once:
            _once(desk, as_json=as_json)
        else:
            _forever(desk)
    finally:
        logger.removeHandler(lines)


def _once(desk: Desk, *, as_json: bool) -> None:
    out, done = desk.out, desk.engine.run_once()
    if as_json:
        out.json({"fired": done.fired, "applied": done.applied, "opened": done.opened, "delivered": done.delivered,
                  "failed": done.failed, "problems": list(done.problems), "alarms": list(done.alarms)})  # fmt: skip
        return
    _print(desk, done)
    for problem in (*done.problems, *done.alarms):
        out.line(Ink("! ", "late"), problem, err=True)


def _forever(desk: Desk) -> None:
    from ...runtime.worker import Worker

    out = desk.out

    def report(done: Work) -> None:
        if done.fired or done.applied or done.opened or done.delivered or done.failed:
            _print(desk, done)
            out.flush()

    worker = Worker(desk.engine, report=report)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    out.line(Text("后台已启动，Ctrl-C 停止。", "The worker is running; Ctrl-C stops it."))
    out.flush()
    worker.run_forever()
    out.line(Text("后台已停止。", "The worker has stopped."))


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
        [Option("--once", flag=True, say=Text("只做一轮，然后退出", "one round, then exit")), json_option()],
        say=Text("运行后台：到时的期限、升级、定时建单、发通知。可以同时运行几个。",
                 "Run the worker: deadlines, escalation, scheduled cases, notifications. Several may run at once."),
        examples=("guanjia work", "guanjia work --once"),
    ),
}  # fmt: skip
