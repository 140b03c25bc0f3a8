"""One run of the command line: find the language, parse, one call, and the exit code. Whatever goes wrong ends in words."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..clock import Clock
from ..errors import GuanjiaError, Text
from . import failure
from .desk import Desk
from .out import Out, Unread, Unwritable
from .spec import PROGRAM, Entry, Group, quick

QUICK = ("ls", "find", "customer find", "check")
"""Commands that are read without click where the line is a simple one."""

COMPLETE = "_GUANJIA_COMPLETE"
"""Set by the shell that asks for completions."""

SECTIONS = {
    Text("看", "Look"): {
        "ls": Entry("ls", Text("列出工单，最急的在前", "list cases, the most urgent first")),
        "find": Entry("ls", Text("按编号、内容、房号、客户查找工单", "find cases by number, summary, room or customer")),
        "show": Entry("show", Text("看一个工单：时限、经过、接下来能做什么", "one case: clocks, history, what can be done next")),
        "why": Entry("why", Text("期限为什么是这一刻；假设推算", "why a deadline falls where it does; what if")),
        "can": Entry("can", Text("某人能不能办某一步、看某个工单，为什么", "whether somebody may do something or see a case, and why")),
        "mine": Entry("mine", Text("我负责的、等着我办的工单", "what is mine, and what waits for one of my roles")),
        "team": Entry("team", Text("谁在岗，各人手上多少，多少超时", "who is on duty, what each has to do and what is late")),
        "roster": Entry("roster", Text("谁在岗、谁待命、谁不在，哪一班缺人", "who is on duty, on call and away, and which shift lacks people")),
        "customer": Entry("customer", Text("客户：查找、登记、更正、住户", "customers: find, add, correct, households")),
        "shift": Entry("shift", Text("交接班记录：发生了什么，什么要接着办", "the log of a shift: what happened, what is open, words for the next")),
        "report": Entry("report", Text("报表：时限兑现、用时、投诉分析、考核", "reports: promises kept, time taken, complaints, the staff's work")),
        "board": Entry("board", Text("看全局：各流程各状态有多少，哪些最急", "the whole office: counts by state, and what is most urgent")),
        "outbox": Entry("outbox", Text("看通知，重发失败的", "notifications, and sending failed ones again")),
        "inbox": Entry("inbox", Text("看工单之间被拒绝的命令，重办", "refused commands between cases, and carrying them out after all")),
    },
    Text("办", "Act"): {
        "open": Entry("acts", Text("新建工单", "open a case")),
        "do": Entry("acts", Text("办理一步；不写操作则列出能做什么", "take an action; without one, list what can be done")),
        "signal": Entry("acts", Text("传入其他系统的信号", "send a signal from another system")),
        "edit": Entry("acts", Text("修改字段", "change fields")),
        "assign": Entry("acts", Text("指定责任人", "make somebody responsible")),
        "handover": Entry("handover", Text("交接：把一个人或一个班的工作转给别人", "hand over the open work of a person or a shift")),
        "ack": Entry("acts", Text("确认收到升级，不再往上报", "acknowledge an escalation, so that it climbs no further")),
        "clock": Entry("acts", Text("人工暂停、恢复、重置时限", "pause, resume or reset a clock by hand")),
        "undo": Entry("acts", Text("撤回自己刚办的一步", "take back what you did last")),
        "note": Entry("acts", Text("加一条备注", "add a remark")),
        "ask": Entry("door", Text("业主查询：编号加电话后四位", "how a case stands, for its customer")),
        "code": Entry("door", Text("给客户发一次性回复码", "send the customer a one-time code")),
        "answer": Entry("door", Text("客户凭回复码答复", "answer as the customer by a code")),
        "merge": Entry("joining", Text("并单：同一件事并入另一个工单", "merge: the same matter goes on in another case")),
        "link": Entry("joining", Text("关联工单，或归到另一个之下", "link cases, or put one below another")),
        "split": Entry("joining", Text("拆单：一部分另立工单", "split: a part becomes a case of its own")),
        "hold": Entry("retention", Text("保全：期满也不销毁个人信息", "keep personal data although its time is over")),
        "forget": Entry("privacy", Text("永久销毁办结工单的个人信息", "destroy the personal data of a closed case")),
        "attach": Entry("attach", Text("附上文件；列出、取出附件", "attach a file; list files, read one back")),
    },
    Text("办公室", "Office"): {
        "init": Entry("init", Text("新建办公室文件夹", "make the folder of a new office")),
        "work": Entry("work", Text("运行后台：计时、升级、发通知", "run the worker: deadlines, escalation, notifications")),
        "stats": Entry("stats", Text("数字一览，供监控读取", "figures, for monitoring")),
        "doctor": Entry("doctor", Text("体检：数据库、通知、日历、文件", "health: database, notifications, calendars, files")),
        "audit": Entry("audit", Text("核对每个工单与它的历史", "verify every case against its history")),
        "log": Entry("log", Text("办公室记录：发布了哪些流程，谁在何时", "the office's own record: what was published, when and by whom")),
        "staff": Entry("staff", Text("名册：员工编号、姓名、角色", "who there is: ids, names, roles")),
        "retention": Entry("retention", Text("个人信息的保存期限；销毁期满的", "for how long personal data is kept; destroy what is over")),
        "keys": Entry("privacy", Text("个人信息的密钥：列出、更换", "the keys of personal data: list, rotate")),
        "backup": Entry("carry", Text("备份数据库，不必停工", "back up the database while everybody works")),
        "restore": Entry("carry", Text("用备份恢复数据库", "put a backup in the place of the database")),
        "export": Entry("carry", Text("把整个办公室导出为 JSON 行", "write the whole office as lines of JSON")),
        "import": Entry("carry", Text("导入导出的办公室", "take in what was exported")),
        "take-in": Entry("taking_in", Text("补录别的系统的旧工单", "old cases of another system")),
        "token": Entry("token", Text("给别的系统发令牌", "make a token for another system")),
        "whoami": Entry("whoami", Text("我是谁，有什么角色", "who I am here, and my roles")),
        "completion": Entry("completion", Text("命令行自动补全脚本", "script for completion in the shell")),
    },
    Text("规则", "Rules"): {
        "check": Entry("check", Text("检查所有文件，指出错在哪一行", "check all files and name the very line that is wrong")),
        "test": Entry("test", Text("运行流程旁边的情景测试", "run the stories beside the procedures")),
        "preview": Entry("preview", Text("在浏览器里预览流程，随保存更新", "preview the procedures in the browser, as they are saved")),
        "prove": Entry("prove", Text("走遍全部情形，证明或推翻流程的性质", "prove or refute what is claimed of every case")),
        "diff": Entry("diff", Text("用话说出流程改了什么", "what changed in a procedure, in words")),
        "schema": Entry("schema", Text("让编辑器补全和解释每一个键", "lets an editor complete and explain every key")),
        "publish": Entry("publish", Text("发布改过的流程", "publish edited procedures")),
        "rollback": Entry("publish", Text("恢复流程较早的版本", "let an earlier version of a procedure come into force again")),
        "versions": Entry("publish", Text("流程的各个版本：何时、谁、为什么", "the versions of a procedure: when, who, why")),
        "new": Entry("new", Text("几个问题，写好一个新流程", "begin a procedure with a few questions")),
        "explain-file": Entry("explain_file", Text("用大白话讲一个流程", "a procedure in plain words")),
        "coverage": Entry("coverage", Text("管理制度的条款落实了没有", "whether the clauses of the rule book are carried out")),
        "handbook": Entry("handbook", Text("由流程写成管理制度、服务承诺", "the written rule book, made of the procedures")),
        "procedures": Entry("procedures", Text("有哪些流程；一个流程的字段、状态、操作", "the procedures; fields, states and actions of one")),
        "registry": Entry("registry", Text("台账：设备、路线、价目、计划", "registries: equipment, routes, prices, plans")),
        "schedules": Entry("schedules", Text("定时建单：接下来哪天开哪些", "schedules: what opens by the calendar next")),
        "standards": Entry("standards", Text("服务标准：承诺、时限、依据", "service standards: promises, limits, their basis")),
        "diagram": Entry("diagram", Text("画出流程图，或一个工单走过的路", "draw a procedure, or the path of a case on it")),
        "migrate": Entry("moves", Text("让在办工单改按流程的新版本办理", "let open cases come under the new version of a procedure")),
        "suspend": Entry("suspend", Text("不可抗力：暂停或放慢计时", "force majeure: let clocks stand still or run slower")),
        "calendar": Entry("calendar", Text("工作日历：月历、检查、期限推算", "working calendars: a month, checks, where a deadline falls")),
    },
}  # fmt: skip

ROOT = Group(
    PROGRAM,
    SECTIONS,
    say=Text("管家：物业服务中心的流程引擎", "Guanjia: the workflow engine of a property-management office"),
)


def language(arguments: Sequence[str]) -> str:
    """The language of this run, before anything is parsed, so that errors of parsing are in it too."""
    named = ""
    for i, word in enumerate(arguments):
        if word == "--lang":
            named = arguments[i + 1] if i + 1 < len(arguments) else ""
        elif word.startswith("--lang="):
            named = word.partition("=")[2]
    if named not in ("zh", "en"):
        wishes = ("GUANJIA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
        named = next((value for wish in wishes if (value := os.environ.get(wish))), "")
    return "zh" if named.lower().startswith("zh") else "en"


def run(arguments: Sequence[str], clock: Clock | None = None) -> int:
    """Run one command line and return its exit code."""
    out = Out(language(arguments))
    desk = Desk(out, clock)
    try:
        return _guarded(list(arguments), desk)
    except Unread:
        _silence()  # which is no error of ours
        return failure.OK
    finally:
        _close(desk)


def _guarded(arguments: list[str], desk: Desk) -> int:
    out = desk.out
    try:
        _readable(arguments)
        code = _called(arguments, desk)
        out.flush()
        return code
    except Unwritable as error:
        _silence()
        return failure.report(error, out, arguments)
    except GuanjiaError as error:
        out.flush()
        return failure.report(error, out, arguments)
    except (KeyboardInterrupt, EOFError):
        out.line(err=True)
        out.line(Text("已中止。", "Stopped."), err=True)
        return failure.INTERRUPTED
    except Unread:
        raise
    except Exception as error:
        return failure.last_resort(error, out, desk.__dict__.get("folder"), arguments)


def _called(arguments: list[str], desk: Desk) -> int:
    simple = None if COMPLETE in os.environ else quick(ROOT, QUICK, arguments)
    if simple is not None:
        command, values, everywhere = simple
        desk.take(everywhere)
        return command.run(desk, **values) or failure.OK
    import click

    from .grammar import build, translated

    try:
        code = build(ROOT).main(arguments, PROGRAM, complete_var=COMPLETE, standalone_mode=False, obj=desk)
    except click.ClickException as error:
        raise translated(error) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else failure.OK


def _silence() -> None:
    """What is still buffered for standard output must not fail again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _readable(arguments: Sequence[str]) -> None:
    """Bytes that are no text in the encoding of the terminal can be kept nowhere."""
    for word in arguments:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise failure.Usage(
                Text(f"“{word}”不是正确的 UTF-8 文字。", f"{word!r} is not valid UTF-8 text."),
                Text("请检查终端的编码设置。", "Check the encoding of your terminal."),
            ) from None


def _close(desk: Desk) -> None:
    try:
        desk.close()
    except GuanjiaError as error:
        failure.report(error, desk.out)
