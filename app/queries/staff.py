"""Reading who is staff, and what they are let in by."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.base import now
from app.db.sessions import BrowserSession
from app.db.staff import Role, StaffMember


@dataclass(frozen=True, slots=True)
class Officer:
    """A member of staff as administrators see one: how they get in, never with what."""

    id: str
    email: str
    role: Role
    has_password: bool
    has_totp: bool
    created_at: datetime
    added_by: str | None
    signed_in_at: datetime | None
    sessions: int
    disabled_at: datetime | None
    disabled_by: str | None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is signed in; ``here`` is the one that asks."""

    id: str
    email: str
    browser: str
    created_at: datetime
    expires_at: datetime
    here: bool


def officers(session: Session) -> list[Officer]:
    """All staff by address, those who are kept out last."""
    counted = (
        select(BrowserSession.staff_id, func.count().label("count"))
        .where(BrowserSession.expires_at > now())
        .group_by(BrowserSession.staff_id)
        .subquery()
    )
    rows = session.execute(
        select(StaffMember, counted.c.count)
        .outerjoin(counted, counted.c.staff_id == StaffMember.id)
        .order_by(StaffMember.disabled_at.is_not(None), StaffMember.email)
    )
    return [
        Officer(
            id=member.id,
            email=member.email,
            role=member.role,
            has_password=member.password_hash is not None,
            has_totp=member.totp_secret is not None,
            created_at=member.created_at,
            added_by=member.added_by,
            signed_in_at=member.signed_in_at,
            sessions=count or 0,
            disabled_at=member.disabled_at,
            disabled_by=member.disabled_by,
        )
        for member, count in rows
    ]


def officer_by_id(session: Session, staff_id: str) -> Officer | None:
    """A member of staff; None when there is none."""
    return next((officer for officer in officers(session) if officer.id == staff_id), None)


def officer_of_address(session: Session, email: str) -> Officer | None:
    """The member of staff with this address, in any case; None when there is none."""
    address = email.strip().lower()
    return next((officer for officer in officers(session) if officer.email == address), None)


def staff_sessions(session: Session, here: str, staff_id: str | None = None) -> list[OpenSession]:
    """Open sessions of all staff or of one officer, newest first; ``here`` is the digest of the asker's cookie."""
    query = (
        select(
            BrowserSession.id,
            StaffMember.email,
            BrowserSession.browser,
            BrowserSession.created_at,
            BrowserSession.expires_at,
            BrowserSession.digest == here,
        )
        .join(StaffMember, StaffMember.id == BrowserSession.staff_id)
        .where(BrowserSession.expires_at > now(), StaffMember.disabled_at.is_(None))
        .order_by(BrowserSession.created_at.desc(), BrowserSession.id)
    )
    if staff_id is not None:
        query = query.where(BrowserSession.staff_id == staff_id)
    return [OpenSession(*row) for row in session.execute(query)]
