"""What companies are found by: words for people who search, keys for companies that may be the same."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import ID_LENGTH, Base, UtcDateTime, now

KEY_LENGTH = 120


class SearchText(Base):
    """A company's words as ``matching.latin`` spells them, in a table so narrow that it can be read through.

    ``names`` has a line for each name, ``words`` everything else; a space stands before each word.
    """

    __tablename__ = "search_texts"

    company_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True)
    names: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)


class LikenessKey(Base):
    """A key that companies which may be one share: country, kind and value."""

    __tablename__ = "likeness_keys"
    __table_args__ = (Index("ix_likeness_keys_company_id", "company_id"),)

    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    company_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True)


class NotDuplicate(Base):
    """Two companies that staff looked at and found to be two; ``first_id`` is the smaller id."""

    __tablename__ = "not_duplicates"

    first_id: Mapped[str] = mapped_column(
        String(ID_LENGTH), ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True
    )
    second_id: Mapped[str] = mapped_column(
        String(ID_LENGTH), ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
