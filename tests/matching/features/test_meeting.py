from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import KINDS, Listing, Profile, Relevance
from matching.features import Asked, Crowd, Meeting, meet
from matching.features.meeting import FITTING, Fits
from matching.index import build
from matching.relevance import KIND_FIT, Vectors
from tests.factories import need, offer, profile

pytestmark = pytest.mark.slow

TODAY = date(2026, 7, 1)
YESTERDAY = date(2026, 6, 30)
RELEVANCE = Relevance()
LISTINGS = (
    offer("Wheat flour"),
    need("Мука пшеничная", hs_codes=("1101",)),
    need("Wheat flour and bran"),
    offer("Cocoa beans"),
    need("Какао-бобы"),
    offer("Wheat"),
    offer("Milling of wheat", kind="service"),
    need("Investment in milling of wheat", kind="investment"),
    offer("Wheat flour of last year", valid_until=YESTERDAY),
    need("Cocoa beans until today", valid_until=TODAY),
    need("🌾"),
)
PAIRS = {"supplied": ("need", "offer"), "demanded": ("offer", "need")} | dict.fromkeys(
    ("alike", "fed", "feeding"), ("offer", "offer")
)

firms = st.lists(st.sampled_from(LISTINGS), max_size=5).map(lambda found: profile("KZ-1", "KZ", *found))
segments = st.lists(
    st.lists(st.sampled_from(LISTINGS), max_size=4).map(lambda found: profile("NG", "NG", *found)),
    min_size=1,
    max_size=4,
).map(lambda found: [replace(firm, id=f"NG-{number}") for number, firm in enumerate(found)])


def asked(asker: Profile) -> Asked:
    return Asked.of(build([asker], RELEVANCE), 0, RELEVANCE)


def met(asker: Profile, *others: Profile) -> Meeting:
    segment = build(others, RELEVANCE)
    return meet(asked(asker), Crowd.of([(segment, np.arange(len(others)))]), TODAY)


def queries(asker: Profile, name: str) -> Vectors:
    found = asked(asker)
    return {"fed": found.implied_needs, "feeding": found.implied_uses}.get(name, found.vectors)


def usable(firm: Profile, side: str) -> Iterator[tuple[int, Listing]]:
    for place, listing in enumerate(firm.listings):
        if listing.side == side and (listing.valid_until is None or listing.valid_until >= TODAY):
            yield place, listing


def table(asker: Profile, other: Profile, name: str) -> list[list[float]]:
    ours, theirs = (list(usable(firm, side)) for firm, side in zip((asker, other), PAIRS[name], strict=True))
    products = (queries(asker, name) @ RELEVANCE.vectors(other.listings).astype(np.float64).T).toarray()
    return [
        [products[our, their] * KIND_FIT[KINDS.index(one.kind), KINDS.index(another.kind)] for their, another in theirs]
        for our, one in ours
    ]


def expected(asker: Profile, other: Profile, name: str) -> tuple[float, float]:
    values = np.array(table(asker, other, name))
    if values.size == 0:
        return float("nan"), 0.0
    bests = values.max(axis=0 if name == "demanded" else 1)
    return min(1.0, float(0.8 * bests.max() + 0.2 * bests.mean())), min(1.0, float(values.max()))


@pytest.mark.parametrize("name", PAIRS)
@settings(max_examples=20, deadline=None)
@given(asker=firms, others=segments)
def test_fits_are_those_of_a_naive_loop_over_pairs(name: str, asker: Profile, others: list[Profile]) -> None:
    fits: Fits = getattr(met(asker, *others), name)
    for place, other in enumerate(others):
        value, best = expected(asker, other, name)
        assert fits.value[place] == pytest.approx(value, abs=1e-6, nan_ok=True)
        assert fits.best[place] == pytest.approx(best, abs=1e-6)
        assert (fits.ours[place] >= 0) == (best > 0) == (fits.rows[place] >= 0)


@pytest.mark.parametrize("name", ["supplied", "demanded"])
@settings(max_examples=20, deadline=None)
@given(asker=firms, others=segments)
def test_best_pair_is_one_that_reaches_the_best_relevance(name: str, asker: Profile, others: list[Profile]) -> None:
    meeting = met(asker, *others)
    fits: Fits = getattr(meeting, name)
    for place in np.flatnonzero(fits.rows >= 0).tolist():
        our, row = int(fits.ours[place]), int(fits.rows[place])
        assert meeting.firms_of(np.array([row], dtype=np.int32)) == [place]
        one, other = asker.listings[our], others[place].listings[row - meeting.crowd.starts[place]]
        assert (one.side, other.side) == PAIRS[name]
        assert all(listing.valid_until != YESTERDAY for listing in (one, other))
        alone = met(replace(asker, listings=(one,)), replace(others[place], listings=(other,)))
        assert getattr(alone, name).best[0] == pytest.approx(fits.best[place], abs=1e-9)


@pytest.mark.parametrize("name", ["supplied", "demanded"])
@settings(max_examples=20, deadline=None)
@given(asker=firms, others=segments)
def test_fitting_pairs_are_all_that_are_relevant_enough(name: str, asker: Profile, others: list[Profile]) -> None:
    meeting = met(asker, *others)
    fits: Fits = getattr(meeting, name)
    owners = meeting.firms_of(fits.fitting[1]).tolist()
    found = [
        (firm, int(our), int(row - meeting.crowd.starts[firm]))
        for firm, our, row in zip(owners, *fits.fitting, strict=True)
    ]
    ours, theirs = PAIRS[name]
    assert sorted(found) == [
        (firm, our, their)
        for firm, other in enumerate(others)
        for (our, _), values in zip(usable(asker, ours), table(asker, other, name), strict=True)
        for (their, _), value in zip(usable(other, theirs), values, strict=True)
        if value >= FITTING
    ]


def test_long_list_of_offers_wins_nothing() -> None:
    asker = profile("KZ-1", "KZ", need("Cocoa beans"))
    one = profile("NG-1", "NG", offer("Cocoa beans"))
    many = profile("NG-2", "NG", *map(offer, ("Cocoa beans", "Wheat", "Soap", "Cement", "Tyres", "Cocoa powder")))
    fits = met(asker, one, many).supplied
    assert fits.value[0] == pytest.approx(fits.value[1])


def test_needs_that_are_not_met_cost_something() -> None:
    asker = profile("KZ-1", "KZ", need("Cocoa beans"))
    wanting = replace(asker, listings=(*asker.listings, need("Cement"), need("Soap")))
    other = profile("NG-1", "NG", offer("Cocoa beans"))
    all_met, partly = met(asker, other).supplied.value[0], met(wanting, other).supplied.value[0]
    assert 0.8 <= partly < all_met


def test_pooled_words_of_different_listings_do_not_meet() -> None:
    asker = profile("KZ-1", "KZ", need("Palm oil"), need("Drilling services", kind="service"))
    other = profile("NG-1", "NG", offer("Crude oil drilling rigs"))
    palm = replace(other, listings=(offer("Palm oil"),))
    meeting = met(asker, other, palm)
    assert meeting.supplied.best[0] < 0.7 * meeting.supplied.best[1]


def test_listing_that_has_expired_meets_nothing() -> None:
    other = profile("NG-1", "NG", offer("Wheat flour"))
    expired = profile("KZ-1", "KZ", need("Wheat flour", valid_until=YESTERDAY))
    lasting = replace(expired, listings=(need("Wheat flour", valid_until=TODAY),))
    assert np.isnan(met(expired, other).supplied.value[0])
    assert met(lasting, other).supplied.value[0] > 0.9


def test_kinds_that_do_not_fit_well_meet_less() -> None:
    asker = profile("KZ-1", "KZ", need("Flour milling"))
    goods, investment = (
        profile(kind, "NG", replace(offer("Flour milling"), kind=kind)) for kind in ("goods", "investment")
    )
    fits = met(asker, goods, investment).supplied
    assert 0 < fits.value[1] < fits.value[0]
