"""Single measurements, each cheap enough to be taken every few seconds."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from app.db import Database
from app.db.base import ID_LENGTH, now
from app.db.changes import Change
from app.db.jobs import TIDY, Job

TIME_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs of a kind that wait: how many, since when the oldest, how many of them failed before."""

    kind: str
    count: int
    oldest: timedelta
    failed: int


def round_trip(database: Database) -> float:
    """Seconds until the database has answered something that costs it nothing, a connection included."""
    started = perf_counter()
    with database.reading() as session:
        session.execute(select(literal(1))).one()
    return perf_counter() - started


def waiting_jobs(session: Session) -> list[Waiting]:
    """Jobs that wait or are at work, by kind."""
    moment = now()
    rows = session.execute(
        select(Job.kind, func.count(), func.min(Job.created_at), func.count(Job.error))
        .where(Job.kind != TIDY)  # it waits for tomorrow, always
        .group_by(Job.kind)
        .order_by(Job.kind)
    )
    return [Waiting(kind, count, max(moment - oldest, timedelta()), failed) for kind, count, oldest, failed in rows]


def newest_change_at(session: Session) -> datetime | None:
    """When the newest change was written, as the clock of its writer stood: its mark begins with the time."""
    mark = session.scalar(select(Change.mark).order_by(Change.number.desc()).limit(1))
    if mark is None or len(mark) != ID_LENGTH:
        return None
    try:
        return datetime.fromtimestamp(int(mark[:TIME_DIGITS], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # it was not written by us
        return None


def database_clock(session: Session) -> timedelta:
    """How far the database's clock is before ours; nothing where it has ours."""
    if session.get_bind().dialect.name == "sqlite":
        return timedelta()
    theirs: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return theirs - now()


def free_bytes(folder: Path) -> int:
    """Free space where a directory is, or will be."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return shutil.disk_usage(there).free
