import pytest

from matching import Concept, fold, search_concepts, suggested_headings, trade_linker, trade_vocabulary


def codes(found: list[tuple[Concept, str]]) -> list[str]:
    return [concept.code for concept, _ in found]


@pytest.mark.parametrize(
    ("typed", "code", "name"),
    [
        ("wheat fl", "hs:1101", "Wheat flour"),
        ("WHEAT   FLOUR", "hs:1101", "Wheat flour"),
        ("бидай ұ", "hs:1101", "Бидай ұны"),
        ("ферроспл", "hs:7202", "Ферросплавы"),
        ("какао-б", "hs:1801", "Какао-бобы"),
    ],
)
def test_beginning_of_a_name_finds_the_concept_in_any_language(typed: str, code: str, name: str) -> None:
    concept, found = search_concepts(typed, 5)[0]
    assert (concept.code, found) == (code, name)


@pytest.mark.parametrize("typed", ["flour", "мук", "ұн", "oil", "тел"])
def test_found_names_have_a_word_that_begins_as_typed(typed: str) -> None:
    found = search_concepts(typed, 50)
    assert found
    for concept, name in found:
        assert f" {fold(typed)}" in f" {fold(name)}"
        assert name in {written for names in concept.names.values() for written in names} | {*concept.labels.values()}


def test_whole_names_come_first_then_beginnings_then_later_words_shorter_ones_first() -> None:
    def order(name: str) -> tuple[int, int]:
        folded = " ".join(fold(name).split())
        return (0 if folded == "wheat" else 1 if folded.startswith("wheat") else 2, len(folded))

    ranks = [order(name) for _, name in search_concepts("wheat", 200)]
    assert ranks == sorted(ranks)
    assert {how for how, _ in ranks} == {0, 1, 2}


def test_concept_comes_once() -> None:
    found = codes(search_concepts("oil", 500))
    assert len(found) > 20
    assert len(set(found)) == len(found)


def test_letter_yo_is_found_as_it_is_often_typed() -> None:
    assert codes(search_concepts("телка", 5)) == codes(search_concepts("тёлка", 5)) != []


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("1101", "hs:1101"),
        ("11.01", "hs:1101"),
        ("hs:1101", "hs:1101"),
        ("HS:15", "hs:15"),
        ("151110", "hs:151110"),
        ("1511.10", "hs:151110"),
    ],
)
def test_beginning_of_a_code_finds_it_first(typed: str, first: str) -> None:
    digits = first.removeprefix("hs:")
    found = codes(search_concepts(typed, 20))
    assert found[0] == first
    assert all(code.partition(":")[2].startswith(digits) for code in found)


def test_codes_of_both_schemes_are_found_broader_ones_first() -> None:
    found = codes(search_concepts("62", 50))
    assert found[:2] == ["hs:62", "isic:62"]
    levels = [trade_vocabulary()[code].level for code in found if "-" not in code]
    assert levels == sorted(levels)


def test_code_with_its_scheme_finds_that_scheme_only() -> None:
    assert {code.partition(":")[0] for code in codes(search_concepts("isic:6201", 20))} == {"isic"}


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_limit_cuts_the_same_order(limit: int) -> None:
    assert search_concepts("oil", limit) == search_concepts("oil", 100)[:limit]
    assert len(search_concepts("oil", limit)) == limit


@pytest.mark.parametrize("typed", ["", "   ", "zzzzqqq", "🌾", "7777", "hs:"])
def test_nothing_is_found_for_what_no_name_begins_with(typed: str) -> None:
    assert search_concepts(typed, 10) == []


def test_suggested_headings_of_a_text_are_goods_best_first() -> None:
    found = suggested_headings(trade_linker().read("Мука пшеничная, услуги мельницы"))
    weights = [weight for _, weight in found]
    assert found[0][0].code == "hs:1101"
    assert weights == sorted(weights, reverse=True)
    assert 0 < len(found) <= 5
    assert all(concept.scheme == "hs" and concept.level >= 4 and 0 < weight <= 1 for concept, weight in found)


def test_suggested_headings_of_a_service_or_of_fillers_are_none() -> None:
    assert suggested_headings(trade_linker().read("сапалы тауар")) == []
    assert suggested_headings(trade_linker().read("legal advice and contracts")) == []
