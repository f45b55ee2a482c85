"""The word statistics that relevance uses, as they were last refreshed."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from app.db.base import Base, UtcDateTime, now


class WordStatistics(Base):
    """One refresh: how many listings use each term. The newest counts."""

    __tablename__ = "word_statistics"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    listings: Mapped[int]
    used_by: Mapped[dict[str, int]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
