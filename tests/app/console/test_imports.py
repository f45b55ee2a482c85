import re
from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.jobs.imports import Importer
from tests.app.console.test_review import Officer, officer
from tests.app.jobs.test_imports import firms, russian_list
from tests.factories import bin_number

__all__ = ["officer"]

HOME = "/console/imports"
Upload = Callable[..., str]


def upload(browser: TestClient, content: bytes, name: str = "Список.xlsx") -> str:
    """The address of the import."""
    answer = browser.post(HOME, files={"file": (name, content)}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def chosen(page: str) -> dict[str, str]:
    """The fields of the form of columns as they stand on the page."""
    selects = re.findall(r'<select id="[^"]+" name="([^"]+)".*?</select>', page, re.DOTALL)
    bodies = re.findall(r'<select id="[^"]+" name="[^"]+".*?</select>', page, re.DOTALL)
    values = [re.search(r'<option value="([^"]*)" selected>', body) for body in bodies]
    return {name: value[1] if value else "" for name, value in zip(selects, values, strict=True)}


def checked(browser: TestClient, database: Database, content: bytes, name: str = "Список.xlsx") -> str:
    address = upload(browser, content, name)
    fields = chosen(browser.get(address).text) | {"all-country": "KZ"}
    assert browser.post(f"{address}/columns", data=fields, follow_redirects=False).status_code == 303
    assert Importer(database).check() == 1
    return address


def test_list_is_uploaded_checked_imported_and_its_faulty_rows_mended(officer: Officer, database: Database) -> None:
    browser = officer()
    browser.cookies.set("caravan-language", "ru")
    address = upload(browser, russian_list())
    page = browser.get(address).text
    assert "Не найдено: Страна" in page
    fields = chosen(page)
    assert [fields[f"column-{at}"] for at in range(6)] == [
        "",
        "legal_name",
        "registration_number",
        "sectors",
        "offers",
        "contact_email",
    ]
    assert "ТОО «Ұн 0»" in page
    refused = browser.post(f"{address}/columns", data=fields | {"column-0": "sectors"})
    assert refused.status_code == 422
    assert "Выбрано дважды: Отрасли" in refused.text
    assert chosen(refused.text)["column-0"] == "sectors", "what was chosen is kept"
    browser.post(f"{address}/columns", data=fields | {"all-country": "KZ"})
    assert "Список проверяется" in browser.get(address).text
    assert "HX-Refresh" not in browser.get(f"{address}/progress").headers
    Importer(database).check()
    assert browser.get(f"{address}/progress").headers["HX-Refresh"] == "true"
    page = browser.get(address).text
    assert firms(database) == []
    assert re.search(r"<strong>3</strong>\s+новые", page)
    assert "<strong>БИН</strong> <q>100140000004</q>: Последняя цифра" in page
    assert "ТОО «Ұн 0»" in page
    assert "<q>Рыболовство</q>: Используйте" in page or "Горнодобыв" in page
    browser.post(f"{address}/start", data={"verified": "yes"})
    assert "Остановить" in browser.get(address).text
    Importer(database).run()
    page = browser.get(address).text
    assert "Список импортирован" in page
    assert len(firms(database)) == 3
    book = openpyxl.load_workbook(BytesIO(browser.get(f"{address}/faulty.xlsx").content))
    head, row = ([cell.value for cell in cells] for cells in book.active.iter_rows())
    assert head[-1] == "Почему не принято"
    mended = [*row[:2], bin_number(), "АПК", "Рыба", "a@b.example", row[-1]]
    book.active.delete_rows(2)
    book.active.append(mended)
    book.active["B2"].data_type = "s"
    out = BytesIO()
    book.save(out)
    again = upload(browser, out.getvalue(), "Исправлено.xlsx")
    fields = chosen(browser.get(again).text)
    assert fields["all-country"] == "KZ", "the columns are understood as before"
    assert browser.get(f"{address}/faulty.csv").content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_pages_are_in_the_reader_s_language(officer: Officer, database: Database, language: str) -> None:
    browser = officer()
    browser.cookies.set("caravan-language", language)
    address = checked(browser, database, russian_list())
    for path in (HOME, address, f"{address}/columns"):
        page = browser.get(path)
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert language == "en" or not re.search(r">[^<]*\b(the|Import|Columns|List|rows)\b[^<]*<", page.text)


def test_import_is_stopped_and_goes_on(officer: Officer, database: Database) -> None:
    browser = officer()
    address = checked(browser, database, russian_list())
    browser.post(f"{address}/start")
    browser.post(f"{address}/stop")
    assert Importer(database).run() == 0
    assert "The import was stopped" in browser.get(address).text
    browser.post(f"{address}/start")
    Importer(database).run()
    assert "The list is imported" in browser.get(address).text
    late = browser.post(f"{address}/stop")
    assert late.status_code == 409
    assert "Someone went on with this import" in late.text
    browser.post(f"{address}/forget")
    assert browser.get(address).status_code == 404


def test_viewers_and_strangers_see_no_imports(officer: Officer, client: TestClient, database: Database) -> None:
    address = checked(officer(), database, russian_list())
    viewer = officer("viewer@council.example", "viewer")
    for path in (HOME, address, f"{address}/columns", f"{address}/progress", f"{address}/faulty.csv"):
        assert viewer.get(path).status_code == 403
        assert client.get(path, follow_redirects=False).status_code == 303
    assert viewer.post(HOME, files={"file": ("a.csv", b"a")}).status_code == 403
    assert viewer.post(f"{address}/start").status_code == 403


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"file": ("list.pdf", b"%PDF")}, "should be an Excel workbook"),
        ({"file": ("list.xlsx", b"PK cut")}, "is not a whole Excel workbook"),
        ({"other": ("list.csv", b"a")}, "Choose a file."),
    ],
)
def test_upload_that_is_no_list_says_why(officer: Officer, files: dict[str, tuple[str, bytes]], says: str) -> None:
    answer = officer().post(HOME, files=files)
    assert answer.status_code == 422
    assert says in answer.text


def test_large_list_passes_the_limits_of_other_pages(officer: Officer) -> None:
    content = b"Company name;Sector\n" + b"A;it\n" * 1_000_000
    assert upload(officer(), content, "big.csv").startswith(HOME)


def test_what_a_list_says_is_not_taken_for_markup(officer: Officer, database: Database) -> None:
    browser = officer()
    text = "Название;Сектор\n<script>alert(1)</script>;<b>x</b>\n<i>Y</i>;АПК\n"
    address = checked(browser, database, text.encode(), "<u>.csv")
    page = browser.get(address).text + browser.get(f"{address}/columns").text
    assert "<script>alert" not in page
    assert "<b>x" not in page
    assert "<i>Y" not in page
