"""Claiming work that is kept in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db import Database
from app.db.base import now
from app.db.jobs import Job

LONGEST_WAIT = timedelta(hours=1)
SKEW = timedelta(minutes=1)
"""How far the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job of this worker, until the claim runs out after ``lasts``. ``asked`` is how often it was asked for."""

    id: int
    kind: str
    key: str
    asked: int
    attempts: int
    payload: dict[str, Any]
    lasts: timedelta


def _free(moment: datetime, lasts: timedelta, longest: timedelta) -> ColumnElement[bool]:
    """Whether nobody has a job; one that is claimed for longer than anybody may was claimed before the clock went back.

    A job that waits says why (``error``), and may wait for ``longest``.
    """
    return or_(
        Job.claimed_until.is_(None),
        Job.claimed_until < moment,
        and_(Job.error.is_(None), Job.claimed_until > moment + lasts + SKEW),
        Job.claimed_until > moment + max(lasts, longest) + SKEW,
    )


def claim_jobs(database: Database, kind: str, limit: int, longest: timedelta = LONGEST_WAIT) -> list[Claimed]:
    """Claims waiting jobs of a kind for this worker, newest first; no job of the kind waits for more than ``longest``.

    It looks first, so that a worker with nothing to do never keeps a writer waiting.
    """
    moment, lasts = now(), database.claim
    waiting = select(Job).where(Job.kind == kind, _free(moment, lasts, longest)).order_by(Job.id.desc()).limit(limit)
    with database.reading() as session:
        if session.scalar(waiting.with_only_columns(Job.id).limit(1)) is None:
            return []
    with database.writing() as session:
        jobs = session.scalars(waiting.with_for_update(skip_locked=True)).all()
        for job in jobs:
            job.claimed_until = moment + lasts
            job.error = None
            job.attempts += 1
        return [Claimed(job.id, kind, job.key, job.asked, job.attempts, job.payload, lasts) for job in jobs]


def add_job(session: Session, kind: str, key: str) -> None:
    """Adds a job that nobody has claimed; one that was there before ends, and with it any claim on it."""
    remove_job(session, kind, key)
    session.add(Job(kind=kind, key=key))
    session.flush()


def hurry_job(session: Session, kind: str, key: str, payload: dict[str, str] | None = None) -> None:
    """Makes a job due now, if need be a new one; whoever works on it does it once more, with this payload if any."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    new = {"kind": kind, "key": key, "payload": payload or {}, "asked": 1, "attempts": 0, "created_at": now()}
    again: dict[str, Any] = {"asked": Job.asked + 1, "claimed_until": None}
    if payload is not None:  # it is another piece of work, with all its tries before it
        again |= {"payload": payload, "attempts": 0}
    session.execute(
        insert(Job).values(new).on_conflict_do_update(index_elements=[Job.kind, Job.key], set_=again),
    )


def remove_job(session: Session, kind: str, key: str) -> None:
    """Takes a job back; whoever works on it notices by ``keep_claim``."""
    session.execute(delete(Job).where(Job.kind == kind, Job.key == key))


def release_job(session: Session, kind: str, key: str, asked: int) -> None:
    """Ends a claim: the job is done, unless it was asked for again in the meantime."""
    done = session.execute(delete(Job).where(Job.kind == kind, Job.key == key, Job.asked == asked))
    if not done.rowcount:  # type: ignore[attr-defined]  # a cursor result has it
        session.execute(update(Job).where(Job.kind == kind, Job.key == key).values(claimed_until=None, error=None))


def postpone_job(session: Session, kind: str, key: str, why: str, wait: timedelta) -> None:
    """Lets a job that failed be tried again later, in an hour at the latest."""
    session.execute(
        update(Job).where(Job.kind == kind, Job.key == key).values(claimed_until=now() + wait, error=why[:1000])
    )


def give_back(session: Session, *jobs: Claimed) -> None:
    """Ends claims on jobs that are not done, so that any worker may take them at once."""
    for job in jobs:
        mine = update(Job).where(Job.id == job.id, Job.attempts == job.attempts)
        session.execute(mine.values(claimed_until=None))


def keep_claim(session: Session, job: Claimed) -> bool:
    """Claims a job for longer, and until the transaction ends for sure; False when it is another worker's by now."""
    mine = update(Job).where(Job.id == job.id, Job.attempts == job.attempts).values(claimed_until=now() + job.lasts)
    return bool(session.execute(mine).rowcount)  # type: ignore[attr-defined]  # a cursor result has it
