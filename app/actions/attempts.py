"""Counting what may be tried only so often, in the database, so that all workers count together."""

import hashlib
from datetime import timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db.base import now
from app.db.sessions import Attempt
from app.errors import TooManyAttempts

WINDOW = timedelta(minutes=15)


def key_of(*what: str) -> str:
    """The key of what is counted; nothing can be read from it."""
    return hashlib.sha256("\n".join(what).encode()).hexdigest()


def count_attempt(session: Session, key: str) -> None:
    """Notes one more attempt; those of an earlier window are forgotten."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    moment = now()
    session.execute(delete(Attempt).where(Attempt.since <= moment - 4 * WINDOW))
    fresh = Attempt.since > moment - WINDOW
    session.execute(
        insert(Attempt)
        .values(key=key, since=moment, count=1)
        .on_conflict_do_update(
            index_elements=[Attempt.key],
            set_={
                "count": case((fresh, Attempt.count + 1), else_=1),
                "since": case((fresh, Attempt.since), else_=moment),
            },
        )
    )


def require_few_attempts(session: Session, key: str, most: int) -> None:
    """Lets pass while fewer than ``most`` attempts were counted in the window.

    Raises:
        TooManyAttempts: with the minutes to wait.
    """
    moment = now()
    row = session.scalar(select(Attempt).where(Attempt.key == key, Attempt.since > moment - WINDOW))
    if row is not None and row.count >= most:
        left = row.since + WINDOW - moment
        raise TooManyAttempts(
            "Too many attempts from your network. Try again in {minutes} min.",
            minutes=str(int(left.total_seconds() // 60) + 1),
        )


def forget_attempts(session: Session, key: str) -> None:
    """Starts counting anew."""
    session.execute(delete(Attempt).where(Attempt.key == key))
