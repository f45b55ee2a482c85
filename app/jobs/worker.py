"""A thread that works on jobs in the background until it is stopped, whatever goes wrong with one of them."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from threading import Event, Thread
from time import perf_counter

from sqlalchemy.exc import SQLAlchemyError

from app.actions.jobs import Claimed, give_back, postpone_job
from app.db import Database
from app.db.faults import passes, summary
from app.watch.figures import JOBS_FAILED

log = logging.getLogger("caravan.jobs")

IDLE_SECONDS = 0.5
LONGEST_IDLE = 10.0
"""Seconds between two tries at most while nothing works, so that it goes on soon after the database is back."""
WAITS = (1, 5, 15, 60)
"""Minutes until a job that failed is tried again; the last again and again."""


class Worker:
    """Calls ``work`` again and again; where that did nothing or failed, it waits a little.

    Args:
        name: of the thread, for the log.
        work: does a small piece of work; how many there were.
        pause: times as long as a piece took, it rests after it.
    """

    def __init__(self, name: str, work: Callable[[], int], pause: float = 0.0) -> None:
        self._name = name
        self._work = work
        self._pause = pause
        self._stop = Event()
        self._failures = 0
        self._thread: Thread | None = None

    @property
    def name(self) -> str:
        """What it is called in the log."""
        return self._name

    @property
    def alive(self) -> bool:
        """Whether it works in the background."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Works in the background until ``stop``."""
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Lets the background work end after the piece at hand."""
        self._stop.set()

    def stop(self, seconds: float | None = None) -> None:
        """Ends the background work after the piece at hand, but waits for that no longer than some seconds."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            started = perf_counter()
            try:
                done = self._work()
                self._failures = 0
            except Exception as failed:  # noqa: BLE001  # a thread that ends is missed by nobody until it is too late
                self._tell(failed)
                done = 0
            idle = min(IDLE_SECONDS * 2**self._failures, LONGEST_IDLE)
            self._stop.wait(self._pause * (perf_counter() - started) if done else idle)

    def _tell(self, failed: Exception) -> None:
        """Once in full, then in a line; a database that is away needs no lines of code."""
        self._failures = min(self._failures + 1, 10)
        traced = self._failures == 1 and not passes(failed)
        log.warning("%s could not work (%s); it tries again.", self._name, summary(failed), exc_info=traced)


def work_on(database: Database, claimed: Sequence[Claimed], work: Callable[[Claimed], None]) -> None:
    """Works on jobs one after another. One that fails waits; none is held up by it.

    Raises:
        SQLAlchemyError: the database is busy or away; what is left was given back, where that could be written.
    """
    for at, job in enumerate(claimed):
        try:
            work(job)
        except Exception as failed:
            if passes(failed):
                with suppress(SQLAlchemyError), database.writing() as session:
                    give_back(session, *claimed[at:])
                raise
            minutes = WAITS[min(job.attempts, len(WAITS)) - 1]
            log.exception("Job %s of %s failed; it waits %d min.", job.kind, job.key, minutes)
            JOBS_FAILED.labels(job.kind).inc()
            with database.writing() as session:
                postpone_job(session, job.kind, job.key, type(failed).__name__, timedelta(minutes=minutes))
