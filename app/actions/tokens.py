"""Bearer tokens: made, exchanged, ended; and when each was used last."""

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from zlib import crc32

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app.db import Database
from app.db.audit import REGISTER, By, record_act
from app.db.base import IfVersion, new_id, now
from app.db.staff import COMPANY_DAYS, HINT_LENGTH, LABEL_LENGTH, Scope, StaffMember, Token
from app.errors import FieldError, InputInvalid, TooManyTokens, VersionStale
from schemas.tokens import LONGEST_DAYS, TokenIn

TOKEN_PREFIX = "caravan_"  # noqa: S105  # what all tokens begin with
TOKEN_BYTES = 32
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 43
"""Digits to the base of 62 that 256 bits take."""
CHECKSUM_LENGTH = 6
TOKEN_PATTERN = rf"{TOKEN_PREFIX}[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}"
"""For secret scanners: what each token looks like; the last six digits are the CRC-32 of those before them."""
FORMER_PATTERN = rf"{TOKEN_PREFIX}[0-9A-Za-z_-]{{43}}"
"""Tokens that were issued before there was a checksum."""

STAFF_DAYS = 90
OVERLAP = timedelta(hours=24)
"""How long a token still works after it was exchanged, so that its program can be given the new one."""
MOST_TOKENS = 20
"""Valid ones of one company, one officer, or all integrations together."""
WRITE_SECONDS = 600.0
REQUIRED = "This field is required."
LEAVE_OUT = "Leave this field out."


def new_token() -> str:
    """A new bearer token; only its digest is to be kept."""
    secret = _digits(int.from_bytes(secrets.token_bytes(TOKEN_BYTES)), SECRET_LENGTH)
    return TOKEN_PREFIX + secret + _checksum(secret)


def is_token(text: str) -> bool:
    """Whether it could be a token of ours, whole and without a typing error; whether it is one, the database knows."""
    if re.fullmatch(TOKEN_PATTERN, text):
        return _checksum(text[len(TOKEN_PREFIX) : -CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]
    return re.fullmatch(FORMER_PATTERN, text) is not None


def new_secret() -> str:
    """A new random text for a cookie or a link; only its digest is to be kept."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> str:
    """What is kept of a token: its SHA-256. Tokens are random, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token is to be: a company's, an officer's with at most a role, or an integration's."""

    company_id: str | None = None
    staff_id: str | None = None
    scope: Scope | None = None
    label: str | None = None
    days: int = COMPANY_DAYS


def grant_of_company(company_id: str, data: TokenIn, *, days: int) -> Grant:
    """What a company asks for; its token lives for ``days`` unless it says otherwise.

    Raises:
        InputInvalid: it asks for more than a company can have.
    """
    more = [name for name in ("scope", "owner") if getattr(data, name) is not None]
    if more:
        raise InputInvalid(
            "A firm's token is for the firm itself.",
            errors=tuple(FieldError(f"/{name}", "not_for_companies", LEAVE_OUT) for name in more),
        )
    return Grant(company_id=company_id, label=data.label, days=data.days or days)


def grant_of_council(session: Session, data: TokenIn, *, by: str) -> Grant:
    """What an administrator asks for: an own token, another officer's, or an integration's.

    Raises:
        InputInvalid: an integration has no owner, or the owner is no officer.
    """
    kept = Grant(scope=data.scope, label=data.label, days=data.days or STAFF_DAYS)
    if data.scope == "integration":
        if data.owner is not None:
            raise InputInvalid(
                "A token of an integration belongs to no officer.",
                errors=(FieldError("/owner", "not_for_integrations", LEAVE_OUT),),
            )
        return kept
    address = (data.owner or by).strip().lower()
    staff_id = session.scalar(select(StaffMember.id).where(StaffMember.email == address))
    if staff_id is None:
        raise _no_owner()
    return replace(kept, staff_id=staff_id)


def issue_token(session: Session, grant: Grant, *, by: By) -> tuple[Token, str]:
    """A new token, and its text, to be shown once.

    Raises:
        InputInvalid: the owner is none or has too many, it would live too long, or it is an integration without a name.
    """
    label = (grant.label or "").strip()[:LABEL_LENGTH] or None
    if grant.scope == "integration" and label is None:
        raise InputInvalid("Say which program the token is for.", errors=(FieldError("/label", "missing", REQUIRED),))
    if not 1 <= grant.days <= LONGEST_DAYS:
        raise InputInvalid("A token lives for 1 to {longest} days.", longest=str(LONGEST_DAYS))
    if grant.staff_id is not None:
        _require_present(session, grant.staff_id)
    return _issued(session, replace(grant, label=label), by)


def rotate_token(session: Session, token: Token, *, by: By) -> tuple[Token, str]:
    """A new token in the place of one, which ends after ``OVERLAP``; it is for the same, and lives as long.

    A client that lost the answer can exchange its token again.

    Raises:
        InputInvalid: the owner has too many.
    """
    following = _issued(
        session,
        Grant(
            company_id=token.company_id,
            staff_id=token.staff_id,
            scope=token.scope,
            label=token.label,
            days=token.days,
        ),
        by,
        instead_of=token.id,
    )
    token.expires_at = min(token.expires_at, now() + OVERLAP)
    session.flush()
    return following


def require_version(present: int, version: IfVersion) -> None:
    """Lets a change pass if the token is as it was at ``version``; nobody loses anything where none is given.

    Raises:
        VersionStale: it was exchanged since.
    """
    if version not in {None, "*", present}:
        raise VersionStale("This token was exchanged since you read it. Read it again.")


def end_token(session: Session, token: Token, *, by: By) -> None:
    """Ends a token at once."""
    record_act(session, by, "token.ended", f"token:{token.id}", _owner(token))
    session.delete(token)
    session.flush()


class TokenUses:
    """Which tokens were used in this process; written together and seldom, since a commit ends all kept answers.

    Args:
        database: where it is written.
        every: seconds between two writes.
    """

    def __init__(self, database: Database, every: float = WRITE_SECONDS) -> None:
        self._database = database
        self._every = every
        self._due = monotonic() + every
        self._noted: dict[str, datetime] = {}
        self._lock = Lock()

    def note(self, token_id: str, last_used_at: datetime | None) -> None:
        """Notes a use, unless the token's row says this hour already."""
        hour = _hour()
        if last_used_at is None or last_used_at < hour:
            with self._lock:
                self._noted[token_id] = hour

    def work(self) -> int:
        """Writes what was noted if that is due; how many tokens."""
        return self.write() if monotonic() >= self._due else 0

    def write(self) -> int:
        """Writes what was noted; how many tokens."""
        self._due = monotonic() + self._every
        with self._lock:
            noted, self._noted = self._noted, {}
        if noted:
            with self._database.writing() as session:
                for token_id, hour in sorted(noted.items()):  # in one order, so that no two writers wait for each other
                    mark_used(session, token_id, hour)
        return len(noted)


def mark_used(session: Session, token_id: str, hour: datetime | None = None) -> None:
    """Writes that a token was used, in this hour unless another one is given."""
    moment = hour or _hour()
    earlier = or_(Token.last_used_at.is_(None), Token.last_used_at < moment)
    session.execute(update(Token).where(Token.id == token_id, earlier).values(last_used_at=moment))


def _hour() -> datetime:
    return now().replace(minute=0, second=0, microsecond=0)


def _issued(session: Session, grant: Grant, by: By, *, instead_of: str | None = None) -> tuple[Token, str]:
    _require_room(session, grant)
    text, moment = new_token(), now()
    token = Token(
        id=new_id(),
        digest=digest_of(text),
        company_id=grant.company_id,
        staff_id=grant.staff_id,
        scope=grant.scope,
        hint=text[-HINT_LENGTH:],
        label=grant.label,
        issued_by=by.officer,
        created_at=moment,
        days=grant.days,
        expires_at=moment + timedelta(days=grant.days),
    )
    session.add(token)
    session.flush()
    record_act(session, by, "token.issued", f"token:{token.id}", _owner(token), instead_of=instead_of)
    return token, text


def _owner(token: Token) -> str:
    """The subject that a token belongs to; an integration's belongs to no one."""
    if token.company_id is not None:
        return f"company:{token.company_id}"
    return REGISTER if token.staff_id is None else f"staff:{token.staff_id}"


def _require_present(session: Session, staff_id: str) -> None:
    member = session.get(StaffMember, staff_id)
    if member is None or member.disabled_at is not None:
        raise _no_owner()


def _no_owner() -> InputInvalid:
    return InputInvalid(
        "Choose whose token it is to be.",
        errors=(FieldError("/owner", "staff_unknown", "Use the address of an officer who is not kept out."),),
    )


def _require_room(session: Session, grant: Grant) -> None:
    same = (Token.company_id == grant.company_id) & (Token.staff_id == grant.staff_id)
    valid = select(func.count()).select_from(Token).where(same, Token.expires_at > now())
    if (session.scalar(valid) or 0) >= MOST_TOKENS:
        raise TooManyTokens("There are {most} valid tokens already. End one first.", most=str(MOST_TOKENS))


def _digits(number: int, length: int) -> str:
    found = []
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        found.append(DIGITS[digit])
    return "".join(reversed(found))


def _checksum(secret: str) -> str:
    return _digits(crc32(secret.encode()), CHECKSUM_LENGTH)
