"""Staff of the council, and everyone's tokens."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now
from app.db.cipher import SecretText

Role = Literal["viewer", "reviewer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may: read; decide, verify and import; settings and staff."""


LABEL_LENGTH = 100


class StaffMember(Base):
    """An officer of the council; ``email`` is kept in lower case.

    ``totp_step`` is the last time step (RFC 6238) whose code was used, so that no code signs in twice. ``added_by`` and
    ``disabled_by`` are officers' addresses; None for the command line.
    """

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'reviewer', 'admin')", "role"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(Text)
    totp_secret: Mapped[str | None] = mapped_column(SecretText("staff.totp_secret"))
    totp_step: Mapped[int | None]
    signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    added_by: Mapped[str | None] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Token(Base):
    """A bearer token, of which only the SHA-256 is kept. It belongs to a company or to a member of staff.

    ``label`` says what it is for; ``issued_by`` is an officer's address, None for the command line and registrations.
    """

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    company_id: Mapped[str | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    label: Mapped[str | None] = mapped_column(String(LABEL_LENGTH))
    issued_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
