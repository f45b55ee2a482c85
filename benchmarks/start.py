"""How soon a worker ranks: from the saved register, and from the database."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.db import Database
from app.live import Fresh, LiveRegister
from app.settings import Settings as ServiceSettings
from benchmarks.bench import Row, Settings, goal, timed
from benchmarks.http import LARGE, fill

QUICK, FULL = 1_000, 10_000
LEAST = 20


def start(settings: Settings) -> Iterator[Row]:
    """A register with so many firms of each country in the embedded database is read by a worker that starts.

    From the database every listing's text is read again; from the file its arrays are mapped into memory, and only what
    changed since is read.
    """
    firms = FULL if settings.sizes[-1] >= LARGE else QUICK
    with tempfile.TemporaryDirectory(prefix="caravan-bench-") as folder:
        service = ServiceSettings(data_dir=Path(folder))
        database = Database(service)
        database.migrate()
        fill(service, firms)
        first, again = LiveRegister(service.register_file), LiveRegister(service.register_file)
        made, rebuilding = timed(lambda: _fresh(first, database))
        first.close()
        mapped, mapping = timed(lambda: _fresh(again, database))
        database.dispose()
    assert len(made.matcher) == len(mapped.matcher) == 2 * firms  # noqa: S101  # a check
    ratio = rebuilding / mapping
    yield Row(what="a worker starts from the file", size=firms, system="Caravan", p50_ms=mapping, ratio=1.0)
    wanted = goal(f"≥ {LEAST} ×", ratio >= LEAST)
    yield Row(
        what="a worker starts from the database",
        size=firms,
        system="Caravan",
        p50_ms=rebuilding,
        ratio=ratio,
        goal=wanted,
    )


def _fresh(live: LiveRegister, database: Database) -> Fresh:
    with database.reading() as session:
        return live.fresh(session)
