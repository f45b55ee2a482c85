"""Who is asking."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.tokens import digest_of
from app.db.staff import StaffMember, Token
from app.errors import CredentialsInvalid, CredentialsMissing, NotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class Caller:
    """A company, a member of staff, or (with neither) anyone."""

    company_id: str | None = None
    staff_email: str | None = None

    @property
    def anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return self.company_id is None and self.staff_email is None

    def require_staff(self) -> str:
        """The officer's e-mail address.

        Raises:
            CredentialsMissing: nobody is signed in.
            NotAllowed: a company asks.
        """
        self._require_someone()
        if self.staff_email is None:
            raise NotAllowed("Only staff of the council may do this.")
        return self.staff_email

    def require_access_to(self, company_id: str) -> None:
        """Lets the company itself and staff pass; to others the company does not exist.

        Raises:
            CredentialsMissing: nobody is signed in.
            NotFound: it is another company.
        """
        self._require_someone()
        if self.staff_email is None and self.company_id != company_id:
            raise NotFound("There is no such company.")

    def _require_someone(self) -> None:
        if self.anonymous:
            raise CredentialsMissing("Send your token in the header: Authorization: Bearer caravan_…")


def authenticate(session: Session, authorization: str | None) -> Caller:
    """The caller that an ``Authorization`` header names; anyone without one.

    Raises:
        CredentialsInvalid: the header is not a bearer token that was issued here.
    """
    if authorization is None:
        return Caller()
    scheme, _, token = authorization.partition(" ")
    row = session.execute(
        select(Token.company_id, StaffMember.email)
        .outerjoin(StaffMember, StaffMember.id == Token.staff_id)
        .where(Token.digest == digest_of(token.strip()))
    ).one_or_none()
    if scheme.lower() != "bearer" or row is None:
        raise CredentialsInvalid("This token is not known, or the company was removed.")
    return Caller(company_id=row[0], staff_email=row[1])
