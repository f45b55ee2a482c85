"""A profile goes into the fields of a form and comes out again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from app.console.forms import (
    Document,
    document_of,
    errors_of,
    field_name,
    fields_of,
    renumbered,
    typed,
    with_listing,
    without_blank_listings,
)
from app.console.profile_form import CURRENCIES, INCOTERMS, PARTNERSHIPS, PERIODS, SPOKEN
from matching import KINDS, SECTORS, SIDES, SIZES, trade_vocabulary
from schemas.companies import CompanyIn
from tests.factories import bin_number

HS = [code.code.removeprefix("hs:") for code in trade_vocabulary().concepts if code.code.startswith("hs:")]
ISIC = [
    code.code.removeprefix("isic:")
    for code in trade_vocabulary().concepts
    if code.code.startswith("isic:") and "-" not in code.code
]

letters = st.characters(exclude_categories=("C", "Z"))
lines = st.text(st.one_of(letters, st.just(" ")), min_size=1, max_size=30).map(str.strip).filter(bool)
paragraphs = st.lists(lines, min_size=1, max_size=3).map("\n".join)
money = st.decimals(0, 10**12, places=2).map(str)


def some(values: Any, most: int = 4) -> Any:  # noqa: ANN401  # a strategy of lists
    return st.lists(st.sampled_from(list(values)), max_size=most, unique=True)


def documents_of(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries(required, optional=optional)


listings = documents_of(
    {"side": st.sampled_from(SIDES), "kind": st.sampled_from(KINDS), "title": lines},
    {
        "id": st.text("0123456789abcdef", min_size=32, max_size=32),
        "text": paragraphs,
        "hs_codes": some(HS),
        "isic_codes": some(ISIC),
        "partnership": some(PARTNERSHIPS),
        "volume": documents_of(
            {"amount": st.floats(1e-6, 1e15), "unit": lines}, {"per": st.sampled_from(list(PERIODS))}
        ),
        "value": documents_of({"currency": st.sampled_from(CURRENCIES)}, {"min": money}),
        "incoterms": some(INCOTERMS),
        "certificates": st.lists(lines, max_size=3),
        "valid_until": st.dates().map(str),
    },
)
companies = documents_of(
    {
        "country": st.just("KZ"),
        "legal_name": lines,
        "sectors": some(SECTORS, 5).filter(bool),
        "listings": st.lists(listings, max_size=12),
    },
    {
        "trading_name": lines,
        "registration_number": st.just(bin_number()),
        "region": st.sampled_from(["KZ-39", "KZ-75"]),
        "city": lines,
        "size": st.sampled_from(SIZES),
        "founded": st.integers(1700, 2100),
        "languages": some(SPOKEN),
        "website": st.just("https://example.kz"),
        "summary": paragraphs,
        "contact": documents_of({"email": st.just("a@b.kz")}, {"name": lines, "role": lines}),
    },
)


def as_sent(fields: dict[str, list[str]]) -> FormData:
    """As a browser sends fields: line ends are two characters."""
    return FormData([(name, text.replace("\n", "\r\n")) for name, texts in fields.items() for text in texts])


@given(companies)
def test_document_comes_back_from_its_fields(document: Document) -> None:
    profile = CompanyIn.model_validate(document)
    assert CompanyIn.model_validate(document_of(fields_of(document))) == profile
    kept = profile.model_dump(mode="json")
    assert CompanyIn.model_validate(document_of(fields_of(kept))) == profile


@given(companies)
def test_fields_come_back_from_a_browser(document: Document) -> None:
    fields = fields_of(document)
    assert typed(as_sent(fields)) == fields


@given(companies, st.integers(0, 12))
def test_listing_that_is_left_out_takes_no_other_with_it(document: Document, number: int) -> None:
    left = document_of(renumbered(fields_of(document), without=number))["listings"]
    whole = document_of(fields_of(document))["listings"]
    assert left == whole[:number] + whole[number + 1 :]


def test_blank_listings_go_and_others_move_up() -> None:
    fields = with_listing(with_listing(with_listing({}, "offer"), "need"), "need")
    fields["listings-1-title"] = ["Cocoa"]
    assert without_blank_listings(fields) == {
        "listings-0-side": ["need"],
        "listings-0-kind": ["goods"],
        "listings-0-title": ["Cocoa"],
    }


@pytest.mark.parametrize(
    ("written", "amount"),
    [("1500", 1500), ("1 500,5", 1500.5), ("1,500", 1500), ("1,500.25", 1500.25), ("0,5", 0.5), ("2\u00a0000", 2000)],
)
def test_quantity_is_read_as_people_write_it(written: str, amount: float) -> None:
    fields = {"listings-0-title": ["x"], "listings-0-volume-amount": [written], "listings-0-volume-unit": ["t"]}
    assert document_of(fields)["listings"][0]["volume"] == {"amount": amount, "unit": "t"}


def test_errors_stand_beside_their_fields_in_the_reader_s_language() -> None:
    fields = {
        "country": ["NG"],
        "region": ["KZ-39"],
        "founded": ["long ago"],
        "listings-0-side": ["offer"],
        "listings-0-kind": ["goods"],
        "listings-0-title": ["Cocoa"],
        "listings-0-hs_codes": ["1801", "9"],
        "listings-0-value-min": ["5"],
        "listings-0-value-max": ["4"],
        "listings-0-value-currency": ["USD"],
        "listings-0-volume-amount": ["many"],
        "listings-0-valid_until": ["2026-13-01"],
    }
    errors = errors_of(fields, "ru")
    assert set(errors) == {
        "legal_name",
        "sectors",
        "region",
        "founded",
        "listings-0-hs_codes",
        "listings-0-value-max",
        "listings-0-volume-amount",
        "listings-0-volume-unit",
        "listings-0-valid_until",
    }
    assert all(any("а" <= letter <= "я" for letter in said) for said in errors.values())
    assert errors_of(fields, "kk")["founded"] != errors["founded"]


def test_field_s_name_ends_at_a_list() -> None:
    assert field_name(["listings", 2, "hs_codes", 0]) == "listings-2-hs_codes"
    assert field_name(["contact", "email"]) == "contact-email"


def test_unknown_and_blank_fields_are_not_taken() -> None:
    form = FormData([("step", "x"), ("city", "  "), ("listings-0-evil", "y"), ("contact-age", "3"), ("city", " Kano ")])
    assert typed(form) == {"city": ["Kano"]}
