import shutil

import pytest

from benchmarks.writes import imported, posted


def test_import_is_measured_beside_bare_inserts() -> None:
    rows = list(imported(50))
    assert [(row.system, row.size) for row in rows] == [("SQLAlchemy Core", 50), ("Caravan", 50)]
    assert rows[1].goal.startswith("0.06 or more")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_registration_is_measured_on_both_databases() -> None:
    assert [row.system for row in posted(1)] == ["FastAPI", "Caravan on SQLite", "Caravan on PostgreSQL"]
