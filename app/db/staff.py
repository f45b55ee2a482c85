"""Staff of the council, and everyone's tokens."""

from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now
from app.db.cipher import SecretText

Role = Literal["viewer", "reviewer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may: read; decide, verify and import; settings and staff."""
Scope = Literal["viewer", "reviewer", "admin", "integration"]
"""What a token of the council may do: a role, or reading without contacts."""

LABEL_LENGTH = 100
HINT_LENGTH = 4
COMPANY_DAYS = 365


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
    """A bearer token, of which only the SHA-256 is kept. It belongs to a company, to a member of staff, or to neither.

    ``scope`` is what it may do: with an owner in the staff a role, which counts as far as the owner has it (None is
    whatever the owner may); without any owner ``integration``. ``hint`` is its last letters, to tell it from others;
    ``label`` says what it is for; ``issued_by`` is an officer's address, None for companies and the command line.
    It ends ``days`` after it was made, sooner once it was exchanged. ``last_used_at`` is the hour of its last use.
    """

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("scope IN ('viewer', 'reviewer', 'admin', 'integration')", "scope"),
        CheckConstraint(
            "CASE WHEN scope = 'integration' THEN company_id IS NULL AND staff_id IS NULL"
            " WHEN company_id IS NULL THEN staff_id IS NOT NULL ELSE staff_id IS NULL AND scope IS NULL END",
            "owner",
        ),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    company_id: Mapped[str | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    scope: Mapped[Scope | None] = mapped_column(String(16))
    hint: Mapped[str | None] = mapped_column(String(HINT_LENGTH))
    label: Mapped[str | None] = mapped_column(String(LABEL_LENGTH))
    issued_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    days: Mapped[int] = mapped_column(default=COMPANY_DAYS)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: now() + timedelta(days=COMPANY_DAYS))
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
