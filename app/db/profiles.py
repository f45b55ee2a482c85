"""Row to engine value."""

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, selectinload

from app.db.companies import Company, ListingRow
from matching import SECTORS, Listing, Profile, Volume, Worth

WITH_ALL = (
    selectinload(Company.sector_rows),
    selectinload(Company.listing_rows.and_(ListingRow.ended_at.is_(None))).selectinload(ListingRow.code_rows),
)
"""Loads a company with its sectors and its listings that have not ended."""
WITHOUT_CONTACT = tuple(
    defer(column, raiseload=True)
    for column in (Company.contact_name, Company.contact_role, Company.contact_email, Company.contact_phone)
)
"""Leaves out what the engine never sees, which may have to be decrypted."""

AT_ONCE = 500


def profiles(session: Session, ids: Iterable[str]) -> list[Profile]:
    """The profiles of the companies that exist among ``ids``, read in batches."""
    wanted = list(ids)
    found: list[Profile] = []
    for start in range(0, len(wanted), AT_ONCE):
        batch = wanted[start : start + AT_ONCE]
        rows = session.scalars(select(Company).where(Company.id.in_(batch)).options(*WITH_ALL, *WITHOUT_CONTACT))
        found += [as_profile(row) for row in rows]
    return found


def as_profile(company: Company) -> Profile:
    """A company with its listings as the engine reads it."""
    return Profile(
        id=company.id,
        country=company.country,
        name=company.trading_name or company.legal_name,
        sectors=frozenset(sector for sector in SECTORS if any(row.sector == sector for row in company.sector_rows)),
        status=company.status,
        version=company.version,
        region=company.region,
        city=company.city,
        size=company.size,
        founded=company.founded,
        languages=frozenset(company.languages),
        website=company.website,
        summary=company.summary,
        listings=tuple(_as_listing(row) for row in company.listing_rows if row.ended_at is None),
    )


def _as_listing(row: ListingRow) -> Listing:
    return Listing(
        id=row.id,
        side=row.side,
        kind=row.kind,
        title=row.title,
        text=row.text or "",
        hs_codes=tuple(code.code for code in row.code_rows if code.scheme == "hs"),
        isic_codes=tuple(code.code for code in row.code_rows if code.scheme == "isic"),
        partnership=tuple(row.partnership),
        volume=_as_volume(row.volume),
        value=_as_worth(row.value),
        incoterms=tuple(row.incoterms),
        certificates=tuple(row.certificates),
        valid_until=row.valid_until,
    )


def _as_volume(volume: dict[str, str | float] | None) -> Volume | None:
    if volume is None:
        return None
    per = volume.get("per")
    return Volume(float(volume["amount"]), str(volume["unit"]), None if per is None else str(per))


def _as_worth(value: dict[str, str] | None) -> Worth | None:
    if value is None:
        return None
    least, most = (Decimal(value[end]) if value.get(end) else None for end in ("min", "max"))
    return Worth(least, most, value["currency"])
