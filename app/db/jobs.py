"""Work that is still to be done, kept so that a crash loses none."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from app.db.base import Base, UtcDateTime, now

TIDY = "tidy"
"""The kind of the job that removes what is too old; it is never done, only not due for a day."""


class Job(Base):
    """A piece of work of a ``kind`` on a ``key``; the same piece waits only once.

    It is deleted when done. A claim that has run out may be taken by another worker.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_kind_key", "kind", "key", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    asked: Mapped[int] = mapped_column(default=1)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
