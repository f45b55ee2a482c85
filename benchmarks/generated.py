"""Seeded sparse vectors that cost a query what the product's own do."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

SEED = 7
TERMS = 45
VOCABULARY = 200_000
OFFSET = 30.0
CHUNK = 250_000
"""Rows that are drawn at once."""


def vectors(rows: int, seed: int = SEED) -> sparse.csr_array:
    """Rows × ``VOCABULARY``, float32, of unit length, with about ``TERMS`` terms each.

    Terms follow Zipf and Mandelbrot: the share of a rank is proportional to (rank + ``OFFSET``)^-1. The shape was
    fitted to the product's own listing vectors cut to their 45 heaviest terms: a query touches 0.77 postings per
    candidate there and here.
    """
    numbers = np.random.default_rng(seed)
    shares = np.cumsum(1.0 / (np.arange(1, VOCABULARY + 1) + OFFSET))
    shares /= shares[-1]
    chunks = [_drawn(min(CHUNK, rows - start), shares, numbers) for start in range(0, rows, CHUNK)]
    return sparse.vstack(chunks, format="csr")


def _drawn(rows: int, shares: npt.NDArray[np.float64], numbers: np.random.Generator) -> sparse.csr_array:
    columns = np.searchsorted(shares, numbers.random(rows * TERMS)).astype(np.int32)
    weights = (numbers.random(rows * TERMS, dtype=np.float32) + np.float32(0.1)) * np.log1p(columns, dtype=np.float32)
    starts = np.arange(0, rows * TERMS + 1, TERMS)
    matrix = sparse.csr_array((weights, columns, starts), shape=(rows, VOCABULARY))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    matrix.data /= np.repeat(lengths, np.diff(matrix.indptr)).astype(np.float32)
    return matrix
