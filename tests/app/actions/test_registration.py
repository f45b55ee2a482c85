import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.actions.registration import Newcomer, Registrations, add_companies
from app.db import Base, Database
from app.db.changes import Change
from app.db.companies import Company, CompanySector, ListingCode, ListingRow
from app.db.jobs import Job
from app.db.profiles import profiles
from app.db.staff import Token
from app.errors import InputInvalid, RegistrationNumberTaken
from schemas.companies import CompanyIn
from tests.factories import bin_number, company, kazakh_mill, listing, nigerian_trader


def profile(**fields: Any) -> CompanyIn:  # noqa: ANN401  # any field of the contract
    return CompanyIn.model_validate(kazakh_mill(**fields))


def counted(database: Database, *tables: type[Base]) -> list[int]:
    with database.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def registered(registrations: Registrations, newcomers: list[CompanyIn]) -> list[Any]:
    return await asyncio.gather(*map(registrations.register, newcomers), return_exceptions=True)


def test_each_company_comes_whole(database: Database) -> None:
    with database.writing() as session:
        assert add_companies(session, [Newcomer(profile(), "submitted", "one"), Newcomer(profile(), "verified")]) == [
            None,
            None,
        ]
    assert counted(database, Company, CompanySector, ListingRow, ListingCode, Token, Change, Job) == [
        2, 2, 4, 4, 1, 2, 2,
    ]  # fmt: skip


def test_taken_number_is_refused_alone(database: Database) -> None:
    number = bin_number()
    profiles = [profile(registration_number=number) if at in {1, 4} else profile() for at in range(7)]
    with database.writing() as session:
        failures = add_companies(session, [Newcomer(one, "submitted") for one in profiles])
    assert [type(failure) for failure in failures] == [
        RegistrationNumberTaken if at == 4 else type(None) for at in range(7)
    ]
    assert counted(database, Company, ListingRow, Change, Job) == [6, 12, 6, 6]


def test_firm_without_a_number_is_refused_for_its_name(database: Database) -> None:
    same = {"legal_name": "ТОО «Одна»", "registration_number": None}
    with database.writing() as session:
        failures = add_companies(session, [Newcomer(profile(**same), "unclaimed") for _ in range(2)])
    assert [failure is None for failure in failures] == [True, False]
    assert counted(database, Company, ListingRow) == [1, 2]


def test_firms_that_arrive_together_share_transactions(database: Database) -> None:
    transactions = 0

    @contextmanager
    def writing() -> Iterator[Session]:
        nonlocal transactions
        transactions += 1
        with database.writing() as session:
            yield session

    number = bin_number()
    profiles = [profile(), *(profile(registration_number=number) for _ in range(3)), *(profile() for _ in range(20))]
    outcomes = asyncio.run(registered(Registrations(writing), profiles))
    refused = [at for at, outcome in enumerate(outcomes) if isinstance(outcome, RegistrationNumberTaken)]
    assert refused == [2, 3]
    assert transactions <= 2
    assert counted(database, Company, ListingRow, Token) == [22, 44, 22]


def test_failed_transaction_is_answered_to_each_and_the_next_one_works(database: Database) -> None:
    broken = True

    @contextmanager
    def writing() -> Iterator[Session]:
        with database.writing() as session:
            yield session
            if broken:
                raise OperationalError("COMMIT", {}, Exception("disk full"))

    async def twice() -> tuple[list[Any], list[Any]]:
        nonlocal broken
        registrations = Registrations(writing)
        profiles = [profile() for _ in range(3)]
        first = await registered(registrations, profiles)
        broken = False
        return first, await registered(registrations, profiles)

    first, second = asyncio.run(twice())
    assert {type(outcome) for outcome in first} == {OperationalError}
    assert {type(outcome) for outcome in second} == {tuple}
    assert counted(database, Company, ListingRow, Token, Change, Job) == [3, 6, 3, 3, 3]


@pytest.mark.parametrize(
    "document",
    [
        nigerian_trader(registration_number=None),
        nigerian_trader(contact=None),
        company(listings=[listing("offer", "Мука", id="0" * 32)]),
    ],
)
def test_firm_registers_with_number_address_and_new_listings(database: Database, document: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid):
        asyncio.run(Registrations(database.writing).register(CompanyIn.model_validate(document)))
    assert counted(database, Company) == [0]


def test_newcomer_is_read_as_after_it_was_added(database: Database) -> None:
    document = kazakh_mill(
        summary="Мельница",
        listings=[
            listing(
                "offer",
                "Мука",
                hs_codes=["110100"],
                isic_codes=["1061"],
                volume={"amount": 5, "unit": "t"},
                value={"max": "9.50", "currency": "USD"},
                valid_until="2030-01-31",
            ),
            listing("need", "Какао", text="порошок", certificates=["HACCP"], incoterms=["FOB"]),
        ],
    )
    newcomer = Newcomer(CompanyIn.model_validate(document), "submitted")
    with database.writing() as session:
        assert add_companies(session, [newcomer]) == [None]
    with database.reading() as session:
        assert profiles(session, [newcomer.id]) == [newcomer.profile()]
