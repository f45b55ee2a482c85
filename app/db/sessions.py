"""Who is signed in with a browser, by which links one signs in, and attempts that failed."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now

DIGEST_LENGTH = 64
BROWSER_LENGTH = 200


class BrowserSession(Base):
    """A browser that is signed in; the cookie's SHA-256 is kept. It belongs to a company or to a member of staff."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH), unique=True)
    company_id: Mapped[str | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    browser: Mapped[str] = mapped_column(String(BROWSER_LENGTH))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SignInLink(Base):
    """A link that works once: it signs a company in, confirms its address, or lets staff set a password.

    ``address`` is a SHA-256 of the link's secret and the e-mail address that it was mailed to: whoever uses the link
    shows that he reads that address, and nobody can tell from the row which it is. One that only ``confirms`` signs
    nobody in.
    """

    __tablename__ = "sign_in_links"

    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH), primary_key=True)
    company_id: Mapped[str | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    address: Mapped[str | None] = mapped_column(String(DIGEST_LENGTH))
    confirms: Mapped[bool] = mapped_column(default=False, server_default=false())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Attempt(Base):
    """How often something was tried since a moment; ``key`` is a SHA-256 of what and who."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(String(DIGEST_LENGTH), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    count: Mapped[int]
