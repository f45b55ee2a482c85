"""Bearer tokens."""

import hashlib
import secrets

from sqlalchemy import delete
from sqlalchemy.orm import Session

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


def issue_token(session: Session, company_id: str) -> str:
    """A new token of a company, to be shown once."""
    token = new_token()
    session.add(Token(digest=digest_of(token), company_id=company_id))
    session.flush()
    return token


def end_token(session: Session, token_id: str, *, company_id: str) -> None:
    """Ends one of a company's tokens."""
    session.execute(delete(Token).where(Token.id == token_id, Token.company_id == company_id))
