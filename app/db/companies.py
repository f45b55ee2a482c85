"""Companies and their listings."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import JSON

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now
from app.db.cipher import SecretText
from matching import KINDS, SIDES, Kind, Sector, Side, Size, Status


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Company(Base):
    """A registered firm. ``version`` grows with each change and makes the ETag.

    ``email_asked_at``, ``email_warned_at`` and ``email_confirmed_at`` are of the present ``contact_email``: when a link
    was first mailed to confirm it, when it was warned that the registration will be removed, and when it was confirmed.
    """

    __tablename__ = "companies"
    __table_args__ = (
        CheckConstraint(_one_of("status", ("submitted", "verified", "unclaimed", "suspended")), "status"),
        Index("uq_companies_country_registration_number", "country", "registration_number", unique=True),
        Index(
            "uq_companies_country_normal_name_unnumbered",
            "country",
            "normal_name",
            unique=True,
            sqlite_where=text("registration_number IS NULL"),
            postgresql_where=text("registration_number IS NULL"),
        ),
        Index("ix_companies_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[Status] = mapped_column(String(16), index=True)
    status_reason: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2))
    legal_name: Mapped[str] = mapped_column(Text)
    normal_name: Mapped[str] = mapped_column(Text)
    trading_name: Mapped[str | None] = mapped_column(Text)
    registration_number: Mapped[str | None] = mapped_column(String(20))
    region: Mapped[str | None] = mapped_column(String(6), index=True)
    city: Mapped[str | None] = mapped_column(Text)
    size: Mapped[Size | None] = mapped_column(String(8))
    founded: Mapped[int | None]
    languages: Mapped[list[str]] = mapped_column(JSON)
    website: Mapped[str | None] = mapped_column(Text)
    summary: Mapped[str | None] = mapped_column(Text)
    contact_name: Mapped[str | None] = mapped_column(SecretText("companies.contact_name"))
    contact_role: Mapped[str | None] = mapped_column(SecretText("companies.contact_role"))
    contact_email: Mapped[str | None] = mapped_column(SecretText("companies.contact_email"))
    contact_phone: Mapped[str | None] = mapped_column(SecretText("companies.contact_phone"))
    email_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email_warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    sector_rows: Mapped[list["CompanySector"]] = relationship(
        order_by="CompanySector.position", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )
    listing_rows: Mapped[list["ListingRow"]] = relationship(
        order_by="ListingRow.position", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )


class StatusChange(Base):
    """A change of a company's status. ``by`` is an officer's e-mail address, None when the firm's own change did it."""

    __tablename__ = "status_changes"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    company_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    before: Mapped[Status] = mapped_column(String(16))
    after: Mapped[Status] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class CompanySector(Base):
    """A sector of a company, in the order that the firm named them."""

    __tablename__ = "company_sectors"

    company_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True)
    sector: Mapped[Sector] = mapped_column(String(16), primary_key=True, index=True)
    position: Mapped[int]


class ListingRow(Base):
    """A listing; one that was left out of a later profile has ``ended_at`` and stays."""

    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint(_one_of("side", SIDES), "side"),
        CheckConstraint(_one_of("kind", KINDS), "kind"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    company_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    side: Mapped[Side] = mapped_column(String(8))
    kind: Mapped[Kind] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    partnership: Mapped[list[str]] = mapped_column(JSON)
    volume: Mapped[dict[str, str | float] | None] = mapped_column(JSON(none_as_null=True))
    value: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    incoterms: Mapped[list[str]] = mapped_column(JSON)
    certificates: Mapped[list[str]] = mapped_column(JSON)
    valid_until: Mapped[date | None]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    code_rows: Mapped[list["ListingCode"]] = relationship(
        order_by="ListingCode.position", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )


class ListingCode(Base):
    """An HS or ISIC code that a listing declares."""

    __tablename__ = "listing_codes"
    __table_args__ = (Index("ix_listing_codes_scheme_code", "scheme", "code"),)

    listing_id: Mapped[str] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True)
    scheme: Mapped[str] = mapped_column(String(4), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10))
