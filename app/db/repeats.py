"""Requests that were answered and may come again, because nobody knows whether the answer arrived."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, UtcDateTime

DIGEST_LENGTH = 64


class AnsweredRequest(Base):
    """A request with an ``Idempotency-Key``, and its answer in a form that only who sends it again can read.

    Attributes:
        digest: SHA-256 of caller, route and key.
        fingerprint: tells whether a body is the same; worth nothing without the key.
        salt: of the keys that are derived from the ``Idempotency-Key``.
        answer: encrypted with a key that is derived from the ``Idempotency-Key`` and the body.
        expires_at: from when on it counts for nothing.
    """

    __tablename__ = "answered_requests"

    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
