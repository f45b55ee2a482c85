"""Small registers whose figures are counted by hand."""

from datetime import UTC, date, datetime

from app.actions.registration import Newcomer, add_companies
from app.db import Database
from app.db.base import new_id
from app.db.companies import ListingRow
from app.db.matches import Pair, PairEvidence, Reason, Review, ReviewStatus, Step
from matching import Status
from schemas.companies import CompanyIn
from tests.factories import Document, company, listing

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def firm(country: str, *listings: Document, status: Status = "verified", **fields: object) -> Newcomer:
    """A firm that is not in the register yet."""
    return Newcomer(CompanyIn.model_validate(company(country, listings=list(listings), **fields)), status)


def added(database: Database, *firms: Newcomer) -> None:
    """Puts firms into the register."""
    with database.writing() as session:
        assert add_companies(session, firms) == [None] * len(firms)


def paired(  # noqa: PLR0913  # what a pair is made of
    database: Database,
    kazakh: Newcomer,
    nigerian: Newcomer,
    *met: tuple[str, str],
    status: ReviewStatus = "pending",
    reason: Reason | None = None,
    found_at: datetime = NOW,
) -> None:
    """Stores a pair with the needs that offers meet in it: ids of a need and an offer."""
    pair_id = f"{kazakh.id}.{nigerian.id}"
    with database.writing() as session:
        pair = Pair(id=pair_id, first_id=kazakh.id, second_id=nigerian.id, probability=0.5, picture={})
        pair.status, pair.reason, pair.found_at = status, reason, found_at
        session.add(pair)
        session.flush()
        session.add_all(
            PairEvidence(pair_id=pair_id, need_listing_id=need, offer_listing_id=offer, relevance=0.5)
            for need, offer in met
        )


def decided(database: Database, decision: Step, at: datetime, pair_id: str = "one.other") -> None:
    """Writes a decision into the record."""
    with database.writing() as session:
        session.add(
            Review(
                pair_id=pair_id,
                batch=new_id(),
                decision=decision,
                decided_by="officer@council.example",
                decided_at=at,
                model="expert",
                probability=0.5,
                components=[],
            )
        )


def end(database: Database, listing_id: str) -> None:
    """Ends a listing."""
    with database.writing() as session:
        row = session.get_one(ListingRow, listing_id)
        row.ended_at = NOW


def need(title: str, **fields: object) -> Document:
    """A need of goods."""
    return listing("need", title, **fields)


def offer(title: str, **fields: object) -> Document:
    """An offer of goods."""
    return listing("offer", title, **fields)
