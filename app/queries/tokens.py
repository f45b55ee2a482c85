"""Reading tokens: whose they are and until when, never what they are."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.db.staff import ROLES, Role, Scope, StaffMember, Token
from app.errors import NotFound
from schemas.tokens import TokenOut


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose tokens somebody sees and ends: a company's, an officer's up to a role, all of the council, or just one."""

    company_id: str | None = None
    staff_id: str | None = None
    role: Role | None = None
    council: bool = False
    token_id: str | None = None

    @property
    def covers(self) -> ColumnElement[bool]:
        """Whether a token, joined with its officer, is among them."""
        if self.council:
            return Token.company_id.is_(None)
        if self.company_id is not None:
            return Token.company_id == self.company_id
        if self.staff_id is None or self.role is None:
            return Token.id == self.token_id
        # nobody gets more by exchanging a token than what they came with
        within = ROLES[: ROLES.index(self.role) + 1]
        return (Token.staff_id == self.staff_id) & or_(Token.scope.in_(within), StaffMember.role.in_(within))


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token and, if it is one of staff, its officer."""

    token: Token
    officer: StaffMember | None

    @property
    def scope(self) -> Literal["company"] | Scope:
        """What it may do."""
        if self.officer is not None:
            return lesser(self.officer.role, self.token.scope)
        return self.token.scope or "company"

    @property
    def version(self) -> int:
        """Changes when the token is exchanged."""
        return int(self.token.expires_at.timestamp())


def lesser(role: Role, scope: Scope | None) -> Role:
    """What an officer with a role may do by a token of a scope: no more than either."""
    return min(role, scope, key=ROLES.index) if scope in ROLES else role


def shown_token(known: KnownToken, *, for_staff: bool) -> TokenOut:
    """A token as its owner and administrators see it; who issued it only staff learn."""
    token = known.token
    return TokenOut(
        id=token.id,
        scope=known.scope,
        owner=known.officer.email if known.officer else None,
        label=token.label,
        hint=token.hint,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        issued_by=token.issued_by if for_staff else None,
    )


def tokens_within(session: Session, reach: Reach) -> list[KnownToken]:
    """The tokens with their officers: by owner, the newest first; those of no owner at the end."""
    rows = session.execute(
        select(Token, StaffMember)
        .outerjoin(StaffMember, StaffMember.id == Token.staff_id)
        .where(reach.covers)
        .order_by(Token.staff_id.is_(None), StaffMember.email, Token.created_at.desc(), Token.id)
    )
    return [KnownToken(*row) for row in rows]


def token_within(session: Session, reach: Reach, token_id: str, *, lock: bool = False) -> KnownToken:
    """One of the tokens, and its officer; with ``lock`` nobody else changes it until the transaction ends.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    query = (
        select(Token, StaffMember)
        .outerjoin(StaffMember, StaffMember.id == Token.staff_id)
        .where(reach.covers, Token.id == token_id)
    )
    row = session.execute(query.with_for_update(of=Token) if lock else query).one_or_none()
    if row is None:
        raise NotFound("There is no such token.")
    return KnownToken(*row)
