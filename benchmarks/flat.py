"""One query against many candidates, and what their postings take."""

from collections.abc import Iterator
from itertools import pairwise
from time import perf_counter

import numpy as np
from scipy import sparse

from benchmarks.bench import FEWEST, Row, Settings, goal, p50, p99, timed
from benchmarks.generated import SEED, vectors
from benchmarks.systems import Answer, Build, System, caravan, floor
from matching.index.postings import Postings

WHAT = "one query, exact top 20"
LEAST_RATIOS = {"sparse_dot_topn": 25, "bm25s": 8, "Tantivy": 15}
"""How much slower peers should be than we are at ``GOAL_SIZE`` candidates."""
GOAL_SIZE = 1_000_000
LARGEST_P99 = 2.5
LARGEST_FLOOR = 2.0
LARGEST_GROWTH = 1.5
LARGEST_BYTES = 700


def flat(settings: Settings) -> Iterator[Row]:
    """One query against generated candidates on one thread: the exact 20 best.

    The floor is a bare loop that accumulates the postings and scans the sums. It, sparse_dot_topn, the SciPy product
    and scikit-learn give our answers. bm25s, Tantivy and SQLite FTS5 take each row as a document whose words are its
    columns and a query as its words joined by OR: the same postings in their own BM25 weighting. bm25s and Tantivy
    stand twice: as they come, and in the quickest exact way that their settings allow. No system's time includes
    reading the query. Slow systems are asked fewer queries.
    """
    asked = vectors(settings.queries, SEED + 1)
    queries = [asked[[row]] for row in range(settings.queries)]
    medians: dict[int, float] = {}
    for size in settings.sizes:
        matrix = vectors(size)
        ours = caravan(matrix)
        truth = [ours(query)() for query in queries]
        times = _times(ours, queries, truth, settings.patience)
        medians[size] = p50(times)
        spread = p99(times) / p50(times)
        wanted = goal(f"p99 ≤ {LARGEST_P99:g} × p50", spread <= LARGEST_P99) if size == GOAL_SIZE else ""
        yield _row(size, "Caravan", times, medians[size], wanted)
        for name, build, alike in _others(settings):
            times = _times(build(matrix), queries, truth if alike else None, settings.patience)
            yield _row(size, name, times, medians[size], _goal_beside(size, name, p50(times) / medians[size]))
    for size, larger in pairwise(settings.sizes):
        growth = medians[larger] / larger / (medians[size] / size)
        wanted = goal(f"≤ {LARGEST_GROWTH:g}", growth <= LARGEST_GROWTH)
        unit = f"× the time a candidate of {size:,}"
        yield Row(what="growth", size=larger, system="Caravan", figure=growth, unit=unit, goal=wanted)


def memory(settings: Settings) -> Iterator[Row]:
    """Bytes that the postings of the generated candidates take."""
    size = settings.sizes[-1]
    postings = Postings.of(vectors(size))
    arrays = postings.columns, postings.starts, postings.rows, postings.weights
    figure = sum(array.nbytes for array in arrays) / size
    wanted = goal(f"≤ {LARGEST_BYTES}", figure <= LARGEST_BYTES)
    yield Row(what="postings", size=size, system="Caravan", figure=figure, unit="bytes a row", goal=wanted)


def _others(settings: Settings) -> Iterator[tuple[str, Build, bool]]:
    """Name, index and whether the answers must be ours."""
    yield "floor", floor, True
    if settings.peers:
        from benchmarks import peers  # noqa: PLC0415  # only the bench group has them

        yield from ((name, build, True) for name, build in peers.ALIKE.items())
        yield from ((name, build, False) for name, build in peers.BM25.items())


def _times(system: System, queries: list[sparse.csr_array], truth: list[Answer] | None, patience: float) -> list[float]:
    """Milliseconds of each query after a warm-up.

    Raises:
        AssertionError: an answer is not the true one.
    """
    system(queries[0])()
    began, times = perf_counter(), list[float]()
    for at, query in enumerate(queries):
        if len(times) >= FEWEST and perf_counter() - began > patience:
            break
        (_, values), spent = timed(system(query))
        times.append(spent)
        if truth is not None:
            assert np.allclose(np.sort(values), np.sort(truth[at][1]), atol=1e-4), at  # noqa: S101  # a check
    return times


def _goal_beside(size: int, name: str, ratio: float) -> str:
    if size != GOAL_SIZE:
        return ""
    if name == "floor":
        return goal(f"Caravan ≤ {LARGEST_FLOOR:g} × floor", ratio >= 1 / LARGEST_FLOOR)
    least = LEAST_RATIOS.get(name)
    return goal(f"≥ {least} ×", ratio >= least) if least else ""


def _row(size: int, system: str, times: list[float], ours: float, wanted: str) -> Row:
    return Row(
        what=WHAT,
        size=size,
        system=system,
        runs=len(times),
        p50_ms=p50(times),
        p99_ms=p99(times),
        ratio=p50(times) / ours,
        goal=wanted,
    )
