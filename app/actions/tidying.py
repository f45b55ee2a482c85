"""Removing what is older than the settings say: each step takes some rows at a time and can be repeated at will."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, delete, exists, or_, select
from sqlalchemy.orm import Session, undefer

from app.actions.attempts import WINDOW
from app.actions.companies import delete_company, settle, write_profile
from app.actions.erasure import forget_file, forget_people
from app.actions.letters import send
from app.db.audit import PROGRAM
from app.db.companies import Company, ListingRow, StatusChange
from app.db.imports import Import, ImportRejection
from app.db.matches import PairEvidence
from app.db.sessions import Attempt, BrowserSession, SignInLink
from app.queries.companies import company_by_id, document
from app.settings import Settings
from matching import COUNTRIES, LANGUAGES
from schemas.companies import CompanyIn

AT_ONCE = 200
AT_WORK = ("checking", "waiting", "running")
NOT_IMPORTED = "This list was not imported for a long time and is not kept any more. Upload it again."
HERE = "http://127.0.0.1:8000"
"""Where links lead if no public address is set; mails then stand in the log only."""

Step = Callable[[Session, Settings, datetime, int], int]


def warn_unconfirmed(session: Session, settings: Settings, moment: datetime, limit: int) -> int:
    """Mails firms that their registration will be removed unless they confirm their address."""
    if not (settings.confirm_email and settings.unconfirmed_days):
        return 0
    since = moment - timedelta(days=settings.unconfirmed_days - settings.warning_days)
    wanted = select(Company).where(_unconfirmed(), Company.email_asked_at <= since, Company.email_warned_at.is_(None))
    found = session.scalars(wanted.order_by(Company.id).limit(limit)).all()
    for company in found:
        payload = {
            "company_id": company.id,
            "language": _language(company),
            "base": settings.public_url or HERE,
            "about": "warning",
            "days": str(settings.warning_days),
        }
        send(session, f"confirm:{company.id}", payload)
        company.email_warned_at = moment
    session.flush()
    return len(found)


def remove_unconfirmed(session: Session, settings: Settings, moment: datetime, limit: int) -> int:
    """Erases firms that never confirmed their address and were warned in time."""
    if not (settings.confirm_email and settings.unconfirmed_days):
        return 0
    asked = moment - timedelta(days=settings.unconfirmed_days)
    warned = moment - timedelta(days=settings.warning_days)
    wanted = select(Company.id).where(
        _unconfirmed(), Company.email_asked_at <= asked, Company.email_warned_at <= warned
    )
    found = session.scalars(wanted.order_by(Company.id).limit(limit)).all()
    for company_id in found:
        delete_company(session, company_id, if_version="*", by=PROGRAM)
    return len(found)


def forget_files(session: Session, settings: Settings, moment: datetime, limit: int) -> int:
    """Erases what uploaded lists left: files, previews, samples and refused rows. Their counts stay."""
    if not settings.import_file_days:
        return 0
    refused = exists().where(ImportRejection.import_id == Import.id)
    left = or_(Import.content.is_not(None), cast(Import.preview, Text) != "[]", refused)
    before = moment - timedelta(days=settings.import_file_days)
    wanted = select(Import).where(Import.changed_at <= before, Import.state.not_in(AT_WORK), left)
    found = session.scalars(wanted.order_by(Import.id).limit(limit).options(undefer(Import.preview))).all()
    for kept in found:
        if kept.state != "done":
            forget_file(session, kept.id, NOT_IMPORTED)
        kept.layout = kept.layout | {"samples": []}
        kept.preview = []
        kept.content = None
        session.execute(delete(ImportRejection).where(ImportRejection.import_id == kept.id))
    session.flush()
    return len(found)


def forget_ended_listings(session: Session, settings: Settings, moment: datetime, limit: int) -> int:
    """Erases listings that ended long ago."""
    if not settings.ended_listing_days:
        return 0
    before = moment - timedelta(days=settings.ended_listing_days)
    ids = session.scalars(select(ListingRow.id).where(ListingRow.ended_at <= before).limit(limit)).all()
    if ids:
        met = or_(PairEvidence.need_listing_id.in_(ids), PairEvidence.offer_listing_id.in_(ids))
        session.execute(delete(PairEvidence).where(met).execution_options(synchronize_session=False))
        session.execute(delete(ListingRow).where(ListingRow.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


def forget_suspended_contacts(session: Session, settings: Settings, moment: datetime, limit: int) -> int:
    """Erases the contacts of firms that were suspended long ago."""
    if not settings.suspended_contact_days:
        return 0
    before = moment - timedelta(days=settings.suspended_contact_days)
    parts = Company.contact_name, Company.contact_role, Company.contact_email, Company.contact_phone
    since = exists().where(StatusChange.company_id == Company.id, StatusChange.at > before)
    wanted = select(Company.id).where(
        Company.status == "suspended",
        Company.created_at <= before,
        ~since,
        or_(*(part.is_not(None) for part in parts)),
    )
    found = session.scalars(wanted.order_by(Company.id).limit(limit)).all()
    for company_id in found:
        company = company_by_id(session, company_id, lock=True)
        data = CompanyIn.model_validate(document(company) | {"contact": None})
        write_profile(company, data)
        settle(session, company, data)
        forget_people(session, company_id, keep_address=False)
    return len(found)


def forget_expired(session: Session, settings: Settings, moment: datetime, limit: int) -> int:
    """Removes sessions, links and counted attempts that count no more."""
    del settings, limit
    outdated = (
        (BrowserSession, BrowserSession.expires_at <= moment),
        (SignInLink, SignInLink.expires_at <= moment),
        (Attempt, Attempt.since <= moment - 4 * WINDOW),
    )
    done = 0
    for table, condition in outdated:
        done += session.execute(delete(table).where(condition)).rowcount  # type: ignore[attr-defined]  # it has it
    return done


STEPS: dict[str, Step] = {
    "registrations warned": warn_unconfirmed,
    "unconfirmed registrations erased": remove_unconfirmed,
    "uploaded lists erased": forget_files,
    "ended listings erased": forget_ended_listings,
    "contacts of suspended firms erased": forget_suspended_contacts,
    "sessions, links and attempts removed": forget_expired,
}
"""What is done, in this order, by what is printed of it."""


def _unconfirmed() -> ColumnElement[bool]:
    return and_(
        Company.status == "submitted", Company.email_asked_at.is_not(None), Company.email_confirmed_at.is_(None)
    )


def _language(company: Company) -> str:
    """A language of ours that the firm speaks, or the first of its country's."""
    country = COUNTRIES[company.country]
    return next((one for one in (*company.languages, *country.languages) if one in LANGUAGES), "en")
