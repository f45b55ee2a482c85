import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from matching.index import reference
from matching.index.columns import joined, taken
from matching.index.kernel import best_pairs, common, common_terms, pairs_above, spread
from matching.index.postings import Postings
from matching.index.segment import build
from matching.relevance import Relevance
from tests.factories import need, offer, profile

pytestmark = pytest.mark.slow

COLUMNS = 7
WEIGHTS = (0.0, 0.25, 0.5, 1.0)
"""Sums of their products are exact in single precision, so ties are ties."""


def matrices(rows: int) -> st.SearchStrategy[sparse.csr_array]:
    cells = st.lists(st.sampled_from(WEIGHTS), min_size=COLUMNS, max_size=COLUMNS)
    return st.lists(cells, min_size=1, max_size=rows).map(lambda found: sparse.csr_array(np.array(found, np.float32)))


@settings(max_examples=60, deadline=None)
@given(vectors=matrices(400), queries=matrices(4), limit=st.integers(1, 30))
def test_best_rows_are_those_of_a_full_product_ties_in_order(
    vectors: sparse.csr_array, queries: sparse.csr_array, limit: int
) -> None:
    rows, values = Postings.of(vectors).best(queries, limit, vectors.shape[0])
    expected_rows, expected_values = reference.top_rows_of_each(vectors, queries, limit)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(values, expected_values)


@pytest.mark.parametrize("rows", [1, 127, 128, 129, 1000])
def test_best_rows_of_any_number_of_rows(rows: int) -> None:
    numbers = np.random.default_rng(rows)
    vectors = sparse.random_array((rows, 50), density=0.2, rng=numbers, dtype=np.float32, format="csr")
    queries = sparse.random_array((20, 50), density=0.3, rng=numbers, dtype=np.float32, format="csr")
    found, values = Postings.of(vectors).best(queries, 20, rows)
    expected, expected_values = reference.top_rows_of_each(vectors, queries, 20)
    np.testing.assert_allclose(values, expected_values, atol=1e-6)
    assert (found == expected).mean() > 0.99  # two sums that differ in the last place may stand either way


def test_queries_without_columns_in_use_find_nothing() -> None:
    vectors = sparse.csr_array(np.array([[0, 1.0, 0]], dtype=np.float32))
    rows, values = Postings.of(vectors).best(sparse.csr_array(np.array([[1.0, 0, 1.0]], dtype=np.float32)), 2, 1)
    assert rows.tolist() == [[-1, -1]]
    assert values.tolist() == [[0, 0]]


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    counts=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    ours=st.integers(0, 4),
    each_of_ours=st.booleans(),
)
def test_best_pairs_are_those_of_the_reference(
    data: st.DataObject, counts: list[int], ours: int, *, each_of_ours: bool
) -> None:
    starts = np.concatenate([[0], np.cumsum(counts)])
    rows, size = int(starts[-1]), len(counts)
    cells = st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]), min_size=rows * ours, max_size=rows * ours)
    relevance = np.array(data.draw(cells)).reshape(rows, ours)
    fits = np.array([[1.0, 0.5]] * ours).reshape(ours, 2)
    kinds = np.array(data.draw(st.lists(st.sampled_from([0, 1]), min_size=rows, max_size=rows)), dtype=np.uint8)
    best, mean = np.empty(size), np.empty(size)
    our_best, row_best = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    fitting_ours, fitting_rows = best_pairs(
        relevance,
        np.arange(ours),
        0,
        fits,
        starts,
        kinds,
        np.ones(rows, dtype=np.bool_),
        each_of_ours,
        0.25,
        best,
        mean,
        our_best,
        row_best,
    )
    counted = fits.T[kinds]
    expected, expected_mean = reference.bests(relevance, counted, starts, each_of_ours=each_of_ours)
    np.testing.assert_allclose(best, expected)
    np.testing.assert_allclose(mean, expected_mean)
    for firm in np.flatnonzero(best):
        assert (relevance * counted)[row_best[firm], our_best[firm]] == best[firm]
        assert starts[firm] <= row_best[firm] < starts[firm + 1]
    pairs = sorted(zip(fitting_rows.tolist(), fitting_ours.tolist(), strict=True))
    assert pairs == sorted(zip(*(place.tolist() for place in np.nonzero(relevance * counted >= 0.25)), strict=True))


def test_pairs_above_are_those_of_one_firm_that_may_meet() -> None:
    relevance = np.array([[0.9, 0.9], [0.5, 0.1], [0.5, 0.5], [0.5, 0.5], [0.9, 0.9]])
    ours, valid = np.array([1, 1], dtype=np.uint8), np.array([True, True])
    sides, rows_valid = np.array([0, 0, 0, 1, 0], dtype=np.uint8), np.array([True, True, False, True, True])
    ways = np.array([[0, 1, 0], [1, 0, 0]])
    kinds, fits = np.zeros(5, dtype=np.uint8), np.array([[0.8], [1.0]])
    places, values = pairs_above(
        relevance, fits, ours, valid, sides, rows_valid, kinds, 1, 4, ways, np.array([0.1, 0.1])
    )
    assert places.tolist() == [[1, 0, 0], [1, 1, 0]]
    assert values.tolist() == [0.4, 0.1]


def test_common_values_and_terms() -> None:
    starts, values = np.array([0, 3, 3]), np.array([1, 5, 9])
    others_starts, others = np.array([0, 2, 4]), np.array([5, 9, 2, 9])
    counts = common(starts, values, np.array([0, 0, 1], np.int32), others_starts, others, np.array([0, 1, 1], np.int32))
    assert counts.tolist() == [2, 1, 0]
    columns, products = common_terms(
        np.array([1, 4, 6], np.int32), np.array([0.5, 2, 3]), np.array([4, 6, 7], np.int32), np.array([0.5, 1, 1])
    )
    assert (columns.tolist(), products.tolist()) == ([4, 6], [1.0, 3.0])


def test_spread_names_the_parts_of_owners_in_order() -> None:
    begins, parts = spread(np.array([0, 2, 2, 5]), np.array([2, 1, 0]))
    assert (begins.tolist(), parts.tolist()) == ([0, 3, 3, 5], [2, 3, 4, 0, 1])


def test_columns_give_back_profiles_and_vectors_however_they_were_cut() -> None:
    relevance = Relevance()
    firms = [
        profile("b", "NG", offer("Cocoa", certificates=("HACCP", "ISO 9001")), need("Wheat")),
        profile("a", "NG"),
        profile("ц", "NG", need("Мука", valid_until=None)),
    ]
    columns = build(firms, relevance).columns
    mixed = joined([taken(columns, np.array([2, 0])), taken(columns, np.array([1]))])
    assert [mixed.profile(at) for at in range(3)] == [firms[2], firms[1], firms[0]]
    expected = relevance.vectors([listing for firm in (firms[2], firms[0]) for listing in firm.listings])
    for row in range(3):
        assert mixed.vector(row)[0].tolist() == expected[[row]].indices.tolist()
    with pytest.raises(ValueError, match="at most 32 bytes"):
        build([profile("x" * 33, "NG")], relevance)
