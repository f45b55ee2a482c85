"""Reading companies."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.db.cipher import cipher_of
from app.db.companies import Company, ListingRow, StatusChange
from app.db.profiles import AT_ONCE, WITH_ALL
from app.db.search import LikenessKey, possible_keys
from app.errors import CursorInvalid, NotFound
from app.queries.cursors import CURSOR_HINT, cursor, place_of
from app.queries.search import CompanyFilter, filtered
from app.texts import translate
from matching import COUNTRIES, Disagreement, Language, Listing, address_key, code_disagreement, trade_vocabulary
from schemas.companies import CompanyOut, Warned

CONTACT_FIELDS = ("name", "role", "email", "phone")


def company_by_id(session: Session, company_id: str, *, lock: bool = False) -> Company:
    """A company with all that belongs to it; with ``lock`` nobody else changes it until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    query = select(Company).where(Company.id == company_id).options(*WITH_ALL)
    found = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if found is None:
        raise NotFound("There is no such company.")
    return found


def companies(
    session: Session, wanted: CompanyFilter, *, limit: int, after: str | None
) -> tuple[list[Company], str | None]:
    """A page of companies, oldest first, and the cursor of the next page."""
    query = filtered(select(Company).options(*WITH_ALL), wanted, cipher_of(session))
    query = query.order_by(Company.created_at, Company.id).limit(limit + 1)
    place = place_of(after, str, str)
    if place is not None:
        moment, company_id = _moment(str(place[0])), str(place[1])
        query = query.where(
            or_(Company.created_at > moment, tuple_(Company.created_at, Company.id) > tuple_(moment, company_id))
        )
    found = list(session.scalars(query))
    more = len(found) > limit
    page = found[:limit]
    return page, cursor(page[-1].created_at.isoformat(), page[-1].id) if more else None


def companies_of_address(session: Session, email: str) -> list[str]:
    """Ids of the companies whose contact has this e-mail address, in any case; a suspended one sees and mends too."""
    address = email.strip().lower()
    cipher = cipher_of(session)
    query = select(Company.id).order_by(Company.created_at)
    if cipher is None:
        return list(session.scalars(query.where(func.lower(Company.contact_email) == address)))
    keys = [key for country in COUNTRIES for key in possible_keys(address_key(country, address), cipher)]
    alike = exists().where(LikenessKey.company_id == Company.id, LikenessKey.key.in_(keys))
    rows = session.execute(query.add_columns(Company.contact_email).where(alike))
    return [company_id for company_id, kept in rows if (kept or "").lower() == address]


def status_history(session: Session, company_id: str) -> list[StatusChange]:
    """The changes of a company's status, newest first."""
    return list(
        session.scalars(
            select(StatusChange)
            .where(StatusChange.company_id == company_id)
            .order_by(StatusChange.at.desc(), StatusChange.id.desc())
        )
    )


def every_company(session: Session) -> Iterator[Company]:
    """All companies, oldest first, read in batches."""
    yield from companies_of_ids(session, company_ids(session))


def company_ids(session: Session) -> list[str]:
    """Ids of all companies, oldest first."""
    return list(session.scalars(select(Company.id).order_by(Company.created_at, Company.id)))


def companies_of_ids(session: Session, ids: Sequence[str]) -> Iterator[Company]:
    """The companies that still exist among the ids, which come oldest first, read in batches."""
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        rows = session.scalars(
            select(Company).where(Company.id.in_(batch)).options(*WITH_ALL).order_by(Company.created_at, Company.id)
        )
        yield from rows


def document(company: Company) -> dict[str, Any]:
    """A company in the form of the wire contract, listings with their ids, absent fields null or empty."""
    contact = {name: getattr(company, f"contact_{name}") for name in CONTACT_FIELDS}
    return {
        "country": company.country,
        "legal_name": company.legal_name,
        "trading_name": company.trading_name,
        "registration_number": company.registration_number,
        "sectors": [row.sector for row in company.sector_rows],
        "region": company.region,
        "city": company.city,
        "size": company.size,
        "founded": company.founded,
        "languages": company.languages,
        "website": company.website,
        "summary": company.summary,
        "contact": contact if any(contact.values()) else None,
        "listings": [listing_document(row) for row in company.listing_rows if row.ended_at is None],
    }


def listing_document(row: ListingRow) -> dict[str, Any]:
    """A listing in the form of the wire contract."""
    return {
        "id": row.id,
        "side": row.side,
        "kind": row.kind,
        "title": row.title,
        "text": row.text,
        "hs_codes": [code.code for code in row.code_rows if code.scheme == "hs"],
        "isic_codes": [code.code for code in row.code_rows if code.scheme == "isic"],
        "partnership": row.partnership,
        "volume": row.volume,
        "value": row.value,
        "incoterms": row.incoterms,
        "certificates": row.certificates,
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }


def shown(company: Company, language: Language, *, contact: bool = True) -> CompanyOut:
    """A company as the firm itself and the council see it, with what looks wrong in it.

    Without ``contact`` it names no person.
    """
    fields = document(company)
    if not contact:
        fields["contact"] = None
    return CompanyOut(
        id=company.id,
        status=company.status,
        created_at=company.created_at,
        changed_at=company.changed_at,
        email_confirmed_at=company.email_confirmed_at,
        warnings=warnings_of(fields["listings"], language),
        **fields,
    )


def warnings_of(listings: list[dict[str, Any]], language: Language) -> list[Warned]:
    """Codes and titles that disagree among a profile's listings."""
    labels = trade_vocabulary()
    found = enumerate(_disagreement(listing) for listing in listings)
    return [
        Warned(
            pointer=f"/listings/{at}",
            code="code_and_text_disagree",
            message=translate(
                "The code says “{declared}” ({declared_code}), the title speaks of “{spoken}” ({spoken_code})."
                " Check which is right.",
                language,
                {
                    "declared": labels[one.declared].labels[language],
                    "declared_code": one.declared,
                    "spoken": labels[one.spoken].labels[language],
                    "spoken_code": one.spoken,
                },
            ),
        )
        for at, one in found
        if one is not None
    ]


def _disagreement(listing: dict[str, Any]) -> Disagreement | None:
    """Whether codes and title disagree; asked by nothing else, so that the answer is remembered for all alike."""
    hs, isic = tuple(listing["hs_codes"]), tuple(listing["isic_codes"])
    if not (hs or isic):
        return None
    return code_disagreement(Listing("", "offer", "goods", listing["title"], hs_codes=hs, isic_codes=isic))


def filled(fields: dict[str, Any]) -> dict[str, Any]:
    """A document without what is absent and without listings' ids, as it is exported."""
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "listings":
            kept[name] = [filled({part: held for part, held in listing.items() if part != "id"}) for listing in value]
        elif isinstance(value, dict):
            kept[name] = filled(value)
        elif value is not None and value != []:
            kept[name] = value
    return kept


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise CursorInvalid(CURSOR_HINT)
