"""Staff of the council."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.tokens import digest_of, new_token
from app.db.base import new_id
from app.db.staff import StaffMember, Token
from app.errors import InputInvalid


def add_staff(session: Session, email: str) -> str:
    """A token for a member of staff, who is added if new.

    Raises:
        InputInvalid: that is not an e-mail address.
    """
    address = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise InputInvalid("“{email}” is not an e-mail address.", email=email)
    member = session.scalar(select(StaffMember).where(StaffMember.email == address))
    if member is None:
        member = StaffMember(id=new_id(), email=address)
        session.add(member)
        session.flush()
    token = new_token()
    session.add(Token(digest=digest_of(token), staff_id=member.id))
    session.flush()
    return token
