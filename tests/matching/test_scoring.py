from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from matching import BIAS, EXPERT, FEATURES, Band, Listing, Match, Matcher, Model, Profile, band_of
from matching.scoring import EXPERT_PRIORS, ModelUnknown, sigmoid
from tests.factories import need, offer, profile

TODAY = date(2026, 7, 1)
FLOUR = ("1101",)
COCOA = ("1805",)
TRACTORS = ("8701",)
SHEEP = ("0104",)
GINGER = ("0910",)
UREA = ("3102",)


def filled_in(name: str, country: str, *listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    told = {
        "region": f"{country}-1",
        "size": "medium",
        "founded": 2001,
        "languages": frozenset({"en"}),
        "website": "https://firm.example",
        "summary": "A firm.",
    }
    return profile(name, country, *listings, **(told | fields))


def kazakh(*listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    return filled_in("kz", "KZ", *listings, **fields)


def nigerian(*listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    return filled_in("ng", "NG", *listings, **fields)


def match(ours: Profile, theirs: Profile, model: Model = EXPERT) -> Match:
    matcher = Matcher(model)
    matcher.change(put=[ours, theirs])
    return matcher.pair(ours.id, theirs.id, today=TODAY)


def test_perfect_fit_both_ways_in_one_sector_is_near_0_8() -> None:
    found = match(
        kazakh(offer("Wheat flour", text="Extra grade", hs_codes=FLOUR), need("Cocoa powder", hs_codes=COCOA)),
        nigerian(need("Wheat flour", hs_codes=FLOUR), offer("Cocoa powder", text="Alkalised", hs_codes=COCOA)),
    )
    assert 0.7 <= found.probability <= 0.92
    assert found.band == "strong"


def test_perfect_fit_in_two_languages_is_near_0_8() -> None:
    found = match(
        kazakh(offer("Мука пшеничная", text="Высший сорт"), need("Какао-порошок")),
        nigerian(need("Wheat flour"), offer("Cocoa powder", text="Alkalised")),
    )
    assert 0.7 <= found.probability <= 0.92


def test_good_fit_one_way_is_near_0_5() -> None:
    found = match(
        kazakh(offer("Wheat flour", text="Extra grade", hs_codes=FLOUR), need("Tractors", hs_codes=TRACTORS)),
        nigerian(need("Wheat flour", hs_codes=FLOUR), offer("Dried ginger", text="Split", hs_codes=GINGER)),
    )
    assert 0.38 <= found.probability <= 0.62


def test_same_sector_without_a_meeting_of_listings_is_near_0_1() -> None:
    found = match(
        kazakh(offer("Live sheep", text="Edilbay", hs_codes=SHEEP), need("Tractors", hs_codes=TRACTORS)),
        nigerian(need("Urea", hs_codes=UREA), offer("Dried ginger", text="Split", hs_codes=GINGER)),
    )
    assert 0.05 <= found.probability <= 0.18
    assert found.band in {"weak", "possible"}


def test_nothing_in_common_is_near_0_01() -> None:
    found = match(
        kazakh(offer("Live sheep", text="Edilbay", hs_codes=SHEEP), need("Tractors", hs_codes=TRACTORS)),
        nigerian(
            need("Laptops", hs_codes=("8471",)),
            offer("Software development", kind="service", text="Web", isic_codes=("6201",)),
            sectors=frozenset({"it"}),
        ),
    )
    assert 0 < found.probability <= 0.03
    assert found.band == "weak"


def test_expert_model_weighs_every_feature_with_a_spread() -> None:
    assert set(EXPERT_PRIORS) == {BIAS, *(feature.name for feature in FEATURES)}
    assert all(prior.spread > 0 for prior in EXPERT_PRIORS.values())
    assert EXPERT.weights[BIAS] < 0 < min(EXPERT.weights[feature.name] for feature in FEATURES)


def test_model_that_lacks_a_feature_is_refused() -> None:
    weights = dict(EXPERT.weights)
    del weights[FEATURES[0].name]
    with pytest.raises(ModelUnknown, match=FEATURES[0].name):
        Model("older", weights)


def test_model_with_a_feature_of_another_name_is_refused() -> None:
    with pytest.raises(ModelUnknown, match="knows_the_minister"):
        Model("newer", {**EXPERT.weights, "knows_the_minister": 1.0})


def test_model_without_a_bias_is_refused() -> None:
    with pytest.raises(ModelUnknown, match=BIAS):
        Model("unbiased", {feature.name: 1.0 for feature in FEATURES})


def test_match_names_the_model_that_scored_it_and_follows_its_weights() -> None:
    firms = kazakh(offer("Wheat flour")), nigerian(need("Wheat flour"))
    generous = Model("generous", {**EXPERT.weights, BIAS: EXPERT.weights[BIAS] + 1})
    assert match(*firms).model == EXPERT.version
    assert match(*firms, model=generous).model == "generous"
    assert match(*firms, model=generous).probability > match(*firms).probability


@pytest.mark.parametrize(
    ("probability", "band"),
    [
        (1.0, "strong"),
        (0.6, "strong"),
        (0.5999, "likely"),
        (0.35, "likely"),
        (0.3499, "possible"),
        (0.15, "possible"),
        (0.1499, "weak"),
        (0.0, "weak"),
    ],
)
def test_band_of_a_probability_at_its_bounds(probability: float, band: Band) -> None:
    assert band_of(probability) == band


def test_band_of_a_match_is_the_one_of_its_probability() -> None:
    found = match(kazakh(offer("Wheat flour")), nigerian(need("Wheat flour")))
    assert replace(found, probability=0.36).band == "likely"


def test_sigmoid_of_log_odds_is_their_probability() -> None:
    assert sigmoid(np.array([0.0, np.log(3), -np.log(3)])).tolist() == pytest.approx([0.5, 0.75, 0.25])
