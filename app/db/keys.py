"""Which keys the database's secrets are encrypted with, and how far a rotation is."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, UtcDateTime, now

KEY_ID_LENGTH = 16


class SecretKey(Base):
    """The id of a key that rows may be encrypted with; the key itself is never here.

    Attributes:
        rotated_to: the place that a rotation to this key has reached, as table and primary key.
        rotated_at: since when nothing is encrypted with another key, or not at all.
    """

    __tablename__ = "secret_keys"

    id: Mapped[str] = mapped_column(String(KEY_ID_LENGTH), primary_key=True)
    rotated_to: Mapped[str | None] = mapped_column(Text)
    rotated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
