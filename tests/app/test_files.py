from datetime import date, datetime
from pathlib import Path

import openpyxl
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


@pytest.mark.parametrize("columns", [1, 20, 200])
@pytest.mark.parametrize(
    ("encoding", "city"),
    [
        ("kz1048", "Қостанай"),
        ("cp1251", "Алматы"),
        ("cp1252", "Côte d’Or"),
        ("utf-16-le", "Өскемен"),
        ("utf-16-be", "Өскемен"),
        ("utf-16-le", "Kano"),
    ],
)
def test_encoding_is_found_among_much_ascii(tmp_path: Path, encoding: str, city: str, columns: int) -> None:
    path = tmp_path / "list.csv"
    more = [f"c{number}" for number in range(columns)]
    rows = [
        ["Country", "Name", "Sectors", "City", *more],
        ["KZ", "Alem", "agriculture", city, "https://alem.example"],
    ]
    path.write_text("".join(f"{';'.join(row)}\r\n" for row in rows), encoding=encoding, newline="")
    assert [row.document and row.document["city"] for row in read_rows(path)] == [city]


def test_broken_letter_costs_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes((HEADER + ROW * 2).encode().replace("Диірмен".encode(), b"\xff", 1))
    broken, whole = read_rows(path)
    assert broken.problem is not None
    assert broken.problem.code == "not_text"
    assert whole.document is not None
    assert whole.document["legal_name"] == "ТОО «Диірмен»"


def test_line_numbers_follow_quoted_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('country,legal_name,sectors\nKZ,"Two\nlines",it\n\nKZ,C,it,too,many\n', encoding="utf-8")
    rows = list(read_rows(path))
    assert [row.line for row in rows] == [2, 5]
    assert rows[0].document is not None
    assert rows[0].document["legal_name"] == "Two\nlines"
    assert rows[1].problem is not None
    assert rows[1].problem.params == {"count": "5", "most": "3"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("list.txt", "x", "should end in"),
        ("list.csv", "country,name\n", "Missing: sectors"),
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


def workbook(path: Path, *rows: tuple[object, ...]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_workbook_rows_are_those_of_the_same_csv(tmp_path: Path) -> None:
    text = tmp_path / "list.csv"
    text.write_text(HEADER + ROW, encoding="utf-8")
    header, cells = (line.split(",") for line in (HEADER + ROW).splitlines())
    path = workbook(tmp_path / "list.XLSX", tuple(header), tuple(cells))
    assert [row.document for row in read_rows(path)] == [row.document for row in read_rows(text)]


def test_workbook_cells_of_other_kinds_are_read_as_text(tmp_path: Path) -> None:
    header = ("Country", "legal_name", "sectors", "registration_number", "founded", "valid_until", "title", None)
    path = workbook(
        tmp_path / "list.xlsx",
        header,
        ("KZ", "A", "it", 40940005123, 1999.0, datetime(2027, 3, 31), "Software", None),  # noqa: DTZ001  # Excel knows no time zones
        (None,),
        ("NG", "B", "it", 123456, None, date(2027, 4, 1), 7),
        ("NG", "C", "it", None, None, None, None, None, "too far"),
    )
    first, second, third = read_rows(path)
    assert (first.line, second.line, third.line) == (2, 4, 5)
    assert first.document == {
        "country": "KZ",
        "legal_name": "A",
        "sectors": ["it"],
        "registration_number": "040940005123",
        "founded": 1999,
        "listings": [{"title": "Software", "valid_until": "2027-03-31"}],
    }
    assert second.document is not None
    assert second.document["registration_number"] == "123456"
    assert second.document["listings"] == [{"title": "7", "valid_until": "2027-04-01"}]
    assert third.problem is not None
    assert third.problem.params == {"count": "9", "most": "7"}


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"PK\x03\x04 not a zip", "is not a whole Excel workbook"), (None, "cannot be read")],
)
def test_workbook_that_cannot_be_read_says_so(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "list.xlsx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=says):
        list(read_rows(path))


def test_workbook_without_its_columns_says_which(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="Missing: sectors"):
        list(read_rows(workbook(tmp_path / "list.xlsx", ("country", "name"))))
    with pytest.raises(FileUnreadable, match="Missing: country"):
        list(read_rows(workbook(tmp_path / "empty.xlsx")))


def test_workbook_that_unzips_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "list.xlsx", ("country", "legal_name", "sectors"))
    monkeypatch.setattr("app.files.tables.MOST_UNZIPPED", 100)
    with pytest.raises(FileUnreadable, match="unzips to more than a gigabyte"):
        list(read_rows(path))


def test_workbook_cut_short_is_not_whole(tmp_path: Path) -> None:
    path = workbook(tmp_path / "list.xlsx", ("country", "legal_name", "sectors"), ("KZ", "A", "it"))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FileUnreadable, match="is not a whole Excel workbook"):
        list(read_rows(path))


def test_half_a_letter_of_utf_16_costs_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes((HEADER + ROW + ROW).encode("utf-16")[:-1])
    first, second = read_rows(path)
    assert first.document is not None
    assert second.problem is not None
    assert second.problem.code == "not_text"


def test_stray_quotation_mark_costs_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    good = "KZ,{},it\n"
    for wrong in ('KZ,"Stray,it\n', 'KZ,"Stray,it\n' + good.format("B") + 'KZ,Closed",it\n', 'KZ,"Stray" x",it\n'):
        path.write_text("country,legal_name,sectors\n" + good.format("A") + wrong + good.format("C"), encoding="utf-8")
        names = [row.document["legal_name"] for row in read_rows(path) if row.document]
        assert names[0] == "A", wrong
        assert names[-1] == "C", wrong
        assert ("B" in names) == ("B" in wrong)


def test_workbook_of_an_unknown_zip_is_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "list.xlsx", ("country", "legal_name", "sectors"), ("KZ", "A", "it"))
    for at, byte in ((4, 227), (6, 1)):  # a later version; encrypted
        content = bytearray(path.read_bytes())
        for sign, place in ((b"PK\x01\x02", at + 2), (b"PK\x03\x04", at)):
            content[content.rindex(sign) + place] = byte
        (tmp_path / "broken.xlsx").write_bytes(content)
        with pytest.raises(FileUnreadable, match="not a whole Excel workbook"):
            list(read_rows(tmp_path / "broken.xlsx"))
