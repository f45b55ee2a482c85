"""Keeps the review queue up to date: ranks the companies that changed and stores their best pairs."""

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from app.actions.jobs import Claimed, claim_jobs, release_job
from app.actions.queue import RANK, store_ranking
from app.db import Database
from app.db.base import now
from app.errors import NotFound
from app.jobs.worker import work_on
from app.live import LiveRegister
from app.queries.matches import RankingFilter, live_ranking

AT_ONCE = 20
PAUSE = 1
"""Times as long as a company took, the background work rests after it: people wait for answers, not for the queue."""


class QueueKeeper:
    """Works on the companies that wait for a ranking, here or in the background."""

    def __init__(self, database: Database, live: LiveRegister, queue_size: int) -> None:
        self._database = database
        self._live = live
        self._queue_size = queue_size

    def work(self, limit: int = AT_ONCE) -> int:
        """Ranks up to ``limit`` waiting companies; how many there were."""
        claimed = claim_jobs(self._database, RANK, limit)
        work_on(self._database, claimed, self._rank)
        return len(claimed)

    def work_off(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Ranks all waiting companies; how many there were. ``progress`` is told after each batch."""
        total = 0
        while done := self.work():
            total += done
            progress(total)
        return total

    def _rank(self, job: Claimed) -> None:
        try:
            self._store(job)
        except IntegrityError:  # a counterpart was removed between the look at it and the pair with it
            self._store(job)

    def _store(self, job: Claimed) -> None:
        with self._database.reading() as session:
            fresh = self._live.fresh(session)
        try:
            ranked, _ = live_ranking(
                fresh,
                job.key,
                RankingFilter(for_staff=True),
                limit=self._queue_size,
                today=now().date(),
            )
        except NotFound:
            ranked = {}
        with self._database.writing() as session:
            store_ranking(session, job.key, list(ranked.values()))
            release_job(session, RANK, job.key, job.asked)
