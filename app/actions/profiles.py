"""A profile as columns: the one way from the wire contract to rows, for new companies and for changed ones."""

from typing import Any

from matching import COUNTRIES, fold, normal_name
from schemas.companies import CompanyIn, Contact
from schemas.listings import ListingIn

COMPANY_FIELDS = (
    "country",
    "legal_name",
    "trading_name",
    "registration_number",
    "region",
    "city",
    "size",
    "founded",
    "languages",
    "website",
    "summary",
)
CONTACT_FIELDS = ("name", "role", "email", "phone")
LISTING_FIELDS = ("side", "kind", "title", "text", "partnership", "incoterms", "certificates", "valid_until")


def company_columns(data: CompanyIn) -> dict[str, Any]:
    """What a profile says about its company, by column."""
    contact = data.contact or Contact()
    columns = {name: getattr(data, name) for name in COMPANY_FIELDS}
    columns |= {f"contact_{name}": getattr(contact, name) for name in CONTACT_FIELDS}
    columns["normal_name"] = normal_name(data.legal_name, COUNTRIES[data.country])
    columns["search_text"] = _search_text(data)
    return columns


def listing_columns(data: ListingIn, position: int) -> dict[str, Any]:
    """What a profile says about its listing at ``position``, by column."""
    columns = {name: getattr(data, name) for name in LISTING_FIELDS}
    columns["position"] = position
    columns["volume"] = data.volume.model_dump(mode="json") if data.volume else None
    columns["value"] = data.value.model_dump(mode="json", exclude_none=True) if data.value else None
    return columns


def declared_codes(data: ListingIn) -> list[tuple[str, int, str]]:
    """Scheme, position and code of each code that a listing declares."""
    hs = [("hs", at, code) for at, code in enumerate(data.hs_codes)]
    return hs + [("isic", at, code) for at, code in enumerate(data.isic_codes)]


def _search_text(data: CompanyIn) -> str:
    titles = [listing.title for listing in data.listings]
    names = (data.legal_name, data.trading_name, data.registration_number, data.city, *titles)
    return fold(" ".join(name for name in names if name))
