"""The rows of a file of any kind as documents in the contract's form."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import FieldError, FileUnreadable
from app.files.columns import column_of
from app.files.layouts import MOST_COLUMNS, Layout, proposed_layout
from app.files.sources import Source
from app.files.tables import LOOKED_AT, WORKBOOK, first_rows, table_rows, unreadable_text

SAMPLED = 60
"""Rows that are looked at to understand the columns."""
TABLES = frozenset({".csv", WORKBOOK})
JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: a document in the contract's form, or what is wrong with it.

    ``source`` is the row as it stood in the file, for the report: a line, or a JSON list of cells. ``places`` names
    the column that each listing came from.
    """

    line: int
    source: str
    document: dict[str, Any] | None
    problem: FieldError | None = None
    places: tuple[str, ...] = ()

    @property
    def cells(self) -> list[str]:
        """The cells of a list's row as they stood there."""
        cells: list[str] = json.loads(self.source)
        return cells

    def column_of(self, pointer: str) -> str:
        """The column that a JSON Pointer into the document means; empty for the whole row."""
        return column_of(pointer, self.places)


def is_table(source: Source) -> bool:
    """Whether a file has columns, by its name."""
    return source.ending in TABLES


def layout_of(source: Source) -> Layout | None:
    """How a list would be read; None for JSON Lines.

    Raises:
        FileUnreadable: the file is missing, of another kind, or not whole.
    """
    if is_table(source):
        rows = first_rows(source, SAMPLED)
        if any(len(row.cells) > MOST_COLUMNS for row in rows[:LOOKED_AT]):
            raise FileUnreadable(
                "{path} has more than {most} columns. Keep those that tell of the firms.",
                path=source.name,
                most=str(MOST_COLUMNS),
            )
        return proposed_layout(rows)
    if source.ending in JSON_LINES:
        return None
    raise FileUnreadable("{path} should end in .jsonl (JSON Lines), .csv or .xlsx.", path=source.name)


def read_rows(file: Path | Source, layout: Layout | None = None) -> Iterator[Row]:
    """The rows of a JSON Lines, CSV or Excel file, told apart by the name's ending.

    Args:
        file: what is read.
        layout: how its columns are read; without it as they are understood.

    Raises:
        FileUnreadable: the file is missing, of another kind, not text, or a required column is missing.
    """
    source = Source.at(file) if isinstance(file, Path) else file
    layout = layout or layout_of(source)
    if layout is None:
        return _json_rows(source, source.encoding(guess=False))
    layout.require_whole(source.name)
    return _table_rows(source, layout)


def count_lines(path: Path) -> int | None:
    """Lines of a file, for progress; None for a workbook, which would have to be read for it."""
    if path.suffix.lower() == WORKBOOK:
        return None
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) + 1


def as_line(document: dict[str, Any]) -> str:
    """A document as one line of JSON Lines."""
    return json.dumps(document, ensure_ascii=False)


def _table_rows(source: Source, layout: Layout) -> Iterator[Row]:
    for row in table_rows(source):
        if row.line <= layout.line:
            continue
        cells = layout.cells(row)
        written = json.dumps(cells, ensure_ascii=False)
        problem = row.problem or layout.too_many(cells)
        if problem:
            yield Row(row.line, written, None, problem)
        else:
            document, places = layout.document(cells)
            yield Row(row.line, written, document, None, places)


def _json_rows(source: Source, encoding: str) -> Iterator[Row]:
    with source.text(encoding, newline="\n") as file:
        for number, line in enumerate(file, 1):
            text = line.strip("\r\n")
            if text.strip():
                yield _json_row(number, text, encoding)


def _json_row(number: int, source: str, encoding: str) -> Row:
    broken = unreadable_text(source)
    if broken is not None:
        problem = FieldError("", "not_text", "This line is not valid {encoding} text.", {"encoding": encoding.upper()})
        return Row(number, broken, None, problem)
    try:
        document = json.loads(source)
    except (ValueError, RecursionError) as wrong:
        problem = FieldError("", "json_invalid", "This is not valid JSON ({why}).", {"why": str(wrong)})
        return Row(number, source, None, problem)
    if not isinstance(document, dict):
        problem = FieldError("", "not_an_object", "A line must be one JSON object, in braces.")
        return Row(number, source, None, problem)
    return Row(number, source, document)
