"""CSV files and workbooks as rows of text."""

import csv
import json
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from itertools import islice
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import openpyxl

from app.errors import FieldError, FileUnreadable
from app.files.headings import heading_score
from app.files.records import records
from app.files.sources import Source

DELIMITERS = ",;\t|"
NOT_TEXT = re.compile("[\udc80-\udcff]")
"""Bytes that are not text, as ``surrogateescape`` reads them."""
WORKBOOK = ".xlsx"
MOST_UNZIPPED = 1 << 30
"""Bytes that a workbook may unzip to; a small file can be made to unzip to any size."""
UNREADABLE = "This row cannot be read ({why})."
SHARED, MOST_SHARED = "xl/sharedStrings.xml", 64 << 20
"""The part with a workbook's texts, which is kept in memory while its rows are read, and its most bytes."""
BROKEN = (
    *(BadZipFile, zlib.error, lzma.LZMAError, EOFError, ParseError, RuntimeError),  # encrypted, or of an unknown kind
    *(LookupError, ValueError, ArithmeticError, TypeError, AttributeError),  # openpyxl, where a part says nonsense
)
"""What reading a workbook ends with that is not whole."""
LOOKED_AT = 10
"""Rows among which the headings are looked for."""
NEUTRALISED = re.compile(r"'(?=[=+@-])")
"""The apostrophe that keeps a spreadsheet from taking a text for a formula; ``mending`` writes it."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row's cells, without empty ones at its end; ``numbers`` says which of them were numbers in the workbook."""

    line: int
    cells: list[str]
    numbers: frozenset[int] = frozenset()
    problem: FieldError | None = None


def table_rows(source: Source) -> Iterator[TableRow]:
    """The rows of a CSV file or of a workbook's first sheet that hold anything, one after another.

    Raises:
        FileUnreadable: it is missing or not a whole workbook.
    """
    return _sheet_rows(source) if source.ending == WORKBOOK else _csv_rows(source)


def first_rows(source: Source, count: int) -> list[TableRow]:
    """The first rows, to look at."""
    with closing(table_rows(source)) as rows:  # type: ignore[type-var]  # both readers are generators
        return list(islice(rows, count))


def unreadable_text(source: str) -> str | None:
    """The text as far as it can be read, when some of its bytes are not text; else None."""
    if not NOT_TEXT.search(source):
        return None
    return source.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _csv_rows(source: Source) -> Iterator[TableRow]:
    encoding = source.encoding(guess=True)
    delimiter = _delimiter(source, encoding)
    with source.text(encoding, newline="") as file:
        for line, cells, wrong in records(file, delimiter):
            if wrong is not None:
                yield _checked(line, cells, encoding, FieldError("", "row_unreadable", UNREADABLE, {"why": wrong}))
            elif _trimmed(cells):
                own = [NEUTRALISED.sub("", cell) if cell[:1] == "'" else cell for cell in cells]
                yield _checked(line, own, encoding)


def _checked(line: int, cells: list[str], encoding: str, problem: FieldError | None = None) -> TableRow:
    if unreadable_text(json.dumps(cells, ensure_ascii=False)) is None:
        return TableRow(line, cells, problem=problem)
    problem = FieldError("", "not_text", "This row is not valid {encoding} text.", {"encoding": encoding.upper()})
    return TableRow(line, [unreadable_text(cell) or cell for cell in cells], problem=problem)


def _delimiter(source: Source, encoding: str) -> str:
    """What makes the first rows read best as headings; where that tells nothing, the commonest in the first line."""
    with source.text(encoding, newline="") as file:
        first = [file.readline() for _ in range(LOOKED_AT)]

    def worth(delimiter: str) -> tuple[float, int]:
        try:
            rows = list(islice(csv.reader(StringIO("".join(first), newline=""), delimiter=delimiter), LOOKED_AT))
        except csv.Error:
            rows = []
        return max((heading_score(row) for row in rows), default=0.0), first[0].count(delimiter)

    return max(DELIMITERS, key=worth)


def _sheet_rows(source: Source) -> Iterator[TableRow]:
    """The rows of a workbook's first sheet, read one after another."""
    try:
        with source.binary() as file:
            with ZipFile(file) as parts:
                sizes = {part.filename: part.file_size for part in parts.infolist()}
            if sum(sizes.values()) > MOST_UNZIPPED:
                raise FileUnreadable("{path} unzips to more than a gigabyte. Save it as CSV.", path=source.name)
            if sizes.get(SHARED, 0) > MOST_SHARED:
                raise FileUnreadable(
                    "{path} holds more text than can be read at once. Save it as CSV.", path=source.name
                )
            with closing(openpyxl.load_workbook(file, read_only=True, data_only=True)) as book:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()
                for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
                    cells = _trimmed([_cell_text(value) for value in values])
                    if cells:
                        yield TableRow(line, cells, _numbers(values))
    except OSError as wrong:
        raise source.unreadable(wrong) from wrong
    except BROKEN as wrong:
        raise FileUnreadable(
            "{path} is not a whole Excel workbook. Save it again as .xlsx.", path=source.name
        ) from wrong


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _numbers(values: Sequence[object]) -> frozenset[int]:
    return frozenset(at for at, value in enumerate(values) if isinstance(value, int | float))


def _cell_text(value: object) -> str:
    """A cell as it would stand in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
