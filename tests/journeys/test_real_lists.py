"""A council loads its public lists beside the sample; two new Kazakh firms ask for their counterparts."""

from datetime import UTC, datetime

import pytest

from app.actions.imports import import_companies
from app.actions.registration import Newcomer, add_companies
from app.cli.demo import SAMPLE
from app.cli.ranking import find_company
from app.db import Database
from app.files import read_rows
from app.live import LiveRegister
from app.queries.matches import RankingFilter, live_ranking
from app.settings import Settings
from schemas.companies import CompanyIn
from tests.conftest import SHARED
from tests.factories import company, listing

pytestmark = pytest.mark.slow

BUYER = company(
    legal_name="ТОО «Тест Энерго»",
    sectors=["energy"],
    listings=[listing("need", "Нужны силовые трансформаторы 500 кВА")],
)
DRILLER = company(
    legal_name="ТОО «Тест Бурение»",
    sectors=["mining"],
    listings=[listing("offer", "Бурение скважин на воду", kind="service")],
)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public lists are not beside the repository")
def test_right_nigerian_firms_come_first_with_the_shared_concept(sqlite_settings: Settings) -> None:
    database = Database(sqlite_settings)
    import_companies(database.writing, read_rows(SAMPLE), verified=True)
    for name in ("kz_exporters.jsonl", "ng_contractors.jsonl"):
        import_companies(database.writing, read_rows(SHARED / name))
    with database.writing() as session:
        add_companies(session, [Newcomer(CompanyIn.model_validate(one), "submitted") for one in (BUYER, DRILLER)])
    with database.reading() as session:
        fresh = LiveRegister().fresh(session)
        for document, concept in ((BUYER, "hs:8504"), (DRILLER, "isic:4220")):
            firm = find_company(session, document["registration_number"])
            today = datetime.now(UTC).date()
            best, _ = live_ranking(fresh, firm.id, RankingFilter(for_staff=True), limit=5, today=today)
            for match in best.values():
                assert match.theirs.country == "NG"
                codes = [code for one in match.evidence for code, _ in one.concepts]
                assert any(code.startswith(concept) for code in codes), match.theirs.name
    database.dispose()
