"""Companies that were merged, with what is needed to part them again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now
from app.db.cipher import SecretJson

Document = dict[str, Any]


class Merge(Base):
    """The company ``merged_id`` became part of ``kept_id``.

    Neither id is a foreign key: the one is gone, and the other may be merged into a third. What was kept of both is
    erased when the merge is undone or the company that holds them is removed.

    Attributes:
        kept_before: the profile of the company that stayed, as it was, in the form of the wire contract.
        kept_after: its profile once it held both.
        merged: the other company's profile.
        rows: all rows that belonged to the other company, by table, as ``app.db.rows`` writes them.
        joined: id of a listing of the other company to the id of the same listing that stayed.
        decisions: id of a pair that took over a decision of the other company's pair to its version then.
        tokens_moved: whether the other company's tokens sign in to the one that stayed; otherwise they ended.
    """

    __tablename__ = "merges"
    __table_args__ = (
        Index("ix_merges_kept_id", "kept_id"),
        Index("ix_merges_merged_id", "merged_id"),
        Index("ix_merges_country_registration_number", "country", "registration_number"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    kept_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kept_name: Mapped[str] = mapped_column(Text)
    merged_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    merged_name: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2))
    registration_number: Mapped[str | None] = mapped_column(String(20))
    normal_name: Mapped[str] = mapped_column(Text)
    kept_version: Mapped[int]
    merged_version: Mapped[int]
    kept_before: Mapped[Document | None] = mapped_column(SecretJson("merges.kept_before", none_as_null=True))
    kept_after: Mapped[Document | None] = mapped_column(SecretJson("merges.kept_after", none_as_null=True))
    merged: Mapped[Document | None] = mapped_column(SecretJson("merges.merged", none_as_null=True))
    rows: Mapped[dict[str, list[Document]] | None] = mapped_column(SecretJson("merges.rows", none_as_null=True))
    joined: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    decisions: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    tokens_moved: Mapped[bool] = mapped_column(default=False)
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    undone_by: Mapped[str | None] = mapped_column(Text)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
