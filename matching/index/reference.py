"""What the kernel computes, in plain numpy: slow, short, and the same answers. Tests hold the two alike."""

import numpy as np
from scipy import sparse

from matching.index.kernel import Floats, Ints, Weights


def top_rows_of_each(vectors: sparse.csr_array, queries: sparse.csr_array, limit: int) -> tuple[Ints, Weights]:
    """As ``Postings.best``: each query's rows with the largest dot products above 0, best first, ties by row."""
    products = (queries @ vectors.T).toarray()
    rows = np.argsort(-products, axis=1, kind="stable")[:, :limit]
    values = np.take_along_axis(products, rows, axis=1).astype(np.float32)
    missing = limit - rows.shape[1]
    rows = np.pad(np.where(values > 0, rows, -1), ((0, 0), (0, missing)), constant_values=-1)
    return rows, np.pad(np.maximum(values, 0), ((0, 0), (0, missing)))


def bests(relevance: Floats, fits: Floats, starts: Ints, *, each_of_ours: bool) -> tuple[Floats, Floats]:
    """As ``best_pairs``: each firm's best pair, and the mean of bests over our listings or over a firm's rows.

    Args:
        relevance: rows × our listings: dot products.
        fits: rows × our listings: what they count.
        starts: first row of each firm, and the end.
        each_of_ours: whether the mean runs over our listings.

    Returns:
        Best, 0 without a pair; mean, NaN where one side has nothing to meet with.
    """
    size = len(starts) - 1
    best, mean = np.zeros(size), np.full(size, np.nan)
    for firm in range(size):
        values = (relevance * fits)[starts[firm] : starts[firm + 1]]
        if values.size:
            best[firm] = values.max()
            mean[firm] = values.max(axis=0 if each_of_ours else 1).mean()
    return best, mean
