"""Seeded firms of one country with vectors for their listings, as a register of many trades holds them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from benchmarks.generated import SEED, vectors
from matching import KINDS, SECTORS, SIZES, Kind, Listing, Profile, Relevance, Volume

TRADES = 20_000
OF_TRADE = 10
"""Terms that a listing shares with others of its trade, of the 45 or so that it has."""
SHARE = 0.45
"""Of the squared length, what they hold: two listings of a trade have about this relevance."""
MOST_LISTINGS = 6
KIND_SHARES = (0.6, 0.2, 0.05, 0.1, 0.05)
OFFERS, WITH_VOLUME, WITH_CERTIFICATE, VERIFIED, WITH_SUMMARY = 0.5, 0.3, 0.1, 0.9, 0.5
LANGUAGES = [frozenset(found.split()) for found in ("en", "ru", "ru kk", "en ru", "en ru kk", "en ha", "en yo", "")]


def firms(country: str, size: int, relevance: Relevance, seed: int) -> tuple[list[Profile], sparse.csr_array]:
    """Firms with 1 to 6 listings each, and the listings' vectors, one after another.

    A third of the terms stand among the concepts' columns, so that the value chain's links have what to follow. Half of
    the listings are offers; three in ten name a volume, one in ten a certificate.
    """
    numbers = np.random.default_rng(seed)
    counts = numbers.integers(1, MOST_LISTINGS + 1, size)
    rows = int(counts.sum())
    matrix = _of_trades(vectors(rows, seed), numbers, relevance)
    return list(_profiles(country, counts, numbers)), matrix


def _of_trades(matrix: sparse.csr_array, numbers: np.random.Generator, relevance: Relevance) -> sparse.csr_array:
    """The rows, each with the terms of its trade, in the product's columns."""
    rows, concepts = matrix.shape[0], len(relevance.vocabulary.concepts)
    core = vectors(TRADES, SEED)
    popularity = np.cumsum(1.0 / (np.arange(1, TRADES + 1) + 30.0))
    trade = np.searchsorted(popularity / popularity[-1], numbers.random(rows))
    heaviest = _heaviest(core, OF_TRADE)
    mixed = sparse.csr_array(matrix * np.sqrt(1 - SHARE) + heaviest[trade] * np.sqrt(SHARE), dtype=np.float32)
    ranks = mixed.indices.astype(np.int64)
    among_concepts = (ranks % 3 == 0) & (ranks // 3 < concepts)
    columns = np.where(among_concepts, ranks // 3, 2 * concepts + ranks).astype(np.int32)
    placed = sparse.csr_array((mixed.data, columns, mixed.indptr), shape=(rows, relevance.columns))
    placed.sort_indices()
    return placed


def _heaviest(matrix: sparse.csr_array, count: int) -> sparse.csr_array:
    """The heaviest terms of each row, which is of unit length again."""
    kept = np.full(matrix.nnz, fill_value=False)
    for row in range(matrix.shape[0]):
        begin, end = matrix.indptr[row], matrix.indptr[row + 1]
        kept[begin + np.argsort(-matrix.data[begin:end])[:count]] = True
    found = matrix.copy()
    found.data[~kept] = 0.0
    found.eliminate_zeros()
    lengths = np.sqrt(found.multiply(found).sum(axis=1))
    found.data /= np.repeat(lengths, np.diff(found.indptr)).astype(np.float32)
    return found


def _profiles(country: str, counts: npt.NDArray[np.int64], numbers: np.random.Generator) -> Iterator[Profile]:
    size, rows = len(counts), int(counts.sum())
    offers, amounts = numbers.random(rows) < OFFERS, numbers.random(rows)
    kinds = numbers.choice(len(KINDS), rows, p=KIND_SHARES)
    sectors, sizes = numbers.integers(0, len(SECTORS), (size, 2)), numbers.integers(0, len(SIZES) + 1, size)
    spoken, told = numbers.integers(0, len(LANGUAGES), size), numbers.random(size)
    row = 0
    for firm in range(size):
        listings = []
        for _ in range(counts[firm]):
            kind: Kind = KINDS[kinds[row]]
            listings.append(
                Listing(
                    id=f"{country}{row:030d}",
                    side="offer" if offers[row] else "need",
                    kind=kind,
                    title=f"Listing {row}",
                    volume=Volume(1.0 + 100 * float(amounts[row]), "t", "month")
                    if amounts[row] < WITH_VOLUME
                    else None,
                    certificates=("ISO 9001",) if amounts[row] < WITH_CERTIFICATE else (),
                )
            )
            row += 1
        yield Profile(
            id=f"{country}{firm:030d}",
            country=country,
            name=f"Firm {firm}",
            sectors=frozenset(SECTORS[sector] for sector in sectors[firm]),
            status="verified" if told[firm] < VERIFIED else "submitted",
            size=SIZES[sizes[firm]] if sizes[firm] < len(SIZES) else None,
            languages=LANGUAGES[spoken[firm]],
            summary="A firm." if told[firm] < WITH_SUMMARY else None,
            listings=tuple(listings),
        )
