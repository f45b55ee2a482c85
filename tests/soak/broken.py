"""Lists of firms, broken in one way each, with the rows that must come through."""

import csv
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import openpyxl

from app.files.layouts import MOST_COLUMNS

Rows = list[list[str]]
HEADINGS = {
    "en": ["Company name", "Sector", "Products", "Website", "City", "Contact person"],
    "ru": ["Название компании", "Отрасль", "Продукция", "Сайт", "Город", "Контактное лицо"],
    "kk": ["Компания атауы", "Сала", "Өнім", "Сайты", "Қала", "Байланыс тұлғасы"],
}
NAMES = {
    "en": ["Sahel Foods", "Lagos Cocoa & Grains", 'O\'Neil "Best" Ltd', "Kano Leather"],
    "ru": [
        "ТОО «Диірмен»".replace("і", "и"),
        "АО «Кондитерская фабрика»",
        "ИП Петров, сыновья",
        "Завод трансформаторов",
    ],
    "kk": ["ЖШС «Қостанай Ұны»", "«Әлем Өңдеу» ЖШС", "Ғажайып Һәм Үміт", "Іскер Қызмет"],
}
GOODS = {
    "en": ["Cocoa powder", "Leather, tanned", "Wheat flour for bakeries"],
    "ru": ["Мука пшеничная", "Трансформаторы силовые", "Подсолнечное масло"],
    "kk": ["Бидай ұны", "Күнбағыс майы", "Жүн және тері"],
}
SECTORS = {"en": "agriculture", "ru": "Сельское хозяйство", "kk": "Ауыл шаруашылығы"}
PEOPLE = {"en": "Ada Obi", "ru": "Пётр Щукин", "kk": "Айгүл Өмірқызы"}
ENCODINGS = {
    "en": ["utf-8", "latin-1", "cp1251"],
    "ru": ["utf-8", "cp1251", "kz1048", "utf-16"],
    "kk": ["utf-8", "kz1048", "utf-16"],
}
DELIMITERS = ",;\t|"
LINE_ENDS = ("\n", "\r\n")
MIB = 1 << 20
WEIRD = [
    "\u202e",
    "\u200f",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\ufffd",
    "\U0001f600",
    "\u0301",
    "\u2028",
    "\x85",
    "\x00",
    "\x1b",
]


@dataclass(frozen=True, slots=True)
class Broken:
    """A file, how it was broken, and the names of the firms in rows that were left as they were.

    ``refusable`` files may be refused as a whole: what was broken belongs to all rows.
    """

    seed: int
    name: str
    how: str
    content: bytes
    rows: list[str]
    mark: str
    refusable: bool = False
    constants: dict[str, str] = field(default_factory=lambda: {"country": "KZ", "sectors": "agriculture"})


@dataclass(slots=True)
class _List:
    """What is broken: rows with their headings, and which of them are still whole."""

    rng: np.random.Generator
    mark: str
    headings: list[str]
    rows: Rows
    whole: list[bool]
    refusable: bool = False

    def pick(self, count: int) -> int:
        """A number below ``count``."""
        return int(self.rng.integers(count))

    def touch(self) -> list[str]:
        """A row that is about to be broken."""
        at = self.pick(len(self.rows))
        self.whole[at] = False
        return self.rows[at]

    @property
    def names(self) -> list[str]:
        """Of the firms whose rows are whole."""
        rows = (row for row, whole in zip(self.rows, self.whole, strict=True) if whole)
        return [next(cell for cell in row if cell.startswith(self.mark)) for row in rows]


def broken_file(rng: np.random.Generator, seed: int) -> Broken:
    """A file made by chance."""
    mark = f"F{seed}n"
    language = ("en", "ru", "kk")[int(rng.integers(3))]
    rows = [_row(rng, f"{mark}{at}", language) for at in range(int(rng.integers(2, 12)))]
    made = _List(rng, mark, list(HEADINGS[language]), rows, [True] * len(rows))
    kind = ("csv", "csv", "xlsx", "jsonl")[int(rng.integers(4))]
    makers: dict[str, Callable[[_List, str], tuple[str, bytes]]] = {"csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl}
    how, content = makers[kind](made, language)
    return Broken(seed, f"list.{kind}", how, content, made.names, mark, made.refusable)


def _row(rng: np.random.Generator, mark: str, language: str) -> list[str]:
    def any_of(choices: list[str]) -> str:
        return choices[int(rng.integers(len(choices)))]

    site = f"https://{mark.lower()}.example"
    city = {"en": "Kano", "ru": "Костанай", "kk": "Қостанай"}[language]
    return [
        f"{mark} {any_of(NAMES[language])}",
        SECTORS[language],
        any_of(GOODS[language]),
        site,
        city,
        PEOPLE[language],
    ]


def _nothing(made: _List) -> None:
    """A list as it should be."""


def _weird_letters(made: _List) -> None:
    row = made.touch()
    row[made.pick(len(row))] += WEIRD[made.pick(len(WEIRD))] * (1 + made.pick(3))


def _nfd(made: _List) -> None:
    row = made.touch()
    row[:] = [unicodedata.normalize("NFD", cell) for cell in row]


def _long(made: _List) -> None:
    row = made.touch()
    row[2 + made.pick(4)] = "x" * int(made.rng.choice([501, 501, 5001, 32_768, MIB + 10]))


def _formula(made: _List) -> None:
    row = made.touch()
    row[made.pick(6)] = ["=1+1", '=HYPERLINK("http://x")', "@SUM(A1)", "+7 (714) 200", "-1", "\t=1", "'=x"][
        made.pick(7)
    ]


def _line_breaks(made: _List) -> None:
    row = made.touch()
    row[2] = 'Flour\n"Bran"\nOil; "press"\n'


def _short_row(made: _List) -> None:
    row = made.touch()
    del row[1 + made.pick(5) :]


def _long_row(made: _List) -> None:
    made.touch().extend(["more"] * (1 + made.pick(5)))


def _swapped(made: _List) -> None:
    order = [int(one) for one in made.rng.permutation(len(made.headings))]
    made.headings[:] = [made.headings[at] for at in order]
    for row in made.rows:
        row[:] = [row[at] for at in order]


def _missing_column(made: _List) -> None:
    at = 1 + made.pick(5)
    del made.headings[at]
    for row in made.rows:
        del row[at]


def _repeated_column(made: _List) -> None:
    at = made.pick(6)
    made.refusable = True
    made.headings.append(made.headings[at])
    for row in made.rows:
        row.append(row[at])


def _many_columns(made: _List) -> None:
    count = int(made.rng.choice([50, 50, 50, 10_000]))
    made.refusable = count > MOST_COLUMNS
    made.headings.extend(f"c{at}" for at in range(count))


def _titles_above(made: _List) -> None:
    made.rows[:0] = [list(made.headings)]
    made.whole[:0] = [False]
    made.headings[:] = ["", "2026", ""]


def _empty_rows(made: _List) -> None:
    for _ in range(1 + made.pick(3)):
        at = made.pick(len(made.rows) + 1)
        made.rows.insert(at, [""] * made.pick(8))
        made.whole.insert(at, False)


IN_ROWS = (
    _nothing, _weird_letters, _nfd, _long, _formula, _line_breaks, _short_row, _long_row, _swapped, _missing_column,
    _repeated_column, _many_columns, _titles_above, _empty_rows,
)  # fmt: skip


def _how(made: _List, *ways: str) -> str:
    return ways[made.pick(len(ways))]


def _csv(made: _List, language: str) -> tuple[str, bytes]:
    way = _how(made, "rows", "rows", "quote", "flip", "cut", "noise", "ends", "bom", "nul", "empty", "other")
    change = IN_ROWS[made.pick(len(IN_ROWS))] if way == "rows" else _nothing
    change(made)
    encoding = ENCODINGS[language][made.pick(len(ENCODINGS[language]))]
    if way == "rows" and change in {_weird_letters, _nfd, _line_breaks}:
        encoding = "utf-8"
    delimiter = DELIMITERS[made.pick(4)]
    lines = [_csv_line(row, delimiter) for row in (made.headings, *made.rows)]
    end = LINE_ENDS[made.pick(2)]
    ends = [LINE_ENDS[made.pick(2)] for _ in lines] if way == "ends" else [end] * len(lines)
    if way == "quote":
        at = made.pick(len(made.rows))
        made.whole[at] = False
        lines[at + 1] = _with_quote(made, lines[at + 1], delimiter)
    blocks = [(line + own).encode(encoding, "replace") for line, own in zip(lines, ends, strict=True)]
    if encoding == "utf-16":
        blocks = [block.removeprefix(b"\xff\xfe") for block in blocks]
        blocks[0] = b"\xff\xfe" + blocks[0]
    how = f"{way} {change.__name__} {encoding} {delimiter!r}"
    content = _damaged(made, way, blocks, wide=encoding == "utf-16")
    if way == "noise" and encoding != "utf-8":  # which encoding it is, all bytes tell
        made.refusable, made.whole[:] = True, [False] * len(made.whole)
    return how, content


def _csv_line(row: list[str], delimiter: str) -> str:
    out = StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(row)
    return out.getvalue()


def _with_quote(made: _List, line: str, delimiter: str) -> str:
    cells = line.split(delimiter)
    at = made.pick(len(cells))
    cells[at] = [f'"{cells[at]}', f'{cells[at]}"', f'"{cells[at]}"x', f'{cells[at][:2]}"{cells[at][2:]}'][made.pick(4)]
    return delimiter.join(cells)


def _damaged(made: _List, way: str, blocks: list[bytes], *, wide: bool) -> bytes:
    """The bytes of a list after one more accident; ``blocks`` are its headings and its rows."""
    at = made.pick(len(made.rows))
    if way in {"flip", "nul", "noise"}:
        made.whole[at] = False
        made.refusable = wide and way != "flip"  # every letter after it may be another one
        block = bytearray(blocks[at + 1])
        place = made.pick(max(1, len(block) - 4))
        if way == "flip":
            block[place] = made.pick(9) + (1 if wide else 128)
        else:
            block[place:place] = (
                b"\0" * 2 if way == "nul" else made.rng.bytes(2 * (1 + made.pick(20))).replace(b'"', b"'")
            )
        if wide:
            made.whole[at:] = [False] * len(made.whole[at:])
        blocks[at + 1] = bytes(block)
        if way == "noise":
            made.whole[:] = [whole and not wide for whole in made.whole]
    elif way == "cut":
        made.whole[at:] = [False] * len(made.whole[at:])
        made.refusable = at == 0
        return b"".join(blocks[: at + 1]) + blocks[at + 1][: made.pick(len(blocks[at + 1]))]
    elif way == "bom" and not wide:
        blocks[0] = b"\xef\xbb\xbf" + blocks[0]
        made.refusable = True
        made.whole[:] = [whole and _is_utf8(block) for whole, block in zip(made.whole, blocks[1:], strict=True)]
    elif way in {"empty", "other"}:
        made.whole[:] = [False] * len(made.whole)
        made.refusable = True
        return (
            [b"", b"\n" * made.pick(9), b"\0" * made.pick(999), blocks[0]][made.pick(4)]
            if way == "empty"
            else made.rng.bytes(made.pick(5000))
        )
    return b"".join(blocks)


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _jsonl(made: _List, language: str) -> tuple[str, bytes]:
    way = _how(made, "nothing", "flip", "cut", "nul", "noise", "deep", "ends", "strange")
    documents = [json.dumps(_document(row), ensure_ascii=bool(made.pick(2))) for row in made.rows]
    if way in {"deep", "strange"}:
        at = made.pick(len(documents))
        made.whole[at] = False
        strange = [
            '{"a": "\\ud800"}',
            "null",
            '{"legal_name": 1e999}',
            "NaN",
            '{"founded": ' + "9" * 5000 + "}",
            '{"\\u0000": 1}',
        ]
        documents[at] = '{"a":' * 10_000 if way == "deep" else strange[made.pick(len(strange))]
    ends = [LINE_ENDS[made.pick(2)] if way == "ends" else "\n" for _ in documents]
    blocks = [b"", *((one + end).encode() for one, end in zip(documents, ends, strict=True))]
    return f"{way} jsonl {language}", _damaged(made, way, blocks, wide=False)


def _document(row: list[str]) -> dict[str, object]:
    listing = {"side": "offer", "kind": "goods", "title": row[2]}
    return {"country": "KZ", "legal_name": row[0], "sectors": ["agriculture"], "website": row[3], "listings": [listing]}


def _xlsx(made: _List, language: str) -> tuple[str, bytes]:
    way = _how(made, "rows", "rows", "flip", "cut", "bomb", "entities", "merged", "huge", "old", "parts")
    change = IN_ROWS[made.pick(len(IN_ROWS))] if way == "rows" else _nothing
    change(made)
    content = _workbook(made, merged=way == "merged")
    how = f"{way} {change.__name__} xlsx {language}"
    if way not in {"rows", "merged"}:
        made.refusable = True
        made.whole[:] = [False] * len(made.whole)
    return how, _accident(made, way, content)


def _workbook(made: _List, *, merged: bool) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line, row in enumerate((made.headings, *made.rows), 1):
        for column, text in enumerate(row, 1):
            clean = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", text)[:32_767]
            cell = sheet.cell(line, column, clean)
            cell.data_type = "s"
    if merged:
        made.touch()
        at = made.whole.index(False) + 2
        sheet.merge_cells(start_row=at, end_row=at, start_column=2, end_column=5)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _accident(made: _List, way: str, content: bytes) -> bytes:
    if way == "flip":
        block = bytearray(content)
        for _ in range(1 + made.pick(20)):
            block[made.pick(len(block))] = made.pick(256)
        return bytes(block)
    if way == "cut":
        return content[: made.pick(len(content))]
    if way == "old":
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + made.rng.bytes(4096)  # also how an encrypted workbook begins
    return content if way in {"rows", "merged"} else _repacked(made, way, content)


def _repacked(made: _List, way: str, content: bytes) -> bytes:
    """A workbook whose parts were tampered with."""
    sheet = "xl/worksheets/sheet1.xml"
    out = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED, compresslevel=1) as new:
        names = old.namelist()
        lost = names[made.pick(len(names))] if way == "parts" else ""
        for name in names:
            body = old.read(name)
            if name == lost:
                body = [b"", b"<a/>", b"<", body[: made.pick(len(body))], made.rng.bytes(99)][made.pick(5)]
            elif name == sheet:
                body = _tampered(made, way, body)
            new.writestr(name, body)
    return out.getvalue()


ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 50 + b'"><!ENTITY c "' + b"&b;" * 50 + b'"><!ENTITY d "'
    + b"&c;" * 50 + b'"><!ENTITY e "' + b"&d;" * 50 + b'"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
)  # fmt: skip


def _tampered(made: _List, way: str, body: bytes) -> bytes:
    if way == "bomb":
        row = b"<row><c t='inlineStr'><is><t>" + b"x" * 1000 + b"</t></is></c></row>"
        return body.replace(b"</sheetData>", row * int(made.rng.choice([300, 3000])) + b"</sheetData>")
    if way == "entities":
        name = b"&x;" if made.pick(2) else b"&e;"
        start = body.find(b"<worksheet")
        return body[:start] + ENTITIES + body[start:].replace(b"</v>", name + b"</v>", 3)
    if way == "huge":
        far = [b'r="XFD1048576"', b'r="ZZZZZZ99999999999"', b'r="A0"', b'r="1"', b'r=""'][made.pick(5)]
        cell = b"<row r='1048576'><c " + far + b" t='inlineStr'><is><t>x</t></is></c></row>"
        return body.replace(b"</sheetData>", cell + b"</sheetData>")
    return body
