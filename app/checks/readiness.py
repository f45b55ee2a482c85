"""Whether this process can serve, check by check."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock, Thread
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from app.checks.measured import free_bytes, newest_change_at, round_trip
from app.db import Database
from app.db.base import now
from app.db.changes import latest_change
from app.errors import DatabaseBehind
from app.live import LiveRegister
from app.settings import Settings

log = logging.getLogger("caravan.readiness")

CATCHING_UP_SECONDS = 1.5
"""How long an answer waits for the register; what takes longer goes on in the background."""
STALE_SECONDS = 60.0
"""A register that is behind for longer does not catch up."""
CLOCK_BEHIND = timedelta(minutes=1)
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was seen."""

    name: str
    ok: bool
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that was looked at, and how far the register is."""

    checks: tuple[Check, ...]
    companies: int
    change: int

    @property
    def ready(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.ok for check in self.checks)


class Readiness:
    """Looks at everything that this process needs to serve; what changes is told in the log."""

    def __init__(
        self, database: Database, live: LiveRegister, settings: Settings, dead_workers: Callable[[], list[str]]
    ) -> None:
        self._database = database
        self._live = live
        self._settings = settings
        self._dead_workers = dead_workers
        self._turn = Lock()
        self._catching_up: Thread | None = None
        self._behind_since: float | None = None
        self._told: frozenset[str] = frozenset()

    def look(self) -> Report:
        """What is seen now."""
        checks = (*self._of_database(), self._of_disk(), self._of_workers())
        report = Report(checks, self._live.companies, max(self._live.change, 0))
        self._tell(report)
        return report

    def _of_database(self) -> tuple[Check, ...]:
        try:
            return self._round_trip(), self._migrations(), self._register(), self._clock()
        except SQLAlchemyError as failed:
            return (Check("database", ok=False, why=f"it does not answer ({type(failed).__name__})"),)

    def _round_trip(self) -> Check:
        seconds, most = round_trip(self._database), self._settings.slow_database_seconds
        return Check("database", ok=seconds <= most, why=f"a round trip took {seconds:.3f} s, of {most:g} allowed")

    def _migrations(self) -> Check:
        try:
            self._database.require_migrated()
        except DatabaseBehind:
            return Check("migrations", ok=False, why="the tables are not those of this program: run caravan migrate")
        return Check("migrations", ok=True, why="the tables are up to date")

    def _register(self) -> Check:
        behind = self._behind()
        if behind:
            self._catch_up()
            behind = self._behind()
        with self._turn:
            if not behind:
                self._behind_since = None
                return Check("register", ok=True, why="it knows every change")
            since = self._behind_since = self._behind_since or monotonic()
        seconds = monotonic() - since
        return Check("register", ok=seconds < STALE_SECONDS, why=f"{behind} changes behind for {seconds:.0f} s")

    def _behind(self) -> int:
        with self._database.reading() as session:
            return max(0, latest_change(session) - self._live.change)

    def _catch_up(self) -> None:
        with self._turn:
            if self._catching_up is None or not self._catching_up.is_alive():
                self._catching_up = Thread(target=self._read, name="register-reader", daemon=True)
                self._catching_up.start()
            reading = self._catching_up
        reading.join(CATCHING_UP_SECONDS)

    def _read(self) -> None:
        try:
            with self._database.reading() as session:
                self._live.fresh(session)
        except Exception:  # whatever it is, the register stays behind, and that is told
            log.exception("The register cannot be brought up to date.")

    def _clock(self) -> Check:
        with self._database.reading() as session:
            newest = newest_change_at(session)
        behind = timedelta() if newest is None else newest - now()
        return Check(
            "clock",
            ok=behind <= CLOCK_BEHIND,
            why=f"it is {behind.total_seconds():.0f} s behind the newest change"
            if behind > timedelta()
            else "it is after the newest change",
        )

    def _of_disk(self) -> Check:
        try:
            free = free_bytes(self._settings.data_dir)
        except OSError as failed:
            return Check("disk", ok=False, why=f"the data directory cannot be looked at ({failed.strerror})")
        least = self._settings.low_disk_bytes
        return Check("disk", ok=free >= least, why=f"{free // MIB} MiB are free, {least // MIB} are needed")

    def _of_workers(self) -> Check:
        dead = self._dead_workers()
        return Check("jobs", ok=not dead, why=f"ended: {', '.join(dead)}; restart" if dead else "the workers work")

    def _tell(self, report: Report) -> None:
        failing = {check.name: check.why for check in report.checks if not check.ok}
        if frozenset(failing) == self._told:
            return
        self._told = frozenset(failing)
        if failing:
            log.warning("Not ready: %s", "; ".join(f"{name}: {why}" for name, why in failing.items()))
        else:
            log.info("Ready again.")
