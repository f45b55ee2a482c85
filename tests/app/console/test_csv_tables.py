import csv
from io import StringIO

import pytest

from app.console.csv_tables import csv_bytes, harmless


def test_spreadsheet_reads_every_cell_back() -> None:
    found = csv_bytes(["Сектор", "Firms"], [['Мука; «высшая», "1"\nсорт', 3], ["", None]], "en")
    assert found.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(found.decode("utf-8-sig"), newline="")))
    assert rows == [["Сектор", "Firms"], ['Мука; «высшая», "1"\nсорт', "3"], ["", ""]]


def test_columns_part_at_semicolons_where_the_comma_is_decimal() -> None:
    assert csv_bytes(["a", "b"], [[1, 2]], "ru").decode("utf-8-sig") == "a;b\r\n1;2\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+7 700", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formula_stays_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert csv_bytes([text], [[-5]], "kk").decode("utf-8-sig").startswith(("'", "\"'"))


def test_numbers_and_other_texts_stay_as_they_are() -> None:
    assert harmless("2-ply = good") == "2-ply = good"
    assert csv_bytes(["n"], [[-5]], "en").endswith(b"-5\r\n")
