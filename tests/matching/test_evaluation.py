from math import log2

import pytest

from matching import Quality, Relevance, quality, rank_documents


def test_quality_of_a_hand_computed_ranking() -> None:
    found = quality({"q": ["a", "b", "c"]}, {"q": {"b": 1, "c": 2, "d": 1}})
    gained = 1 / log2(3) + 3 / log2(4)
    ideal = 3 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert found.queries == 1
    assert found.ndcg == pytest.approx(gained / ideal)
    assert found.mrr == pytest.approx(1 / 2)
    assert found.recall == pytest.approx(2 / 3)


def test_quality_of_the_ideal_ranking_is_one() -> None:
    assert quality({"q": ["c", "b", "a"]}, {"q": {"a": 1, "b": 2, "c": 3}}) == Quality(1, 1.0, 1.0, 1.0)


def test_quality_of_a_worse_order_is_lower() -> None:
    judgements = {"q": {"a": 2, "b": 1}}
    assert quality({"q": ["b", "a"]}, judgements).ndcg < quality({"q": ["a", "b"]}, judgements).ndcg


def test_quality_is_the_mean_over_queries() -> None:
    found = quality({"one": ["a"], "other": ["x", "y", "z", "a"]}, {"one": {"a": 1}, "other": {"a": 1}})
    assert found.queries == 2
    assert found.ndcg == pytest.approx((1 + 1 / log2(5)) / 2)
    assert found.mrr == pytest.approx((1 + 1 / 4) / 2)
    assert found.recall == 1


def test_query_without_relevant_documents_is_left_out() -> None:
    judgements = {"one": {"a": 1}, "nothing": {"a": 0, "b": 0}, "empty": {}}
    assert quality({"one": ["a"], "nothing": ["a"]}, judgements) == Quality(1, 1.0, 1.0, 1.0)


def test_judged_query_without_a_ranking_counts_zero() -> None:
    assert quality({"one": ["a"]}, {"one": {"a": 1}, "other": {"a": 1}}) == Quality(2, 0.5, 0.5, 0.5)


def test_ranking_of_a_query_that_was_not_judged_counts_nothing() -> None:
    assert quality({"one": ["a"], "other": ["x"]}, {"one": {"a": 1}}) == Quality(1, 1.0, 1.0, 1.0)


def test_quality_without_any_judged_query_is_zero() -> None:
    assert quality({"q": ["a"]}, {"q": {"a": 0}}) == Quality(0, 0.0, 0.0, 0.0)


def test_document_after_the_cut_counts_nothing() -> None:
    ranking = ["x", "y", "a"]
    assert quality({"q": ranking}, {"q": {"a": 1}}, cut=2) == Quality(1, 0.0, 0.0, 0.0)
    assert quality({"q": ranking}, {"q": {"a": 1}}, cut=3).mrr == pytest.approx(1 / 3)


def test_ideal_holds_no_more_documents_than_the_cut() -> None:
    found = quality({"q": ["a", "b"]}, {"q": {"a": 1, "b": 1, "c": 1, "d": 1}}, cut=2)
    assert found.ndcg == pytest.approx(1)
    assert found.recall == pytest.approx(1 / 2)


def test_documents_are_ranked_by_relevance_in_any_language() -> None:
    documents = {"flour": "Мука пшеничная", "wheat": "Пшеница мягкая", "oil": "Нефть сырая", "tea": "Чай чёрный"}
    rankings = dict(rank_documents(Relevance(), {"q": "wheat flour", "r": "tea"}, documents))
    assert list(rankings) == ["q", "r"]
    assert rankings["q"][0] == "flour"
    assert rankings["r"][0] == "tea"


def test_documents_of_equal_relevance_stand_in_the_order_of_their_ids() -> None:
    documents = dict.fromkeys(("c", "a", "b"), "wheat flour")
    assert dict(rank_documents(Relevance(), {"q": "flour"}, documents)) == {"q": ["a", "b", "c"]}
    assert dict(rank_documents(Relevance(), {"q": "flour"}, documents, cut=2)) == {"q": ["a", "b"]}


def test_documents_without_any_relevance_are_not_listed() -> None:
    documents = {"a": "wheat flour", "b": "", "c": "🌾"}
    assert dict(rank_documents(Relevance(), {"q": "wheat flour", "silent": ""}, documents)) == {
        "q": ["a"],
        "silent": [],
    }


def test_more_queries_than_a_batch_are_all_ranked() -> None:
    queries = {f"q{number:03d}": "cocoa" for number in range(300)}
    rankings = dict(rank_documents(Relevance(), queries, {"a": "cocoa beans"}))
    assert list(rankings) == list(queries)
    assert set(map(tuple, rankings.values())) == {("a",)}
