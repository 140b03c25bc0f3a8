"""One place that knows which store a name means; drivers are loaded only when they are asked for."""

from __future__ import annotations

from os import PathLike, fspath

from ..errors import StoreError, Text
from .interface import Store

POSTGRES = ("postgresql://", "postgres://")


def file_of(name: str) -> str | None:
    """The file that a path or `sqlite:///path` names; None where the name is of no file."""
    scheme, separator, rest = name.partition("://")
    if not separator:
        return None if name == ":memory:" else name
    return rest.removeprefix("/") if scheme == "sqlite" else None


def open_store(url_or_path: str | PathLike[str]) -> Store:
    """The store that a path, `sqlite:///path`, `postgresql://…` or `:memory:` names.

    Nothing is created yet: call `migrate()` on a new database. StoreError when the URL or its driver is not known.
    """
    name = fspath(url_or_path)
    if name == ":memory:":
        from .memory import MemoryStore

        return MemoryStore()
    if name.startswith(POSTGRES):
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            raise StoreError(
                Text(
                    f"没有安装 PostgreSQL 的驱动（{error}）。", f"The driver for PostgreSQL is not installed ({error})."
                ),
                Text("请运行：pip install 'guanjia[postgres]'", "Run: pip install 'guanjia[postgres]'"),
            ) from None
        from .postgres import PostgresStore

        return PostgresStore(name)
    file = file_of(name)
    if file is None:
        scheme = name.partition("://")[0]
        raise StoreError(
            Text(f"不认识这种数据库：{scheme}://", f"No such kind of database: {scheme}://"),
            Text(
                "可以写文件路径（guanjia.db），或 postgresql://用户@主机/库名。",
                "Write the path of a file (guanjia.db), or postgresql://user@host/name.",
            ),
        )
    from .sqlite import SqliteStore

    return SqliteStore(file)
