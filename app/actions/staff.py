"""Staff of the council."""

import re

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.actions.tokens import STAFF_DAYS, Grant, issue_token
from app.db.audit import COMMAND_LINE, By, record_act
from app.db.base import new_id, now
from app.db.sessions import BrowserSession, SignInLink
from app.db.staff import ROLES, Role, StaffMember, Token
from app.errors import InputInvalid, NotFound

ADDRESS = r"[^@\s,;<>\"()\\\x00-\x1f]+@[^@\s,;<>\"()\\\x00-\x1f]+\.[^@\s,;<>\"()\\\x00-\x1f]+"
LONGEST_ADDRESS = 254


def role_named(name: str) -> Role:
    """The role with this name.

    Raises:
        InputInvalid: there is none.
    """
    found = next((role for role in ROLES if role == name), None)
    if found is None:
        raise InputInvalid("Choose a role.")
    return found


def add_officer(session: Session, email: str, role: Role, *, by: By) -> str:
    """The id of a member of staff who is new.

    Raises:
        InputInvalid: that is not an e-mail address, or is one of somebody who is staff already.
    """
    known = session.scalar(select(StaffMember.id).where(StaffMember.email == email.strip().lower().replace("\0", "")))
    if known is not None:
        raise InputInvalid("This officer is in the list already.")
    return staff_member(session, email, role, by=by).id


def staff_member(session: Session, email: str, role: Role | None = None, *, by: By = COMMAND_LINE) -> StaffMember:
    """The member of staff with this address, who is added if new; a role that is given is set.

    Args:
        session: to write with.
        email: the address, in any case.
        role: a reviewer's where it is not given for somebody new.
        by: who adds.

    Raises:
        InputInvalid: that is not an e-mail address, or nobody would be left who may change settings.
    """
    address = email.strip().lower()
    if len(address) > LONGEST_ADDRESS or not re.fullmatch(ADDRESS, address):
        raise InputInvalid("“{email}” is not an e-mail address.", email=email)
    member = session.scalar(select(StaffMember).where(StaffMember.email == address))
    if member is None:
        member = StaffMember(id=new_id(), email=address, role=role or "reviewer", added_by=by.officer)
        session.add(member)
        session.flush()
        record_act(session, by, "staff.added", f"staff:{member.id}", role=member.role)
    elif role is not None:
        change_role(session, member.id, role, by=by)
    return member


def add_staff(session: Session, email: str, role: Role | None = None, *, by: By = COMMAND_LINE) -> str:
    """A token for a member of staff, who is added if new.

    Raises:
        InputInvalid: that is not an e-mail address.
    """
    member = staff_member(session, email, role, by=by)
    _, token = issue_token(session, Grant(staff_id=member.id, days=STAFF_DAYS), by=by)
    return token


def change_role(session: Session, staff_id: str, role: Role, *, by: By) -> None:
    """Gives a member of staff another role.

    Raises:
        NotFound: there is no such member.
        InputInvalid: nobody would be left who may change settings.
    """
    member = officer_to_change(session, staff_id)
    if role != "admin":
        _require_another_admin(session, member)
    before, member.role = member.role, role
    record_act(session, by, "staff.role_changed", f"staff:{staff_id}", before=before, after=role)


def disable_staff(session: Session, staff_id: str, *, by: By) -> None:
    """Keeps a member of staff out, at once: sessions, links and tokens end. What they decided stays.

    Raises:
        NotFound: there is no such member.
        InputInvalid: nobody would be left who may change settings.
    """
    member = officer_to_change(session, staff_id)
    _require_another_admin(session, member)
    member.disabled_at = now()
    member.disabled_by = by.officer
    for table in (BrowserSession, SignInLink, Token):
        session.execute(delete(table).where(table.staff_id == staff_id))
    record_act(session, by, "staff.kept_out", f"staff:{staff_id}")


def enable_staff(session: Session, staff_id: str, *, by: By) -> None:
    """Lets a member of staff in again with the password there was; tokens must be issued anew.

    Raises:
        NotFound: there is no such member.
    """
    member = officer_to_change(session, staff_id)
    member.disabled_at = member.disabled_by = None
    record_act(session, by, "staff.let_in", f"staff:{staff_id}")


def forget_totp(session: Session, staff_id: str, *, by: By) -> None:
    """Asks a member of staff for no code any more, because the phone is lost; the password stays.

    Raises:
        NotFound: there is no such member.
    """
    member = officer_to_change(session, staff_id)
    member.totp_secret = member.totp_step = None
    record_act(session, by, "staff.code_forgotten", f"staff:{staff_id}")


def officer_to_change(session: Session, staff_id: str) -> StaffMember:
    """A member of staff, whom nobody else changes until the transaction ends.

    Raises:
        NotFound: there is no such member.
    """
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
