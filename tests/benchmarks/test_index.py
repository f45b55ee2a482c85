import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench import Settings
from benchmarks.flat import flat, memory
from benchmarks.generated import TERMS, VOCABULARY, vectors

ROOT = Path(__file__).parents[2]
OURS = ["Caravan", "floor"]
PEERS = [
    "sparse_dot_topn",
    "SciPy product",
    "scikit-learn neighbours",
    "bm25s",
    "bm25s, numba",
    "Tantivy",
    "Tantivy, not counting",
    "SQLite FTS5",
]


def test_benchmark_tiny_size_has_every_peer_answering_alike(tmp_path: Path) -> None:
    pytest.importorskip("tantivy", reason="the peers come with the group bench")
    options = "--sizes 500 --queries 10 --only flat all-pairs --results".split()
    command = [sys.executable, "-m", "benchmarks", *options, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == (tmp_path / "index.md").read_text(encoding="utf-8")
    rows = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))["rows"]
    assert [row["system"] for row in rows if row["bench"] == "flat"] == OURS + PEERS
    together = [row["system"] for row in rows if row["bench"] == "all-pairs"]
    assert together == ["Caravan", "Caravan, 2 processes", *PEERS[:2]]
    assert all(row["p50_ms"] and row["ratio"] for row in rows)


def test_benchmark_without_peers_measures_growth_and_memory() -> None:
    settings = Settings(sizes=(500, 1000), side=500, queries=10, peers=False, patience=1)
    *rows, growth = flat(settings)
    assert [row.system for row in rows] == [*OURS, *OURS]
    assert [(row.what, row.size) for row in (growth, *memory(settings))] == [("growth", 1000), ("postings", 1000)]


def test_vectors_chunked_are_seeded_unit_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.generated.CHUNK", 40)
    matrix, again = vectors(100), vectors(100)
    assert matrix.shape == (100, VOCABULARY)
    assert 0.9 * TERMS < matrix.nnz / 100 <= TERMS
    assert np.allclose(matrix.multiply(matrix).sum(axis=1), 1, atol=1e-5)
    assert (matrix != again).nnz == 0
