"""What an editor needs to complete and explain the files of an office: schemas beside them, and settings that say which is for which file.

The settings are those of the YAML language server, where VS Code and its kin look for them. Schemas are ours and written anew; settings that are there
already are somebody's own and stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import Refused, Text, because
from ..language.schema import FILES, schema
from ..runtime.rewriting import whole

SCHEMAS = "schemas"
SETTINGS = ".vscode/settings.json"


def settings() -> dict[str, Any]:
    """Which schema is for which files."""
    return {
        "yaml.schemas": {f"./{SCHEMAS}/{name}.json": list(globs) for name, globs in FILES.items()},
        "yaml.schemaStore.enable": False,
    }


def write(folder: str | Path) -> tuple[list[str], list[str]]:
    """Write schemas and settings: the paths that were written, and those that were left as they are. Refused (`file`)."""
    written, kept = [], []
    for path, text, ours in _texts():
        file = Path(folder) / path
        if file.exists() and (not ours or file.read_text(encoding="utf-8", errors="replace") == text):
            kept.append(path)
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            whole(file, text.encode())
        except OSError as error:
            why = because(error)
            raise Refused("file", Text(f"{path} 写不了：{why.zh}", f"{path} cannot be written: {why.en}")) from None
        written.append(path)
    return written, kept


def _texts() -> Iterator[tuple[str, str, bool]]:
    """Path and text of each file, and whether it is ours to write anew."""
    for name in FILES:
        yield f"{SCHEMAS}/{name}.json", _json(schema(name)), True
    yield SETTINGS, _json(settings()), False


def _json(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"
