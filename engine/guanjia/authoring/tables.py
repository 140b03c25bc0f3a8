"""Rows of a table that an office programme saved: CSV in the encodings that are met in China, or the first sheet of an XLSX workbook.

A workbook is a zip of XML. It comes from outside, so it is read as a stream by expat with limits: no document type (and so no
entities), so much and no more unpacked, no more columns than a person could fill. Formulas are not looked at; the value that the
programme kept for them is.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import IO, Any
from xml.parsers import expat

from ..errors import Refused, Text, because

MOST_BYTES = 500_000_000
"""Of one part of a workbook, unpacked; of a CSV file."""
MOST_COLUMNS = 500
MOST_ROWS = 1_048_576
"""Of a sheet, as office programmes have it."""
MOST_CELLS = 20_000_000
LONGEST_CELL = 32_767
"""Characters, as office programmes have it."""
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_LOOK = Text("在表格软件里另存为 CSV（UTF-8）或 XLSX 再试。", "Save it anew as CSV (UTF-8) or XLSX, then try again.")


def rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty with its number, as text. Refused where the file is no table that can be read."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"PK"
            file.seek(0)
            found = _workbook(file) if packed else _text(file)
            for number, row in found:
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield number, cells
    except OSError as error:
        name, why = Path(path).name, because(error)
        raise Refused("table", Text(f"读不了 {name}：{why.zh}", f"{name} cannot be read: {why.en}")) from None
    except (zipfile.BadZipFile, expat.ExpatError, LookupError, UnicodeError, csv.Error, ValueError, RuntimeError):
        name = Path(path).name
        raise Refused(
            "table", Text(f"{name} 不是能读的表格。", f"{name} is no table that can be read."), _LOOK
        ) from None


def _text(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _large()
    wide, content = content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE), content.removeprefix(BOM_UTF8)
    try:
        text = content.decode("utf-16" if wide else "utf-8")
    except UnicodeDecodeError:
        text = content.decode("gb18030").removeprefix("\ufeff")
    if "\0" in text:
        raise ValueError
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    for row in reader:
        yield reader.line_num, row[:MOST_COLUMNS]


# -- workbooks


def _workbook(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    with zipfile.ZipFile(file) as book:
        sheets: list[str] = []
        targets: dict[str, str] = {}

        def named(tag: str, given: dict[str, str]) -> None:
            if given.get("date1904") in ("1", "true"):  # days would be counted from another year
                raise ValueError
            if tag == f"{_MAIN}sheet":
                sheets.append(given[_RELATION])

        def led(tag: str, given: dict[str, str]) -> None:
            if "Id" in given:
                targets[given["Id"]] = given["Target"]

        _parse(book, "xl/workbook.xml", named)
        _parse(book, "xl/_rels/workbook.xml.rels", led)
        shared = _strings(book) if "xl/sharedStrings.xml" in book.namelist() else []
        target = targets[sheets[0]]
        place = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
        yield from _sheet(book, place, shared)


def _strings(book: zipfile.ZipFile) -> list[str]:
    """The texts that cells refer to by number; what is said of their reading (`rPh`) is none of it."""
    found: list[str] = []
    parts: list[str] = []
    inside: list[str] = []

    def begin(tag: str, given: dict[str, str]) -> None:
        inside.append(tag.removeprefix(_MAIN))

    def end(tag: str) -> None:
        if inside.pop() == "si":
            found.append("".join(parts))
            parts.clear()
            if len(found) > MOST_CELLS:
                raise _large()

    def text(data: str) -> None:
        if inside and inside[-1] == "t" and "rPh" not in inside:
            parts.append(data)

    _parse(book, "xl/sharedStrings.xml", begin, end, text)
    return found


def _sheet(book: zipfile.ZipFile, place: str, shared: list[str]) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    at: dict[str, Any] = {"row": 0, "column": 0, "type": "", "inside": "", "text": [], "long": 0, "cells": 0}

    def begin(tag: str, given: dict[str, str]) -> None:
        name = tag.removeprefix(_MAIN)
        at["inside"] = name
        if name == "row":
            at["row"] = int(given.get("r", at["row"] + 1))
            at["column"] = 0
            found.append((at["row"], []))
            if len(found) > MOST_ROWS:
                raise _large()
        elif name == "c":
            letters = re.match(r"[A-Z]{1,3}", given.get("r", ""))
            at["column"] = _number(letters[0]) if letters else at["column"] + 1
            at["type"], at["text"], at["long"] = given.get("t", "n"), [], 0

    def end(tag: str) -> None:
        at["inside"] = ""
        if tag == f"{_MAIN}c" and 0 < at["column"] <= MOST_COLUMNS:
            cells = found[-1][1]
            at["cells"] += max(at["column"] - len(cells), 0)
            if at["cells"] > MOST_CELLS:
                raise _large()
            cells += [""] * (at["column"] - len(cells))
            cells[at["column"] - 1] = _cell(at["type"], "".join(at["text"]), shared)

    def text(data: str) -> None:
        if at["inside"] in ("v", "t"):
            at["text"].append(data)
            at["long"] += len(data)
            if at["long"] > LONGEST_CELL:
                raise _large()

    _parse(book, place, begin, end, text)
    return found


def _cell(kind: str, text: str, shared: list[str]) -> str:
    if kind == "s":
        return _signs(shared[int(text)]) if text else ""
    if kind != "n" or not text:
        return "" if kind == "e" else _signs(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return str(int(number)) if number == number.to_integral_value() else text  # 1.38E10 is a telephone number


def _signs(text: str) -> str:
    """A text with the signs that XML cannot hold: a workbook writes them as _x000D_."""
    return (
        re.sub(r"_x(?![Dd][89A-Fa-f])([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), text)
        if "_x" in text
        else text
    )


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _parse(
    book: zipfile.ZipFile, place: str, begin: Callable[[str, dict[str, str]], Any], end: Callable[[str], Any] = lambda tag: None,
    text: Callable[[str], Any] = lambda data: None,
) -> None:  # fmt: skip
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, text
    parser.StartDoctypeDeclHandler = _refuse
    with book.open(place) as part:
        done = 0
        while piece := part.read(1 << 16):
            done += len(piece)
            if done > MOST_BYTES:
                raise _large()
            parser.Parse(piece)
        parser.Parse(b"", True)


def _refuse(*_: object) -> None:
    raise ValueError


def _large() -> Refused:
    return Refused(
        "table",
        Text(
            f"表格太大：最多 {MOST_ROWS:,} 行、{MOST_CELLS:,} 格，每格 {LONGEST_CELL:,} 字。",
            f"The table is too large: at most {MOST_ROWS:,} rows and {MOST_CELLS:,} cells of {LONGEST_CELL:,} characters.",
        ),
        Text("分成几个文件再试。", "Divide it into several files."),
    )


# -- writing


def harmless(cell: str) -> str:
    """A cell that no programme takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def meant(cell: str) -> str:
    """What `harmless` was given."""
    return cell[1:] if cell[:1] == "'" and harmless(cell[1:]) == cell else cell
