"""What companies are found by: words for people who search, keys for companies that may be the same."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import ID_LENGTH, Base, UtcDateTime, now
from app.db.cipher import Cipher, every_beginning
from matching import latin_words

KEY_LENGTH = 120
CONTACT_KEYS = frozenset({"email", "phone", "domain"})
"""Kinds of keys that say something of a contact."""
SHORTEST_BEGINNING, LONGEST_BEGINNING = 3, 12
"""Letters of a contact's words that are enough, and that are looked at, where marks stand for them."""


class SearchText(Base):
    """A company's words as ``matching.latin`` spells them, in a table so narrow that it can be read through.

    ``names`` has a line for each name, ``words`` everything else; a space stands before each word. Where contacts are
    encrypted, marks stand among the words for the beginnings of theirs.
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


def contact_marks(texts: Sequence[str], cipher: Cipher) -> str:
    """Marks for all by which the words of a contact are found, a space before each."""
    words = [word for text in texts for word in latin_words(text)]
    beginnings = every_beginning(words, SHORTEST_BEGINNING, LONGEST_BEGINNING)
    return "".join(f" {cipher.mark(beginning)}" for beginning in beginnings)


def marks_of(word: str, cipher: Cipher) -> list[str]:
    """The marks that stand for a word of a contact that begins as typed."""
    return cipher.possible_marks(word[:LONGEST_BEGINNING])


def marked_key(key: str, cipher: Cipher) -> str:
    """A key with a mark in the place of what it says of a contact."""
    return _with(cipher.mark(key), key) if _kind(key) in CONTACT_KEYS else key


def possible_keys(key: str, cipher: Cipher) -> list[str]:
    """The key and all that may stand for it, whichever key of the cipher that was written with."""
    return [key, *(_with(mark, key) for mark in cipher.possible_marks(key))]


def _kind(key: str) -> str:
    return key.split(":", 2)[1]


def _with(mark: str, key: str) -> str:
    country, kind, _ = key.split(":", 2)
    return f"{country}:{kind}:{mark}"


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
