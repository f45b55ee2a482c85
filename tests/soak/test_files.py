"""Some broken lists; ``tests.soak.files`` tries as many as are wanted."""

from pathlib import Path

import numpy as np

from app.db import Database
from tests.soak.broken import broken_file
from tests.soak.files import Tally, tried

FILES = 20
SLOWEST = 30.0


def test_no_broken_list_loses_a_good_row(database: Database, tmp_path: Path) -> None:
    tally = Tally()
    for seed in range(1000, 1000 + FILES):
        tried(database, broken_file(np.random.default_rng(seed), seed), tally, tmp_path)
    assert tally.told == []
    assert (sum(tally.tracebacks.values()), tally.lost, tally.garbled) == (0, 0, 0)
    assert tally.imported > FILES
    assert tally.refused_rows
    assert tally.longest < SLOWEST, tally.slowest
