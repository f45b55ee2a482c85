"""Who is asking, and what they may do."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.tokens import digest_of, is_token
from app.db.audit import NOBODY, By
from app.db.base import now
from app.db.sessions import BrowserSession
from app.db.staff import ROLES, Role, StaffMember, Token
from app.errors import CredentialsInvalid, CredentialsMissing, NotAllowed
from app.queries.tokens import Reach, lesser
from app.watch.figures import FAILED_SIGN_INS
from app.watch.requests import note_caller

Party = Literal["company", "viewer", "reviewer", "admin", "integration"]


@dataclass(frozen=True, slots=True)
class UsedToken:
    """The token that came with a request."""

    id: str
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caller:
    """A company, a member of staff with a role, a program of the council that only reads, or (with none) anyone.

    ``request`` is the request's id.
    """

    company_id: str | None = None
    staff_id: str | None = None
    staff_email: str | None = None
    role: Role | None = None
    integration: bool = False
    token: UsedToken | None = None
    request: str | None = None

    @property
    def party(self) -> Party | None:
        """What the table of rules knows the caller as; None for anyone."""
        if self.integration:
            return "integration"
        return "company" if self.company_id is not None else self.role

    @property
    def by(self) -> By:
        """Who acts, for the audit log."""
        if self.staff_email is not None and self.role is not None:
            return By(self.staff_email, self.role, None if self.token is None else self.token.id, self.request)
        return By.company(self.company_id, self.request) if self.company_id is not None else NOBODY

    @property
    def anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return self.party is None

    @property
    def of_council(self) -> bool:
        """Whether it is staff or one of the council's programs."""
        return self.role is not None or self.integration

    @property
    def reach(self) -> Reach:
        """Whose tokens the caller sees and ends."""
        if self.company_id is not None:
            return Reach(company_id=self.company_id)
        if self.role == "admin":
            return Reach(council=True)
        if self.role is not None:
            return Reach(staff_id=self.staff_id, role=self.role)
        return Reach(token_id=self.token.id if self.token else None)

    def may(self, role: Role) -> bool:
        """Whether it is staff with at least this role."""
        return self.role is not None and ROLES.index(self.role) >= ROLES.index(role)

    def require_staff(self, role: Role = "viewer") -> str:
        """The officer's e-mail address.

        Raises:
            CredentialsMissing: nobody is signed in.
            NotAllowed: a company asks, or an officer with a smaller role.
        """
        if self.anonymous:
            raise CredentialsMissing(SIGN_IN)
        if self.staff_email is None:
            raise NotAllowed("Only staff of the council may do this.")
        if not self.may(role):
            raise NotAllowed("Your role does not allow this. Ask an administrator of the council.")
        return self.staff_email


SIGN_IN = "Send your token in the header: Authorization: Bearer caravan_…"
ANYONE = Caller()


def authenticate(session: Session, authorization: str | None) -> Caller:
    """The caller that an ``Authorization`` header names; anyone without one.

    Raises:
        CredentialsInvalid: the header is not a bearer token that was issued here, or it is too old.
    """
    if authorization is None:
        return ANYONE
    scheme, _, text = authorization.partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not is_token(text):
        raise _unknown()
    digest = digest_of(text)
    row = session.execute(
        select(
            Token.digest,
            Token.id,
            Token.company_id,
            Token.scope,
            Token.expires_at,
            Token.last_used_at,
            StaffMember.id.label("staff_id"),
            StaffMember.email,
            StaffMember.role,
        )
        .outerjoin(StaffMember, StaffMember.id == Token.staff_id)
        .where(Token.digest == digest, StaffMember.disabled_at.is_(None))
    ).one_or_none()
    if row is None or not hmac.compare_digest(row.digest, digest):
        raise _unknown()
    if row.expires_at <= now():
        FAILED_SIGN_INS.labels("token").inc()
        raise CredentialsInvalid(
            "This token ran out on {day}. Sign in on the pages and make a new one, or ask the council.",
            day=row.expires_at.date().isoformat(),
        )
    return _noted(
        Caller(
            row.company_id,
            row.staff_id,
            row.email,
            role=lesser(row.role, row.scope) if row.role else None,
            integration=row.scope == "integration",
            token=UsedToken(row.id, row.expires_at, row.last_used_at),
        )
    )


def signed_in(session: Session, cookie: str | None) -> Caller:
    """The caller whose browser holds a cookie; anyone with none, or one that has run out."""
    if not cookie:
        return ANYONE
    row = session.execute(
        select(BrowserSession.company_id, StaffMember.id, StaffMember.email, StaffMember.role)
        .outerjoin(StaffMember, StaffMember.id == BrowserSession.staff_id)
        .where(
            BrowserSession.digest == digest_of(cookie),
            BrowserSession.expires_at > now(),
            StaffMember.disabled_at.is_(None),
        )
    ).one_or_none()
    return ANYONE if row is None else _noted(Caller(*row))


def _noted(caller: Caller) -> Caller:
    note_caller("company" if caller.company_id is not None else "staff")
    return caller


def _unknown() -> CredentialsInvalid:
    FAILED_SIGN_INS.labels("token").inc()
    return CredentialsInvalid("This token is not known, or the company was removed.")
