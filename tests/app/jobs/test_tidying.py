from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.actions.companies import set_status
from app.actions.letters import Letter
from app.actions.registration import Newcomer, add_companies
from app.actions.sessions import Browser, sign_in_company
from app.actions.tokens import new_token
from app.actions.uploads import upload_list
from app.db import Base, Database
from app.db.base import now
from app.db.companies import Company, ListingRow, StatusChange
from app.db.imports import Import
from app.db.jobs import TIDY, Job
from app.db.sessions import BrowserSession
from app.jobs.tidying import Tidier, tidy_now
from app.settings import Settings
from schemas.companies import CompanyIn
from tests.factories import OFFICER, kazakh_mill

LETTER = Letter("en", "http://here")
NOTHING = dict.fromkeys(
    (
        "registrations warned",
        "unconfirmed registrations erased",
        "uploaded lists erased",
        "ended listings erased",
        "contacts of suspended firms erased",
        "sessions, links and attempts removed",
    ),
    0,
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which addresses are confirmed."""
    return settings.model_copy(update={"confirm_email": True})


def added(database: Database, **fields: Any) -> str:  # noqa: ANN401  # of Newcomer
    newcomer = Newcomer(CompanyIn.model_validate(kazakh_mill()), "submitted", new_token(), **fields)
    with database.writing() as session:
        assert add_companies(session, [newcomer]) == [None]
    return newcomer.id


def done(database: Database, settings: Settings, days: float) -> dict[str, int]:
    """What is done some days from now."""
    counts = tidy_now(database, settings, moment=lambda: now() + timedelta(days=days))
    return {name: count for name, count in counts.items() if count}


def count(database: Database, table: type[Base]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_unconfirmed_firm_is_warned_and_then_erased(database: Database, settings: Settings) -> None:
    asked, imported = added(database, letter=LETTER), added(database)
    confirmed = added(database, letter=LETTER)
    with database.writing() as session:
        session.get_one(Company, confirmed).email_confirmed_at = now()
    assert done(database, settings, 22.9) == {}
    assert done(database, settings, 23.1) == {"registrations warned": 1}
    with database.reading() as session:
        mail = session.scalars(select(Job).where(Job.kind == "mail")).one()
        assert (mail.payload["about"], mail.payload["days"], mail.payload["language"]) == ("warning", "7", "kk")
    assert done(database, settings, 30.05) == {}, "the warning is not seven days old"
    assert done(database, settings, 30.2) == {"unconfirmed registrations erased": 1}
    with database.reading() as session:
        assert set(session.scalars(select(Company.id))) == {imported, confirmed}
    del asked


def test_late_first_run_warns_before_it_erases(database: Database, settings: Settings) -> None:
    added(database, letter=LETTER)
    assert done(database, settings, 400) == {"registrations warned": 1}
    assert done(database, settings, 406) == {}
    assert done(database, settings, 407.1) == {"unconfirmed registrations erased": 1}


def test_lists_listings_contacts_and_sessions_go_when_they_are_old(database: Database, settings: Settings) -> None:
    firm = added(database)
    with database.writing() as session:
        sign_in_company(session, firm, Browser("", ""))
        session.execute(update(ListingRow).where(ListingRow.position == 0).values(ended_at=now()))
        set_status(session, firm, "suspended", reason=None, by=OFFICER)
    content = "Country;Legal name;Sectors\nKZ;ТОО «Секрет»;agriculture\n".encode()
    upload_list(database.writing, "list.csv", content, by=OFFICER)
    assert done(database, settings, 29) == {}
    assert done(database, settings, 31) == {"uploaded lists erased": 1, "sessions, links and attempts removed": 1}
    with database.reading() as session:
        kept = session.scalars(select(Import)).one()
        assert (kept.content, kept.layout["samples"], kept.state) == (None, [], "failed")
        assert session.get_one(Company, firm).contact_email
    assert done(database, settings, 366) == {"contacts of suspended firms erased": 1}
    assert done(database, settings, 731) == {"ended listings erased": 1}
    with database.reading() as session:
        company = session.get_one(Company, firm)
        assert (company.contact_email, company.status) == (None, "suspended")
    assert count(database, ListingRow) == 1
    assert count(database, BrowserSession) == 0


def test_nothing_goes_where_zero_is_set(database: Database, settings: Settings) -> None:
    keeping = settings.model_copy(
        update={"unconfirmed_days": 0, "import_file_days": 0, "ended_listing_days": 0, "suspended_contact_days": 0}
    )
    firm = added(database, letter=LETTER)
    with database.writing() as session:
        session.execute(update(ListingRow).values(ended_at=now()))
        set_status(session, firm, "suspended", reason=None, by=OFFICER)
        session.execute(update(StatusChange).values(at=now()))
    assert done(database, keeping, 4000) == {}


def test_dry_run_counts_and_changes_nothing(database: Database, settings: Settings) -> None:
    added(database, letter=LETTER)

    def later() -> datetime:
        return now() + timedelta(days=25)

    for _ in range(2):
        counts = tidy_now(database, settings, dry=True, moment=later)
        assert counts == NOTHING | {"registrations warned": 1}
    assert tidy_now(database, settings, moment=later) == NOTHING | {"registrations warned": 1}


def test_worker_tidies_once_a_day_and_goes_on_after_a_crash(database: Database, settings: Settings) -> None:
    firm = added(database)
    with database.writing() as session:
        sign_in_company(session, firm, Browser("", ""))
        session.execute(update(BrowserSession).values(expires_at=now()))
    tidier = Tidier(database, settings)
    assert (tidier.work(), tidier.work(), Tidier(database, settings).work()) == (1, 0, 0)
    assert count(database, BrowserSession) == 0
    with database.writing() as session:  # as if one had been killed at it
        session.execute(update(Job).where(Job.kind == TIDY).values(claimed_until=now() - timedelta(seconds=1)))
    assert Tidier(database, settings).work() == 1
