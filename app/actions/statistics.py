"""Refreshing what changes only when asked: word statistics and the whole queue."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.queue import ask_for_ranking
from app.db.audit import REGISTER, By, record_act
from app.db.changes import ALL_COMPANIES, record_change
from app.db.companies import Company, ListingRow
from app.db.statistics import WordStatistics
from matching import Statistics


def refresh_statistics(session: Session, *, by: By) -> int:
    """Counts the words of all present listings anew and asks for every company's ranking; how many listings."""
    rows = session.execute(select(ListingRow.title, ListingRow.text).where(ListingRow.ended_at.is_(None)))
    counted = Statistics.of("register", (f"{title}\n{text or ''}" for title, text in rows))
    session.add(WordStatistics(listings=counted.listings, used_by=dict(counted.used_by)))
    record_change(session, ALL_COMPANIES)
    ask_for_ranking(session, *session.scalars(select(Company.id).where(Company.status != "suspended")).all())
    session.flush()
    record_act(session, by, "statistics.refreshed", REGISTER, listings=counted.listings)
    return counted.listings
