"""Counting what may be tried only so often, in the database, so that all workers count together."""

import hashlib
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db.base import now
from app.db.sessions import Attempt
from app.errors import TooManyAttempts

WINDOW = timedelta(minutes=15)
SKEW = timedelta(minutes=1)
"""How far clocks may differ. A window that began later than that began before a clock went back, and counts no more."""
HOST_BITS = 64


def key_of(*what: str) -> str:
    """The key of what is counted; nothing can be read from it."""
    return hashlib.sha256("\n".join(what).encode()).hexdigest()


def network_of(address: str) -> str:
    """Who is counted together: an address, or the network of an IPv6 one, since whoever has one has all of it."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(int(found) >> HOST_BITS) if isinstance(found, IPv6Address) and found.ipv4_mapped is None else address


def count_attempt(session: Session, key: str, most: int) -> int:
    """Notes one more attempt before it is made, so that many at once cannot slip through together; how many there were.

    Raises:
        TooManyAttempts: as many were made in this window, with the minutes to wait; the transaction must not be kept.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    moment = now()
    session.execute(delete(Attempt).where(Attempt.since <= moment - 4 * WINDOW))
    fresh = Attempt.since.between(moment - WINDOW, moment + SKEW)
    count, since = session.execute(
        insert(Attempt)
        .values(key=key, since=moment, count=1)
        .on_conflict_do_update(
            index_elements=[Attempt.key],
            set_={
                "count": case((fresh, Attempt.count + 1), else_=1),
                "since": case((fresh, Attempt.since), else_=moment),
            },
        )
        .returning(Attempt.count, Attempt.since)
    ).one()
    if count > most:
        left = int((since + WINDOW - moment).total_seconds())
        raise TooManyAttempts(
            "Too many attempts from your network. Try again in {minutes} min.", minutes=str(left // 60 + 1)
        ).again_after(left + 1)
    return int(count)


def times_tried(session: Session, key: str) -> int:
    """How often it was tried in this window."""
    return session.scalar(select(Attempt.count).where(Attempt.key == key, Attempt.since > now() - WINDOW)) or 0


def take_attempt_back(session: Session, key: str) -> None:
    """Counts one attempt less: it was a right one."""
    session.execute(update(Attempt).where(Attempt.key == key, Attempt.count > 0).values(count=Attempt.count - 1))


def forget_attempts(session: Session, key: str) -> None:
    """Starts counting anew."""
    session.execute(delete(Attempt).where(Attempt.key == key))
