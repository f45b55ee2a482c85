"""Texts that say nothing of what is traded meet nothing strongly."""

from itertools import cycle

import numpy as np
import pytest

from matching import SECTORS, Relevance
from tests.factories import need, offer, profile
from tests.matching.behaviour.phrases import FILLERS
from tests.matching.behaviour.registers import COUNTRIES_APART, TODAY, matcher_of, sample_profiles

pytestmark = pytest.mark.slow

LIKELY = 0.35
LEAST_CASES = 50
MOST_HIGH = 0.01


@pytest.mark.parametrize("country", COUNTRIES_APART)
def test_filler_profiles_match_nobody_of_the_sample_strongly(country: str) -> None:
    matcher = matcher_of(sample_profiles())
    strong: list[tuple[str, str, float]] = []
    for text, sector in zip(FILLERS, cycle(SECTORS), strict=False):
        matcher.change(put=[profile("filler", country, offer(text), need(text), sectors=frozenset({sector}))])
        (best,) = matcher.rank("filler", today=TODAY, limit=1).matches
        if best.probability >= LIKELY:
            strong += [(text, best.theirs.id, best.probability)]
    assert len(FILLERS) >= LEAST_CASES
    assert not strong


def test_relevance_between_fillers_is_low() -> None:
    relevance = Relevance()
    needs = relevance.vectors([need(text) for text in FILLERS])
    offers = relevance.vectors([offer(text) for text in FILLERS])
    found = (needs @ offers.T).toarray()
    np.fill_diagonal(found, 0)
    high = [(FILLERS[one], FILLERS[other], found[one, other]) for one, other in np.argwhere(found >= LIKELY)]
    assert len(high) <= MOST_HIGH * found.size, high
