"""Bearer tokens."""

import hashlib
import secrets

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
