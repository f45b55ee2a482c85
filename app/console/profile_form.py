"""The form of a profile as the templates ask it: what was typed, what is wrong, what there is to choose from."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, get_args

from babel import Locale
from babel.numbers import get_currency_name

from app.console.forms import LISTING, Errors, Fields, numbers_of
from app.console.language import text
from app.console.words import KINDS, N_, SECTORS, SIZES
from app.queries.catalogue import code_label, understanding
from matching import COUNTRIES, Kind, Language
from matching import KINDS as ALL_KINDS
from schemas.listings import Incoterm
from schemas.understanding import TextIn, UnderstandingOut

Options = list[tuple[str, str]]

INCOTERMS: tuple[Incoterm, ...] = get_args(Incoterm)
CURRENCIES = ("USD", "EUR", "NGN", "KZT", "RUB", "CNY", "GBP", "AED")
SPOKEN = ("en", "ru", "kk", "ha", "yo", "ig", "fr", "ar", "zh", "tr")
PERIODS = {
    "day": N_("a day"),
    "week": N_("a week"),
    "month": N_("a month"),
    "quarter": N_("a quarter"),
    "year": N_("a year"),
}
PARTNERSHIPS = {
    "supply": N_("supply contract"),
    "distribution": N_("distribution"),
    "commercial_agency": N_("commercial agency"),
    "services": N_("services"),
    "subcontracting": N_("subcontracting"),
    "manufacturing": N_("contract manufacturing"),
    "joint_venture": N_("joint venture"),
    "investment": N_("investment"),
    "acquisition": N_("acquisition"),
    "licence": N_("licence"),
    "franchise": N_("franchise"),
    "technical_cooperation": N_("technical cooperation"),
    "research_cooperation": N_("research cooperation"),
    "transport": N_("transport"),
}
FIELD_NAMES = {
    "country": N_("Country"),
    "registration_number": N_("Registration number"),
    "legal_name": N_("Legal name"),
    "trading_name": N_("Trading name"),
    "sectors": N_("Sectors"),
    "region": N_("Region"),
    "city": N_("City"),
    "size": N_("Size"),
    "founded": N_("Founded in"),
    "languages": N_("Languages you do business in"),
    "website": N_("Website"),
    "summary": N_("About the firm"),
    "contact-name": N_("Contact person"),
    "contact-role": N_("Position"),
    "contact-email": N_("E-mail address"),
    "contact-phone": N_("Phone"),
    "listings": N_("Offers and needs"),
    "side": N_("Offer or need"),
    "kind": N_("Kind"),
    "title": N_("What it is"),
    "text": N_("Details"),
    "hs_codes": N_("HS codes"),
    "isic_codes": N_("ISIC codes"),
    "partnership": N_("Forms of partnership"),
    "volume-amount": N_("Quantity"),
    "volume-unit": N_("Unit"),
    "volume-per": N_("How often"),
    "value-min": N_("Value from"),
    "value-max": N_("Value to"),
    "value-currency": N_("Currency"),
    "incoterms": N_("Incoterms"),
    "certificates": N_("Certificates"),
    "valid_until": N_("Valid until"),
}
RARER = ("isic_codes", "partnership", "volume", "value", "incoterms", "certificates", "valid_until")
RARER_OF_COMPANY = ("founded", "website", "summary", "trading_name")
WITH_TWO_PARTS = {"volume": "amount", "value": "min"}
LONGEST_UNDERSTOOD = 5000
GOODS: Kind = "goods"


@dataclass(frozen=True, slots=True)
class Code:
    """An HS code to confirm."""

    digits: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """A form as it stands. ``choices`` holds the options of each field that has some."""

    language: Language
    fields: Fields = field(default_factory=dict)
    errors: Errors = field(default_factory=dict)
    notes: Errors = field(default_factory=dict)
    """What looks wrong and is taken all the same, by field."""

    def one(self, name: str) -> str:
        """The text in a field."""
        return self.fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """The texts of a field that can hold several."""
        return self.fields.get(name, [])

    def wrong(self, name: str) -> str:
        """What is wrong with a field."""
        return self.errors.get(name, "")

    @property
    def numbers(self) -> list[int]:
        """The numbers of the listings."""
        return numbers_of(self.fields)

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """All that is wrong: the place on the page, the field's name, the sentence."""
        order = list(FIELD_NAMES)
        told = [(_place(name, order), name, said) for name, said in self.errors.items()]
        return [(_anchor(name), self.label(name), said) for _, name, said in sorted(told)]

    def label(self, name: str) -> str:
        """What a field is called, with the number of its listing."""
        found = LISTING.fullmatch(name)
        if found is None:
            return text(self.language, FIELD_NAMES[name]) if name in FIELD_NAMES else name
        known = FIELD_NAMES.get(found[2]) or FIELD_NAMES.get(f"{found[2]}-{WITH_TWO_PARTS.get(found[2], '')}")
        return f"№ {int(found[1]) + 1}, {text(self.language, known) if known else found[2]}"

    def rarer(self, number: int) -> bool:
        """Whether a rarer field of a listing is filled in or wrong."""
        prefix = f"listings-{number}-"
        names = {name.removeprefix(prefix) for name in (*self.fields, *self.errors) if name.startswith(prefix)}
        return any(name.partition("-")[0] in RARER for name in names)

    @property
    def more_of_company(self) -> bool:
        """Whether a rarer field of the company is filled in or wrong."""
        return any(name in self.fields or name in self.errors for name in RARER_OF_COMPANY)

    def understood(self, number: int) -> UnderstandingOut | None:
        """What the engine makes of a listing; None of an empty one."""
        written = "\n".join(part for name in ("title", "text") if (part := self.one(f"listings-{number}-{name}")))
        kind = self.one(f"listings-{number}-kind")
        if not written:
            return None
        known: Kind = next((one for one in ALL_KINDS if one == kind), GOODS)
        return understanding(TextIn(text=written[:LONGEST_UNDERSTOOD], kind=known), self.language)

    def codes(self, number: int, found: UnderstandingOut | None) -> list[Code]:
        """The HS codes of a listing that were chosen and are known, and those that are suggested."""
        held = [code for code in self.all(f"listings-{number}-hs_codes") if code_label("hs", code, self.language)]
        chosen = [Code(code, code_label("hs", code, self.language) or code, chosen=True) for code in held]
        more = [Code(one.code, one.label, chosen=False) for one in (found.hs_codes if found else [])]
        return chosen + [one for one in more if one.digits not in held]

    def other_codes(self, number: int) -> str:
        """What stands among the HS codes of a listing and is no known code."""
        held = self.all(f"listings-{number}-hs_codes")
        return ", ".join(code for code in held if not code_label("hs", code, self.language))

    def texts_of_codes(self, number: int, scheme: str) -> list[str]:
        """The codes of a listing, each with its label, to read."""
        known: Literal["hs", "isic"] = "hs" if scheme == "hs" else "isic"
        return [
            f"{code} {code_label(known, code, self.language) or ''}".strip()
            for code in self.all(f"listings-{number}-{scheme}_codes")
        ]

    @property
    def choices(self) -> dict[str, Options]:
        """The options of each field that has some."""
        return choices(self.language)

    def regions(self, country: str) -> Options:
        """The regions of a country by name."""
        found = COUNTRIES[country].regions.items() if country in COUNTRIES else ()
        return sorted(((code, names[self.language]) for code, names in found), key=lambda one: one[1])

    def with_held(self, name: str, options: Options) -> Options:
        """Options together with what is held beside them."""
        known = {code for code, _ in options}
        return options + [(code, spoken(code, self.language)) for code in self.all(name) if code not in known]


def _place(name: str, order: list[str]) -> tuple[int, int]:
    """Where a field stands on the page."""
    found = LISTING.fullmatch(name)
    number, part = (int(found[1]), found[2]) if found else (-1, name)
    return number, order.index(part) if part in order else len(order)


def _anchor(name: str) -> str:
    found = LISTING.fullmatch(name)
    part = WITH_TWO_PARTS.get(found[2]) if found else None
    return f"{name}-{part}" if part else name


def spoken(code: str, language: Language) -> str:
    """A language's name."""
    return str(Locale(language).languages.get(code, code))


@lru_cache(maxsize=3)
def choices(language: Language) -> dict[str, Options]:
    """The options of each field that has some, by their names in a language."""

    def named(words: dict[str, str]) -> Options:
        return [(code, text(language, word)) for code, word in words.items()]

    return {
        "country": [(code, country.names[language]) for code, country in COUNTRIES.items()],
        "sectors": named(SECTORS),
        "size": named(SIZES),
        "kind": named(KINDS),
        "per": named(PERIODS),
        "partnership": named(PARTNERSHIPS),
        "languages": [(code, spoken(code, language)) for code in SPOKEN],
        "incoterms": [(code, code) for code in INCOTERMS],
        "currency": [(code, f"{code} · {get_currency_name(code, locale=language)}") for code in CURRENCIES],
    }
