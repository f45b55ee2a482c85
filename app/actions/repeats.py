"""Requests that may come again: the same key and body get the same answer.

What is kept of a request is written in the transaction of what it does, so there is never the one without the other.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from os import urandom
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.base import now
from app.db.repeats import AnsweredRequest
from app.errors import IdempotencyKeyInvalid, IdempotencyKeyReused, RequestAtWork

KEPT = timedelta(hours=24)
SHORTEST_KEY, LONGEST_KEY = 16, 255
_LETTERS = rf"[!#-+\--\[\]-~]{{{SHORTEST_KEY},{LONGEST_KEY}}}"
KEY_PATTERN = rf'^({_LETTERS}|"{_LETTERS}")$'
"""A key, bare or as a structured field (RFC 8941): printable letters of ASCII but space, comma, quote and
backslash."""
SALT_BYTES = KEY_BYTES = 32
ONCE = bytes(12)
"""The nonce: each key encrypts one text."""
FORGOTTEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with its key. ``caller`` and ``route`` keep the keys of different callers and routes apart."""

    key: str = field(repr=False)
    caller: str
    route: str
    body: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """What it is found by."""
        return hashlib.sha256(f"{self.caller}\n{self.route}\n{self.key}".encode()).hexdigest()

    def sealed(self, answer: bytes) -> dict[str, Any]:
        """The row that keeps its answer."""
        salt = urandom(SALT_BYTES)
        return {
            "digest": self.digest,
            "fingerprint": self._fingerprint(salt),
            "salt": salt,
            "answer": AESGCM(self._derived(salt, b"answer", self.body)).encrypt(ONCE, answer, self.digest.encode()),
            "expires_at": now() + KEPT,
        }

    def opened(self, kept: AnsweredRequest) -> bytes:
        """The answer that was kept.

        Raises:
            IdempotencyKeyReused: the key came with another body then.
        """
        if not hmac.compare_digest(kept.fingerprint, self._fingerprint(kept.salt)):
            raise IdempotencyKeyReused(
                "This Idempotency-Key came with another body before. Send a new request with a new key."
            )
        cipher = AESGCM(self._derived(kept.salt, b"answer", self.body))
        try:
            return cipher.decrypt(ONCE, kept.answer, self.digest.encode())
        except InvalidTag:
            raise IdempotencyKeyReused(
                "What was kept of this request is damaged. See whether it was done before you send it with a new key."
            ) from None

    def _fingerprint(self, salt: bytes) -> str:
        return hmac.new(self._derived(salt, b"body", b""), self.body, hashlib.sha256).hexdigest()

    def _derived(self, salt: bytes, purpose: bytes, more: bytes) -> bytes:
        material = self.key.encode() + b"\n" + more
        return HKDF(SHA256(), KEY_BYTES, salt, b"caravan idempotency " + purpose).derive(material)


def key_in(header: str) -> str:
    """The key that a header holds.

    Raises:
        IdempotencyKeyInvalid: it is too short, too long, or has letters that it may not have.
    """
    if not re.fullmatch(KEY_PATTERN, header):
        raise IdempotencyKeyInvalid(
            "Send a key of {least} to {most} printable letters without spaces, a new random one for each request,"
            " as in 8e03978e-40d5-43e8-bc93-6894a57f9324.",
            least=str(SHORTEST_KEY),
            most=str(LONGEST_KEY),
        )
    return header.strip('"')


def kept_answer(session: Session, request: KeyedRequest) -> bytes | None:
    """The answer to the same request before; None for a new one.

    Raises:
        IdempotencyKeyReused: the key came with another body.
    """
    query = select(AnsweredRequest).where(AnsweredRequest.digest == request.digest, AnsweredRequest.expires_at > now())
    kept = session.scalar(query)
    return None if kept is None else request.opened(kept)


def keep_answers(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps sealed answers, if any, and forgets some of the expired ones.

    Raises:
        IntegrityError: another transaction answered one of these requests in the meantime.
    """
    if not rows:
        return
    expired = AnsweredRequest.expires_at <= now()
    session.execute(delete(AnsweredRequest).where(AnsweredRequest.digest.in_([row["digest"] for row in rows]), expired))
    some = select(AnsweredRequest.digest).where(expired).limit(FORGOTTEN_AT_ONCE).with_for_update(skip_locked=True)
    session.execute(delete(AnsweredRequest).where(AnsweredRequest.digest.in_(some)))
    session.connection().execute(insert(AnsweredRequest), rows)


def is_repeat(refused: IntegrityError) -> bool:
    """Whether a broken constraint means that another transaction answered the same request in the meantime."""
    return AnsweredRequest.__tablename__ in str(refused.orig)


def at_work() -> RequestAtWork:
    """What there is to say to a request whose twin was not done when it should have been."""
    return RequestAtWork("The same request is being worked on. Send it again in a moment.")
