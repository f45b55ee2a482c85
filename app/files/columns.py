"""The columns that a list may have, and a row of them as a document in the contract's form."""

import re
from typing import Any

from app.files.values import value_of

COMPANY_COLUMNS = (
    "country",
    "legal_name",
    "trading_name",
    "registration_number",
    "sectors",
    "region",
    "city",
    "size",
    "founded",
    "languages",
    "website",
    "summary",
    "contact_name",
    "contact_role",
    "contact_email",
    "contact_phone",
)
LISTING_COLUMNS = (
    "side",
    "kind",
    "title",
    "text",
    "hs_codes",
    "isic_codes",
    "partnership",
    "volume_amount",
    "volume_unit",
    "volume_per",
    "value_min",
    "value_max",
    "value_currency",
    "incoterms",
    "certificates",
    "valid_until",
)
SEVERAL = {"offers": "offer", "needs": "need"}
"""Columns whose cells hold one title a line, or separated by semicolons; there may be several of each."""
TARGETS = COMPANY_COLUMNS + tuple(SEVERAL) + LISTING_COLUMNS
REQUIRED_COLUMNS = ("country", "legal_name", "sectors")
GROUPS = ("contact", "volume", "value")
KIND = "goods"
"""Of listings that do not say theirs."""
BETWEEN = re.compile(r"[\n\r;]+")
BULLET = re.compile(r"^(?:[-–—•*·]\s*|\d{1,2}[.)]\s+)")


def company_document(texts: dict[str, list[str]], constants: dict[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A row's filled cells by column as a company with its listings, and which column each listing came from.

    ``constants`` stand where the row says nothing; those of listings only where the row has one.
    """
    cells = {name: "\n".join(cells) for name, cells in texts.items()}
    country = value_of("country", cells.get("country", constants.get("country", "")))
    fields = {name: cells.get(name, constants.get(name)) for name in COMPANY_COLUMNS}
    company = _grouped({name: value_of(name, text, country) for name, text in fields.items() if text})
    listings, places = _listings(cells, constants)
    return company | ({"listings": listings} if listings else {}), places


def _listings(cells: dict[str, str], constants: dict[str, str]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    given = [(name, title) for name in SEVERAL for title in _titles(cells.get(name, ""))]
    own = {name: value_of(name, cells[name]) for name in LISTING_COLUMNS if name in cells}
    standing = {
        name: value_of(name, constants[name]) for name in LISTING_COLUMNS if name in constants and name not in own
    }
    if not given:
        return ([_grouped(standing | own)], ("title",)) if own else ([], ())
    listings = [_grouped({"kind": KIND} | standing | {"side": SEVERAL[name], "title": title}) for name, title in given]
    places = tuple(name for name, _ in given)
    if "title" in own:
        return [*listings, _grouped(standing | own)], (*places, "title")
    if own.keys() == {"kind"} or len(listings) == 1:
        shared = {name: value for name, value in own.items() if name != "side"}
        return [one | _grouped(shared) for one in listings], places
    return ([*listings, _grouped(own)], (*places, "title")) if own else (listings, places)


def _titles(cell: str) -> list[str]:
    parts = (BULLET.sub("", part.strip()).strip() for part in BETWEEN.split(cell))
    return list(dict.fromkeys(part for part in parts if part))


def _grouped(fields: dict[str, Any]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for name, value in fields.items():
        group, _, part = name.partition("_")
        if part and group in GROUPS:
            grouped.setdefault(group, {})[part] = value
        else:
            grouped[name] = value
    return grouped


def column_of(pointer: str, places: tuple[str, ...]) -> str:
    """The column that a JSON Pointer into a row's document means; empty for the whole row."""
    first, _, rest = pointer.removeprefix("/").partition("/")
    if first == "listings":
        at, _, rest = rest.partition("/")
        place = places[int(at)] if at.isdigit() and int(at) < len(places) else "title"
        name, _, part = rest.partition("/")
        if place in SEVERAL and name in {"title", "side", ""}:
            return place
        return f"{name}_{part}" if name in GROUPS and part else name or place
    return f"{first}_{rest}" if first in GROUPS and rest else first
