"""Tables as CSV that a spreadsheet opens by a double click."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from matching import Language

BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SEPARATORS: dict[Language, str] = {"en": ",", "ru": ";", "kk": ";"}
"""What a spreadsheet set to the language expects: where the comma is the decimal sign, columns part at semicolons."""


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[str | int | None]], language: Language) -> bytes:
    """A table in UTF-8 with a byte order mark. No text is taken for a formula."""
    text = StringIO(BOM, newline="")
    text.seek(0, 2)
    writer = csv.writer(text, delimiter=SEPARATORS[language])
    writer.writerow([harmless(name) for name in head])
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue().encode()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
