"""Lists as councils keep them: other headings, other languages, headings further down, names instead of codes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import FileUnreadable
from app.files import (
    TARGETS,
    Layout,
    Row,
    Source,
    changed_layout,
    layout_of,
    mendable_csv,
    mendable_workbook,
    read_rows,
)
from app.files.tables import first_rows
from app.queries.catalogue import sectors
from matching import COUNTRIES, LANGUAGES, Language
from tests.factories import bin_number

RUSSIAN = """Список экспортёров, 2025 год;;;;;;;
;;;;;;;
№ п/п;Наименование предприятия;БИН;Область;Отрасль;Продукция;Потребность;Эл. почта;Примечание
1;ТОО «Алтын Дан»;{bin};Костанайская;Сельское хозяйство;"1. Мука пшеничная
2. Отруби";Какао-порошок; dan@firm.example;звонили
2;АО «Руда»;—;Карагандинская обл.;Горнодобывающая промышленность, энергетика;Концентрат медный;нет;ruda@firm.example;
"""
KAZAKH = """Кәсіпорын атауы;БСН;Сала;Облыс;Өнім;Қажеттілік;Телефон;Электрондық пошта
«Ұн» ЖШС;{bin};Ауыл шаруашылығы;Қостанай облысы;Бидай ұны;Какао;+7 7142 50-00-00;un@firm.example
"""
ENGLISH = """Company name,RC No,Sector,State,Products/Services,Looking for,E-mail,Website,Country
Kano Cocoa Ltd,RC 1234567,"Agribusiness, Logistics",Kano,Cocoa powder; Sesame seeds,\
Wheat flour,a@b.example,www.kano.example,Nigeria
"""


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def read(path: Path, columns: dict[str, str] | None = None, **constants: str) -> list[Row]:
    layout = layout_of(Source.at(path))
    assert layout is not None
    return list(read_rows(path, changed_layout(layout, columns or {}, constants)))


def documents(rows: list[Row]) -> list[dict[str, Any]]:
    return [row.document or {} for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_russian_list_with_its_headings_in_the_third_row(tmp_path: Path, encoding: str) -> None:
    number = bin_number()
    path = written(tmp_path / "list.csv", RUSSIAN.format(bin=number), encoding)
    layout = layout_of(Source.at(path))
    assert layout is not None
    assert layout.line == 3
    assert layout.targets == (
        "",
        "legal_name",
        "registration_number",
        "region",
        "sectors",
        "offers",
        "needs",
        "contact_email",
        "",
    )
    mill, mine = read(path, country="Казахстан")
    assert (mill.line, mine.line) == (4, 6)
    assert mill.document == {
        "country": "KZ",
        "legal_name": "ТОО «Алтын Дан»",
        "registration_number": number,
        "region": "KZ-39",
        "sectors": ["agriculture"],
        "contact": {"email": "dan@firm.example"},
        "listings": [
            {"kind": "goods", "side": "offer", "title": "Мука пшеничная"},
            {"kind": "goods", "side": "offer", "title": "Отруби"},
            {"kind": "goods", "side": "need", "title": "Какао-порошок"},
        ],
    }
    assert mine.document is not None
    assert mine.document["sectors"] == ["mining", "energy"]
    assert mine.document["region"] == "KZ-35"
    assert "registration_number" not in mine.document
    assert mill.column_of("/listings/2/title") == "needs"
    assert mill.column_of("/contact/email") == "contact_email"
    assert mill.column_of("/sectors/0") == "sectors"


def test_kazakh_list(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", KAZAKH.format(bin=bin_number()))
    (mill,) = documents(read(path, country="Қазақстан"))
    assert (mill["country"], mill["region"], mill["sectors"]) == ("KZ", "KZ-39", ["agriculture"])
    assert [one["title"] for one in mill["listings"]] == ["Бидай ұны", "Какао"]
    assert mill["contact"] == {"email": "un@firm.example", "phone": "+7 7142 50-00-00"}


def test_english_list(tmp_path: Path) -> None:
    (trader,) = documents(read(written(tmp_path / "list.csv", ENGLISH)))
    assert (trader["country"], trader["region"]) == ("NG", "NG-KN")
    assert trader["sectors"] == ["agriculture", "logistics"]
    assert trader["website"] == "https://www.kano.example"
    assert [(one["side"], one["title"]) for one in trader["listings"]] == [
        ("offer", "Cocoa powder"),
        ("offer", "Sesame seeds"),
        ("need", "Wheat flour"),
    ]


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("БИН/ИИН", "registration_number"),
        ("БСН", "registration_number"),
        ("RC No.", "registration_number"),
        ("Название компаний", "legal_name"),
        ("Наименование (полное)", "legal_name"),
        ("Company name / Название", "legal_name"),
        ("E-mail:", "contact_email"),
        ("Телефон руководителя", "contact_phone"),
        ("Что предлагает", "offers"),
        ("Не ұсынады", "offers"),
        ("Не қажет", "needs"),
        ("Код ТН ВЭД", "hs_codes"),
        ("S/N", ""),
        ("Почему не принято", ""),
        ("Цвет", ""),
    ],
)
def test_heading_is_understood(tmp_path: Path, heading: str, target: str) -> None:
    layout = layout_of(Source.at(written(tmp_path / "list.csv", f'Сектор;"{heading}"\nАПК;x\n')))
    assert layout is not None
    assert layout.targets == ("sectors", target)


def test_cells_tell_what_a_heading_does_not(tmp_path: Path) -> None:
    text = f"Название;Код;Связь\nA;{bin_number()};a@b.example\nB;{bin_number()};c@d.example\n"
    layout = layout_of(Source.at(written(tmp_path / "list.csv", text)))
    assert layout is not None
    assert layout.targets == ("legal_name", "registration_number", "contact_email")
    assert layout.doubtful == {1, 2}


def test_column_is_corrected_and_a_value_is_set_for_all_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", "Название;Короткое;Цвет\nA;B;АПК\nC;;\n")
    columns = {"Название": "", "короткое": "legal_name", "3": "sectors"}
    first, second = documents(read(path, columns, country="NG", sectors="it"))
    assert first == {"country": "NG", "legal_name": "B", "sectors": ["agriculture"]}
    assert second == {"country": "NG", "sectors": ["it"]}
    with pytest.raises(FileUnreadable, match="No column is headed “Вкус”"):
        read(path, {"Вкус": "title"})
    with pytest.raises(FileUnreadable, match="There is no column taste"):
        read(path, {"Цвет": "taste"})


def test_constants_of_listings_make_no_listing(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", "Название;Услуги\nA;Перевозки\nB;\n")
    first, second = documents(read(path, country="KZ", sectors="логистика", kind="услуги"))
    assert first["listings"] == [{"kind": "service", "side": "offer", "title": "Перевозки"}]
    assert "listings" not in second


def test_codes_beside_several_titles_are_refused_and_beside_one_belong_to_it(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", 'Название;Товары;Код ТН ВЭД\nA;Мука;1101\nC;"Мука\nОтруби";1101\n')
    one, several = documents(read(path, country="KZ", sectors="agriculture"))
    assert one["listings"] == [{"kind": "goods", "side": "offer", "title": "Мука", "hs_codes": ["1101"]}]
    assert several["listings"][2] == {"hs_codes": ["1101"]}


def test_dates_years_and_numbers_as_people_write_them(tmp_path: Path) -> None:
    head = "Название;Сектор;Страна;Год основания;Действует до;Заголовок;Объем;Размер;Языки\n"
    path = written(tmp_path / "list.csv", head + "A;АПК;РК;2009 г.;31.3.2027;Мука;3 000,5;Средний;каз, рус\n")
    (found,) = documents(read(path))
    assert (found["founded"], found["size"], found["languages"]) == (2009, "medium", ["kk", "ru"])
    assert found["listings"] == [{"title": "Мука", "volume": {"amount": 3000.5}, "valid_until": "2027-03-31"}]


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_that_we_show_are_understood(tmp_path: Path, language: Language) -> None:
    shown = [
        (country, region, sector)
        for country in COUNTRIES.values()
        for region in country.regions
        for sector in sectors(language).items
    ]
    rows = [f"A;{c.names[language]};{sector.label};{c.regions[region][language]}\n" for c, region, sector in shown]
    path = written(tmp_path / "list.csv", "legal_name;country;sectors;region\n" + "".join(rows))
    found = [(one["country"], one["region"], one["sectors"]) for one in documents(read(path))]
    assert found == [(country.code, region, [sector.code]) for country, region, sector in shown]


def test_layout_is_kept_as_json(tmp_path: Path) -> None:
    layout = layout_of(Source.at(written(tmp_path / "list.csv", ENGLISH)))
    assert layout is not None
    assert Layout.of_json(layout.as_json()) == layout


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@settings(deadline=None)  # the first example reads what the others find in memory
@given(st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=5), st.sampled_from(",;"))
def test_cells_come_back_as_they_were_written(rows: list[list[str]], delimiter: str) -> None:
    head = ["legal_name", "sectors", "country", "title"]
    full = [["x", *row] for row in rows if len(row) < len(head)]
    expected = [list(row) for row in full]
    for row in expected:
        while row and not row[-1].strip():
            row.pop()
    as_text = Source.of("list.csv", mendable_csv(head, full, delimiter=delimiter))
    assert [row.cells for row in first_rows(as_text, 9)][1:] == [_unquoted(row) for row in expected]
    as_book = Source.of("list.xlsx", mendable_workbook(head, full))
    assert [row.cells for row in first_rows(as_book, 9)][1:] == expected


def _unquoted(row: list[str]) -> list[str]:
    """An apostrophe before a sign of a formula is taken for the one that we write there."""
    return [cell[1:] if cell[:1] == "'" and cell[1:2] in set("=+@-") and len(cell) > 1 else cell for cell in row]


@settings(deadline=None)  # the first example reads what the others find in memory
@given(st.binary(max_size=300), st.sampled_from([".csv", ".xlsx"]))
def test_any_bytes_are_read_or_refused_with_a_sentence(content: bytes, ending: str) -> None:
    source = Source.of("list" + ending, content)
    try:
        layout = layout_of(source)
        assert layout is not None
        assert set(layout.targets) <= {"", *TARGETS}
        list(read_rows(source, changed_layout(layout, {}, {"country": "KZ", "sectors": "it", "legal_name": "A"})))
    except FileUnreadable as failed:
        told = str(failed)
    else:
        told = ""
    assert "{path}" not in told
