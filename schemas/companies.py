"""A company: what is registered, imported and exported, and what is shown."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic.config import JsonDict

from matching import COUNTRIES, RegistrationNumberInvalid, Sector, Size, Status
from schemas.listings import ListingIn, ListingOut
from schemas.texts import (
    ONCE,
    WHOLE,
    Incoming,
    Language,
    Line,
    Outgoing,
    Paragraph,
    Word,
    each_once,
    shown,
    words,
    wrong,
)

MOST_LISTINGS = 100
EMAIL = (
    r"[^@\s<>\"(),;:\\\x00-\x1f\x7f-\x9f]+@[^@\s<>\"(),;:\\\x00-\x1f\x7f-\x9f]+\.[^@\s<>\"(),;:\\.\x00-\x1f\x7f-\x9f]+"
)
PHONE = r"\+?[0-9][0-9 ()./-]{3,48}"
SPACE = r"[^\S\x0b\x0c\x1c-\x1f]*"
WEBSITE = r"https?://[^\s/@\\\x00-\x1f\x7f-\x9f]+\.[^\s\\\x00-\x1f\x7f-\x9f]+"
REGIONS = sorted(region for country in COUNTRIES.values() for region in country.regions)
EXAMPLE: JsonDict = {
    "country": "KZ",
    "legal_name": "ТОО «Қостанай Диірмені»",
    "registration_number": "100140000003",
    "sectors": ["agriculture"],
    "region": "KZ-39",
    "languages": ["kk", "ru"],
    "contact": {"name": "Айгүл", "email": "export@example.kz"},
    "listings": [
        {
            "side": "offer",
            "kind": "goods",
            "title": "Мука пшеничная, высший сорт",
            "hs_codes": ["110100"],
            "volume": {"amount": 3000, "unit": "t", "per": "month"},
        },
        {"side": "need", "kind": "goods", "title": "Какао-порошок алкализованный", "hs_codes": ["1805"]},
    ],
}


class Contact(Incoming):
    """The person to write to. Nobody but the firm and staff sees it before an introduction."""

    name: Line | None = None
    role: Line | None = None
    email: Annotated[Line, shown(pattern=f"^{EMAIL}$", examples=["export@example.kz"])] | None = None
    phone: Annotated[Word, shown(pattern=rf"^{SPACE}{PHONE}{SPACE}$", examples=["+77142000000"])] | None = None

    @field_validator("email")
    @classmethod
    def _like_an_address(cls, email: str | None) -> str | None:
        if email is not None and not re.fullmatch(EMAIL, email):
            raise wrong("email_format", "Write one e-mail address, as in export@example.kz.")
        return email

    @field_validator("phone")
    @classmethod
    def _like_a_number(cls, phone: str | None) -> str | None:
        if phone is not None and not re.fullmatch(PHONE, phone.strip()):
            raise wrong("phone_format", "Write the number in the international form, as in +77142000000.")
        return phone


class CompanyIn(Incoming):
    """A company as it registers, changes its profile, or is imported."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    country: Annotated[str, StringConstraints(max_length=2), shown(enum=sorted(COUNTRIES))]
    legal_name: Line
    trading_name: Line | None = None
    registration_number: Annotated[Word, shown(format="registration-number")] | None = None
    sectors: Annotated[list[Sector], Field(min_length=1, max_length=5), AfterValidator(each_once), ONCE]
    region: Annotated[str, StringConstraints(max_length=6), shown(enum=REGIONS)] | None = None
    city: Line | None = None
    size: Size | None = None
    founded: Annotated[int, Field(strict=True, ge=1700, le=2100), WHOLE] | None = None
    languages: Annotated[list[Language], Field(max_length=20), AfterValidator(each_once), ONCE] = []
    website: Annotated[Line, shown(pattern=f"^{WEBSITE}$", examples=["https://example.kz"])] | None = None
    summary: Paragraph | None = None
    contact: Contact | None = None
    listings: Annotated[list[ListingIn], Field(max_length=MOST_LISTINGS)] = []

    @field_validator("country")
    @classmethod
    def _known_country(cls, code: str) -> str:
        if code not in COUNTRIES:
            raise wrong("country_unknown", "Use one of {codes}.", codes=words(COUNTRIES))
        return code

    @field_validator("registration_number")
    @classmethod
    def _right_number(cls, number: str | None, info: ValidationInfo) -> str | None:
        country = COUNTRIES.get(info.data.get("country", ""))
        if number is None or country is None:
            return number
        try:
            return country.registration_number(number)
        except RegistrationNumberInvalid as failed:
            raise wrong(failed.code, failed.message, **failed.params) from failed

    @field_validator("region")
    @classmethod
    def _known_region(cls, region: str | None, info: ValidationInfo) -> str | None:
        country = COUNTRIES.get(info.data.get("country", ""))
        if region is not None and country is not None and region not in country.regions:
            raise wrong(
                "region_unknown", "Use an ISO 3166-2 code of the country: {codes}.", codes=words(country.regions)
            )
        return region

    @field_validator("website")
    @classmethod
    def _web_address(cls, website: str | None) -> str | None:
        if website is not None and not re.fullmatch(WEBSITE, website):
            raise wrong("website_format", "Write the address with https://, as in https://example.kz.")
        return website


class ConsentIn(Incoming):
    """A firm's consent to the text at ``/v1/consent-text``.

    ``language`` is the one that it read the text in; without it, the one that the request asks for.
    """

    version: Word
    language: Literal["en", "ru", "kk"] | None = None


class RegistrationIn(CompanyIn):
    """A company as it registers."""

    consent: ConsentIn | None = None


class Warned(Outgoing):
    """Something in a profile that is taken as it is but looks wrong: JSON Pointer, stable code, sentence."""

    pointer: str
    code: str
    message: str


class CompanyOut(Outgoing):
    """A company as the firm itself and staff see it."""

    id: str
    status: Status
    country: str
    legal_name: str
    trading_name: str | None
    registration_number: str | None
    sectors: list[Sector]
    region: str | None
    city: str | None
    size: Size | None
    founded: int | None
    languages: list[str]
    website: str | None
    summary: str | None
    contact: Contact | None
    listings: list[ListingOut]
    warnings: list[Warned]
    email_confirmed_at: datetime | None
    created_at: datetime
    changed_at: datetime


class RegistrationOut(CompanyOut):
    """A new company with its bearer token, shown this once."""

    token: str


class CompanyPage(Outgoing):
    """A page of companies."""

    items: list[CompanyOut]
    next_cursor: str | None


class StatusIn(Incoming):
    """A change of a company's status by staff."""

    status: Literal["verified", "suspended", "submitted"]
    reason: Paragraph | None = None
