from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.queries.search import CompanyFilter, search
from tests.conftest import Registered, bearer
from tests.factories import bin_number, company, listing


@pytest.fixture
def firms(register: Registered) -> dict[str, dict[str, Any]]:
    """Firms that write in three scripts, by a short name."""
    return {
        "mill": register(
            company(
                legal_name="ТОО «Қостанай Диірмені»",
                trading_name="Kostanay Mills",
                city="Қостанай",
                contact={"name": "Айгүл Серікова", "email": "aigul@mill.example", "phone": "+7 714 200-00-00"},
                listings=[listing("offer", "Мука пшеничная", text="Мешки 50 кг, вагоны, элеватор.")],
            )
        ),
        "bakery": register(
            company(
                "NG",
                legal_name="Unity Bakery Ltd",
                registration_number="RC 7654321",
                city="Kano",
                listings=[listing("need", "Flour for bread (muka)")],
            )
        ),
        "elevator": register(company(legal_name="АО «Элеватор Костанай»", summary="Хранение зерна")),
    }


def found(database: Database, words: str, firms: dict[str, dict[str, Any]], **filters: Any) -> list[str]:  # noqa: ANN401  # any filter
    names = {one["id"]: name for name, one in firms.items()}
    with database.reading() as session:
        page = search(session, CompanyFilter(words=words, **filters), limit=10)
        assert page.total == len(page.companies)
        return [names[one.id] for one in page.companies]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("kostanay", ["mill", "elevator"]),
        ("Костанай", ["mill", "elevator"]),
        ("Қостанай", ["mill", "elevator"]),
        ("qostanaı", ["mill", "elevator"]),
        ("un", ["bakery"]),
        ("мука", ["bakery", "mill"]),
        ("muk", ["bakery", "mill"]),
        ("vagony", ["mill"]),
        ("элев", ["elevator", "mill"]),
        ("мука kostanay", ["mill"]),
        ("aigul@mill.example", ["mill"]),
        ("aigul serikova", ["mill"]),
        ("+77142000000", ["mill"]),
        ("8 (714) 200", []),
        ("714 200 00 00", []),
        ("RC7654321", ["bakery"]),
        ("rc 7654321", ["bakery"]),
        ("7654 321", ["bakery"]),
        ("RC: 0007654321", ["bakery"]),
        ("765432", ["bakery"]),
        ("kan", ["bakery"]),
        ("зерн", ["elevator"]),
        ("% _", []),
        ("\\", []),
        ("ostanay", []),
    ],
)
def test_words_in_any_script(
    database: Database, firms: dict[str, dict[str, Any]], typed: str, names: list[str]
) -> None:
    assert found(database, typed, firms) == names


def test_number_may_be_written_with_spaces_and_its_name(database: Database, register: Registered) -> None:
    number = bin_number()
    firms = {"numbered": register(company(registration_number=number)), "other": register(company())}
    for typed in (number, f"{number[:4]} {number[4:8]} {number[8:]}", f"БИН {number}", f"{number[:6]}-{number[6:]}"):
        assert found(database, typed, firms) == ["numbered"]


def test_nothing_typed_lists_all_by_name(database: Database, firms: dict[str, dict[str, Any]]) -> None:
    assert set(found(database, " ", firms)) == set(firms)
    assert found(database, "", firms, country="NG") == ["bakery"]


def test_name_that_begins_so_comes_before_a_word_of_a_name_and_a_listing(
    database: Database, register: Registered
) -> None:
    firms = {
        "listed": register(company(legal_name="A", listings=[listing("offer", "Wheat flour")])),
        "named": register(company(legal_name="B Flour House")),
        "begins": register(company(legal_name="ТОО «Flour Kingdom»")),
        "also": register(company(legal_name="ТОО «Flour and More»")),
    }
    assert found(database, "flour", firms) == ["also", "begins", "named", "listed"]


def test_pages_go_on_where_the_last_one_ended(database: Database, register: Registered) -> None:
    ids = {register(company(legal_name=f"Firm {name}"))["id"] for name in "abcde"}
    with database.reading() as session:
        pages = [search(session, CompanyFilter(words="firm"), limit=2, offset=at) for at in (0, 2, 4, 6)]
    assert [len(page.companies) for page in pages] == [2, 2, 1, 0]
    assert {page.total for page in pages} == {5}
    assert {one.id for page in pages for one in page.companies} == ids


def test_changed_profile_is_found_by_its_new_words_only(
    client: TestClient, database: Database, register: Registered
) -> None:
    firm = register(company(legal_name="Old name"), verified=False)
    changed = company(legal_name="Жаңа атау", registration_number=firm["registration_number"])
    url = f"/v1/companies/{firm['id']}"
    assert client.put(url, json=changed, headers=bearer(firm["token"]) | {"If-Match": '"1"'}).status_code == 200
    assert found(database, "zhana", {"firm": firm}) == ["firm"]
    assert found(database, "old", {"firm": firm}) == []


def test_api_searches_alike(client: TestClient, staff: dict[str, str], firms: dict[str, dict[str, Any]]) -> None:
    answer = client.get("/v1/companies", params={"q": "kostanay", "country": "KZ"}, headers=staff)
    assert [one["id"] for one in answer.json()["items"]] == [firms["mill"]["id"], firms["elevator"]["id"]]
