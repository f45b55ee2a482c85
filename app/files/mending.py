"""Refused rows as a list to mend: the officer's own columns with one more that says why."""

import csv
import re
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter

FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d\s()./-]+$)")
"""How texts begin that a spreadsheet would take for a formula; a telephone number is none."""
NOT_IN_WORKBOOKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
MOST_CELL = 32_767
"""Characters of a workbook's cell."""
WIDTH = 24


def mendable_workbook(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """An Excel workbook in which every cell is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for at in range(len(headings)):
        sheet.column_dimensions[get_column_letter(at + 1)].width = WIDTH
    for row in (headings, *rows):
        sheet.append([_cell(sheet, text) for text in row])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def mendable_csv(headings: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str) -> bytes:
    """A CSV file with a mark, so that spreadsheets see that it is UTF-8."""
    out = StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    for row in (headings, *rows):
        writer.writerow([f"'{text}" if FORMULA.match(text) else text for text in row])
    return out.getvalue().encode("utf-8-sig", "replace")


def _cell(sheet: object, text: str) -> object:
    cell = WriteOnlyCell(sheet, value=NOT_IN_WORKBOOKS.sub("", text)[:MOST_CELL])
    cell.data_type = "s"  # else a text that begins with = would be a formula
    cell.quotePrefix = True
    return cell
