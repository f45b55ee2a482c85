"""Confirming the e-mail address of a firm's contact: whoever uses a link that was mailed to it reads it."""

from sqlalchemy.orm import Session

from app.actions.companies import change_status, settle
from app.actions.links import no_link, proof_of, used_link
from app.db.base import now
from app.db.companies import Company
from app.db.sessions import SignInLink
from app.queries.companies import company_by_id, status_history
from app.settings import Verification


def confirm_address(session: Session, secret: str, verification: Verification) -> Company:
    """Confirms the address that a link was mailed to. The link is used up.

    Raises:
        LinkInvalid: it was used, is too old, never was, or the firm has another address by now.
    """
    link = used_link(session, secret, confirms=True)
    company = note_address(session, link, secret, verification)
    if company is None:
        raise no_link()
    return company


def note_address(session: Session, link: SignInLink, secret: str, verification: Verification) -> Company | None:
    """Notes that whoever uses a link reads the firm's address; None if the link went to another one.

    With ``verification`` by e-mail the firm is verified by it, unless staff had taken that back.
    """
    if link.company_id is None or link.address is None:
        return None
    company = company_by_id(session, link.company_id, lock=True)
    if link.address != proof_of(secret, company.contact_email or ""):
        return None
    company.email_confirmed_at = company.email_confirmed_at or now()
    company.email_warned_at = None
    if verification == "email" and company.status == "submitted" and not _set_by_staff(session, company.id):
        change_status(session, company, "verified", reason=None, by=None)
        settle(session, company)
    session.flush()
    return company


def _set_by_staff(session: Session, company_id: str) -> bool:
    latest = next(iter(status_history(session, company_id)), None)
    return latest is not None and latest.by is not None
