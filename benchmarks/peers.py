"""The peers, on one thread; the group ``bench`` installs them."""

import sqlite3
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import bm25s
import numpy as np
import tantivy
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from sparse_dot_topn import sp_matmul_topn

from benchmarks.generated import VOCABULARY
from benchmarks.systems import TOP, Answer, Ask, Build, System
from matching.index.kernel import Weights

Batch = Callable[[], Weights]
"""Returns the dot products of each query's best rows, queries × ``TOP``."""

BATCH = 1_000
HEAP_BYTES = 3_000_000_000
"""Room for Tantivy's writer, so that it writes one segment."""


def topn(matrix: sparse.csr_array) -> System:
    """sparse_dot_topn."""
    turned = sparse.csr_matrix(matrix.T)

    def system(query: sparse.csr_array) -> Ask:
        row = sparse.csr_matrix(query)

        def ask() -> Answer:
            found = sp_matmul_topn(row, turned, top_n=TOP, sort=True, n_threads=1)
            return found.indices, found.data

        return ask

    return system


def product(matrix: sparse.csr_array) -> System:
    """SciPy's product with the transposed matrix, then the largest of it."""
    turned = matrix.T.tocsr()
    return lambda query: lambda: largest(query @ turned)


def largest(products: sparse.csr_array) -> Answer:
    """The ``TOP`` largest entries of one row, best first."""
    cut = max(0, len(products.data) - TOP)
    places = np.argpartition(products.data, cut)[cut:]
    places = places[np.argsort(-products.data[places])]
    return products.indices[places], products.data[places]


def neighbours(matrix: sparse.csr_array) -> System:
    """scikit-learn's brute-force cosine neighbours."""
    fitted = NearestNeighbors(n_neighbors=TOP, metric="cosine", algorithm="brute", n_jobs=1).fit(matrix)

    def system(query: sparse.csr_array) -> Ask:
        def ask() -> Answer:
            distances, rows = fitted.kneighbors(query)
            return rows[0], 1.0 - distances[0]

        return ask

    return system


def eager_bm25(matrix: sparse.csr_array, backend: str = "numpy") -> System:
    """bm25s over token ids, with its default backend or the compiled one."""
    index = bm25s.BM25(backend=backend)
    words = {str(column): column for column in range(VOCABULARY)}
    index.index((_columns(matrix), words), create_empty_token=False, show_progress=False)

    def system(query: sparse.csr_array) -> Ask:
        ids = _columns(query)

        def ask() -> Answer:
            rows, scores = index.retrieve(ids, k=TOP, n_threads=1, show_progress=False)
            return rows[0], scores[0]

        return ask

    return system


def rust_bm25(matrix: sparse.csr_array, *, counts: bool = True) -> System:
    """Tantivy in memory, one segment; if it need not count the hits, it may skip what cannot win."""
    schema = tantivy.SchemaBuilder().add_text_field("text", tokenizer_name="whitespace", index_option="freq").build()
    index = tantivy.Index(schema)
    writer = index.writer(HEAP_BYTES, num_threads=1)
    for columns in _columns(matrix):
        writer.add_document(tantivy.Document(text=_text(columns)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def system(query: sparse.csr_array) -> Ask:
        terms = [tantivy.Query.term_query(schema, "text", f"c{column}", "freq") for column in query.indices]
        words = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])

        def ask() -> Answer:
            hits = searcher.search(words, TOP, count=counts).hits
            return np.array([place.doc for _, place in hits]), np.array([score for score, _ in hits], dtype=np.float32)

        return ask

    return system


def sqlite_bm25(matrix: sparse.csr_array) -> System:
    """SQLite's FTS5 in memory, without the texts; it ranks only with ``detail=full``."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE rows USING fts5(text, content='', detail=full)")
    texts = ((row, _text(columns)) for row, columns in enumerate(_columns(matrix)))
    database.executemany("INSERT INTO rows(rowid, text) VALUES (?, ?)", texts)
    database.execute("INSERT INTO rows(rows) VALUES ('optimize')")
    best = "SELECT rowid, -rank FROM rows WHERE rows MATCH ? ORDER BY rank LIMIT ?"

    def system(query: sparse.csr_array) -> Ask:
        words = " OR ".join(f"c{column}" for column in query.indices)

        def ask() -> Answer:
            found = database.execute(best, (words, TOP)).fetchall()
            return np.array([row for row, _ in found]), np.array([score for _, score in found], dtype=np.float32)

        return ask

    return system


def _columns(matrix: sparse.csr_array) -> list[list[int]]:
    starts, columns = matrix.indptr.tolist(), matrix.indices.tolist()
    return [columns[begin:end] for begin, end in pairwise(starts)]


def _text(columns: list[int]) -> str:
    return " ".join(f"c{column}" for column in columns)


def topn_of_each(matrix: sparse.csr_array, queries: sparse.csr_array) -> Batch:
    """sparse_dot_topn's product of all with all."""
    turned, asked = sparse.csr_matrix(matrix.T), sparse.csr_matrix(queries)
    return lambda: sp_matmul_topn(asked, turned, top_n=TOP, sort=True, n_threads=1).data.reshape(-1, TOP)


def product_of_each(matrix: sparse.csr_array, queries: sparse.csr_array) -> Batch:
    """SciPy's product of ``BATCH`` queries at a time, then the largest of each row."""
    turned = matrix.T.tocsr()

    def ask() -> Weights:
        products = (queries[start : start + BATCH] @ turned for start in range(0, queries.shape[0], BATCH))
        return np.array([largest(batch[[row]])[1] for batch in products for row in range(batch.shape[0])])

    return ask


ALIKE: dict[str, Build] = {"sparse_dot_topn": topn, "SciPy product": product, "scikit-learn neighbours": neighbours}
"""Those whose answers must be ours."""
BM25: dict[str, Build] = {
    "bm25s": eager_bm25,
    "bm25s, numba": partial(eager_bm25, backend="numba"),
    "Tantivy": rust_bm25,
    "Tantivy, not counting": partial(rust_bm25, counts=False),
    "SQLite FTS5": sqlite_bm25,
}
"""Those that weigh the same postings in their own way: as they come, and in their quickest exact way."""
BATCHES: dict[str, Callable[[sparse.csr_array, sparse.csr_array], Batch]] = {
    "sparse_dot_topn": topn_of_each,
    "SciPy product": product_of_each,
}
