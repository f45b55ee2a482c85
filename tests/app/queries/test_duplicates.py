from typing import Any

from fastapi.testclient import TestClient

from app.actions.duplicates import forget_not_duplicates, say_not_duplicates
from app.db import Database
from app.db.audit import COMMAND_LINE
from app.queries.duplicates import CROWD, duplicates_of, likely_duplicates
from tests.conftest import Registered
from tests.factories import company


def firm(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any field of the contract
    country = fields.pop("country", "KZ")
    return company(country, legal_name=name, **({"contact": {"email": f"{abs(hash(name))}@gmail.com"}} | fields))


def all_pairs(database: Database, **wanted: Any) -> list[set[str]]:  # noqa: ANN401  # the query's arguments
    with database.reading() as session:
        return [{pair.ours.id, pair.theirs.id} for pair in likely_duplicates(session, **wanted)]


def test_register_is_listed_the_likeliest_first(database: Database, register: Registered) -> None:
    one = register(firm("ТОО «Қостанай Диірмені»", website="https://mill.example"))
    two = register(firm("Kostanay Diirmeni LLP", website="https://www.mill.example"))
    three = register(firm("Kano Grains Ltd", country="NG", registration_number="RC 1234567"))
    four = register(firm("Kano Grains Nigeria Limited", country="NG", registration_number="RC 890"))
    register(firm("Quite another"))
    assert all_pairs(database) == [{one["id"], two["id"]}, {three["id"], four["id"]}]
    assert all_pairs(database, country="NG") == [{three["id"], four["id"]}]
    assert all_pairs(database, limit=1) == [{one["id"], two["id"]}]


def test_one_company_sees_its_likely_duplicates_from_its_side(database: Database, register: Registered) -> None:
    one = register(firm("ТОО «Қостанай Диірмені»"))
    two = register(firm("Kostanay Diirmeni LLP"))
    for ours, theirs in ((one, two), (two, one)):
        with database.reading() as session:
            (found,) = duplicates_of(session, ours["id"])
        assert (found.ours.id, found.theirs.id) == (ours["id"], theirs["id"])
        (sign,) = found.same_name_or_number
        assert (sign.ours, sign.theirs) == (ours["legal_name"], theirs["legal_name"])
    with database.reading() as session:
        assert duplicates_of(session, "0" * 32) == []


def test_two_that_staff_found_to_be_two_are_not_shown_again(database: Database, register: Registered) -> None:
    one, two = register(firm("Alem Trade")), register(firm("Алем Трейд Trade Alem"))
    three = register(firm("Alem  Trade!"))
    assert len(all_pairs(database)) >= 1
    with database.writing() as session:
        for _ in range(2):
            say_not_duplicates(session, three["id"], one["id"], by=COMMAND_LINE)
    assert {one["id"], three["id"]} not in all_pairs(database)
    with database.reading() as session:
        assert one["id"] not in {pair.theirs.id for pair in duplicates_of(session, three["id"])}
    with database.writing() as session:
        forget_not_duplicates(session, one["id"], three["id"], by=COMMAND_LINE)
    assert {one["id"], three["id"]} in all_pairs(database)
    del two


def test_what_a_crowd_shares_makes_nobody_a_duplicate(database: Database, register: Registered) -> None:
    contact = {"email": "office@association.example", "phone": "+77270000000"}
    names = [f"{first}{second}" for first in "bcdfgk" for second in ("al", "er", "it", "on", "um")]
    for name in names[: CROWD + 1]:
        register(firm(f"{name}stan", contact=contact))
    assert all_pairs(database) == []


def test_deleted_company_leaves_no_trace(
    client: TestClient, database: Database, register: Registered, staff: dict[str, str]
) -> None:
    one, two = register(firm("Alem Trade")), register(firm("ALEM TRADE"))
    assert client.delete(f"/v1/companies/{two['id']}", headers=staff | {"If-Match": "*"}).status_code == 204
    assert all_pairs(database) == []
    with database.reading() as session:
        assert duplicates_of(session, one["id"]) == []
