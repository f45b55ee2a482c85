"""What a firm consented to."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.companies import Company
from app.db.consents import Consent
from app.privacy import CURRENT


@dataclass(frozen=True, slots=True)
class Asked:
    """What a firm is asked for on its pages.

    Attributes:
        consent: consent to the present text, because it gave none (``never``), to an ``older`` one, or ``withdrew``.
        address: the address that it is to confirm.
    """

    consent: str | None
    address: str | None


def asked_of(session: Session, company_id: str, *, confirm_email: bool) -> Asked:
    """What a firm is asked for: two statements."""
    held = consents_of(session, company_id)
    standing = [one.version for one in held if one.basis == "consent" and one.withdrawn_at is None]
    if CURRENT in standing:
        consent = None
    elif held and held[0].withdrawn_at is not None:
        consent = "withdrew"
    else:
        consent = "older" if standing else "never"
    address, confirmed = session.execute(
        select(Company.contact_email, Company.email_confirmed_at).where(Company.id == company_id)
    ).one()
    return Asked(consent, address if confirm_email and confirmed is None else None)


def consents_of(session: Session, company_id: str) -> list[Consent]:
    """A company's consents and other grounds, the latest first, withdrawn ones too."""
    return list(
        session.scalars(
            select(Consent).where(Consent.company_id == company_id).order_by(Consent.at.desc(), Consent.id.desc())
        )
    )


def withdrawn(session: Session, company_id: str) -> bool:
    """Whether a firm withdrew its consent, or objected, and gave none since."""
    latest = session.scalar(
        select(Consent).where(Consent.company_id == company_id).order_by(Consent.at.desc(), Consent.id.desc()).limit(1)
    )
    return latest is not None and latest.withdrawn_at is not None
