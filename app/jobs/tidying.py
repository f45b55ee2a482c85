"""Removes what is too old, once a day and whenever a firm was erased."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.actions.jobs import Claimed, claim_jobs, hurry_job, keep_claim
from app.actions.tidying import AT_ONCE, STEPS
from app.db import Database
from app.db.base import now
from app.db.jobs import TIDY, Job
from app.settings import Settings

EVERY = timedelta(days=1)
ALL = "all"
NOT_DUE = "Tidied; not due before tomorrow."


class Tidier:
    """Takes step after step, some rows in a transaction; one that is killed goes on where it was."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._known = False

    def work(self) -> int:
        """Tidies if it is time to; how many jobs there were."""
        self._make_known()
        claimed = claim_jobs(self._database, TIDY, 1, EVERY)
        for job in claimed:
            self._tidy(job)
        return len(claimed)

    def _make_known(self) -> None:
        if self._known:
            return
        with self._database.reading() as session:
            held = session.scalar(select(Job.id).where(Job.kind == TIDY).limit(1))
        if held is None:
            with self._database.writing() as session:
                hurry_job(session, TIDY, ALL)
        self._known = True

    def _tidy(self, job: Claimed) -> None:
        moment = now()
        for step in STEPS.values():
            done = AT_ONCE
            while done >= AT_ONCE:
                with self._database.writing() as session:
                    if not keep_claim(session, job):
                        return
                    done = step(session, self._settings, moment, AT_ONCE)
        self._database.wipe()
        with self._database.writing() as session:
            mine = update(Job).where(Job.kind == TIDY, Job.key == job.key)
            session.execute(mine.values(claimed_until=None))
            session.execute(
                mine.where(Job.asked == job.asked).values(claimed_until=now() + EVERY, error=NOT_DUE, attempts=0)
            )


def tidy_now(
    database: Database, settings: Settings, *, dry: bool = False, moment: Callable[[], datetime] = now
) -> dict[str, int]:
    """Takes all steps at once and counts what was done; ``dry`` takes all of it back again."""
    counts: dict[str, int] = {}
    with database.writing() as session:
        for name, step in STEPS.items():
            counts[name] = 0
            while done := step(session, settings, moment(), AT_ONCE):
                counts[name] += done
        if dry:
            session.rollback()
    if not dry:
        database.wipe()
    return counts
