"""`preview`: a page on this machine that follows the files as they are saved."""

from __future__ import annotations

import os
import signal
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import Refused, Text, because
from ..desk import Desk
from ..failure import OK, Usage
from ..out import Ink
from ..spec import Command, Option, whole

if TYPE_CHECKING:
    from types import FrameType

    from ..preview.server import Bell, Server
    from ..preview.session import Session


def preview(desk: Desk, *, port: int, open_it: bool, stay: bool) -> int:
    from ..preview.server import Bell
    from ..preview.session import Session

    if open_it and stay:
        raise Usage(Text("--open 和 --no-open 只能写一个。", "--open and --no-open do not go together."))
    folder, bell = Path(desk.folder), Bell()
    session = Session(folder, bell, desk.out.language, desk.clock)
    server = _listening(port, session, bell, folder)
    out = desk.out
    try:
        out.line(Text("预览：", "Preview: "), Ink(server.address, "bold"))
        out.line(Ink(Text("只有本机、只有知道这个地址的人能打开。保存文件后页面自动更新。Ctrl-C 停止。",
                          "For this machine only, and for whoever knows this address. The page follows the files as they are saved. Ctrl-C stops it."), "dim"))  # fmt: skip
        out.flush()
        if (open_it or (not stay and _display() and out.on_terminal)) and not _opened(server.address):
            out.line(
                Ink(
                    Text(
                        "没有能打开的浏览器，请自己打开上面的地址。",
                        "No browser could be opened: open the address above.",
                    ),
                    "soon",
                )
            )
            out.flush()
        _serve(server)
    finally:
        server.server_close()
        session.close()
    out.line(Text("预览已停止。", "The preview has stopped."))
    return OK


def _listening(port: int, session: Session, bell: Bell, folder: Path) -> Server:
    from ..preview.server import HOST, Server

    try:
        return Server(port, session.answer, session.look, bell, str(folder))
    except (OSError, OverflowError) as error:
        session.close()
        why = because(error) if isinstance(error, OSError) else Text("端口最大 65535", "a port is at most 65535")
        raise Refused(
            "port", Text(f"不能在 {HOST}:{port} 上提供预览：{why.zh}", f"The preview cannot be served at {HOST}:{port}: {why.en}"),
            Text("换一个端口，或去掉 --port，用空闲的。", "Name another port, or leave --port out: a free one is taken."),
        ) from None  # fmt: skip


def _serve(server: Server) -> None:
    """Until Ctrl-C, or until the system ends it."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _display() -> bool:
    """Whether somebody could see a browser here."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _opened(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


COMMANDS = {
    "preview": Command(
        "preview", preview,
        [
            Option("--port", metavar="N", convert=whole(0), default=0, say=Text("在哪个端口（默认用空闲的）", "at which port (default: a free one)")),
            Option("--open", to="open_it", flag=True, say=Text("打开浏览器（有图形界面时默认打开）", "open the browser (the default where there is a display)")),
            Option("--no-open", to="stay", flag=True, say=Text("不打开浏览器", "do not open the browser")),
        ],
        say=Text("在浏览器里预览流程：图、检查、情景，还可以试办；随保存更新。", "Preview the procedures in the browser as they are saved: picture, findings, stories, and a case to play."),
        more=Text(
            "试办用虚拟时钟，什么也不发出，也不碰办公室的数据库。只有本机能打开。Ctrl-C 停止。",
            "A case is played on a virtual clock: nothing is sent, and the office's database is not touched. For this machine only. Ctrl-C stops it."),
        examples=("guanjia preview", "guanjia preview --port 8080 --no-open"),
    ),
}  # fmt: skip
