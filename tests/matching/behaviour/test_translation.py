"""A firm's counterparts do not depend on the language it writes."""

import pytest

from matching import Language, Matcher, Profile
from tests.matching.behaviour.registers import TODAY, Translated, matcher_of, sample_profiles, translated_firms

pytestmark = pytest.mark.slow

TOP = 10


def top(matcher: Matcher, firm: Profile) -> set[str]:
    return {match.theirs.id for match in matcher.rank(firm.id, today=TODAY, limit=TOP).matches}


def overlap(matcher: Matcher, firm: Translated, language: Language) -> float:
    before = top(matcher, firm.original)
    matcher.change(put=[firm.into(language)])
    after = top(matcher, firm.original)
    matcher.change(put=[firm.original])
    return len(before & after) / TOP


@pytest.mark.parametrize(("language", "least"), [("ru", 0.8), ("kk", 0.7)])
def test_best_counterparts_translated_profile_stay(language: Language, least: float) -> None:
    firms = [firm for firm in translated_firms() if language in firm.versions]
    matcher = matcher_of([*sample_profiles(), *(firm.original for firm in translated_firms())])
    found = {firm.original.id: overlap(matcher, firm, language) for firm in firms}
    assert len(found) >= 50
    mean = sum(found.values()) / len(found)
    worst = sorted(found.items(), key=lambda item: item[1])[:8]
    assert mean >= least, f"mean overlap {mean:.3f}; worst: {worst}"
