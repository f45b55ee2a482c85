"""Keeps the review queue up to date: ranks the companies that changed and stores their best pairs."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from time import perf_counter

from sqlalchemy.exc import SQLAlchemyError

from app.actions.queue import claim_rankings, release_ranking, store_ranking
from app.db import Database
from app.errors import NotFound
from app.live import LiveRegister
from app.queries.matches import RankingFilter, live_ranking

log = logging.getLogger("caravan.queue")

AT_ONCE = 20
IDLE_SECONDS = 0.5
PAUSE = 1
"""Times as long as a company took, the background work rests after it: people wait for answers, not for the queue."""


class QueueKeeper:
    """Works on the companies that wait for a ranking, here or in the background."""

    def __init__(self, database: Database, live: LiveRegister, queue_size: int) -> None:
        self._database = database
        self._live = live
        self._queue_size = queue_size
        self._stop = Event()
        self._thread: Thread | None = None

    def work(self, limit: int = AT_ONCE) -> int:
        """Ranks up to ``limit`` waiting companies; how many there were."""
        with self._database.writing() as session:
            claimed = claim_rankings(session, limit)
        for company_id, asked in claimed.items():
            self._rank(company_id, asked)
        return len(claimed)

    def work_off(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Ranks all waiting companies; how many there were. ``progress`` is told after each batch."""
        total = 0
        while done := self.work():
            total += done
            progress(total)
        return total

    def start(self) -> None:
        """Works in the background until ``stop``."""
        self._thread = Thread(target=self._run, name="queue-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the background work after the company at hand."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            started = perf_counter()
            try:
                done = self.work(1)
            except SQLAlchemyError:
                log.warning("The queue could not be brought up to date; it is tried again.", exc_info=True)
                done = 0
            self._stop.wait(PAUSE * (perf_counter() - started) if done else IDLE_SECONDS)

    def _rank(self, company_id: str, asked: int) -> None:
        with self._database.reading() as session:
            fresh = self._live.fresh(session)
        try:
            ranked, _ = live_ranking(
                fresh,
                company_id,
                RankingFilter(for_staff=True),
                limit=self._queue_size,
                today=datetime.now(UTC).date(),
            )
        except NotFound:
            ranked = {}
        with self._database.writing() as session:
            store_ranking(session, company_id, list(ranked.values()))
            release_ranking(session, company_id, asked)
