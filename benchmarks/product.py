"""The product's own ranking: what it costs beside a flat query, to change a firm, and to start from a file."""

import gc
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmarks.bench import Row, Settings, goal, p50, p99, timed
from benchmarks.systems import TOP, caravan
from benchmarks.trades import firms
from matching import Matcher, Profile
from matching.index import Register, load, save

TODAY = date(2026, 7, 1)
ASKERS = 1_000
CHANGES = 1_000
CHANGED = 0.05
KEY = {"change": 1}
LARGEST_RATIO = 6.0
LARGEST_P50_MS = {100_000: 2.5, 1_000_000: 20.0}
LARGEST_CHANGE_MS = 0.05
LARGEST_AFTER = 1.15


def product(settings: Settings) -> Iterator[Row]:
    """One firm's exact 20 best counterparts: 1 to 6 listings a firm, every feature, both sides, evidence and gaps.

    The flat query runs over as many vectors as the firms have listings, and asks with one of the asker's. A change
    puts one firm whose listings are read already; a rebuild makes the index of all of them from their vectors.
    """
    for size in settings.sizes:
        matcher, askers, asked = _register(size)
        matrix = _vectors(matcher)
        flat = p50(_flat(matrix, asked, settings.queries))
        rows = matrix.shape[0]
        del matrix
        gc.collect()
        gc.freeze()
        times = _ranking(matcher, askers, settings.queries)
        yield _row("flat query", rows, [flat])
        largest = LARGEST_P50_MS.get(size)
        wanted = goal(f"≤ {LARGEST_RATIO:g} × flat", p50(times) <= LARGEST_RATIO * flat)
        if largest is not None:
            wanted += "; " + goal(f"≤ {largest:g} ms", p50(times) <= largest)
        yield _row(f"ranking of {size:,} firms", rows, times, p50(times) / flat, wanted)
        if size == settings.sizes[-1]:
            yield from _stored(matcher, size)
            yield from _changes(matcher, askers, p50(times), settings.queries)
        gc.unfreeze()


def _register(size: int) -> tuple[Matcher, list[Profile], sparse.csr_array]:
    """A matcher with that many firms of one country, and firms of another that ask, with their listings' vectors."""
    matcher = Matcher()
    candidates, vectors = firms("NG", size, matcher.relevance, 11)
    matcher.register.put(candidates, vectors)
    askers, asked = firms("KZ", ASKERS, matcher.relevance, 12)
    matcher.register.put(askers, asked)
    return matcher, askers, asked


def _vectors(matcher: Matcher) -> sparse.csr_array:
    """All listings of the largest part."""
    columns = max((part.segment.columns for part in matcher.register.snapshot.parts), key=len)
    return sparse.csr_array(
        (columns.weights, columns.columns, columns.term_starts), shape=(columns.rows, matcher.relevance.columns)
    )


def _flat(matrix: sparse.csr_array, asked: sparse.csr_array, queries: int) -> list[float]:
    system = caravan(matrix)
    system(asked[[0]])()
    return [timed(system(asked[[row]]))[1] for row in range(queries)]


def _ranking(matcher: Matcher, askers: list[Profile], queries: int) -> list[float]:
    for asker in askers[-5:]:
        matcher.rank(asker.id, today=TODAY, limit=TOP)
    return [
        timed(lambda asker=asker: matcher.rank(asker.id, today=TODAY, limit=TOP))[1]  # type: ignore[misc]
        for asker in askers[:queries]
    ]


def _changes(matcher: Matcher, askers: list[Profile], fresh: float, queries: int) -> Iterator[Row]:
    """One firm after another is put anew; then a twentieth of all firms, and what rankings cost after it."""
    size = len(matcher) - len(askers)
    numbers = np.random.default_rng(13)
    count = min(size, max(CHANGES, int(CHANGED * size)))
    made, vectors = firms("NG", count, matcher.relevance, 14)
    places = numbers.choice(size, count, replace=False)
    changed = [replace(firm, id=f"NG{place:030d}") for firm, place in zip(made, places, strict=True)]
    ends = np.cumsum([len(firm.listings) for firm in changed])
    rows = [sparse.csr_array(vectors[end - len(one.listings) : end]) for one, end in zip(changed, ends, strict=True)]
    times = [timed(lambda at=at: matcher.register.put([changed[at]], rows[at]))[1] for at in range(count)[:CHANGES]]  # type: ignore[misc]
    yield _row("change of one firm", size, times, wanted=goal("≤ 0.05 ms", p50(times) <= LARGEST_CHANGE_MS))
    for at in range(count)[CHANGES:]:
        matcher.register.put([changed[at]], rows[at])
        if matcher.untidy:
            matcher.tidy()
    after = _ranking(matcher, askers, queries)
    wanted = goal(f"≤ {LARGEST_AFTER:g} × before", p50(after) <= LARGEST_AFTER * fresh)
    yield _row(f"ranking after {CHANGED:.0%} changed", size, after, p50(after) / fresh, wanted)


def _stored(matcher: Matcher, size: int) -> Iterator[Row]:
    """The register is written to a file and mapped back."""
    with tempfile.TemporaryDirectory(prefix="caravan-bench-") as folder:
        path = Path(folder) / "register.index"
        _, saving = timed(lambda: save(path, matcher.register.snapshot, KEY))
        parts, loading = timed(lambda: load(path, KEY))
        assert len(Register(parts).snapshot) == len(matcher)  # noqa: S101  # a check
        yield _row("save to a file", size, [saving])
        yield _row("start from a file", size, [loading])


def _row(what: str, size: int, times: list[float], ratio: float | None = None, wanted: str = "") -> Row:
    return Row(
        what=what,
        size=size,
        system="Caravan",
        runs=len(times),
        p50_ms=p50(times),
        p99_ms=p99(times),
        ratio=ratio,
        goal=wanted,
    )
