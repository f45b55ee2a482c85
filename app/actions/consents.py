"""A firm's consent: given, and withdrawn."""

from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.companies import change_status, require_version, settle, write_profile
from app.actions.erasure import forget_people
from app.actions.queue import forget_pending, lock_queue
from app.actions.registration import Ground
from app.db.base import IfVersion, now
from app.db.companies import Company, StatusChange
from app.db.consents import Consent, Way
from app.errors import FieldError, InputInvalid
from app.privacy import CURRENT
from app.queries.companies import company_by_id, document
from app.queries.consents import consents_of, withdrawn
from app.settings import Verification
from matching import Language
from schemas.companies import CompanyIn

ASKED = "Read the text at /v1/consent-text, show it to the firm, and send its version as consent.version."


def ground_of(version: str | None, *, way: Way, language: Language, required: bool) -> Ground | None:
    """A firm's consent to a version of the text; None where it gave none and need not.

    Raises:
        InputInvalid: it is missing, or not to the present text.
    """
    if version is None:
        if required:
            raise InputInvalid(
                "The firm's consent to how its data is handled is missing.",
                errors=(FieldError("/consent", "consent_missing", ASKED),),
            )
        return None
    if version != CURRENT:
        raise InputInvalid(
            "The consent is not to the text that is in force.",
            errors=(FieldError("/consent/version", "consent_outdated", ASKED),),
        )
    return Ground("consent", way, version, language)


def agree(
    session: Session, company_id: str, ground: Ground, verification: Verification, if_version: IfVersion = None
) -> None:
    """Records a firm's consent. A firm that had withdrawn it is no longer suspended for that.

    Raises:
        NotFound: there is no such company.
        VersionStale: it was changed since ``if_version``.
    """
    company = company_by_id(session, company_id, lock=True)
    require_version(company, if_version)
    had_withdrawn = withdrawn(session, company_id)
    session.add(Consent(company_id=company_id, **asdict(ground)))
    session.flush()
    if had_withdrawn and company.status == "suspended" and not _suspended_by_staff(session, company_id):
        change_status(session, company, "verified" if verification == "none" else "submitted", reason=None, by=None)
        settle(session, company)


def withdraw(session: Session, company_id: str, way: Way, if_version: IfVersion = None) -> Company:
    """Withdraws a firm's consent, or objects where it gave none.

    The firm appears to nobody, and of its contact only the e-mail address stays: by it the firm signs in, consents anew
    or removes itself.

    Raises:
        NotFound: there is no such company.
        VersionStale: it was changed since ``if_version``.
    """
    lock_queue(session)
    company = company_by_id(session, company_id, lock=True)
    require_version(company, if_version)
    if withdrawn(session, company_id):
        return company
    moment = now()
    held = consents_of(session, company_id)
    for consent in held:
        consent.withdrawn_at = consent.withdrawn_at or moment
    if not held:
        session.add(Consent(company_id=company_id, basis="objection", way=way, at=moment, withdrawn_at=moment))
    data = CompanyIn.model_validate(_without_person(document(company)))
    write_profile(company, data)
    if company.status != "suspended":
        change_status(session, company, "suspended", reason=None, by=None)
    forget_pending(session, company_id)
    forget_people(session, company_id, keep_address=True)
    settle(session, company, data)
    return company


def _without_person(profile: dict[str, object]) -> dict[str, object]:
    contact = profile["contact"]
    email = contact.get("email") if isinstance(contact, dict) else None
    return profile | {"contact": {"email": email} if email else None}


def _suspended_by_staff(session: Session, company_id: str) -> bool:
    latest = session.scalar(
        select(StatusChange)
        .where(StatusChange.company_id == company_id)
        .order_by(StatusChange.at.desc(), StatusChange.id.desc())
        .limit(1)
    )
    return latest is not None and latest.by is not None
