"""What officers change in their own accounts."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.actions.attempts import count_attempt, forget_attempts, key_of
from app.actions.passwords import code_step, password_fits, password_hash
from app.actions.staff import officer_to_change
from app.actions.tokens import digest_of
from app.db import Database
from app.db.audit import By, record_act
from app.db.sessions import BrowserSession, SignInLink
from app.errors import InputInvalid

MOST_WRONG = 5
"""Wrong passwords of somebody signed in, in a quarter of an hour: it may be somebody at another's desk."""
WRONG_PASSWORD = "This is not your present password."  # noqa: S105  # a sentence
WRONG_CODE = "This code is not right. Look whether the clock of your phone is."
NOT_NEW = "Choose another password than the present one."


def change_password(  # noqa: PLR0913  # whose, what was, what is to be
    database: Database, staff_id: str, present: str, wanted: str, cookie: str, *, by: By
) -> None:
    """Sets another password. All other sessions of the officer end, and links to set one.

    Raises:
        InputInvalid: the present password is wrong, or the new one not fit.
        TooManyAttempts: too many wrong ones.
    """
    email = _require_password(database, staff_id, present, by)
    if present == wanted:
        raise InputInvalid(NOT_NEW)
    kept = password_hash(wanted, email=email)
    with database.writing() as session:
        officer_to_change(session, staff_id).password_hash = kept
        session.execute(delete(SignInLink).where(SignInLink.staff_id == staff_id))
        session.execute(
            delete(BrowserSession).where(
                BrowserSession.staff_id == staff_id, BrowserSession.digest != digest_of(cookie)
            )
        )
        record_act(session, by, "password.changed", f"staff:{staff_id}")


def turn_totp_on(session: Session, staff_id: str, secret: str, code: str, *, by: By) -> None:
    """Asks for a code of this secret at each sign-in from now on; the first one shows that the app has it.

    Raises:
        InputInvalid: the code is not the secret's.
    """
    step = code_step(secret, code)
    if step is None:
        raise InputInvalid(WRONG_CODE)
    member = officer_to_change(session, staff_id)
    member.totp_secret = secret
    member.totp_step = step
    record_act(session, by, "code.on", f"staff:{staff_id}")


def turn_totp_off(database: Database, staff_id: str, password: str, *, by: By) -> None:
    """Asks for no code any more.

    Raises:
        InputInvalid: the password is wrong.
        TooManyAttempts: too many wrong ones.
    """
    _require_password(database, staff_id, password, by)
    with database.writing() as session:
        member = officer_to_change(session, staff_id)
        member.totp_secret = member.totp_step = None
        record_act(session, by, "code.off", f"staff:{staff_id}")


def _require_password(database: Database, staff_id: str, password: str, by: By) -> str:
    """The address of the officer whose password this is; each attempt counts before it is looked at."""
    key = key_of("present password", staff_id)
    with database.writing() as session:
        count_attempt(session, key, MOST_WRONG)
        member = officer_to_change(session, staff_id)
        kept, email = member.password_hash, member.email
    if not password_fits(password, kept):
        with database.writing() as session:
            record_act(session, by, "password.wrong", f"staff:{staff_id}")
        raise InputInvalid(WRONG_PASSWORD)
    with database.writing() as session:
        forget_attempts(session, key)
    return email
