"""Links that work once: made when a mail is sent, used up by whoever follows them."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.actions.tokens import digest_of, new_secret
from app.db.base import now
from app.db.sessions import SignInLink
from app.errors import LinkInvalid
from app.watch.figures import FAILED_SIGN_INS

LINK_LASTS = timedelta(minutes=15)
CONFIRMATION_LASTS = timedelta(days=3)
INVITATION_LASTS = timedelta(days=3)
FORGOTTEN_AFTER = timedelta(days=1)
"""What has run out is kept so long, so that a clock that was wrong for some hours ends nothing for good."""


def new_link(
    session: Session,
    *,
    company_id: str | None = None,
    staff_id: str | None = None,
    address: str | None = None,
    confirms: bool = False,
) -> str:
    """The secret of a new link that works once. A firm's earlier ones stay: anyone can ask for one in its name.

    Args:
        session: the transaction.
        company_id: the firm that it is for, or
        staff_id: the officer.
        address: where it is mailed to; whoever uses it confirms that address.
        confirms: it does nothing else, and lasts longer.
    """
    secret = new_secret()
    session.execute(delete(SignInLink).where(SignInLink.expires_at <= now() - FORGOTTEN_AFTER))
    if staff_id is not None:
        session.execute(delete(SignInLink).where(SignInLink.staff_id == staff_id))
    lasts = INVITATION_LASTS if company_id is None else CONFIRMATION_LASTS if confirms else LINK_LASTS
    session.add(
        SignInLink(
            digest=digest_of(secret),
            company_id=company_id,
            staff_id=staff_id,
            address=None if address is None else proof_of(secret, address),
            confirms=confirms,
            expires_at=now() + lasts,
        )
    )
    session.flush()
    return secret


def used_link(session: Session, secret: str, *, confirms: bool = False) -> SignInLink:
    """A link that is valid, and is not any more.

    Raises:
        LinkInvalid: it was used, is too old, never was, or is for something else.
    """
    link = session.scalar(
        select(SignInLink)
        .where(SignInLink.digest == digest_of(secret), SignInLink.expires_at > now(), SignInLink.confirms.is_(confirms))
        .with_for_update()
    )
    if link is None:
        raise no_link()
    session.delete(link)
    session.flush()
    return link


def proof_of(secret: str, address: str) -> str:
    """What is kept of the address that a link was mailed to; without the link's secret nobody can guess it."""
    return digest_of(f"{secret}\n{address.strip().lower()}")


def no_link() -> LinkInvalid:
    """A link that cannot be used."""
    FAILED_SIGN_INS.labels("link").inc()
    return LinkInvalid("This link was used already or is too old. Ask for a new one.")
