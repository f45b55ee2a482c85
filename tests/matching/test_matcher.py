from dataclasses import replace
from datetime import date
from functools import lru_cache
from math import exp
from typing import Any

import pytest

from matching import (
    BIAS,
    FEATURES,
    Direction,
    Listing,
    Match,
    Matcher,
    Profile,
    Status,
    Volume,
    Wanted,
    match_id,
    trade_vocabulary,
)
from tests.factories import need, offer, profile

TODAY = date(2026, 7, 1)
YESTERDAY = date(2026, 6, 30)
EVERYBODY = 100
DIRECTIONS = {"they_supply", "we_supply", "same_trade", "they_feed_our_trade", "we_feed_their_trade"}


def kazakh(*listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    return profile(fields.pop("name", "kz"), "KZ", *listings, **fields)


def nigerian(*listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    return profile(fields.pop("name", "ng"), "NG", *listings, **fields)


MILL = kazakh(
    offer("Мука пшеничная, высший сорт", hs_codes=("110100",), volume=Volume(500, "т", "month")),
    need("Какао-порошок", volume=Volume(10, "t", "month"), certificates=("HACCP",)),
    need("Мешки полипропиленовые"),
    name="kz-mill",
    size="medium",
    languages=frozenset({"ru", "kk", "en"}),
    summary="Мельница",
)
TRADER = nigerian(
    offer("Cocoa powder, alkalised", certificates=("HACCP", "ISO 22000"), volume=Volume(2000, "kg", "week")),
    offer("Polypropylene bags for flour"),
    need("Wheat flour for bakeries", volume=Volume(100, "t", "month")),
    name="ng-trader",
    size="small",
    languages=frozenset({"en", "ha"}),
)
BAKERY = nigerian(offer("Bread and biscuits"), need("Flour"), name="ng-bakery", status="submitted")
DRILLER = nigerian(
    offer("Drilling of oil wells", kind="service"),
    need("Steel casing pipes"),
    name="ng-driller",
    sectors=frozenset({"energy"}),
    size="large",
)
PIPES = kazakh(
    offer("Трубы обсадные стальные"), offer("Цемент"), name="kz-pipes", sectors=frozenset({"energy", "mining"})
)
FARM = kazakh(offer("Wheat"), offer("Семена подсолнечника"), name="kz-farm")
OIL_MILL = nigerian(offer("Sunflower oil"), offer("Wheat flour"), offer("Portland cement"), name="ng-oil-mill")
SILENT = nigerian(name="ng-silent")
FIRMS = (MILL, TRADER, BAKERY, DRILLER, PIPES, FARM, OIL_MILL, SILENT)


def matcher_of(*firms: Profile) -> Matcher:
    matcher = Matcher()
    matcher.change(put=firms)
    return matcher


def match(ours: Profile, theirs: Profile) -> Match:
    return matcher_of(ours, theirs).pair(ours.id, theirs.id, today=TODAY)


def names(matcher: Matcher, firm: Profile, wanted: Wanted = Wanted()) -> set[str]:
    return {found.theirs.id for found in matcher.rank(firm.id, today=TODAY, limit=EVERYBODY, wanted=wanted).matches}


@lru_cache(maxsize=1)
def all_matches() -> tuple[Match, ...]:
    matcher = matcher_of(*FIRMS)
    return tuple(
        matcher.pair(ours.id, theirs.id, today=TODAY)
        for ours in FIRMS
        for theirs in FIRMS
        if ours.country != theirs.country
    )


def directions(found: Match) -> set[Direction]:
    return {evidence.direction for evidence in found.evidence}


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_contributions_of_a_side_add_up_to_its_log_odds(side: str) -> None:
    for found in all_matches():
        willingness = found.our_willingness if side == "ours" else found.their_willingness
        parts = [part for part in found.components if part.side == side]
        assert sum(part.contribution for part in parts) == pytest.approx(willingness.log_odds, abs=1e-9)
        assert willingness.probability == pytest.approx(1 / (1 + exp(-willingness.log_odds)), abs=1e-9)
        assert [part.feature for part in parts] == [BIAS, *(feature.name for feature in FEATURES)]


def test_probability_is_the_product_of_both_sides() -> None:
    for found in all_matches():
        product = found.our_willingness.probability * found.their_willingness.probability
        assert found.probability == pytest.approx(product, abs=1e-9)


def test_match_is_the_same_from_both_sides() -> None:
    matcher = matcher_of(*FIRMS)
    for found in all_matches():
        turned = matcher.pair(found.theirs.id, found.ours.id, today=TODAY)
        assert turned.id == found.id
        assert turned.probability == found.probability
        assert turned.coverage == pytest.approx(found.coverage, abs=1e-9)
        assert turned.our_willingness.log_odds == pytest.approx(found.their_willingness.log_odds, abs=1e-9)
        assert turned.their_willingness.log_odds == pytest.approx(found.our_willingness.log_odds, abs=1e-9)


def test_evidence_is_the_same_from_both_sides() -> None:
    turned_direction: dict[Direction, Direction] = {
        "they_supply": "we_supply",
        "we_supply": "they_supply",
        "same_trade": "same_trade",
        "they_feed_our_trade": "we_feed_their_trade",
        "we_feed_their_trade": "they_feed_our_trade",
    }
    matcher = matcher_of(*FIRMS)
    for found in all_matches():
        turned = matcher.pair(found.theirs.id, found.ours.id, today=TODAY)
        ours = {(one.direction, one.ours.id, one.theirs.id): one.relevance for one in found.evidence}
        theirs = {
            (turned_direction[one.direction], one.theirs.id, one.ours.id): one.relevance for one in turned.evidence
        }
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_match_id_is_that_of_the_pair_in_the_order_of_countries() -> None:
    assert match_id(MILL, TRADER) == match_id(TRADER, MILL) == "kz-mill.ng-trader"
    assert match(TRADER, MILL).id == "kz-mill.ng-trader"


def test_firms_of_the_own_country_are_not_ranked() -> None:
    matcher = matcher_of(*FIRMS)
    for firm in FIRMS:
        ranking = matcher.rank(firm.id, today=TODAY, limit=EVERYBODY)
        assert {found.theirs.country for found in ranking.matches} == {"NG" if firm.country == "KZ" else "KZ"}


@pytest.mark.parametrize("status", ["submitted", "unclaimed", "suspended"])
def test_firm_that_is_not_verified_is_ranked_only_when_asked_for(status: Status) -> None:
    matcher = matcher_of(MILL, TRADER, replace(BAKERY, status=status))
    assert names(matcher, MILL) == {"ng-trader"}
    assert names(matcher, MILL, Wanted(statuses=("verified", status))) == {"ng-trader", "ng-bakery"}
    assert names(matcher, MILL, Wanted(statuses=(status,))) == {"ng-bakery"}


def test_suspended_firm_is_not_ranked_for_staff_who_ask_for_the_others() -> None:
    matcher = matcher_of(MILL, replace(TRADER, status="suspended"))
    assert names(matcher, MILL, Wanted(statuses=("verified", "submitted", "unclaimed"))) == set()


def test_firm_that_is_not_verified_can_ask() -> None:
    assert names(matcher_of(MILL, BAKERY), BAKERY) == {"kz-mill"}


def test_wanted_sector_keeps_firms_of_that_sector() -> None:
    matcher = matcher_of(*FIRMS)
    assert names(matcher, DRILLER, Wanted(sector="mining")) == {"kz-pipes"}
    assert names(matcher, DRILLER, Wanted(sector="it")) == set()


def test_least_probability_cuts_the_ranking() -> None:
    matcher = matcher_of(*FIRMS)
    everybody = matcher.rank(MILL.id, today=TODAY, limit=EVERYBODY).matches
    least = everybody[1].probability
    assert names(matcher, MILL, Wanted(least=least)) == {found.theirs.id for found in everybody[:2]}


def test_limit_gives_the_top_and_where_it_goes_on() -> None:
    matcher = matcher_of(*FIRMS)
    everybody = matcher.rank(MILL.id, today=TODAY, limit=EVERYBODY)
    first = matcher.rank(MILL.id, today=TODAY, limit=2)
    assert first.matches == everybody.matches[:2]
    assert first.next == (first.matches[-1].probability, first.matches[-1].theirs.id)
    assert everybody.next is None
    assert matcher.rank(MILL.id, today=TODAY, limit=len(everybody.matches)).next is None


def test_unknown_firm_is_a_key_error() -> None:
    matcher = matcher_of(MILL)
    with pytest.raises(KeyError, match="nobody"):
        matcher.rank("nobody", today=TODAY, limit=1)
    with pytest.raises(KeyError, match="nobody"):
        matcher.pair(MILL.id, "nobody", today=TODAY)


@pytest.mark.parametrize("expired", ["ours", "theirs"])
def test_expired_listing_meets_nothing_and_is_no_evidence(expired: str) -> None:
    ours, theirs = kazakh(need("Cocoa beans")), nigerian(offer("Cocoa beans"))
    valid = match(ours, theirs)
    if expired == "ours":
        ours = kazakh(need("Cocoa beans", valid_until=YESTERDAY))
    else:
        theirs = nigerian(offer("Cocoa beans", valid_until=YESTERDAY))
    found = match(ours, theirs)
    assert directions(valid) == {"they_supply"}
    assert found.evidence == ()
    assert found.probability < valid.probability


def test_listing_on_its_last_day_is_still_valid() -> None:
    lasting = kazakh(need("Cocoa beans", valid_until=TODAY))
    assert directions(match(lasting, nigerian(offer("Cocoa beans")))) == {"they_supply"}


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([need("Cocoa beans")], [offer("Какао-бобы")], {"they_supply"}),
        ([offer("Какао-бобы")], [need("Cocoa beans")], {"we_supply"}),
        ([offer("Цемент")], [offer("Portland cement")], {"same_trade"}),
        ([offer("Sunflower oil")], [offer("Семена подсолнечника")], {"they_feed_our_trade"}),
        ([offer("Бидай")], [offer("Bread")], {"we_feed_their_trade"}),
        ([need("Cement")], [need("Цемент")], set()),
        ([need("Cement")], [offer("Software development", kind="service")], set()),
    ],
)
def test_evidence_stands_in_the_direction_of_its_listings(
    ours: list[Listing], theirs: list[Listing], expected: set[Direction]
) -> None:
    assert directions(match(kazakh(*ours), nigerian(*theirs))) == expected


def test_evidence_of_two_firms_with_the_same_offer_is_the_same_trade() -> None:
    ours, theirs = kazakh(offer("Poultry feed")), nigerian(offer("Poultry feed"))
    assert directions(match(ours, theirs)) == directions(match(theirs, ours)) == {"same_trade"}


def test_evidence_names_both_listings_shared_words_and_concepts() -> None:
    (found,) = match(kazakh(need("Alkalised cocoa powder")), nigerian(offer("Cocoa powder, alkalised"))).evidence
    assert found.ours.title == "Alkalised cocoa powder"
    assert found.theirs.title == "Cocoa powder, alkalised"
    assert set(found.words) == {"alkalised", "cocoa", "powder"}
    assert found.concepts[0][0] == "hs:1805"
    assert found.relevance > 0.9


def test_evidence_between_languages_rests_on_concepts() -> None:
    (found,) = match(kazakh(need("Какао-порошок")), nigerian(offer("Cocoa powder"))).evidence
    assert found.words == ()
    assert found.concepts[0][0] == "hs:1805"
    assert sum(share for _, share in found.concepts) > 0.8


def test_evidence_keeps_its_bounds_and_order() -> None:
    seen = set()
    for found in all_matches():
        seen |= directions(found)
        pairs = {(evidence.ours.id, evidence.theirs.id) for evidence in found.evidence}
        assert len(pairs) == len(found.evidence)
        needs_first = ["need" in {evidence.ours.side, evidence.theirs.side} for evidence in found.evidence]
        assert needs_first == sorted(needs_first, reverse=True)
        for evidence in found.evidence:
            shares = [share for _, share in evidence.concepts]
            assert 0 < evidence.relevance <= 1
            assert shares == sorted(shares, reverse=True)
            assert sum(shares) <= 1 + 1e-6
            assert all(share > 0 for share in shares)
            assert all(code in trade_vocabulary() for code, _ in evidence.concepts)
    assert seen == DIRECTIONS


def test_evidence_of_a_direction_is_at_most_three_pairs_the_best_ones() -> None:
    offers = [offer(f"Cocoa beans {word}", id=word) for word in ("raw", "dried", "bulk", "fermented")]
    found = match(kazakh(need("Cocoa beans dried")), nigerian(*offers))
    assert len(found.evidence) == 3
    assert found.evidence[0].theirs.id == "dried"
    relevances = [evidence.relevance for evidence in found.evidence]
    assert relevances == sorted(relevances, reverse=True)


def test_coverage_is_in_bounds() -> None:
    for found in all_matches():
        assert 0 < found.coverage <= 1
    assert match(MILL, TRADER).coverage > match(MILL, SILENT).coverage


@pytest.mark.parametrize(
    "less",
    [
        replace(MILL, size=None),
        replace(MILL, languages=frozenset()),
        replace(MILL, listings=MILL.listings[1:]),
        replace(MILL, listings=MILL.listings[:1]),
        replace(MILL, listings=(MILL.listings[0], replace(MILL.listings[1], certificates=()))),
        replace(MILL, listings=()),
    ],
    ids=["size", "languages", "offers", "needs", "certificates", "listings"],
)
def test_coverage_falls_when_a_field_is_removed(less: Profile) -> None:
    assert match(less, TRADER).coverage < match(MILL, TRADER).coverage
    assert match(TRADER, less).coverage < match(TRADER, MILL).coverage


def test_field_that_is_removed_is_a_gap_of_its_side() -> None:
    found = match(TRADER, replace(MILL, size=None))
    assert ("theirs", "/size") in {(gap.side, gap.pointer) for gap in found.gaps}
    assert "/size" not in {gap.pointer for gap in match(TRADER, MILL).gaps}


WANTS_COCOA = kazakh(
    need("Cocoa beans", volume=Volume(100, "t", "year"), certificates=("HACCP",)),
    size="medium",
    languages=frozenset({"ru", "en"}),
)
SELLS_COCOA = nigerian(
    offer("Cocoa beans", volume=Volume(100, "t", "year"), certificates=("HACCP",)),
    size="medium",
    languages=frozenset({"en"}),
)


def selling(*titles: str, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    return replace(SELLS_COCOA, listings=tuple(offer(title, **fields) for title in titles))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(selling("Cocoa beans"), selling("Cement"), id="the thing needed, another thing"),
        pytest.param(selling("Cocoa beans"), selling("Cocoa butter"), id="the thing needed, one of its kin"),
        pytest.param(selling("Какао-бобы"), selling("Coffee beans"), id="the thing in Russian, a word in common"),
        pytest.param(selling("Какао бұршақтары"), selling("Soya beans"), id="the thing in Kazakh, a word in common"),
        pytest.param(selling("Cacao beens"), selling("Green beans"), id="the thing mistyped, another thing"),
        pytest.param(selling("Goods", hs_codes=("1801",)), selling("Goods"), id="a code, none"),
        pytest.param(
            selling("Goods", hs_codes=("1801",)), selling("Goods", hs_codes=("2523",)), id="its code, another"
        ),
        pytest.param(selling("Cocoa beans"), selling("High quality goods at best price"), id="the thing, fillers"),
        pytest.param(SELLS_COCOA, replace(SELLS_COCOA, listings=()), id="an offer, none"),
        pytest.param(
            SELLS_COCOA,
            replace(SELLS_COCOA, listings=(replace(SELLS_COCOA.listings[0], side="need"),)),
            id="an offer, the same need",
        ),
        pytest.param(
            SELLS_COCOA,
            replace(SELLS_COCOA, listings=(replace(SELLS_COCOA.listings[0], kind="investment"),)),
            id="goods, an investment",
        ),
        pytest.param(
            SELLS_COCOA,
            replace(SELLS_COCOA, listings=(replace(SELLS_COCOA.listings[0], volume=Volume(1, "t", "year")),)),
            id="enough, too little",
        ),
        pytest.param(
            SELLS_COCOA,
            replace(SELLS_COCOA, listings=(replace(SELLS_COCOA.listings[0], certificates=("Halal",)),)),
            id="the required certificate, another",
        ),
        pytest.param(
            SELLS_COCOA,
            replace(SELLS_COCOA, listings=(replace(SELLS_COCOA.listings[0], valid_until=YESTERDAY),)),
            id="a valid offer, an expired one",
        ),
        pytest.param(SELLS_COCOA, replace(SELLS_COCOA, size="micro"), id="like size, another"),
        pytest.param(SELLS_COCOA, replace(SELLS_COCOA, languages=frozenset({"ha"})), id="a common language, none"),
        pytest.param(
            selling("Cement"),
            replace(selling("Cement"), sectors=frozenset({"it"})),
            id="another thing in the same sector, in another",
        ),
        pytest.param(SELLS_COCOA, replace(SELLS_COCOA, status="submitted"), id="verified, submitted"),
        pytest.param(replace(SELLS_COCOA, summary="Traders", founded=1999), SELLS_COCOA, id="more told, less"),
        pytest.param(
            replace(SELLS_COCOA, listings=(*SELLS_COCOA.listings, need("Cement"))),
            replace(SELLS_COCOA, listings=(need("Cement"),)),
            id="offer and need, need alone",
        ),
    ],
)
def test_better_firm_ranks_before_the_worse(better: Profile, worse: Profile) -> None:
    better, worse = replace(better, id="b"), replace(worse, id="a")
    matcher = matcher_of(WANTS_COCOA, better, worse)
    wanted = Wanted(statuses=("verified", "submitted"))
    ranking = matcher.rank(WANTS_COCOA.id, today=TODAY, limit=2, wanted=wanted)
    assert [found.theirs.id for found in ranking.matches] == ["b", "a"]
    assert ranking.matches[0].probability > ranking.matches[1].probability


@pytest.mark.parametrize(
    ("asker", "better", "worse"),
    [
        pytest.param(MILL, TRADER, nigerian(offer("Cocoa powder"), name="one-way"), id="both needs met, only ours"),
        pytest.param(
            kazakh(offer("Wheat flour"), need("Cocoa beans")),
            nigerian(need("Wheat flour"), offer("Cocoa beans"), name="both"),
            nigerian(need("Wheat flour"), offer("Ginger"), name="one"),
            id="both ways, one way",
        ),
        pytest.param(
            FARM,
            nigerian(offer("Wheat flour"), name="mill"),
            nigerian(offer("Cement"), name="cement"),
            id="a trade that uses ours, one that does not",
        ),
        pytest.param(
            kazakh(need("Palm oil"), offer("Drilling services", kind="service")),
            nigerian(offer("Palm oil"), name="palm"),
            nigerian(offer("Crude oil"), need("Palm leaves"), name="crude"),
            id="the oil needed, words that pool",
        ),
        pytest.param(
            kazakh(need("Битум 60/70")),
            nigerian(offer("Bitumen 60/70"), name="right grade"),
            nigerian(offer("Bitumen 80/100"), name="wrong grade"),
            id="the grade needed, another",
        ),
        pytest.param(
            DRILLER,
            PIPES,
            kazakh(offer("Трубы пластиковые для воды"), name="plastic", sectors=frozenset({"energy", "mining"})),
            id="casing pipes, water pipes",
        ),
    ],
)
def test_better_pair_is_more_probable_than_the_worse(asker: Profile, better: Profile, worse: Profile) -> None:
    assert match(asker, better).probability > match(asker, worse).probability


def test_newcomer_ranks_as_after_registering() -> None:
    before = Matcher()
    before.change(put=[TRADER, BAKERY, DRILLER])
    after = Matcher()
    after.change(put=[TRADER, BAKERY, DRILLER, MILL])
    for wanted in (Wanted(), Wanted(statuses=("verified", "submitted")), Wanted(sector="mining")):
        newcomer = before.rank_newcomer(MILL, today=TODAY, limit=2, wanted=wanted)
        assert newcomer == after.rank(MILL.id, today=TODAY, limit=2, wanted=wanted)
    assert before.rank_newcomer(MILL, today=TODAY, limit=1).matches
    assert len(before) == 3
