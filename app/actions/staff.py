"""Staff of the council."""

import re

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.actions.tokens import digest_of, new_token
from app.db.base import new_id, now
from app.db.sessions import BrowserSession, SignInLink
from app.db.staff import Role, StaffMember, Token
from app.errors import InputInvalid, NotFound


def staff_member(session: Session, email: str, role: Role | None = None) -> StaffMember:
    """The member of staff with this address, who is added if new; a role that is given is set.

    Raises:
        InputInvalid: that is not an e-mail address, or nobody would be left who may change settings.
    """
    address = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise InputInvalid("“{email}” is not an e-mail address.", email=email)
    member = session.scalar(select(StaffMember).where(StaffMember.email == address))
    if member is None:
        member = StaffMember(id=new_id(), email=address, role=role or "reviewer")
        session.add(member)
        session.flush()
    elif role is not None:
        change_role(session, member.id, role)
    return member


def add_staff(session: Session, email: str, role: Role | None = None) -> str:
    """A token for a member of staff, who is added if new.

    Raises:
        InputInvalid: that is not an e-mail address.
    """
    return add_token(session, staff_member(session, email, role).id)


def add_token(session: Session, staff_id: str) -> str:
    """One more token of a member of staff."""
    token = new_token()
    session.add(Token(digest=digest_of(token), staff_id=staff_id))
    session.flush()
    return token


def end_token(session: Session, token_id: str) -> None:
    """Ends a token of a member of staff."""
    session.execute(delete(Token).where(Token.id == token_id, Token.staff_id.is_not(None)))


def change_role(session: Session, staff_id: str, role: Role) -> None:
    """Gives a member of staff another role.

    Raises:
        NotFound: there is no such member.
        InputInvalid: nobody would be left who may change settings.
    """
    member = _member(session, staff_id)
    if role != "admin":
        _require_another_admin(session, member)
    member.role = role


def disable_staff(session: Session, staff_id: str) -> None:
    """Keeps a member of staff out, at once; what they decided stays.

    Raises:
        NotFound: there is no such member.
        InputInvalid: nobody would be left who may change settings.
    """
    member = _member(session, staff_id)
    _require_another_admin(session, member)
    member.disabled_at = now()
    for table in (BrowserSession, SignInLink, Token):
        session.execute(delete(table).where(table.staff_id == staff_id))


def enable_staff(session: Session, staff_id: str) -> None:
    """Lets a member of staff in again; an unused password link is needed if none was set."""
    _member(session, staff_id).disabled_at = None


def set_totp(session: Session, staff_id: str, secret: str | None) -> None:
    """Asks for a code of this secret at each sign-in from now on; with None for none."""
    member = _member(session, staff_id)
    member.totp_secret = secret
    member.totp_step = None


def _member(session: Session, staff_id: str) -> StaffMember:
    member = session.get(StaffMember, staff_id, with_for_update=True)
    if member is None:
        raise NotFound("There is no such member of staff.")
    return member


def _require_another_admin(session: Session, member: StaffMember) -> None:
    others = session.scalar(
        select(func.count())
        .select_from(StaffMember)
        .where(StaffMember.role == "admin", StaffMember.disabled_at.is_(None), StaffMember.id != member.id)
    )
    if member.role == "admin" and member.disabled_at is None and not others:
        raise InputInvalid("This is the last administrator. Make somebody else one first.")
