"""Meaning, not letters, brings a need and an offer together."""

import pytest

from matching import Relevance
from tests.factories import need, offer
from tests.matching.behaviour.phrases import APART, TOGETHER

LEAST = 0.35
LEAST_CASES = 50
MOST_CLOSE = 0.15
MOST_MISSED = 0.05


@pytest.fixture(scope="module")
def relevance() -> Relevance:
    return Relevance()


def between(relevance: Relevance, wanted: str, offered: str) -> float:
    ours, theirs = relevance.vectors([need(wanted)]), relevance.vectors([offer(offered)])
    return float((ours @ theirs.T).toarray()[0, 0])


def test_relevance_shared_letters_alone_is_low(relevance: Relevance) -> None:
    close = [pair for pair in APART if between(relevance, *pair) >= LEAST]
    assert len(close) <= MOST_CLOSE * len(APART), close


def test_relevance_shared_meaning_alone_is_high(relevance: Relevance) -> None:
    missed = [pair for pair in TOGETHER if between(relevance, *pair) < LEAST]
    assert len(missed) <= MOST_MISSED * len(TOGETHER), missed


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        ("Palm oil", "Crude oil"),
        ("River bank protection", "Bank guarantees"),
        ("Open pit mine design", "Land mines"),
        ("Пальмовое масло", "Масло моторное"),
    ],
)
def test_relevance_of_well_known_false_friends_is_low(relevance: Relevance, wanted: str, offered: str) -> None:
    assert between(relevance, wanted, offered) < LEAST


def test_pairs_of_each_sort_are_many() -> None:
    assert min(len(set(APART)), len(set(TOGETHER))) >= LEAST_CASES
