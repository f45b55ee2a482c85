"""A profile as fields of a form and back: names, texts as they are typed, what is wrong with which.

A field's name is the JSON Pointer of what it holds with ``-`` for ``/``: ``listings-0-volume-amount``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from app.console.language import text
from app.console.words import N_
from app.errors import Failure, FieldError
from app.texts import translate
from matching import Language
from schemas.companies import CompanyIn
from schemas.problems import sentence

Fields = dict[str, list[str]]
"""What stands in a form: the texts of each field, in their order, none of them empty."""
Document = dict[str, Any]
Errors = dict[str, str]
"""A sentence for each field that is wrong."""

TEXTS = (
    "country",
    "legal_name",
    "trading_name",
    "registration_number",
    "region",
    "city",
    "size",
    "founded",
    "website",
    "summary",
)
CONTACT = ("name", "role", "email", "phone")
SEVERAL = ("sectors", "languages")
LISTING_TEXTS = ("id", "side", "kind", "title", "text", "valid_until")
LISTING_CODES = ("hs_codes", "isic_codes", "partnership", "incoterms")
LISTING_PARTS = {"volume": ("amount", "unit", "per"), "value": ("min", "max", "currency")}
LISTS = {*SEVERAL, *LISTING_CODES, "certificates"}
AT_FIRST = ("side", "kind")
"""What a listing has before anything is written in it."""
LISTING = re.compile(r"listings-([0-9]{1,3})-(.+)")
MOST_AT_ONCE = 100

AMOUNT = N_("Write the amount in digits, as in 250000 or 99.50.")
YEAR = N_("Write the year in four digits, as in 1998.")
CHOOSE = N_("Choose at least one.")
PLAINER: Mapping[tuple[str, str], str] = {
    ("min", "string_pattern_mismatch"): AMOUNT,
    ("max", "string_pattern_mismatch"): AMOUNT,
    ("founded", "int_type"): YEAR,
    ("sectors", "missing"): CHOOSE,
    ("sectors", "too_short"): CHOOSE,
}
"""Sentences for people at a form, where those for writers of programs say too little."""


def fields_of(document: Document) -> Fields:
    """The fields that show a profile."""
    fields: Fields = {}
    for name in TEXTS:
        _put(fields, name, document.get(name))
    for name in SEVERAL:
        _put(fields, name, document.get(name))
    for name in CONTACT:
        _put(fields, f"contact-{name}", (document.get("contact") or {}).get(name))
    for at, listing in enumerate(document.get("listings", [])):
        fields |= _listing_fields(f"listings-{at}", listing)
    return fields


def _listing_fields(prefix: str, listing: Document) -> Fields:
    fields: Fields = {}
    for name in (*LISTING_TEXTS, *LISTING_CODES):
        _put(fields, f"{prefix}-{name}", listing.get(name))
    _put(fields, f"{prefix}-certificates", "\n".join(listing.get("certificates", [])))
    for part, names in LISTING_PARTS.items():
        held = listing.get(part) or {}
        for name in names:
            _put(fields, f"{prefix}-{part}-{name}", held.get(name))
    return fields


def _put(fields: Fields, name: str, value: object) -> None:
    if isinstance(value, list):
        texts = [str(one) for one in value]
    else:
        texts = [] if value is None else [_number(value) if isinstance(value, float) else str(value)]
    if any(texts):
        fields[name] = texts


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def typed(form: FormData) -> Fields:
    """What came with a form, of the fields of a profile."""
    fields: Fields = {}
    for name, value in form.multi_items():
        written = value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
        if written and _known(name):
            fields.setdefault(name, []).extend(_codes(written) if _holds_codes(name) else [written])
    return {name: list(dict.fromkeys(texts)) for name, texts in fields.items()}


def _holds_codes(name: str) -> bool:
    found = LISTING.fullmatch(name)
    return found is not None and found[2] in LISTING_CODES


def _codes(text: str) -> list[str]:
    """Codes that stand in one field with commas between."""
    return [code for one in re.split(r"[,;\n]", text) if (code := one.strip())]


def _known(name: str) -> bool:
    found = LISTING.fullmatch(name)
    if found is None:
        part, _, rest = name.partition("-")
        return name in TEXTS or name in SEVERAL or (part == "contact" and rest in CONTACT)
    part, _, rest = found[2].partition("-")
    if rest:
        return rest in LISTING_PARTS.get(part, ())
    return part in LISTING_TEXTS or part in LISTS - set(SEVERAL)


def numbers_of(fields: Fields) -> list[int]:
    """The numbers of the listings that a form holds."""
    return sorted({int(found[1]) for found in map(LISTING.fullmatch, fields) if found})


def renumbered(fields: Fields, *, without: int | None = None) -> Fields:
    """Fields whose listings are counted from 0 on, one of them perhaps left out."""
    places = {number: at for at, number in enumerate(one for one in numbers_of(fields) if one != without)}
    kept: Fields = {}
    for name, texts in fields.items():
        found = LISTING.fullmatch(name)
        if found is None:
            kept[name] = texts
        elif int(found[1]) in places:
            kept[f"listings-{places[int(found[1])]}-{found[2]}"] = texts
    return kept


def in_order_of(fields: Fields, held: Fields) -> Fields:
    """Fields whose several texts stand in the order of those held, as boxes that are ticked have none of their own."""
    ordered: Fields = {}
    for name, texts in fields.items():
        before = [one for one in held.get(name, []) if one in texts]
        ordered[name] = before + [one for one in texts if one not in before]
    return ordered


def without_blank_listings(fields: Fields) -> Fields:
    """Fields without the listings in which nothing was written."""
    written = {
        int(found[1]) for found in map(LISTING.fullmatch, fields) if found is not None and found[2] not in AT_FIRST
    }
    for number in reversed(numbers_of(fields)):
        if number not in written:
            fields = renumbered(fields, without=number)
    return fields


def with_listing(fields: Fields, side: str) -> Fields:
    """Fields with one more listing, unless there are as many as can be."""
    at = len(numbers_of(fields))
    if at >= MOST_AT_ONCE:
        return fields
    return fields | {f"listings-{at}-side": [side], f"listings-{at}-kind": ["goods"]}


def document_of(fields: Fields) -> Document:
    """The profile that fields hold, in the form of the wire contract; ``CompanyIn`` says what is wrong with it."""
    document: Document = {name: fields[name][0] for name in TEXTS if name in fields}
    document |= {name: fields[name] for name in SEVERAL if name in fields}
    if "founded" in document and re.fullmatch(r"[0-9]{1,9}", document["founded"]):
        document["founded"] = int(document["founded"])
    contact = {name: fields[f"contact-{name}"][0] for name in CONTACT if f"contact-{name}" in fields}
    if contact:
        document["contact"] = contact
    document["listings"] = [_listing_of(fields, f"listings-{number}") for number in numbers_of(fields)]
    return document


def _listing_of(fields: Fields, prefix: str) -> Document:
    held = {name.removeprefix(f"{prefix}-"): texts for name, texts in fields.items() if name.startswith(f"{prefix}-")}
    listing: Document = {name: held[name][0] for name in LISTING_TEXTS if name in held}
    listing |= {name: held[name] for name in LISTING_CODES if name in held}
    if "certificates" in held:
        listing["certificates"] = [line.strip() for written in held["certificates"] for line in _lines(written)]
    for part, names in LISTING_PARTS.items():
        written = {name: held[f"{part}-{name}"][0] for name in names if f"{part}-{name}" in held}
        if written:
            listing[part] = {name: _amount(text) if name in AMOUNTS else text for name, text in written.items()}
    if isinstance(amount := listing.get("volume", {}).get("amount"), str):
        listing["volume"]["amount"] = _float(amount)
    return listing


AMOUNTS = {"amount", "min", "max"}


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _amount(text: str) -> str:
    """A number as people write it: spaces or commas between thousands, a comma or point before decimals."""
    plain = re.sub(r"\s", "", text)
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", plain):
        return plain.replace(",", "")
    return plain.replace(",", ".")


def _float(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def errors_of(fields: Fields, language: Language) -> Errors:
    """What is wrong with what was typed."""
    try:
        CompanyIn.model_validate(document_of(fields))
    except ValidationError as failed:
        return errors_in(failed, language)
    return {}


def errors_in(failed: ValidationError, language: Language) -> Errors:
    """The first thing that is wrong with each field."""
    errors: Errors = {}
    for error in failed.errors():
        name = field_name(error["loc"])
        message, params = sentence(error)
        plainer = PLAINER.get((name.rpartition("-")[2], str(error["type"])))
        errors.setdefault(name, text(language, plainer) if plainer else translate(message, language, params))
    return errors


def errors_told(failed: Failure, language: Language) -> Errors:
    """The fields that a failure names."""
    return {field_name(_path(one)): translate(one.message, language, one.params) for one in failed.errors}


def _path(error: FieldError) -> list[str]:
    return error.pointer.removeprefix("/").split("/")


def field_name(path: Iterable[str | int]) -> str:
    """The name of the field that holds what stands at a path of the profile."""
    names: list[str] = []
    for part in path:
        names.append(str(part))
        if part in LISTS:
            break
    return "-".join(names)
