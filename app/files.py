"""Files of companies: JSON Lines, CSV and Excel in, rows with their line numbers out; and JSON Lines out."""

import csv
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import openpyxl
from charset_normalizer import from_bytes

from app.errors import FileUnreadable

SAMPLE_BYTES = 200_000
DELIMITERS = ",;\t|"
COMPANY_COLUMNS = (
    "country",
    "legal_name",
    "trading_name",
    "registration_number",
    "sectors",
    "region",
    "city",
    "size",
    "founded",
    "languages",
    "website",
    "summary",
    "contact_name",
    "contact_role",
    "contact_email",
    "contact_phone",
)
LISTING_COLUMNS = (
    "side",
    "kind",
    "title",
    "text",
    "hs_codes",
    "isic_codes",
    "partnership",
    "volume_amount",
    "volume_unit",
    "volume_per",
    "value_min",
    "value_max",
    "value_currency",
    "incoterms",
    "certificates",
    "valid_until",
)
NOT_TEXT = re.compile("[\udc80-\udcff]")
"""Bytes that are not text, as ``surrogateescape`` reads them."""
LISTS = frozenset({"sectors", "languages", "hs_codes", "isic_codes", "partnership", "incoterms", "certificates"})
GROUPS = ("contact", "volume", "value")
REQUIRED_COLUMNS = ("country", "legal_name", "sectors")
WORKBOOK = ".xlsx"
MOST_UNZIPPED = 1 << 30
"""Bytes that a workbook may unzip to; a small file can be made to unzip to any size."""
BIN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: a document in the contract's form, or what is wrong with it.

    ``source`` is the row as it stood in the file, for the report.
    """

    line: int
    source: str
    document: dict[str, Any] | None
    problem: str | None = None


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a JSON Lines, CSV or Excel file, told apart by the name's ending.

    Raises:
        FileUnreadable: the file is missing, of another kind, not text, or its header is wrong.
    """
    if path.suffix.lower() == WORKBOOK:
        return _sheet_rows(path)
    readers = {".jsonl": _json_rows, ".ndjson": _json_rows, ".json": _json_rows, ".csv": _csv_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FileUnreadable("{path} should end in .jsonl (JSON Lines), .csv or .xlsx.", path=str(path))
    try:
        encoding = _encoding(path, guess=reader is _csv_rows)
    except OSError as wrong:
        raise FileUnreadable("{path} cannot be read: {why}.", path=str(path), why=wrong.strerror or "") from wrong
    return reader(path, encoding)


def count_lines(path: Path) -> int | None:
    """Lines of a file, for progress; None for a workbook, which would have to be read for it."""
    if path.suffix.lower() == WORKBOOK:
        return None
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) + 1


def as_line(document: dict[str, Any]) -> str:
    """A document as one line of JSON Lines."""
    return json.dumps(document, ensure_ascii=False)


def _encoding(path: Path, *, guess: bool) -> str:
    """The text encoding by its mark; without one UTF-8, or for spreadsheets' CSV what the bytes look like."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        sample[: sample.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        found = from_bytes(sample, cp_isolation=["cp1251", "kz1048", "cp1252", "utf_16_le"]).best() if guess else None
        return found.encoding if found else "utf-8"
    return "utf-8"


def _unreadable(source: str) -> str | None:
    """The text as far as it can be read, when some of its bytes are not text; else None."""
    if not NOT_TEXT.search(source):
        return None
    return source.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _json_rows(path: Path, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, errors="surrogateescape", newline="\n") as file:
        for number, line in enumerate(file, 1):
            source = line.strip("\r\n")
            if not source.strip():
                continue
            broken = _unreadable(source)
            if broken is not None:
                yield Row(number, broken, None, f"This line is not valid {encoding.upper()} text.")
                continue
            try:
                document = json.loads(source)
            except (ValueError, RecursionError) as wrong:
                yield Row(number, source, None, f"This is not valid JSON ({wrong}).")
                continue
            if not isinstance(document, dict):
                yield Row(number, source, None, "A line must be one JSON object, in braces.")
            else:
                yield Row(number, source, document)


def _csv_rows(path: Path, encoding: str) -> Iterator[Row]:
    csv.field_size_limit(1 << 20)
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        lines = csv.reader(file, delimiter=_delimiter(path, encoding))
        header = [name.strip().lower() for name in next(lines, [])]
        _check_header(path, header)
        while True:
            before = lines.line_num + 1
            try:
                cells = next(lines)
            except StopIteration:
                return
            except csv.Error as wrong:
                yield Row(before, "", None, f"This row cannot be read ({wrong}).")
                continue
            if not any(cell.strip() for cell in cells):
                continue
            source = json.dumps(cells, ensure_ascii=False)
            broken = _unreadable(source)
            if broken is not None:
                yield Row(before, broken, None, f"This row is not valid {encoding.upper()} text.")
            else:
                yield _row(before, source, header, cells)


def _row(line: int, source: str, header: list[str], cells: list[str]) -> Row:
    if len(cells) > len(header):
        return Row(line, source, None, f"The row has {len(cells)} cells, the header only {len(header)}.")
    return Row(line, source, _document(dict(zip(header, cells, strict=False))))


def _sheet_rows(path: Path) -> Iterator[Row]:
    """The rows of a workbook's first sheet, read one after another."""
    try:
        with ZipFile(path) as parts:
            unzipped = sum(part.file_size for part in parts.infolist())
        if unzipped > MOST_UNZIPPED:
            raise FileUnreadable("{path} unzips to more than a gigabyte. Save it as CSV.", path=str(path))
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            lines = enumerate(sheet.iter_rows(values_only=True), 1)
            header = [_cell_text(cell).strip().lower() for cell in next(lines, (1, ()))[1]]
            while header and not header[-1]:
                header.pop()
            _check_header(path, header)
            for line, values in lines:
                cells = _cells(header, values)
                if cells:
                    yield _row(line, json.dumps(cells, ensure_ascii=False), header, cells)
    except OSError as wrong:
        raise FileUnreadable("{path} cannot be read: {why}.", path=str(path), why=wrong.strerror or "") from wrong
    except (BadZipFile, KeyError, IndexError, ValueError, ParseError, zlib.error) as wrong:
        raise FileUnreadable("{path} is not a whole Excel workbook. Save it again as .xlsx.", path=str(path)) from wrong


def _cells(header: list[str], values: Sequence[object]) -> list[str]:
    """A row's cells as text, up to the last that is filled; a BIN that became a number gets its zeros back."""
    cells = [_cell_text(value) for value in values]
    for name, value, at in zip(header, values, range(len(cells)), strict=False):
        if name == "registration_number" and isinstance(value, int | float):
            kazakh = cells[header.index("country")].strip().upper() == "KZ"
            cells[at] = cells[at].zfill(BIN_DIGITS if kazakh else 0)
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _cell_text(value: object) -> str:
    """A cell as it would stand in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace") as file:
        first = file.readline()
    return max(DELIMITERS, key=first.count)


def _check_header(path: Path, header: list[str]) -> None:
    unknown = [name for name in header if name not in COMPANY_COLUMNS + LISTING_COLUMNS]
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if unknown or missing or len(set(header)) < len(header):
        raise FileUnreadable(
            "The first line of {path} must name the columns. Unknown or repeated: {unknown}. Missing: {missing}."
            " Known are: {known}.",
            path=str(path),
            unknown=", ".join(unknown) or "none",
            missing=", ".join(missing) or "none",
            known=", ".join(COMPANY_COLUMNS + LISTING_COLUMNS),
        )


def _document(cells: dict[str, str]) -> dict[str, Any]:
    """A CSV row in the contract's form: a company with at most one listing."""
    filled = {name: text for name, text in cells.items() if text.strip()}
    company = _grouped({name: _value(name, filled[name]) for name in COMPANY_COLUMNS if name in filled})
    listing = _grouped({name: _value(name, filled[name]) for name in LISTING_COLUMNS if name in filled})
    return company | ({"listings": [listing]} if listing else {})


def _value(name: str, text: str) -> Any:  # noqa: ANN401  # as JSON would hold it
    if name in LISTS:
        return [part.strip() for part in text.split(";") if part.strip()]
    if name in {"founded", "volume_amount"}:
        number = text.strip().replace(" ", "").replace("\u00a0", "").replace(",", ".")
        try:
            return int(number) if name == "founded" or number.isdigit() else float(number)
        except ValueError:
            return text
    return text.strip()


def _grouped(fields: dict[str, Any]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for name, value in fields.items():
        group, _, part = name.partition("_")
        if part and group in GROUPS:
            grouped.setdefault(group, {})[part] = value
        else:
            grouped[name] = value
    return grouped
