"""Registries are read as strictly as procedures: each cell by the type of its column, each mistake at its place, all of them at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from guanjia.language import OfficeFiles
from guanjia.model.registry import Registry

from tests.offices import ROOT, small
from tests.runtime.test_rows import LIFTS, office

PAGE = (ROOT / "docs/registries.md").read_text()
PIECES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
HEAD = LIFTS[: LIFTS.index("rows:")] + LIFTS[LIFTS.index("labels:") :]
TABLE = '编号,楼栋,载重,有效期至\nL1,1,1000.5,2026-06-30\n\nL2,"2",800,\n'


def said(folder: Path) -> list[str]:
    return [
        f"{it.file}:{it.line}:{it.column} {it.code}" for it in OfficeFiles(folder).check() if it.severity == "error"
    ]


def test_the_registry_and_the_procedure_of_the_page_are_in_order(tmp_path: Path) -> None:
    registry, procedure = (next(it for it in PIECES if word in it) for word in ("registry: lifts", "procedure: upkeep"))
    folder = small(tmp_path, procedure, name="upkeep", more={"registries/lifts.yaml": registry})
    assert [item.code for item in OfficeFiles(folder).check()] == []
    (table,) = re.findall(r"```\n(编号.*?)```", PAGE, re.DOTALL)
    bare = re.sub(r"rows:\n(  - .*\n)+", "", registry)
    (folder / "registries/lifts.yaml").write_text(bare)
    (folder / "registries/lifts.csv").write_text("\ufeff" + table)
    assert [item.code for item in OfficeFiles(folder).check()] == []
    assert list(OfficeFiles(folder).registries().sound["lifts"].rows) == ["L1", "L2"]


def test_a_table_and_a_list_of_the_same_rows_are_the_same_registry(tmp_path: Path) -> None:
    listed = LIFTS.replace(", kind: goods, open: false", ", load: 800")
    one = OfficeFiles(office(tmp_path / "yaml", listed)).registries().sound["lifts"]
    folder = office(tmp_path / "csv", HEAD)
    (folder / "registries/lifts.csv").write_text(TABLE)
    other = OfficeFiles(folder).registries().sound["lifts"]
    assert one.hash == other.hash
    assert Registry.of(one.canonical) == one


def test_every_mistake_of_a_table_is_told_at_its_cell(tmp_path: Path) -> None:
    folder = office(tmp_path, HEAD)
    (folder / "registries/lifts.csv").write_text(
        "code,building,kind,load\nL1,1,bus,heavy\nL1,2,goods,1\n,3,goods,1\nL4,4,goods,1,9\nL:5,5,goods,1\n"
    )
    assert said(folder) == [
        "registries/lifts.csv:2:6 registry-value", "registries/lifts.csv:2:10 registry-value", "registries/lifts.csv:3:1 duplicate-row",
        "registries/lifts.csv:4:1 registry-value", "registries/lifts.csv:5:14 registry-columns", "registries/lifts.csv:6:1 registry-value",
    ]  # fmt: skip


def test_a_misspelt_column_of_a_row_in_yaml_is_told_at_its_key_with_the_one_that_was_meant(tmp_path: Path) -> None:
    folder = office(tmp_path, LIFTS.replace("load: 1000.5, until:", "load: 1000.5, untill:"))
    (found,) = (item for item in OfficeFiles(folder).check() if item.severity == "error")
    assert found.code == "registry-columns"
    line = (folder / "registries/lifts.yaml").read_text().splitlines()[found.line - 1]
    assert line[found.column - 1 :].startswith("untill:")
    assert found.hint is not None
    assert found.hint.zh == "是否想写 until？"
    assert "lifts" not in OfficeFiles(folder).registries().sound


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("lift.kind != 'goods'", "lift.kind != 'cargo'", "expression"),
        ("lift.load > 1000", "lift.weight > 1000", "expression"),
        ("of: lifts", "of: lift", "unknown-registry"),
    ],
)
def test_what_a_procedure_says_of_a_row_is_judged_by_the_columns(
    tmp_path: Path, before: str, after: str, code: str
) -> None:
    from tests.runtime.test_rows import PROCEDURE

    folder = office(tmp_path, procedure=PROCEDURE.replace(before, after))
    assert {line.partition(" ")[2] for line in said(folder)} == {code}


def test_what_a_letter_says_of_a_row_is_judged_by_the_columns(tmp_path: Path) -> None:
    from tests.runtime.test_rows import PROCEDURE

    told = PROCEDURE.replace("{set: {heavy: lift.load > 1000}}", "{notify: {told: opener}}")
    folder = office(tmp_path, procedure=told)
    for language in ("zh", "en"):
        (folder / f"templates/{language}/told.text.j2").write_text("{{ lift }}\n{{ lift.builing }} {{ lift.load }}\n")
    assert {line.partition(" ")[2] for line in said(folder)} == {"unknown-column"}
    for language in ("zh", "en"):
        (folder / f"templates/{language}/told.text.j2").write_text("{{ lift }}\n{{ lift.building }} {{ lift.load }}\n")
    assert said(folder) == []
