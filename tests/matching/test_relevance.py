from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import KINDS, Listing, Relevance, Statistics, code_disagreement, vocabulary_statistics
from matching.relevance import KIND_FIT
from tests.factories import need, offer

RELEVANCE = Relevance()
POOL = (
    offer("Palm oil"),
    offer("Пальмовое масло", text="Рафинированное, наливом"),
    offer("Crude oil", hs_codes=("2709",)),
    offer("Мука пшеничная", hs_codes=("110100",)),
    offer("Бидай ұны"),
    offer("Soap", hs_codes=("3401", "1511")),
    offer("quality goods"),
    offer("12345"),
    offer("🌾"),
    offer(""),
    offer("Битум 60/70", text="Bitumen 60/70 " * 20),
    offer("Road works", kind="service", isic_codes=("4210",)),
    offer("Software development", kind="service"),
)


def products(one: Sequence[Listing], other: Sequence[Listing], relevance: Relevance = RELEVANCE) -> list[list[float]]:
    found: list[list[float]] = (relevance.vectors(one) @ relevance.vectors(other).T).toarray().tolist()
    return found


def relevance_of(needed: str, offered: str, relevance: Relevance = RELEVANCE) -> float:
    return products([need(needed)], [offer(offered)], relevance)[0][0]


def lengths(listings: Sequence[Listing]) -> npt.NDArray[np.float64]:
    vectors = RELEVANCE.vectors(listings)
    return np.asarray(np.sqrt(vectors.multiply(vectors).sum(axis=1)), dtype=np.float64)


def test_vectors_have_at_most_unit_length() -> None:
    assert lengths(POOL).max() <= 1 + 1e-6
    assert RELEVANCE.vectors(POOL).min() >= 0


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.sampled_from(["1101", "2709", "9999"]), max_size=2))
def test_vector_of_any_listing_has_at_most_unit_length(title: str, text: str, codes: list[str]) -> None:
    assert lengths([offer(title, text=text, hs_codes=tuple(codes))])[0] <= 1 + 1e-6


def test_vector_is_long_where_the_text_tells_what_it_is() -> None:
    told, filler, nothing = lengths([offer("Wheat flour"), offer("quality products"), offer("🌾")])
    assert told == pytest.approx(1, abs=1e-6)
    assert filler < 0.5 * told
    assert nothing == 0


def test_no_listings_have_no_rows() -> None:
    assert RELEVANCE.vectors([]).shape == (0, RELEVANCE.vectors(POOL).shape[1])


def test_vector_of_a_listing_does_not_depend_on_what_stands_beside_it() -> None:
    together = RELEVANCE.vectors(POOL)
    for place, listing in enumerate(POOL):
        assert abs(together[[place]] - RELEVANCE.vectors([listing])).sum() == 0


def test_relevance_is_symmetric() -> None:
    needs = [replace(listing, side="need") for listing in POOL]
    forth, back = np.array(products(needs, POOL)), np.array(products(POOL, needs))
    assert forth.max() > 0.9
    assert abs(forth - forth.T).max() <= 1e-6
    assert abs(forth - back).max() <= 1e-6


@pytest.mark.parametrize(
    ("needed", "offered"),
    [
        ("palm oil", "пальмовое масло"),
        ("wheat flour", "мука пшеничная"),
        ("мука пшеничная", "бидай ұны"),
        ("wheat flour", "бидай ұны"),
        ("cocoa beans", "какао-бобы"),
        ("sesame seeds", "семена кунжута"),
        ("crude oil", "нефть сырая"),
        ("күнбағыс майы", "sunflower oil"),
        ("hard coal", "көмір"),
        ("карбамид", "urea fertilizer"),
        ("bitumen 60/70", "битум дорожный БНД 60/70"),
        ("арпа", "barley"),
        ("баранина", "қой еті"),
        ("ferroalloys", "ферросплавы"),
        ("solar panels", "солнечные панели"),
        ("цемент", "cement"),
        ("software development", "разработка программного обеспечения"),
        ("road freight", "перевозка грузов автотранспортом"),
        ("wheat flour", "biday uny"),
    ],
)
def test_same_thing_in_another_language_is_more_relevant_than_anything_else(needed: str, offered: str) -> None:
    strange = ["нефтепродукты", "детские игрушки", "hair dye", "banking", "жиһаз", "ноутбуки"]
    found, *others = products([need(needed)], [offer(offered), *map(offer, strange)])[0]
    assert found >= 0.4
    assert max(others) < 0.5 * found


@pytest.mark.parametrize(
    ("needed", "offered"),
    [
        ("palm oil", "crude oil"),
        ("palm oil", "нефть сырая"),
        ("пальмовое масло", "сырая нефть"),
        ("palm oil", "машинное масло"),
        ("coffee beans", "soya beans"),
        ("iron ore", "iron supplements"),
        ("wheat flour", "software development"),
        ("quality supplier", "quality products"),
    ],
)
def test_shared_word_does_not_make_another_thing_relevant(needed: str, offered: str) -> None:
    assert relevance_of(needed, offered) < 0.35


def test_same_words_are_fully_relevant() -> None:
    assert relevance_of("Wheat flour", "wheat flour") == pytest.approx(1, abs=1e-5)


def test_typing_error_costs_little() -> None:
    assert relevance_of("sesame seeds", "sesamme seeds") > 0.5


def test_grade_that_agrees_makes_more_relevant() -> None:
    agreed, other = products([need("битум 60/70")], [offer("bitumen 60/70"), offer("bitumen 80/100")])[0]
    assert agreed > other > 0.3


def test_declared_code_counts_where_words_say_nothing() -> None:
    silent, coded = products(
        [need("soap")], [offer("our flagship product"), offer("our flagship product", hs_codes=("3401",))]
    )[0]
    assert silent < 0.1
    assert coded >= 0.4


def test_declared_code_beside_the_same_words_changes_little() -> None:
    worded, coded = products([need("wheat flour")], [offer("wheat flour"), offer("wheat flour", hs_codes=("1101",))])[0]
    assert coded == pytest.approx(worded, abs=0.1)


def test_declared_code_beside_other_words_leaves_both_to_be_found() -> None:
    listing = offer("Cocoa powder", hs_codes=("1101",))
    by_code, by_words, by_neither = (row[0] for row in products(list(map(need, ["flour", "cocoa", "oil"])), [listing]))
    assert by_code > 0.2
    assert by_words > 0.2
    assert by_neither < 0.1


def test_code_finer_than_the_vocabulary_counts_as_its_heading() -> None:
    assert RELEVANCE.declared(offer("x", hs_codes=("1101001500", "1101"))) == ("hs:1101",)
    assert RELEVANCE.declared(offer("x", hs_codes=("7701",), isic_codes=("0111",))) == ("isic:0111",)


def test_text_counts_less_than_the_title() -> None:
    title, text = products([need("cocoa beans")], [offer("Cocoa beans"), offer("Our goods", text="Cocoa beans")])[0]
    assert 0.1 < text < title


def test_understanding_holds_declared_and_found_concepts() -> None:
    found = RELEVANCE.understand(offer("Мука пшеничная", text="Cocoa beans too", hs_codes=("1101",)))
    weights = {one.code: one.weight for one in found.found}
    assert found.declared == ("hs:1101",)
    assert weights["hs:1101"] == 1
    assert 0 < weights["hs:1801"] < 1


@pytest.mark.parametrize(("title", "code"), [("Мука пшеничная", "1101"), ("Wheat flour", "110100"), ("Goods", "2709")])
def test_code_that_fits_the_title_or_a_silent_title_does_not_disagree(title: str, code: str) -> None:
    assert code_disagreement(offer(title, hs_codes=(code,))) is None


def test_code_of_another_thing_disagrees_with_the_title() -> None:
    found = code_disagreement(offer("Мука пшеничная", hs_codes=("2709",)))
    assert found is not None
    assert (found.declared, found.spoken) == ("hs:2709", "hs:1101")


def test_title_without_a_code_does_not_disagree() -> None:
    assert code_disagreement(offer("Мука пшеничная")) is None


def test_statistics_count_texts_that_use_a_term() -> None:
    counted = Statistics.of("test", ["wheat wheat flour", "wheat", "cocoa"])
    assert counted.listings == 3
    assert counted.used_by["e:wheat"] == 2
    assert counted.used_by["e:flour"] == 1
    assert counted.rarity("e:wheat") < counted.rarity("e:cocoa") < counted.rarity("e:unheard")


def test_statistics_change_weights_only_through_a_new_value() -> None:
    before = relevance_of("wheat flour", "wheat bran")
    common = Statistics.of("everybody mills", ["bran flour"] * 1000)
    refreshed = Relevance(common)
    after = relevance_of("wheat flour", "wheat bran", refreshed)
    assert relevance_of("wheat flour", "wheat bran") == before
    assert after != pytest.approx(before, abs=1e-3)
    assert relevance_of("wheat flour", "wheat bran", Relevance(vocabulary_statistics())) == before


def test_reading_more_listings_does_not_change_weights() -> None:
    relevance = Relevance()
    before = relevance.vectors([offer("Wheat flour")])
    relevance.vectors([offer(f"Wheat {word}") for word in ("bran", "germ", "starch", "gluten")])
    assert abs(relevance.vectors([offer("Wheat flour")]) - before).sum() == 0


def test_implied_needs_and_implied_uses_are_transposes() -> None:
    chain = ["wheat", "wheat flour", "flour mill machinery", "bread", "urea fertilizer", "drilling rigs", "bitumen"]
    vectors = RELEVANCE.vectors([offer(title) for title in chain] + list(POOL))
    doubled = vectors.astype(np.float64)
    used = (RELEVANCE.implied_needs(vectors) @ doubled.T).toarray()
    using = (RELEVANCE.implied_uses(vectors) @ doubled.T).toarray()
    assert used.max() > 0.3
    assert abs(used - using.T).max() <= 1e-9


@pytest.mark.parametrize(
    ("maker", "supply"),
    [
        ("wheat flour", "wheat"),
        ("Мука пшеничная", "wheat"),
        ("bread", "бидай ұны"),
        ("road construction", "bitumen"),
        ("масло подсолнечное", "sunflower seeds"),
        ("chocolate", "какао-бобы"),
    ],
)
def test_offer_implies_a_need_of_what_its_trade_uses(maker: str, supply: str) -> None:
    made, supplied = RELEVANCE.vectors([offer(maker)]), RELEVANCE.vectors([offer(supply)])
    assert (RELEVANCE.implied_needs(made) @ supplied.T).toarray()[0, 0] > 0.15
    assert (RELEVANCE.implied_uses(supplied) @ made.T).toarray()[0, 0] > 0.15
    strange = RELEVANCE.vectors([offer("hair dye")])
    assert (RELEVANCE.implied_needs(made) @ strange.T).toarray()[0, 0] < 0.05


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ("Wheat flour, extra grade", "flour of wheat", {"wheat", "flour"}),
        ("Мука пшеничная", "муку из пшеничной", {"мука", "пшеничная"}),
        ("Bitumen 60/70", "битум 60/70", set()),
        ("wheat", "мука", set()),
        ("12345 of it", "12345 of us", set()),
    ],
)
def test_shared_words_are_ours_in_any_form(ours: str, theirs: str, words: set[str]) -> None:
    assert set(RELEVANCE.shared_words(need(ours), offer(theirs))) == words


def test_shared_words_stand_rarest_first() -> None:
    found = RELEVANCE.shared_words(need("quality alkalised cocoa"), offer("cocoa of quality, alkalised"))
    assert found == ("alkalised", "cocoa", "quality")


def test_kinds_fit_themselves_best_and_each_other_alike() -> None:
    assert KIND_FIT.shape == (len(KINDS), len(KINDS))
    assert (KIND_FIT.diagonal() == 1).all()
    assert (KIND_FIT == KIND_FIT.T).all()
    assert KIND_FIT.min() > 0
    assert KIND_FIT.max() == 1
