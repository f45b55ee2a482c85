"""Caravan's index and the floor below it, as systems that answer a query."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import sparse

from matching.index.kernel import Ids, Ints, Weights, place_of, top_rows
from matching.index.postings import Postings

TOP = 20

Answer = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]
Ask = Callable[[], Answer]
System = Callable[[sparse.csr_array], Ask]
"""Takes a query of one row and returns what is timed; reading the query is not."""
Build = Callable[[sparse.csr_array], System]
"""Indexes the candidates; not timed."""


def caravan(matrix: sparse.csr_array) -> System:
    """The kernel as the product calls it: a query's columns and weights against the postings."""
    postings = Postings.of(matrix)
    sums = np.zeros(matrix.shape[0], dtype=np.float32)

    def system(query: sparse.csr_array) -> Ask:
        columns, weights = query.indices.astype(np.int32), query.data.astype(np.float32)

        def ask() -> Answer:
            rows, values = np.empty(TOP, dtype=np.int64), np.empty(TOP, dtype=np.float32)
            count = top_rows(
                columns, weights, postings.columns, postings.starts, postings.rows, postings.weights, sums, rows, values
            )
            return rows[:count], values[:count]

        return ask

    return system


def floor(matrix: sparse.csr_array) -> System:
    """The least any exact index does that looks at each posting: accumulate, then scan."""
    postings = Postings.of(matrix)
    sums = np.zeros(matrix.shape[0], dtype=np.float32)

    def system(query: sparse.csr_array) -> Ask:
        places = np.array([place_of(postings.columns, column) for column in query.indices])
        weights = query.data.astype(np.float32)

        def ask() -> Answer:
            rows, values = np.empty(TOP, dtype=np.int64), np.empty(TOP, dtype=np.float32)
            count = _scanned(places, weights, postings.starts, postings.rows, postings.weights, sums, rows, values)
            return rows[:count], values[:count]

        return ask

    return system


@njit(cache=True, nogil=True)
def _scanned(  # noqa: PLR0913  # numba compiles flat loops over flat arrays
    places: Ints,
    weights: Weights,
    starts: Ints,
    rows: Ids,
    values: Weights,
    sums: Weights,
    best_rows: Ints,
    best_sums: Weights,
) -> int:
    for at in range(len(places)):
        if places[at] >= 0:
            for posting in range(starts[places[at]], starts[places[at] + 1]):
                sums[rows[posting]] += weights[at] * values[posting]
    count, at, least = 0, 0, np.float32(0.0)
    for row in range(len(sums)):
        value = sums[row]
        sums[row] = 0.0
        if value > least:
            best_rows[at], best_sums[at] = row, value
            count = min(count + 1, len(best_rows))
            at = count
            if count == len(best_rows):
                at = int(best_sums.argmin())
                least = best_sums[at]
    return count
