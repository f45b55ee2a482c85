"""A profile as columns: the one way from the wire contract to rows, for new companies and for changed ones."""

from typing import Any

from app.db.cipher import Cipher
from app.db.search import contact_marks, marked_key
from matching import COUNTRIES, Identity, likeness_keys, name_lines, normal_name, word_line
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


def search_columns(data: CompanyIn, cipher: Cipher | None = None) -> dict[str, str]:
    """What a company is found by when someone searches, by column; with a cipher marks stand for its contact."""
    number = data.registration_number or ""
    names = (normal_name(data.legal_name, COUNTRIES[data.country]), data.legal_name, data.trading_name)
    numbers = (number, number.replace(" ", ""))
    contact = data.contact or Contact()
    phone = "".join(letter for letter in contact.phone or "" if letter.isdigit())
    private = [text for text in (contact.email, contact.name, phone) if text]
    texts = [data.city, data.website, *(private if cipher is None else ()), data.summary]
    for listing in data.listings:
        texts += [listing.title, listing.text]
    marks = "" if cipher is None else contact_marks(private, cipher)
    return {
        "names": name_lines(name for name in (*names, *numbers) if name),
        "words": word_line(text for text in texts if text) + marks,
    }


def keys_of(data: CompanyIn, cipher: Cipher | None = None) -> list[str]:
    """The keys under which companies that may be the same one meet; with a cipher marks stand for contacts."""
    contact = data.contact or Contact()
    keys = likeness_keys(
        Identity(
            country=data.country,
            legal_name=data.legal_name,
            trading_name=data.trading_name,
            registration_number=data.registration_number,
            website=data.website,
            email=contact.email,
            phone=contact.phone,
            summary=data.summary,
        )
    )
    return keys if cipher is None else [marked_key(key, cipher) for key in keys]
