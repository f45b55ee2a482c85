"""Mails that wait to be sent; the secrets of their links are made when they are."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.actions.attempts import count_attempt, key_of
from app.actions.jobs import hurry_job
from app.db.base import now
from app.db.companies import Company
from app.errors import TooManyAttempts

MAIL = "mail"
MOST_LINKS = 5
"""Mails to one firm, or asked for from one network, in a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Letter:
    """How a mail is written: in which language, and where this service is reached if no public address is set."""

    language: str
    base: str


def send(session: Session, key: str, payload: dict[str, str]) -> None:
    """Lets a mail be sent; one with the same key that still waits becomes this one."""
    hurry_job(session, MAIL, key, payload)


def count_mail(session: Session, company_id: str) -> None:
    """Notes one more mail to a company.

    Raises:
        TooManyAttempts: it got as many as it may have in a quarter of an hour.
    """
    count_attempt(session, key_of("mail", company_id), MOST_LINKS)


def ask_to_confirm(session: Session, company: Company, letter: Letter) -> None:
    """Mails the link that confirms a company's e-mail address.

    Raises:
        TooManyAttempts: the company, or this address, got as many mails as it may have.
    """
    if not company.contact_email:
        return
    count_mail(session, company.id)
    send_confirmation(session, company.id, company.contact_email, letter)
    company.email_asked_at = company.email_asked_at or now()
    session.flush()


def send_confirmation(session: Session, company_id: str, address: str, letter: Letter) -> None:
    """Mails the link to a company and an address, of which many companies may be registered.

    Raises:
        TooManyAttempts: it got as many as it may have in a quarter of an hour, whoever asked for them.
    """
    count_attempt(session, key_of("confirm", address.strip().lower()), MOST_LINKS)
    payload = {"company_id": company_id, "language": letter.language, "base": letter.base, "about": "confirm"}
    send(session, f"confirm:{company_id}", payload)


def confirm_if_possible(session: Session, company: Company, letter: Letter) -> None:
    """As ``ask_to_confirm``, for a mail that nobody asked for by itself: one too many is left out."""
    try:
        with session.begin_nested():
            ask_to_confirm(session, company, letter)
    except TooManyAttempts:
        company.email_asked_at = company.email_asked_at or now()
