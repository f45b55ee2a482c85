"""Speed of the index beside its peers: ``uv run --group bench python -m benchmarks``.

Every system answers the same queries over the same generated vectors in one run, on one thread; read the ratios.
"""

import argparse
import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from sparse_dot_topn import sp_matmul_topn

from matching.index.kernel import accumulate
from matching.index.postings import Postings, query

SEED = 7
TERMS = 45
VOCABULARY = 200_000
ZIPF = 1.07
TOP = 20
QUERIES = 200
SIZES = (10_000, 100_000, 1_000_000)
QUICK = (10_000, 100_000)
FAST = ("Caravan", "scipy CSR", "sparse_dot_topn")
FEWEST = 5
"""Queries for a system that takes long for each."""
RESULTS = Path(__file__).parent / "results" / "index.json"

Answer = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
System = Callable[[sparse.csr_array], Answer]


def vectors(rows: int, seed: int = SEED) -> sparse.csr_array:
    """Rows of unit length with about ``TERMS`` terms each, from a Zipfian vocabulary."""
    numbers = np.random.default_rng(seed)
    ranks = np.arange(1, VOCABULARY + 1) ** -ZIPF
    columns = numbers.choice(VOCABULARY, size=rows * TERMS, p=ranks / ranks.sum()).astype(np.int32)
    weights = (numbers.random(rows * TERMS) + 0.1).astype(np.float32) * np.log1p(columns).astype(np.float32)
    starts = np.arange(0, rows * TERMS + 1, TERMS)
    matrix = sparse.csr_array((weights, columns, starts), shape=(rows, VOCABULARY))
    matrix.sum_duplicates()
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    matrix.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def best(rows: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Answer:
    """The ``TOP`` largest values, ties by row."""
    if len(rows) > TOP:
        cut = np.partition(values, len(values) - TOP)[len(values) - TOP]
        rows, values = rows[values >= cut], values[values >= cut]
    order = np.lexsort((rows, -values))[:TOP]
    return rows[order], values[order]


def caravan(matrix: sparse.csr_array) -> System:
    """The product's postings and accumulating kernel."""
    postings = Postings.of(matrix)
    sums, touched = np.zeros(matrix.shape[0]), np.empty(matrix.shape[0], dtype=np.uint32)

    def answer(asked: sparse.csr_array) -> Answer:
        _, places, weights = query(asked, postings)
        count = accumulate(places, weights, postings.starts, postings.rows, postings.weights, sums, touched)
        rows = touched[:count].astype(np.int64)
        values = sums[rows]
        sums[rows] = 0.0
        return best(rows, values)

    return answer


def scipy_csr(matrix: sparse.csr_array) -> System:
    """A sparse product with the transposed matrix."""
    turned = matrix.T.tocsr()

    def answer(asked: sparse.csr_array) -> Answer:
        products = sparse.csr_array(asked @ turned)
        return best(products.indices.astype(np.int64), products.data.astype(np.float64))

    return answer


def topn(matrix: sparse.csr_array) -> System:
    """sparse_dot_topn on one thread."""
    turned = sparse.csr_matrix(matrix.T)

    def answer(asked: sparse.csr_array) -> Answer:
        found = sp_matmul_topn(sparse.csr_matrix(asked), turned, top_n=TOP, sort=True, n_threads=1)
        return found.indices.astype(np.int64), found.data.astype(np.float64)

    return answer


def neighbours(matrix: sparse.csr_array) -> System:
    """scikit-learn's brute-force cosine neighbours."""
    fitted = NearestNeighbors(n_neighbors=TOP, metric="cosine", algorithm="brute", n_jobs=1).fit(matrix)

    def answer(asked: sparse.csr_array) -> Answer:
        distances, rows = fitted.kneighbors(asked)
        return rows[0], 1.0 - distances[0]

    return answer


PEERS: dict[str, Callable[[sparse.csr_array], System]] = {
    "sparse_dot_topn": topn,
    "scipy CSR": scipy_csr,
    "scikit-learn NearestNeighbors": neighbours,
}


def measured(system: System, queries: list[sparse.csr_array], truth: list[Answer] | None) -> list[float]:
    """Milliseconds of each query after a warm-up; the answers must be the true ones.

    Raises:
        AssertionError: a system answers otherwise than the first.
    """
    system(queries[0])
    times = []
    for at, asked in enumerate(queries):
        started = perf_counter()
        rows, values = system(asked)
        times.append((perf_counter() - started) * 1e3)
        if truth is not None:
            assert np.allclose(np.sort(values), np.sort(truth[at][1]), atol=1e-4), (at, rows)  # noqa: S101  # a check
    return times


def main() -> None:
    """Measures, prints a Markdown table and writes it as JSON."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="only the smaller sizes")
    arguments.add_argument("--peers", choices=("all", "none"), default="all")
    arguments.add_argument("--sizes", type=int, nargs="+", help="candidates, instead of the usual sizes")
    arguments.add_argument("--queries", type=int, default=QUERIES)
    chosen = arguments.parse_args()
    sizes = chosen.sizes or (QUICK if chosen.quick else SIZES)
    systems = {"Caravan": caravan} | (PEERS if chosen.peers == "all" else {})
    rows: list[dict[str, str | float]] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Measuring", total=len(sizes) * len(systems))
        for size in sizes:
            matrix = vectors(size)
            asked = vectors(chosen.queries, SEED + 1)
            queries = [sparse.csr_array(asked[[at]]) for at in range(chosen.queries)]
            ours = caravan(matrix)
            truth = [ours(one) for one in queries]
            median = 0.0
            for name, make in systems.items():
                few = queries if name in FAST else queries[: max(FEWEST, chosen.queries // 10)]
                times = measured(make(matrix), few, truth)
                p50, p99 = float(np.median(times)), float(np.quantile(times, 0.99))
                median = median or p50
                rows.append({"candidates": size, "system": name, "p50_ms": p50, "p99_ms": p99, "ratio": p50 / median})
                progress.advance(task)
    report(rows)


def report(rows: list[dict[str, str | float]]) -> None:
    """Prints the rows with the machine's facts and keeps them as JSON."""
    facts = {name: version(name) for name in ("numpy", "numba", "scipy", "scikit-learn", "sparse_dot_topn")}
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    table = Table(*rows[0], title=f"One query, exact top {TOP}, {TERMS} terms a row ({machine})", box=None)
    for row in rows:
        table.add_row(*(f"{value:,.2f}" if isinstance(value, float) else f"{value}" for value in row.values()))
    Console(width=120).print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine, "versions": facts, "rows": rows}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
