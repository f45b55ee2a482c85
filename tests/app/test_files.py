from pathlib import Path

import pytest

from app.errors import FileUnreadable
from app.files import read_rows

HEADER = "country,legal_name,sectors,side,kind,title,hs_codes,volume_amount,volume_unit,contact_email\n"
ROW = "KZ,ТОО «Диірмен»,agriculture;logistics,offer,goods,Мука пшеничная,110100;1101,3000,т,a@b.example\n"


def test_csv_row_becomes_a_company_with_its_listing(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(HEADER + ROW, encoding="utf-8")
    (row,) = read_rows(path)
    assert row.line == 2
    assert row.document == {
        "country": "KZ",
        "legal_name": "ТОО «Диірмен»",
        "sectors": ["agriculture", "logistics"],
        "contact": {"email": "a@b.example"},
        "listings": [
            {
                "side": "offer",
                "kind": "goods",
                "title": "Мука пшеничная",
                "hs_codes": ["110100", "1101"],
                "volume": {"amount": 3000, "unit": "т"},
            }
        ],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "list.csv"
    rows = HEADER + ROW + ROW.replace("Мука пшеничная", "Трансформаторы силовые масляные")
    path.write_text(rows.replace(",", delimiter), encoding=encoding)
    found = list(read_rows(path))
    assert [row.document["legal_name"] for row in found if row.document] == ["ТОО «Диірмен»"] * 2


def test_line_numbers_follow_quoted_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('country,legal_name,sectors\nKZ,"Two\nlines",it\n\nKZ,C,it,too,many\n', encoding="utf-8")
    rows = list(read_rows(path))
    assert [row.line for row in rows] == [2, 5]
    assert rows[0].document is not None
    assert rows[0].document["legal_name"] == "Two\nlines"
    assert rows[1].problem == "The row has 5 cells, the header only 3."


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("list.txt", "x", "should end in"),
        ("list.csv", "country,name\n", "Unknown or repeated: name. Missing: legal_name, sectors"),
        ("list.csv", "", "Missing: country"),
        ("nothing.jsonl", None, "cannot be read"),
    ],
)
def test_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(FileUnreadable, match=says):
        list(read_rows(path))


def test_broken_lines_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"[" * 100_000 + b'\n"text"\n{"b": "\xff"}\n{"c": 2}')
    rows = list(read_rows(path))
    assert [row.line for row in rows] == [1, 2, 3, 4, 5]
    assert [row.document is not None for row in rows] == [True, False, False, False, True]
