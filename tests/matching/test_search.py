"""No firm's probability is above its ceiling, whatever the weights; so none that could rank is left out."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import BIAS, EXPERT, FEATURES, Matcher, Model, Profile, Wanted
from matching.ceiling import least_sum, tables_of
from matching.index import Register
from matching.relevance import Relevance
from tests.factories import need, offer, profile
from tests.matching.index.test_register import COMPANIES, naive, ranked, registers

pytestmark = pytest.mark.slow

TODAY = date(2026, 7, 1)

weights = st.fixed_dictionaries({name: st.floats(-3, 3) for name in (BIAS, *(feature.name for feature in FEATURES))})


@settings(max_examples=40, deadline=None)
@given(firms=registers(), weights=weights, limit=st.integers(1, 4), asker=st.integers(0, len(COMPANIES) - 1))
def test_ranking_is_exact_under_any_weights(
    firms: list[Profile], weights: dict[str, float], limit: int, asker: int
) -> None:
    matcher = Matcher(Model("any", weights), register=Register(least_inverted=1, full=2))
    matcher.change(put=firms)
    expected = naive(matcher, firms, firms[asker], Wanted())
    assert ranked(matcher, firms[asker].id, limit=limit) == expected[:limit]


@given(ours=st.floats(-20, 20), theirs=st.floats(-20, 20))
def test_least_sum_is_never_above_a_sum_that_reaches_the_probability(ours: float, theirs: float) -> None:
    probability = 1 / (1 + np.exp(-ours)) / (1 + np.exp(-theirs))
    assert least_sum(round(float(probability), 12)) <= ours + theirs


def test_tables_grow_from_nothing() -> None:
    tables = tables_of(EXPERT, Relevance())
    assert (tables[:, :, 0] == 0).all()
    assert (np.diff(tables, axis=2) >= 0).all()
    assert (tables[0, :, -1] > 0.5).all()
    assert tables[1].max() == pytest.approx(2 * EXPERT.weights["shares_a_field"])


def test_firms_of_a_large_part_without_anything_to_meet_rank_by_what_they_are() -> None:
    silent = [profile(f"NG-{number:04d}", "NG", size="small" if number % 100 == 7 else None) for number in range(1000)]
    matcher = Matcher(register=Register(least_inverted=1))
    matcher.change(put=[*silent, profile("NG-9", "NG", offer("Cocoa beans")), profile("NG-8", "NG", offer("Cement"))])
    matcher.change(put=[profile("KZ-1", "KZ", need("Cocoa beans"), size="small")])
    names = [name for _, name in ranked(matcher, "KZ-1", limit=14)]
    assert names[0] == "NG-9"
    assert names[1:11] == [f"NG-{number:04d}" for number in range(7, 1000, 100)]
    assert names[11] == "NG-8"
    assert names[12:] == ["NG-0000", "NG-0001"]
    matcher.change(drop=["NG-0007", "NG-9"])
    assert [name for _, name in ranked(matcher, "KZ-1", limit=2)] == ["NG-0107", "NG-0207"]
