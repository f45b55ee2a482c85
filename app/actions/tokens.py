"""Bearer tokens."""

import hashlib
import secrets

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.db.audit import By, record_act
from app.db.base import new_id
from app.db.staff import Token

TOKEN_PREFIX = "caravan_"  # noqa: S105  # what all tokens begin with
TOKEN_BYTES = 32


def new_token() -> str:
    """A new bearer token; only its digest is to be kept."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def new_secret() -> str:
    """A new random text for a cookie or a link; only its digest is to be kept."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> str:
    """What is kept of a token: its SHA-256. Tokens are random, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(session: Session, company_id: str, *, by: By) -> str:
    """A new token of a company, to be shown once."""
    token = new_token()
    kept = Token(id=new_id(), digest=digest_of(token), company_id=company_id)
    session.add(kept)
    session.flush()
    record_act(session, by, "token.issued", f"token:{kept.id}", f"company:{company_id}")
    return token


def end_token(session: Session, token_id: str, *, company_id: str, by: By) -> None:
    """Ends one of a company's tokens."""
    mine = Token.id == token_id, Token.company_id == company_id
    if session.scalar(delete(Token).where(*mine).returning(Token.id)) is not None:
        record_act(session, by, "token.ended", f"token:{token_id}", f"company:{company_id}")
