"""What must change nothing, what must not lower a match, and what must."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import pytest

from matching import Match, Matcher, Profile
from tests.factories import need, offer
from tests.matching.behaviour.registers import (
    COUNTRIES_APART,
    TODAY,
    firms_of,
    matcher_of,
    probabilities,
    sample_profiles,
    with_listings,
)

pytestmark = pytest.mark.slow

CLOSE = 1e-9
LEAST_CASES = 50
UNRELATED = (
    offer("Upright piano tuning and restoration"),
    offer("Театральные костюмы на прокат"),
    need("Үйлену тойына тамада"),
    need("Dental braces for teenagers"),
)

Pair = tuple[Profile, Profile]


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_of(sample_profiles())


@pytest.fixture(scope="module")
def best(matcher: Matcher) -> list[Match]:
    asked = sample_profiles()[::2]
    return [match for firm in asked for match in matcher.rank(firm.id, today=TODAY, limit=1).matches]


@pytest.fixture(scope="module")
def pairs(best: list[Match]) -> list[Pair]:
    """Firms with their best counterparts, and firms with one that nobody chose."""
    kazakh, nigerian = (firms_of(country) for country in COUNTRIES_APART)
    return [*((match.ours, match.theirs) for match in best), *zip(kazakh, nigerian, strict=False)]


def probability(matcher: Matcher, ours: Profile, theirs: Profile) -> float:
    return matcher.pair(ours.id, theirs.id, today=TODAY).probability


def once_changed(matcher: Matcher, changed: Profile, other: Profile) -> float:
    """Their probability while one of them is registered with other listings."""
    (usual,) = (firm for firm in sample_profiles() if firm.id == changed.id)
    matcher.change(put=[changed])
    found = probability(matcher, changed, other)
    matcher.change(put=[usual])
    return found


def test_probabilities_listings_in_another_order_stay(matcher: Matcher) -> None:
    turned = matcher_of(with_listings(firm, reversed(firm.listings)) for firm in sample_profiles())
    for firm in firms_of("NG")[::3]:
        assert probabilities(turned, firm) == pytest.approx(probabilities(matcher, firm), abs=CLOSE), firm.id


def test_other_pairs_unrelated_listing_added_to_third_firm_stay(matcher: Matcher) -> None:
    asker = firms_of("NG")[0]
    before = probabilities(matcher, asker)
    thirds = firms_of("KZ")
    assert len(thirds) >= LEAST_CASES
    for third, listing in zip(thirds, cycle(UNRELATED), strict=False):
        matcher.change(put=[with_listings(third, (*third.listings, listing))])
        after = probabilities(matcher, asker)
        matcher.change(put=[third])
        assert after | {third.id: before[third.id]} == before, (third.id, listing.title)


def test_probability_sides_swapped_stays(matcher: Matcher, pairs: list[Pair]) -> None:
    assert len(pairs) >= LEAST_CASES
    for ours, theirs in pairs:
        forth, back = probability(matcher, ours, theirs), probability(matcher, theirs, ours)
        assert forth == pytest.approx(back, abs=CLOSE), (ours.id, theirs.id)


@pytest.mark.parametrize("told", ["all that is asked for", "words and codes only"])
def test_probability_fitting_offer_added_is_not_lower(matcher: Matcher, pairs: list[Pair], told: str) -> None:
    cases = [(ours, theirs, wish) for ours, theirs in pairs for wish in theirs.on("need")[:1]]
    assert len(cases) >= LEAST_CASES
    lowered = []
    for ours, theirs, wish in cases:
        fitting = replace(wish, id="fitting", side="offer")
        if told == "words and codes only":
            fitting = replace(fitting, volume=None, certificates=())
        before = probability(matcher, ours, theirs)
        after = once_changed(matcher, with_listings(ours, (*ours.listings, fitting)), theirs)
        if after < before - CLOSE:
            lowered.append((ours.id, theirs.id, wish.title, before, after))
    assert not lowered, f"{len(lowered)} of {len(cases)}"


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_probability_cited_evidence_removed_is_lower(matcher: Matcher, best: list[Match], side: str) -> None:
    cases = list(_without_evidence(matcher, best, side))
    assert len(cases) >= LEAST_CASES
    kept = [
        (match.id, match.evidence[0].direction, match.probability, after)
        for match, after in cases
        if after >= match.probability
    ]
    assert len(kept) <= 0.05 * len(cases), f"{len(kept)} of {len(cases)}: {kept[:5]}"


def _without_evidence(matcher: Matcher, best: list[Match], side: str) -> Iterator[tuple[Match, float]]:
    for match in best:
        if match.evidence:
            cited = match.evidence[0]
            poorer, other, gone = match.ours, match.theirs, cited.ours
            if side == "theirs":
                poorer, other, gone = match.theirs, match.ours, cited.theirs
            rest = with_listings(poorer, (listing for listing in poorer.listings if listing.id != gone.id))
            yield match, once_changed(matcher, rest, other)
