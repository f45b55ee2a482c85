"""An inverted index in flat arrays: for each column in use, the rows that have it and their weights."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matching.index.kernel import Floats, Ids, Ints, Weights, top_rows_of_each


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of some rows.

    Attributes:
        columns: the columns in use, ascending.
        starts: where each column's postings begin, and the end; one longer than ``columns``.
        rows: row of each posting, ascending within a column.
        weights: weight of each posting.
    """

    columns: Ids
    starts: Ints
    rows: Ids
    weights: Weights

    @classmethod
    def of(cls, vectors: sparse.csr_array) -> "Postings":
        """The postings of a matrix's rows; entries of 0 or less are left out."""
        rows = np.repeat(np.arange(vectors.shape[0], dtype=np.uint32), np.diff(vectors.indptr))
        keep = vectors.data > 0
        columns = vectors.indices[keep].astype(np.uint32)
        order = np.argsort(columns, kind="stable")
        used, starts = np.unique(columns[order], return_index=True)
        return cls(
            used,
            np.append(starts, len(order)).astype(np.int64),
            rows[keep][order],
            vectors.data[keep][order].astype(np.float32),
        )

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

    def places(self, columns: npt.NDArray[np.int32]) -> Ints:
        """Where each of some columns stands; -1 for one that no row has."""
        if not len(self.columns):
            return np.full(len(columns), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.columns, columns), len(self.columns) - 1)
        return np.where(self.columns[at] == columns, at, -1).astype(np.int64)


def query(vectors: sparse.csr_array, postings: Postings) -> tuple[Ints, Ints, Floats]:
    """Rows as queries: where each begins, its columns' places in the postings, its weights."""
    return vectors.indptr.astype(np.int64), postings.places(vectors.indices), vectors.data.astype(np.float64)
