"""What an editor shows: the real YAML language server completes and explains every key in both languages, and finds nothing wrong in
what is right."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from guanjia.authoring import editors
from guanjia.calendars.grammar import KEYS
from guanjia.cli.commands.schema import KINDS
from guanjia.language.keys import keys
from guanjia.language.schema import FILES, schema
from guanjia.model.clauses import Clauses
from guanjia.model.office import Office, Organisation, Roster
from guanjia.model.procedure import Procedure
from guanjia.model.registry import RegistryFile
from guanjia.model.standards import Overlay, Standards
from guanjia.model.stories import Stories
from pydantic import BaseModel

from tests.editor.server import PLACE, Server
from tests.offices import shipped
from tests.scale import drawn, scale

needs_server = pytest.mark.skipif(
    not PLACE.exists() and not os.environ.get("GUANJIA_REQUIRE_EDITOR"),
    reason="no YAML language server: `make editor` installs it (npm is needed)",
)


def test_each_kind_of_file_can_be_asked_for():
    assert set(KINDS) == FILES.keys()


def models() -> Iterator[type[BaseModel]]:
    """Every model of the grammar."""
    from typing import get_args

    seen: set[type[BaseModel]] = set()

    def inside(annotation: Any) -> Iterator[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
            seen.add(annotation)
            yield annotation
            for field in annotation.model_fields.values():
                yield from inside(field.annotation)
        for part in get_args(annotation):
            yield from inside(part)

    for root in (Procedure, Office, Organisation, Roster, RegistryFile, Stories, Standards, Overlay, Clauses):
        yield from inside(root)


def test_every_key_has_its_meaning_and_nothing_else_has_one() -> None:
    found = {
        f"{model.__name__}.{field.alias or name}" for model in models() for name, field in model.model_fields.items()
    }
    inherited = {f"{model.__name__}.{key}" for model in models() for base in model.__mro__[1:] for key in [it.partition(".")[2] for it in keys() if it.partition(".")[0] == base.__name__]}  # fmt: skip
    wanted = {f"Calendar.{key}" for key in KEYS} | {"File.include", "File.parameters"} | (found - inherited)
    assert sorted(wanted - keys().keys()) == []
    assert keys().keys() - wanted == set()
    for name, text in keys().items():
        assert any("一" <= char <= "鿿" for char in text.zh), name
        assert text.en, name
        assert not any("一" <= char <= "鿿" for char in text.en), name


def objects(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "", whole
    yield from whole.get("definitions", {}).items()


@needs_server
def test_an_editor_completes_and_explains_every_key_in_both_languages(tmp_path: Path) -> None:
    """Each definition is asked for at the top of a file of its own: completion at an empty line, hover over each key."""
    assert PLACE.exists(), "GUANJIA_REQUIRE_EDITOR is set, and there is no language server: make editor"
    files: dict[str, str] = {}
    asked: list[tuple[str, dict[str, Any]]] = []
    for kind in FILES:
        whole = schema(kind)
        for name, definition in objects(whole):
            label = f"{kind}{'-' + name if name else ''}"
            (tmp_path / f"{label}.json").write_text(
                json.dumps({**definition, "definitions": whole.get("definitions", {}), "required": []})
            )
            files[str(tmp_path / f"{label}.json")] = f"{label}.yaml"
            asked.append((label, definition["properties"]))
    chosen = drawn().sample(asked, scale(8, len(asked), faults=len(asked)))
    with Server(files) as server:
        for label, properties in chosen:
            uri = (tmp_path / f"{label}.yaml").as_uri()
            server.open(uri, "\n")
            place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
            listed = server.ask("textDocument/completion", place)
            offered = {item["label"]: item for item in (listed["items"] if isinstance(listed, dict) else listed)}
            assert properties.keys() <= offered.keys(), label
            hover = uri.removesuffix(".yaml") + "/" + label + ".yaml"
            server.open(hover, "".join(f"{key}:\n" for key in properties))
            for line, (key, about) in enumerate(properties.items()):
                zh, en = about["description"].split("\n\n")
                said = json.dumps(offered[key].get("documentation"), ensure_ascii=False)
                assert zh in said, (label, key)
                assert en in said, (label, key)
                shown = server.ask(
                    "textDocument/hover", {"textDocument": {"uri": hover}, "position": {"line": line, "character": 1}}
                )
                told = json.dumps(shown, ensure_ascii=False).replace("\\\\", "")
                assert zh in told, (label, key, told)
                assert en in told.replace("&nbsp;", " "), (label, key, told)


@needs_server
def test_an_editor_finds_nothing_wrong_in_the_shipped_office_and_a_misspelt_key_in_another(tmp_path: Path) -> None:
    office = shipped(tmp_path / "office")
    editors.write(office)
    chosen = json.loads((office / editors.SETTINGS).read_text())["yaml.schemas"]
    with Server({str(office / schema): globs for schema, globs in chosen.items()}) as server:
        paths = sorted(office.rglob("*.yaml"))
        for path in drawn().sample(paths, scale(15, len(paths), faults=len(paths))):
            found = server.open(path.as_uri(), path.read_text())
            assert [(item["range"]["start"], item["message"]) for item in found] == [], path
            other = tmp_path / "broken" / path.relative_to(office)
            broken = server.open(other.as_uri(), f"{path.read_text()}\nnothing_like_it: 1\n")
            assert any("nothing_like_it" in item["message"] for item in broken), path
