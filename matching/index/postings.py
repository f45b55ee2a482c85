"""An inverted index in flat arrays: for each column in use, the rows that have it and their weights."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from matching.index.kernel import Ids, Ints, Places, Weights, invert, top_rows_of_each


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of some rows.

    Attributes:
        columns: the columns in use, ascending.
        starts: where each column's postings begin, and the end; one longer than ``columns``.
        rows: row of each posting, ascending within a column.
        weights: weight of each posting, above 0.
    """

    columns: Ids
    starts: Ints
    rows: Ids
    weights: Weights

    @classmethod
    def of(cls, vectors: sparse.csr_array) -> "Postings":
        """The postings of a matrix's rows; entries of 0 or less are left out."""
        starts = vectors.indptr.astype(np.int64, copy=False)
        return cls.of_rows(starts, vectors.indices, vectors.data, np.arange(vectors.shape[0]))

    @classmethod
    def of_rows(cls, row_starts: Ints, columns: Places, weights: Weights, rows: Ints) -> "Postings":
        """The postings of some rows of a matrix in flat arrays, numbered in their order."""
        width = int(columns.max()) + 1 if len(columns) else 0
        counts, places = np.zeros(width, dtype=np.int64), np.empty(width, dtype=np.int32)
        return cls(*invert(row_starts, columns, weights.astype(np.float32, copy=False), rows, counts, places))

    def best(self, queries: sparse.csr_array, limit: int, size: int) -> tuple[Ints, Weights]:
        """Each query's rows with the largest dot products above 0, best first, ties by row.

        Args:
            queries: queries × columns.
            limit: rows a query.
            size: number of rows behind these postings.

        Returns:
            Rows and dot products, queries × limit; -1 and 0 where no row is left.
        """
        shape = queries.shape[0], limit
        rows, values = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.float32)
        top_rows_of_each(
            queries.indptr.astype(np.int64, copy=False),
            queries.indices.astype(np.int32, copy=False),
            queries.data.astype(np.float32, copy=False),
            self.columns,
            self.starts,
            self.rows,
            self.weights,
            np.zeros(size, dtype=np.float32),
            rows,
            values,
        )
        return rows, values
