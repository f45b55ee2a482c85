"""Tokens: issued, listed, never shown again."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.texts import WHOLE, Incoming, Line, Outgoing, Word

LONGEST_DAYS = 1095


class TokenIn(Incoming):
    """A token to be issued.

    A company sends ``label`` and ``days`` at most. An administrator says in ``scope`` what it may do (a role, or
    ``integration``: to read without contacts), and in ``owner`` which officer's it is to be, if not the own.
    """

    label: Word | None = None
    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS), WHOLE] | None = None
    scope: Literal["viewer", "reviewer", "admin", "integration"] | None = None
    owner: Line | None = None


class TokenOut(Outgoing):
    """A token, without itself. ``hint`` is its last letters; ``last_used_at`` is the hour of its last use."""

    id: str
    scope: Literal["company", "viewer", "reviewer", "admin", "integration"]
    owner: str | None
    label: str | None
    hint: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    issued_by: str | None


class IssuedTokenOut(TokenOut):
    """A new token, shown this once."""

    token: str


class TokenList(Outgoing):
    """Tokens: by owner, the newest first."""

    items: list[TokenOut]
