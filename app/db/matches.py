"""The review queue and what was decided."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now

ReviewStatus = Literal["pending", "approved", "rejected", "deferred"]
Decision = Literal["approved", "rejected", "deferred"]
Step = Literal["approved", "rejected", "deferred", "withdrawn"]
"""What stands in the history: decisions, and that the last of them was taken back."""
Reason = Literal["not_relevant", "wrong_scale", "already_partners", "compliance", "capacity", "other"]
PAIR_ID_LENGTH = 2 * ID_LENGTH + 1


class Pair(Base):
    """A pair of companies that stands in the queue or was decided on.

    ``first`` is the company whose country's code comes first. ``first_ranks`` and ``second_ranks`` say whose
    ranking holds the pair. ``picture`` is the match as it was ranked or, once decided, as it was decided on.
    ``found_at`` is when the pair was stored first, ``computed_at`` when its picture was taken.
    """

    __tablename__ = "pairs"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'deferred')", "status"),
        Index("ix_pairs_status_probability_id", "status", "probability", "id"),
        Index("ix_pairs_found_at", "found_at"),
    )

    id: Mapped[str] = mapped_column(String(PAIR_ID_LENGTH), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    first_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    second_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    first_ranks: Mapped[bool] = mapped_column(default=False)
    second_ranks: Mapped[bool] = mapped_column(default=False)
    probability: Mapped[float]
    status: Mapped[ReviewStatus] = mapped_column(String(16), default="pending")
    reason: Mapped[Reason | None] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    picture: Mapped[dict[str, Any]] = mapped_column(JSON)
    computed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class PairEvidence(Base):
    """A need that an offer meets, among the evidence of a stored pair; kept beside the picture to be counted.

    The companies are those that the listings belong to. Listings have no foreign key: they go only with their
    company, and so do its pairs.
    """

    __tablename__ = "pair_evidence"

    pair_id: Mapped[str] = mapped_column(ForeignKey("pairs.id", ondelete="CASCADE"), primary_key=True)
    need_listing_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, index=True)
    offer_listing_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    relevance: Mapped[float]


class Review(Base):
    """A decision, kept for learning and for the record; no row of it is ever changed.

    It names the companies without a foreign key, because decisions outlive the firms they were made on. Decisions
    that were made in one step share a ``batch``. One that is ``withdrawn`` undoes the decision before it.
    """

    __tablename__ = "reviews"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    pair_id: Mapped[str] = mapped_column(String(PAIR_ID_LENGTH), index=True)
    batch: Mapped[str] = mapped_column(String(ID_LENGTH), index=True)
    decision: Mapped[Step] = mapped_column(String(16))
    reason: Mapped[Reason | None] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    model: Mapped[str] = mapped_column(String(64))
    probability: Mapped[float]
    components: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
