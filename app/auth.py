"""Who is asking, and what they may do."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.tokens import digest_of
from app.db.base import now
from app.db.sessions import BrowserSession
from app.db.staff import ROLES, Role, StaffMember, Token
from app.errors import CredentialsInvalid, CredentialsMissing, NotAllowed, NotFound

SIGN_IN = "Send your token in the header: Authorization: Bearer caravan_…"


@dataclass(frozen=True, slots=True)
class Caller:
    """A company, a member of staff with a role, or (with neither) anyone."""

    company_id: str | None = None
    staff_id: str | None = None
    staff_email: str | None = None
    role: Role | None = None

    @property
    def anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return self.company_id is None and self.role is None

    def may(self, role: Role) -> bool:
        """Whether it is staff with at least this role."""
        return self.role is not None and ROLES.index(self.role) >= ROLES.index(role)

    def require_staff(self, role: Role = "viewer") -> str:
        """The officer's e-mail address.

        Raises:
            CredentialsMissing: nobody is signed in.
            NotAllowed: a company asks, or an officer with a smaller role.
        """
        self._require_someone()
        if self.staff_email is None:
            raise NotAllowed("Only staff of the council may do this.")
        if not self.may(role):
            raise NotAllowed("Your role allows reading only. Ask an administrator of the council.")
        return self.staff_email

    def require_access_to(self, company_id: str, role: Role = "viewer") -> None:
        """Lets the company itself and staff of a role pass; to other companies it does not exist.

        Raises:
            CredentialsMissing: nobody is signed in.
            NotFound: it is another company.
            NotAllowed: an officer with a smaller role asks.
        """
        self._require_someone()
        if self.staff_email is not None:
            self.require_staff(role)
        elif self.company_id != company_id:
            raise NotFound("There is no such company.")

    def _require_someone(self) -> None:
        if self.anonymous:
            raise CredentialsMissing(SIGN_IN)


ANYONE = Caller()


def authenticate(session: Session, authorization: str | None) -> Caller:
    """The caller that an ``Authorization`` header names; anyone without one.

    Raises:
        CredentialsInvalid: the header is not a bearer token that was issued here.
    """
    if authorization is None:
        return ANYONE
    scheme, _, token = authorization.partition(" ")
    row = session.execute(
        select(Token.company_id, StaffMember.id, StaffMember.email, StaffMember.role)
        .outerjoin(StaffMember, StaffMember.id == Token.staff_id)
        .where(Token.digest == digest_of(token.strip()), StaffMember.disabled_at.is_(None))
    ).one_or_none()
    if scheme.lower() != "bearer" or row is None:
        raise CredentialsInvalid("This token is not known, or the company was removed.")
    return Caller(*row)


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
    return ANYONE if row is None else Caller(*row)
