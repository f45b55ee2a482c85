"""Lists that are broken in every way we know: ``python -m tests.soak.files --files 10000``.

Each goes the way of an officer's list: uploaded, read, checked, imported. None may end in a traceback or take long;
a row that was not touched comes in as it was written or is told of, and what is refused stands in the list to mend.
"""

import argparse
import faulthandler
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import select

from app.actions.imports import import_companies, write_rejected
from app.actions.uploads import forget_import, read_columns, start_import, upload_list
from app.db import Base, Database
from app.db.companies import Company
from app.db.imports import Import
from app.errors import FileUnreadable
from app.files import Layout, read_rows
from app.jobs.imports import FAILED, Importer
from app.queries.imports import import_by_id, rejections, rows_to_mend
from app.settings import Settings
from tests.factories import OFFICER
from tests.soak.broken import Broken, broken_file
from tests.soak.calls import DATABASES, database_settings

SHOWN = 40
KEPT = 200
"""Files after which the database is emptied, so that the last is imported as fast as the first."""
PROGRESS_SECONDS = 15.0
LONGEST = 120
"""Seconds after which a file counts as hanging; the program ends and shows where."""


@dataclass
class Tally:
    """What was read and what went wrong."""

    files: int = 0
    rows: int = 0
    imported: int = 0
    refused_rows: int = 0
    refused_files: int = 0
    lost: int = 0
    garbled: int = 0
    longest: float = 0.0
    slowest: str = ""
    tracebacks: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def wrong(self, broken: Broken, told: str) -> None:
        """Notes what went wrong with a file."""
        self.told.append(f"seed {broken.seed} ({broken.name}, {broken.how}): {told}")
        self.told = self.told[:SHOWN]

    def report(self) -> str:
        """For people."""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return (
            f"{self.files} files, {self.rows} rows untouched: {self.imported} firms imported,"
            f" {self.refused_rows} rows and {self.refused_files} files refused;"
            f" {sum(self.tracebacks.values())} tracebacks, {self.lost} good rows lost,"
            f" {self.garbled} garbled; longest {self.longest:.2f} s ({self.slowest}), peak memory {memory} MiB"
        )


def tried(database: Database, broken: Broken, tally: Tally, folder: Path) -> None:
    """Imports one file and adds what came of it."""
    began = time.perf_counter()
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    tally.files += 1
    tally.rows += len(broken.rows)
    try:
        told = _by_command(database, broken, folder) if broken.name.endswith("l") else _by_console(database, broken)
    except FileUnreadable as refused:
        tally.refused_files += 1
        if not broken.refusable:
            tally.lost += len(broken.rows)
            tally.wrong(broken, f"refused: {refused}")
    except Exception as failed:  # noqa: BLE001  # whatever it is, it is what is looked for
        tally.tracebacks[type(failed).__name__] += 1
        tally.wrong(broken, f"{type(failed).__name__}: {str(failed)[:400]}")
    else:
        _look(database, broken, told, tally)
    faulthandler.cancel_dump_traceback_later()
    took = time.perf_counter() - began
    if took > tally.longest:
        tally.longest, tally.slowest = took, f"seed {broken.seed}, {broken.how}"


def _by_console(database: Database, broken: Broken) -> str:
    """All that is told of refused rows."""
    kept = upload_list(database.writing, broken.name, broken.content, by=OFFICER)
    layout = Layout.of_json(kept.layout)
    constants = {name: value for name, value in broken.constants.items() if name not in layout.targets}
    with database.writing() as session:
        read_columns(session, kept.id, layout.targets, constants, by=OFFICER)
    importer = Importer(database)
    importer.check()
    _require(database, kept.id)
    with database.writing() as session:
        start_import(session, kept.id, verified=False, by=OFFICER)
    importer.run()
    done = _require(database, kept.id)
    with database.reading() as session:
        told = "\n".join(str(row.cells) for row in rejections(session, kept.id, limit=10**6))
        for workbook in (False, True):
            rows_to_mend(session, kept.id, workbook=workbook, language="kk")
    counted = done.counts.get("rejected", 0)
    with database.writing() as session:
        forget_import(session, kept.id, by=OFFICER)
    return f"{counted}\n{told}"


def _require(database: Database, import_id: str) -> Import:
    with database.reading() as session:
        found = import_by_id(session, import_id)
        if found.failure and found.failure["message"] == FAILED:
            raise AssertionError(FAILED)
        if found.failure:
            raise FileUnreadable(found.failure["message"], **found.failure["params"])
        assert found.state in {"checked", "done"}, found.state
        return found


def _by_command(database: Database, broken: Broken, folder: Path) -> str:
    path = folder / broken.name
    path.write_bytes(broken.content)
    report = import_companies(database.writing, read_rows(path))
    written = write_rejected(report, folder / "rejected.jsonl").read_text(encoding="utf-8")
    return f"{len(report.rejected)}\n{written}"


def _look(database: Database, broken: Broken, told: str, tally: Tally) -> None:
    count, _, rows = told.partition("\n")
    tally.refused_rows += int(count)
    with database.reading() as session:
        names = {
            name.partition(" ")[0]: name
            for name in session.scalars(select(Company.legal_name).where(Company.legal_name.startswith(broken.mark)))
        }
    tally.imported += len(names)
    for name in broken.rows:
        mark = name.partition(" ")[0]
        if mark not in names and mark not in rows:
            tally.lost += 1
            tally.wrong(broken, f"{name} is lost")
        elif mark in names and names[mark] != name:
            tally.garbled += 1
            tally.wrong(broken, f"{name} became {names[mark]}")


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The settings' database."""
    database = Database(settings)
    yield database
    database.dispose()


def _emptied(database: Database) -> None:
    with database.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            if not table.name.startswith("audit"):  # its rows stay
                connection.execute(table.delete())


def main() -> None:
    """Tries as many files as are wanted and prints what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first file; each next one has the next")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    options = parser.parse_args()
    wanted = DATABASES if options.database == "both" else (options.database,)
    tally, seed = Tally(), options.seed
    try:
        for name in wanted:
            seed = _soak(name, range(seed, seed + options.files // len(wanted)), tally)
    except KeyboardInterrupt:
        print("stopped")
    print(tally.report())
    sys.exit(bool(tally.tracebacks or tally.lost or tally.garbled))


def _soak(name: str, seeds: range, tally: Tally) -> int:
    last = time.monotonic()
    shown = list(tally.told)
    with (
        tempfile.TemporaryDirectory() as folder,
        database_settings(name, Path(folder)) as settings,
        opened(settings) as database,
    ):
        for seed in seeds:
            tried(database, broken_file(np.random.default_rng(seed), seed), tally, Path(folder))
            for told in tally.told[len(shown) :]:
                shown.append(told)
                print(told, flush=True)
            if tally.files % KEPT == 0:
                _emptied(database)
            if time.monotonic() - last > PROGRESS_SECONDS:
                last = time.monotonic()
                print(f"{name}: {tally.report()}", flush=True)
    return seeds.stop


if __name__ == "__main__":
    main()
