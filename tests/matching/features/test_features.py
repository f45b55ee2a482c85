from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from matching import EXPERT, FEATURES, Gap, Listing, Match, Matcher, Profile, Relevance, Volume
from matching.features import Asked, Crowd, Feature, Meeting, meet
from matching.index import build
from matching.index.kernel import Floats
from matching.profile import SIZES
from schemas.companies import CompanyIn
from schemas.listings import ListingIn
from tests.factories import need, offer, profile

TODAY = date(2026, 7, 1)
RELEVANCE = Relevance()
BY_NAME = {feature.name: feature for feature in FEATURES}
ALWAYS_KNOWN = {"shares_a_field", "profile_is_complete", "firm_is_verified"}
TONNES = Volume(40, "t", "month")


@lru_cache(maxsize=1)
def firms(country: str) -> tuple[Profile, ...]:
    english, russian = frozenset({"en"}), frozenset({"ru", "en"})
    listings: list[tuple[Listing, ...]] = [
        (),
        (offer("Wheat flour", volume=TONNES, certificates=("HACCP",)),),
        (need("Мука пшеничная", volume=Volume(3000, "kg", "day"), certificates=("haccp", "ISO 22000")),),
        (offer("Cocoa beans"), need("Wheat flour", volume=TONNES), need("Flour mill")),
        (offer("Какао-бобы", certificates=("ISO-22000",)), need("Cocoa beans", certificates=("ISO 22000",))),
        (offer("Wheat"), offer("Bakery and bread"), offer("Milling service", kind="service"), need("Хлеб")),
        (offer("Crude oil", volume=Volume(1, "bbl")), need("Drilling rigs", volume=Volume(2, "pcs"))),
    ]
    facts: list[dict[str, Any]] = [
        {},
        {"size": "micro", "languages": english, "status": "submitted"},
        {"size": "large", "languages": russian, "sectors": frozenset({"energy"})},
        {"languages": frozenset({"ha"}), "summary": "A mill.", "website": "https://mill.example"},
        {"size": "medium", "languages": english, "sectors": frozenset({"agriculture", "logistics"})},
        {"founded": 1999, "region": "x", "status": "unclaimed"},
        {"size": "small", "sectors": frozenset({"energy", "mining"})},
    ]
    return tuple(
        profile(f"{country}-{number}", country, *found, **fields)
        for number, (found, fields) in enumerate(zip(listings, facts, strict=True))
    )


@lru_cache
def meeting(asker: Profile, others: tuple[Profile, ...]) -> Meeting:
    asked = Asked.of(build([asker], RELEVANCE), 0, RELEVANCE)
    return meet(asked, Crowd.of([(build(others, RELEVANCE), np.arange(len(others)))]), TODAY)


def measured(feature: Feature, asker: Profile, others: Sequence[Profile]) -> tuple[Floats, Floats]:
    return feature.measure(meeting(asker, tuple(others)))


def one_value(name: str, ours: Profile, theirs: Profile) -> float:
    return float(measured(BY_NAME[name], ours, [theirs])[0][0])


def both_values(name: str, ours: Profile, theirs: Profile) -> tuple[float, float]:
    values, others = measured(BY_NAME[name], ours, [theirs])
    return float(values[0]), float(others[0])


def kazakh(*listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    return profile("KZ-1", "KZ", *listings, **fields)


def nigerian(*listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    return profile("NG-1", "NG", *listings, **fields)


def match(ours: Profile, theirs: Profile) -> Match:
    matcher = Matcher()
    matcher.change(put=[ours, theirs])
    return matcher.pair(ours.id, theirs.id, today=TODAY)


@lru_cache(maxsize=1)
def all_matches() -> tuple[Match, ...]:
    matcher = Matcher()
    matcher.change(put=[*firms("KZ"), *firms("NG")])
    return tuple(
        matcher.pair(ours.id, theirs.id, today=TODAY)
        for one, other in (("KZ", "NG"), ("NG", "KZ"))
        for ours in firms(one)
        for theirs in firms(other)
    )


def test_features_have_names_of_their_own() -> None:
    assert len(BY_NAME) == len(FEATURES)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
class TestFeature:
    def test_meaning_is_a_sentence_for_staff(self, feature: Feature) -> None:
        assert feature.meaning[0].isupper()
        assert feature.meaning.endswith(".")
        assert len(feature.meaning.split()) >= 5

    def test_values_are_in_bounds_or_unknown(self, feature: Feature) -> None:
        tables = [measured(feature, ours, firms("NG")) for ours in firms("KZ")]
        values = np.array(tables)
        assert values.shape == (len(firms("KZ")), 2, len(firms("NG")))
        known = values[~np.isnan(values)]
        assert ((known >= 0) & (known <= 1)).all()
        assert len(np.unique(known)) > 1
        assert np.isnan(values).any() == (feature.name not in ALWAYS_KNOWN)

    def test_values_are_measured_alike_from_both_sides(self, feature: Feature) -> None:
        forth = np.array([measured(feature, ours, firms("NG")) for ours in firms("KZ")])
        back = np.array([measured(feature, theirs, firms("KZ")) for theirs in firms("NG")])
        np.testing.assert_allclose(forth[:, 0, :], back[:, 1, :].T, atol=1e-9, rtol=0)
        np.testing.assert_allclose(forth[:, 1, :], back[:, 0, :].T, atol=1e-9, rtol=0)

    def test_values_do_not_depend_on_who_else_is_met(self, feature: Feature) -> None:
        for ours in firms("KZ"):
            together = measured(feature, ours, firms("NG"))
            alone = [measured(feature, ours, [theirs]) for theirs in firms("NG")]
            np.testing.assert_array_equal(together[0], [values[0] for values, _ in alone])
            np.testing.assert_array_equal(together[1], [values[0] for _, values in alone])

    def test_unknown_contributes_nothing_and_known_its_weight(self, feature: Feature) -> None:
        weight = EXPERT.weights[feature.name]
        parts = [part for found in all_matches() for part in found.components if part.feature == feature.name]
        assert len(parts) == 2 * len(all_matches())
        for part in parts:
            assert part.contribution == (0.0 if part.value is None else weight * part.value)

    def test_gaps_point_into_the_profile_that_is_to_be_filled_in(self, feature: Feature) -> None:
        for found in all_matches():
            for gap in gaps_of(feature, found):
                assert points_into(gap, found.ours if gap.side == "ours" else found.theirs)
                assert gap.message.endswith(".")


def gaps_of(feature: Feature, found: Match) -> Iterator[Gap]:
    return (gap for gap in found.gaps if gap.feature == feature.name)


def points_into(gap: Gap, firm: Profile) -> bool:
    root, field, *below = gap.pointer.split("/")
    if root or field not in CompanyIn.model_fields:
        return False
    if not below:
        return not getattr(firm, field) or field == "listings"
    place, name = below
    listing = firm.listings[int(place)]
    return field == "listings" and name in ListingIn.model_fields and not getattr(listing, name)


def test_gaps_come_only_from_unknown_features_each_sentence_once_a_side() -> None:
    for found in all_matches():
        unknown = {part.feature for part in found.components if part.value is None}
        assert {gap.feature for gap in found.gaps} <= unknown
        assert len({(gap.side, gap.message) for gap in found.gaps}) == len(found.gaps)


@pytest.mark.parametrize(
    ("side", "pointer"),
    [
        ("ours", "/size"),
        ("theirs", "/size"),
        ("ours", "/languages"),
        ("theirs", "/languages"),
        ("ours", "/listings"),
        ("theirs", "/listings"),
        ("ours", "/listings/1/volume"),
        ("theirs", "/listings/0/volume"),
        ("ours", "/listings/0/certificates"),
        ("theirs", "/listings/0/certificates"),
    ],
)
def test_gap_of_each_field_is_found_from_either_side(side: str, pointer: str) -> None:
    assert (side, pointer) in {(gap.side, gap.pointer) for found in all_matches() for gap in found.gaps}


def test_gaps_of_a_pair_are_the_same_from_both_sides() -> None:
    other = {"ours": "theirs", "theirs": "ours"}
    by_ids = {(found.ours.id, found.theirs.id): found for found in all_matches()}
    for (ours, theirs), found in by_ids.items():
        turned = {(other[gap.side], gap.pointer) for gap in by_ids[theirs, ours].gaps}
        assert {(gap.side, gap.pointer) for gap in found.gaps} == turned


@pytest.mark.parametrize(
    ("needed", "offered", "value"),
    [
        (Volume(10, "t"), Volume(10, "t"), 1.0),
        (Volume(10, "t"), Volume(100, "t"), 1.0),
        (Volume(10, "t"), Volume(4, "t"), 0.4),
        (Volume(10, "t"), Volume(5000, "kg"), 0.5),
        (Volume(10, "T."), Volume(5000, "КГ"), 0.5),
        (Volume(10, "тонн"), Volume(1, "tonnes"), 0.1),
        (Volume(12, "t", "year"), Volume(0.5, "t", "month"), 0.5),
        (Volume(1, "t", "week"), Volume(6.5, "t", "quarter"), 0.5),
        (Volume(73, "t", "year"), Volume(100, "kg", "day"), 0.5),
        (Volume(24, "t"), Volume(1, "t", "month"), 0.5),
        (Volume(2, "m3"), Volume(1000, "л"), 0.5),
        (Volume(1, "GWh"), Volume(250, "MWh"), 0.25),
        (Volume(4, "containers"), Volume(1, "Containers"), 0.25),
        (Volume(10, "шт"), Volume(5, "pcs"), 0.5),
    ],
)
def test_volume_fits_by_the_part_of_the_need_that_is_offered(needed: Volume, offered: Volume, value: float) -> None:
    ours, theirs = kazakh(need("Wheat", volume=needed)), nigerian(offer("Wheat", volume=offered))
    assert one_value("volume_fits", ours, theirs) == pytest.approx(value)
    assert both_values("volume_fits", theirs, ours)[1] == pytest.approx(value)


@pytest.mark.parametrize(
    ("needed", "offered"),
    [
        (None, Volume(1, "t")),
        (Volume(1, "t"), None),
        (None, None),
        (Volume(1, "t"), Volume(1, "m3")),
        (Volume(1, "t"), Volume(1, "containers")),
        (Volume(1, "pallets"), Volume(1, "bags")),
        (Volume(0, "t"), Volume(1, "t")),
    ],
)
def test_volume_that_cannot_be_compared_is_unknown(needed: Volume | None, offered: Volume | None) -> None:
    ours, theirs = kazakh(need("Wheat", volume=needed)), nigerian(offer("Wheat", volume=offered))
    assert np.isnan(both_values("volume_fits", ours, theirs)).all()


def test_volume_counts_where_it_covers_most() -> None:
    ours = kazakh(need("Wheat flour", volume=Volume(10, "t")), need("Wheat flour", volume=Volume(50, "t")))
    assert one_value("volume_fits", ours, nigerian(offer("Wheat flour", volume=Volume(5, "t")))) == pytest.approx(0.5)


def test_volume_of_another_thing_does_not_count() -> None:
    ours = kazakh(need("Cocoa beans", volume=Volume(10, "t")), need("Cement"))
    theirs = nigerian(offer("Cement", volume=Volume(1, "t")), offer("Cocoa beans", volume=Volume(5, "t")))
    assert one_value("volume_fits", ours, theirs) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("required", "held", "value"),
    [
        (("ISO 9001",), ("ISO 9001",), 1.0),
        (("ISO 9001:2015",), ("iso9001-2015",), 1.0),
        (("HACCP", "ISO 9001"), ("Haccp", "Halal"), 0.5),
        (("HACCP",), ("Halal",), 0.0),
        (("HACCP", "haccp"), ("HACCP",), 1.0),
        (("Халал",), ("ХАЛАЛ",), 1.0),
    ],
)
def test_certificates_count_by_the_part_of_the_required_that_is_held(
    required: tuple[str, ...], held: tuple[str, ...], value: float
) -> None:
    ours = kazakh(need("Wheat", certificates=required))
    theirs = nigerian(offer("Wheat", certificates=held))
    assert both_values("holds_required_certificates", ours, theirs)[0] == pytest.approx(value)
    assert both_values("holds_required_certificates", theirs, ours)[1] == pytest.approx(value)


@pytest.mark.parametrize(("required", "held"), [((), ("HACCP",)), (("HACCP",), ()), ((), ())])
def test_certificates_are_unknown_where_one_side_names_none(required: tuple[str, ...], held: tuple[str, ...]) -> None:
    ours, theirs = kazakh(need("Wheat", certificates=required)), nigerian(offer("Wheat", certificates=held))
    assert np.isnan(both_values("holds_required_certificates", ours, theirs)).all()


def test_certificates_of_more_than_a_word_of_bits_are_told_apart() -> None:
    names = tuple(f"Certificate {number}" for number in range(150))
    ours = kazakh(need("Wheat", certificates=names))
    theirs = nigerian(offer("Wheat", certificates=names[100:]))
    others = [nigerian(offer("Cement", certificates=names)), theirs]
    assert measured(BY_NAME["holds_required_certificates"], ours, others)[0][1] == pytest.approx(1 / 3)


def test_certificates_are_a_gap_of_the_seller_only_where_they_are_required() -> None:
    bare, asking = kazakh(need("Wheat")), kazakh(need("Wheat", certificates=("HACCP",)))
    pointers = [
        {(gap.side, gap.pointer) for gap in match(ours, nigerian(offer("Wheat"))).gaps} for ours in (bare, asking)
    ]
    assert ("theirs", "/listings/0/certificates") not in pointers[0]
    assert ("theirs", "/listings/0/certificates") in pointers[1]


def test_size_fits_less_the_further_apart_the_firms_are() -> None:
    values = [one_value("size_fits", kazakh(size="micro"), nigerian(size=size)) for size in SIZES]
    assert values == sorted(values, reverse=True)
    assert (values[0], values[-1]) == (1.0, 0.0)
    assert len(set(values)) == len(SIZES)


@pytest.mark.parametrize(("ours", "theirs"), [(None, "small"), ("small", None), (None, None)])
def test_size_that_is_not_told_is_unknown(ours: str | None, theirs: str | None) -> None:
    assert np.isnan(one_value("size_fits", kazakh(size=ours), nigerian(size=theirs)))


@pytest.mark.parametrize(
    ("ours", "theirs", "value"),
    [("en", "en ha", 1.0), ("ru kk en", "en", 1.0), ("ru", "en", 0.0), ("", "en", None), ("ru", "", None)],
)
def test_language_is_common_or_not_or_unknown(ours: str, theirs: str, value: float | None) -> None:
    found = one_value(
        "speaks_our_language",
        kazakh(languages=frozenset(ours.split())),
        nigerian(languages=frozenset(theirs.split())),
    )
    assert found == pytest.approx(np.nan if value is None else value, nan_ok=True)


@pytest.mark.parametrize(
    ("ours", "theirs", "value"),
    [
        ({"mining"}, {"mining"}, 1.0),
        ({"mining"}, {"it"}, 0.0),
        ({"mining"}, {"mining", "it"}, 1.0),
        ({"mining", "energy"}, {"mining", "it"}, 0.5),
    ],
)
def test_field_is_shared_by_the_part_of_common_sectors(ours: set[str], theirs: set[str], value: float) -> None:
    found = one_value("shares_a_field", kazakh(sectors=frozenset(ours)), nigerian(sectors=frozenset(theirs)))
    assert found == pytest.approx(value)


def test_field_is_shared_where_listings_meet_across_sectors() -> None:
    ours = kazakh(need("Solar panels"), sectors=frozenset({"agriculture"}))
    theirs = nigerian(offer("Solar panels"), sectors=frozenset({"energy"}))
    assert one_value("shares_a_field", ours, theirs) > 0.9


@pytest.mark.parametrize("name", ["supplies_what_is_needed", "needs_what_is_offered"])
def test_needs_and_offers_are_known_only_where_both_sides_have_them(name: str) -> None:
    with_need, with_offer = [need("Wheat")], [offer("Wheat")]
    ours, theirs = (with_need, with_offer) if name == "supplies_what_is_needed" else (with_offer, with_need)
    assert one_value(name, kazakh(*ours), nigerian(*theirs)) == pytest.approx(1)
    assert np.isnan(one_value(name, kazakh(*ours), nigerian(*ours)))
    assert np.isnan(one_value(name, kazakh(), nigerian(*theirs)))


def test_same_trade_is_that_of_the_offers_whatever_the_needs() -> None:
    ours, theirs = kazakh(offer("Мука пшеничная")), nigerian(offer("Wheat flour"), need("Cement"))
    assert one_value("works_in_the_same_trade", ours, theirs) > 0.8
    assert one_value("works_in_the_same_trade", ours, nigerian(offer("Cement"))) < 0.1
    assert np.isnan(one_value("works_in_the_same_trade", ours, nigerian(need("Wheat flour"))))


def test_trade_is_supplied_by_what_it_uses_not_the_other_way() -> None:
    mill, farm = kazakh(offer("Wheat flour")), nigerian(offer("Wheat"))
    assert one_value("supplies_our_trade", mill, farm) > 0.9
    assert one_value("uses_what_we_supply", mill, farm) < 0.5
    assert one_value("uses_what_we_supply", farm, mill) > 0.9


def test_completeness_and_verification_are_those_of_the_other_firm() -> None:
    known = nigerian(offer("Wheat"), size="small", summary="A farm.", founded=1999)
    unknown = kazakh(status="submitted")
    assert one_value("firm_is_verified", unknown, known) == 1
    assert one_value("firm_is_verified", known, unknown) == 0
    assert one_value("profile_is_complete", unknown, known) == pytest.approx(0.4)
    assert one_value("profile_is_complete", known, unknown) == 0
