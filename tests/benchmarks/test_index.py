import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sparse_dot_topn", reason="the peers come with the group bench")

ROOT = Path(__file__).parents[2]


def test_benchmark_runs_on_a_tiny_size_with_every_peer_answering_alike() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--sizes", "500", "--queries", "10"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    rows = json.loads((ROOT / "benchmarks" / "results" / "index.json").read_text(encoding="utf-8"))["rows"]
    assert [row["system"] for row in rows] == [
        "Caravan",
        "sparse_dot_topn",
        "scipy CSR",
        "scikit-learn NearestNeighbors",
    ]
