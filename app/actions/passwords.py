"""Passwords (argon2id) and one-time codes (RFC 6238) of the council's staff."""

from functools import lru_cache
from threading import BoundedSemaphore

import pyotp
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.db.base import now
from app.db.staff import StaffMember
from app.errors import FieldError, InputInvalid

SHORTEST = 12
LONGEST = 200
AT_ONCE = 2
"""Each takes 64 MiB and a sixth of a second: more at once would let strangers use up the machine."""
STEP_SECONDS = 30
DRIFT = 1
"""Time steps that a phone's clock may be off."""
ISSUER = "Caravan"

_turns = BoundedSemaphore(AT_ONCE)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@lru_cache(maxsize=1)
def _nobody() -> str:
    """What is compared where there is no such officer, so that the answer takes as long."""
    return _hasher().hash("nobody has this password")


def password_hash(password: str, *, email: str) -> str:
    """What is kept of a password.

    Raises:
        InputInvalid: it is too short, too long, or contains the e-mail address.
    """
    if len(password) < SHORTEST:
        raise _unfit("Use at least {least} characters; several words are easiest to keep in mind.", least=str(SHORTEST))
    if len(password) > LONGEST:
        raise _unfit("Use at most {most} characters.", most=str(LONGEST))
    if email.partition("@")[0].casefold() in password.casefold():
        raise _unfit("Leave your e-mail address out of the password.")
    with _turns:
        return _hasher().hash(password)


def password_fits(password: str, kept: str | None) -> bool:
    """Whether it is the password; takes as long where there is none."""
    with _turns:
        nobody = _nobody()  # made in either case, so that not even the first answer tells
        return _hasher().verify(password[:LONGEST], kept or nobody) and kept is not None


def new_totp_secret() -> str:
    """A secret for an authenticator app, in base 32."""
    return pyotp.random_base32()


def totp_address(secret: str, email: str) -> str:
    """What an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def code_step(secret: str, code: str) -> int | None:
    """The time step whose code this is, at most one off from now; None for a wrong code."""
    present = int(now().timestamp()) // STEP_SECONDS
    digits = code.replace(" ", "")
    codes = pyotp.TOTP(secret)
    fitting = (
        step
        for step in range(present - DRIFT, present + DRIFT + 1)
        if pyotp.utils.strings_equal(codes.generate_otp(step), digits)
    )
    return next(fitting, None)


def use_code(member: StaffMember, code: str) -> bool:
    """Whether the member's code is right and was not used before; it is used up by this."""
    step = code_step(member.totp_secret or "", code)
    if step is None or step <= (member.totp_step or 0):
        return False
    member.totp_step = step
    return True


def _unfit(message: str, **params: str) -> InputInvalid:
    return InputInvalid(message, errors=(FieldError("/password", "password", message, params),), **params)
