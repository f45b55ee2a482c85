"""Every row of one side against every row of the other."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse

from benchmarks.bench import Row, Settings, goal, p50, timed
from benchmarks.generated import SEED, vectors
from benchmarks.systems import TOP
from matching.index.kernel import Weights
from matching.index.postings import Postings

WHAT = "all pairs, exact top 20"
RUNS = 5
PROCESSES = 2
LEAST_RATIO = 8
LEAST_GAIN = 1.7


def all_pairs(settings: Settings) -> Iterator[Row]:
    """As many queries as candidates, the 20 best of each, as one batch.

    The indexes are there before the clock starts. One process has one thread; two processes are running, have the
    arrays mapped into their memory and the loops compiled before the clock starts. All give the same answers.
    """
    size = settings.side
    matrix, queries = vectors(size), vectors(size, SEED + 1)
    postings = Postings.of(matrix)
    truth, times = _repeated(lambda: best_sums(postings, queries, size))
    ours = p50(times)
    yield _row(size, "Caravan", times, ours)
    times = in_processes(postings, queries, truth)
    gain = ours / p50(times)
    wanted = goal(f"one process ≥ {LEAST_GAIN:g} ×", gain >= LEAST_GAIN)
    yield _row(size, f"Caravan, {PROCESSES} processes", times, ours, wanted)
    if settings.peers:
        from benchmarks import peers  # noqa: PLC0415  # only the bench group has them

        for name, build in peers.BATCHES.items():
            ask = build(matrix, queries)
            found, times = _repeated(ask)
            _check(found, truth)
            ratio = p50(times) / ours
            wanted = goal(f"≥ {LEAST_RATIO} ×", ratio >= LEAST_RATIO) if name == "sparse_dot_topn" else ""
            yield _row(size, name, times, ours, wanted)


def best_sums(postings: Postings, queries: sparse.csr_array, size: int) -> Weights:
    """Dot products of each query's best rows, queries × ``TOP``."""
    return postings.best(queries, TOP, size)[1]


def in_processes(postings: Postings, queries: sparse.csr_array, truth: Weights) -> list[float]:
    """Milliseconds of the batch shared out to ``PROCESSES`` processes."""
    size = queries.shape[0]
    bounds = np.linspace(0, size, PROCESSES + 1, dtype=int)
    parts = [queries[begin:end] for begin, end in pairwise(bounds)]
    with Parallel(n_jobs=PROCESSES) as parallel:

        def ask() -> Weights:
            return np.vstack(parallel(delayed(best_sums)(postings, part, size) for part in parts))

        found, times = _repeated(ask)
    _check(found, truth)
    return times


def _repeated(ask: Callable[[], Weights]) -> tuple[Weights, list[float]]:
    ask()
    answers = [timed(ask) for _ in range(RUNS)]
    return answers[0][0], [spent for _, spent in answers]


def _check(found: Weights, truth: Weights) -> None:
    assert np.allclose(found, truth, atol=1e-4)  # noqa: S101  # a check


def _row(size: int, system: str, times: list[float], ours: float, wanted: str = "") -> Row:
    ratio = p50(times) / ours
    return Row(what=WHAT, size=size, system=system, runs=len(times), p50_ms=p50(times), ratio=ratio, goal=wanted)
