"""Signing in with a browser, and out."""

import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app.actions.addresses import note_address
from app.actions.attempts import count_attempt, forget_attempts, key_of, network_of, take_attempt_back, times_tried
from app.actions.letters import MOST_LINKS, count_mail, send
from app.actions.links import FORGOTTEN_AFTER, new_link, no_link, used_link
from app.actions.passwords import password_fits, password_hash, use_code
from app.actions.tokens import digest_of, mark_used, new_secret
from app.db import Database
from app.db.audit import NOBODY, By, record_act
from app.db.base import new_id, now
from app.db.sessions import BROWSER_LENGTH, BrowserSession
from app.db.staff import StaffMember, Token
from app.errors import TooManyAttempts
from app.queries.companies import companies_of_address
from app.settings import Verification
from app.watch.figures import FAILED_SIGN_INS

STAFF_STAYS = timedelta(hours=12)
COMPANY_STAYS = timedelta(days=30)
MOST_WRONG = 5
"""Wrong passwords from one address for one account, in a quarter of an hour. Others are not kept out by them."""
MOST_WRONG_OF_ADDRESS = 40
WRONG = "E-mail address, password or code is not right."


@dataclass(frozen=True, slots=True)
class Browser:
    """What signs in: its network address, how it calls itself, and the request that it makes."""

    address: str
    name: str
    request: str | None = None

    @property
    def network(self) -> str:
        """Who is counted together."""
        return network_of(self.address)


def sign_in_staff(database: Database, email: str, password: str, code: str, browser: Browser) -> str | None:
    """The cookie of a new session; None for a wrong password or code, which is counted.

    Two transactions, so that nobody waits for the database while a password is looked at.

    Raises:
        TooManyAttempts: there were too many wrong ones from this address.
    """
    address = email.strip().lower().replace("\0", "")
    own, everyone = key_of("staff", browser.network, address), key_of("staff", browser.network)
    present = select(StaffMember).where(StaffMember.email == address, StaffMember.disabled_at.is_(None))
    with database.writing() as session:
        count_attempt(session, own, MOST_WRONG)
        count_attempt(session, everyone, MOST_WRONG_OF_ADDRESS)
        member = session.scalar(present)
        kept = None if member is None else member.password_hash
        staff_id = None if member is None else member.id
    fits = password_fits(password, kept)
    with database.writing() as session:
        member = session.scalar(present.where(StaffMember.password_hash == kept).with_for_update()) if fits else None
        if member is None or not (member.totp_secret is None or use_code(member, code)):
            FAILED_SIGN_INS.labels("staff").inc()
            _failed(session, browser, f"staff:{staff_id}" if staff_id else "")
            return None
        forget_attempts(session, own)
        take_attempt_back(session, everyone)
        way = "password" if member.totp_secret is None else "password+code"
        return _staff_opened(session, browser, member, way)


def _staff_opened(session: Session, browser: Browser, member: StaffMember, way: str) -> str:
    member.signed_in_at = now()
    failures = _failures(f"staff:{member.id}")
    by = By(member.email, member.role, request=browser.request)
    failed = times_tried(session, failures)
    forget_attempts(session, failures)
    return _opened(
        session, browser, by, f"staff:{member.id}", staff_id=member.id, way=way, failed_before=failed or None
    )


def sign_in_with_token(session: Session, token: str, browser: Browser) -> str | None:
    """The cookie of a new session of the company that a token belongs to; None for any other, which is counted.

    Raises:
        TooManyAttempts: there were too many wrong ones from this address.
    """
    key = key_of("token", browser.network)
    count_attempt(session, key, MOST_WRONG_OF_ADDRESS)
    valid = select(Token).where(Token.digest == digest_of(token.strip()), Token.expires_at > now())
    found = session.scalar(valid)
    if found is None or found.company_id is None:
        FAILED_SIGN_INS.labels("company").inc()
        _failed(session, browser, "")
        return None
    mark_used(session, found.id)
    take_attempt_back(session, key)
    return sign_in_company(session, found.company_id, browser, way="token")


def sign_in_company(session: Session, company_id: str, browser: Browser, *, way: str = "registration") -> str:
    """The cookie of a new session of a company; ``way`` is what it showed."""
    by = By.company(company_id, browser.request)
    return _opened(session, browser, by, f"company:{company_id}", company_id=company_id, way=way)


def ask_for_link(session: Session, email: str, *, language: str, base: str, browser: Browser) -> None:
    """Sends a sign-in link for each firm whose contact has this address; whether there is one, nobody learns.

    Raises:
        TooManyAttempts: too many were asked for from this address.
    """
    count_attempt(session, key_of("link", browser.network), MOST_LINKS)
    for company_id in companies_of_address(session, email.replace("\0", ""))[:MOST_LINKS]:
        try:
            with session.begin_nested():
                count_mail(session, company_id)
        except TooManyAttempts:  # links that work are in the mailbox; strangers must not be able to fill it
            continue
        send_link(session, company_id, language=language, base=base)


def send_link(session: Session, company_id: str, *, language: str, base: str) -> None:
    """Lets a sign-in link be mailed to a company's contact; the secret is made when it is sent."""
    send(session, f"company:{company_id}", {"company_id": company_id, "language": language, "base": base})


def send_invitation(session: Session, staff_id: str, *, language: str, base: str, by: By) -> None:
    """Lets a link be mailed with which a member of staff sets a password."""
    record_act(session, by, "staff.link_made", f"staff:{staff_id}", way="mail")
    send(session, f"staff:{staff_id}", {"staff_id": staff_id, "language": language, "base": base})


def link_for_staff(session: Session, staff_id: str, *, by: By) -> str:
    """The secret of a link with which a member of staff sets a password, to be handed over."""
    record_act(session, by, "staff.link_made", f"staff:{staff_id}", way="printed")
    return new_link(session, staff_id=staff_id)


def use_company_link(session: Session, secret: str, browser: Browser, verification: Verification = "staff") -> str:
    """The cookie of a new session of the company that a link is for. The link is used up, the address confirmed.

    Raises:
        LinkInvalid: it was used, is too old, or never was.
    """
    link = used_link(session, secret)
    if link.company_id is None:
        raise no_link()
    note_address(session, link, secret, verification)
    return sign_in_company(session, link.company_id, browser, way="link")


def set_password(session: Session, secret: str, password: str, browser: Browser) -> str:
    """Sets an officer's password with a link, which is used up, and signs in; other sessions of the officer end.

    Raises:
        LinkInvalid: the link was used, is too old, or never was.
        InputInvalid: the password is not fit; the link can be used again.
    """
    link = used_link(session, secret)
    member = session.get(StaffMember, link.staff_id) if link.staff_id else None
    if member is None or member.disabled_at is not None:
        raise no_link()
    member.password_hash = password_hash(password, email=member.email)
    session.execute(delete(BrowserSession).where(BrowserSession.staff_id == member.id))
    record_act(session, By(member.email, member.role, request=browser.request), "password.set", f"staff:{member.id}")
    return _staff_opened(session, browser, member, "link")


def sign_out(session: Session, cookie: str, *, by: By) -> None:
    """Ends a session."""
    _ended(session, by, "sign_out", BrowserSession.digest == digest_of(cookie))


def end_staff_session(session: Session, session_id: str, *, by: By) -> None:
    """Ends a session of any officer."""
    _ended(session, by, "session.ended", (BrowserSession.id == session_id) & BrowserSession.staff_id.is_not(None))


def end_session(
    session: Session, session_id: str, *, company_id: str | None = None, staff_id: str | None = None, by: By
) -> None:
    """Ends one of a company's or an officer's own sessions."""
    own = BrowserSession.company_id == company_id if company_id else BrowserSession.staff_id == staff_id
    _ended(session, by, "session.ended", (BrowserSession.id == session_id) & own)


def _ended(session: Session, by: By, act: Literal["sign_out", "session.ended"], which: ColumnElement[bool]) -> None:
    found = session.execute(
        delete(BrowserSession)
        .where(which)
        .returning(BrowserSession.id, BrowserSession.staff_id, BrowserSession.company_id)
    ).one_or_none()
    if found is not None:
        owner = f"staff:{found.staff_id}" if found.staff_id else f"company:{found.company_id}"
        record_act(session, by, act, f"session:{found.id}", owner)


def _failures(subject: str) -> str:
    return key_of("failed sign-ins", subject)


def _failed(session: Session, browser: Browser, subject: str) -> None:
    """Notes wrong attempts at 1, 2, 4, 8 …: strangers must not be able to fill the log.

    ``subject`` is the account; all that are none count together. What was typed is kept nowhere: it may be a password.
    """
    count = count_attempt(session, _failures(subject), sys.maxsize)
    if count & (count - 1) == 0:
        by = replace(NOBODY, request=browser.request)
        record_act(session, by, "sign_in.failed", *([subject] if subject else ()), count=count)


def _opened(  # noqa: PLR0913  # who, with what, and how it came about
    session: Session,
    browser: Browser,
    by: By,
    subject: str,
    *,
    company_id: str | None = None,
    staff_id: str | None = None,
    way: str,
    failed_before: int | None = None,
) -> str:
    cookie, session_id = new_secret(), new_id()
    session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now() - FORGOTTEN_AFTER))
    record_act(session, by, "sign_in", subject, f"session:{session_id}", way=way, failed_before=failed_before)
    session.add(
        BrowserSession(
            id=session_id,
            digest=digest_of(cookie),
            company_id=company_id,
            staff_id=staff_id,
            browser=browser.name[:BROWSER_LENGTH],
            expires_at=now() + (COMPANY_STAYS if staff_id is None else STAFF_STAYS),
        )
    )
    session.flush()
    return cookie
