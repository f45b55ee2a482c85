"""Change numbers: what a worker has to read again before it ranks."""

from sqlalchemy import String, func, insert, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db.base import ID_LENGTH, Base, new_id

LOCK = 0x6361_7261
ALL_COMPANIES = "*"
"""In place of a company's id: everything is to be read again."""


class Change(Base):
    """One registration, change or deletion of a company; numbers grow in the order of commits.

    ``mark`` is random: after a backup was restored, the same number comes again with another one.
    """

    __tablename__ = "changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    company_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    mark: Mapped[str] = mapped_column(String(ID_LENGTH), default=new_id, server_default="")


def record_change(session: Session, *company_ids: str) -> None:
    """Writes a change of each company in the running transaction."""
    lock_changes(session)
    session.connection().execute(insert(Change), [{"company_id": company_id} for company_id in company_ids])


def lock_changes(session: Session) -> None:
    """Lets one transaction at a time record changes, so that numbers commit in their order.

    On PostgreSQL by a transaction-scoped advisory lock; SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def latest_change(session: Session) -> int:
    """The newest change number; 0 when nothing was ever registered."""
    return session.scalar(select(func.max(Change.number))) or 0


def companies_changed(session: Session, after: int, until: int) -> set[str]:
    """Ids of the companies with changes numbered ``after`` < n ≤ ``until``."""
    return set(
        session.scalars(select(Change.company_id).where(Change.number > after, Change.number <= until).distinct())
    )
