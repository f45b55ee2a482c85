"""What firms consented to, and what is left of those that were erased."""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now
from matching import Sector, Size

Way = Literal["page", "api", "import"]


class Consent(Base):
    """A firm's consent to a version of the text, or by what else the council holds its data.

    ``basis`` is ``consent`` or, where the council itself entered the firm, another one; then no text was shown, and
    ``version`` and ``language`` are None.
    """

    __tablename__ = "consents"
    __table_args__ = (CheckConstraint("way IN ('page', 'api', 'import')", "way"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    company_id: Mapped[str] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    basis: Mapped[str] = mapped_column(String(32))
    version: Mapped[str | None] = mapped_column(String(16))
    language: Mapped[str | None] = mapped_column(String(2))
    way: Mapped[Way] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ErasedCompany(Base):
    """What is kept of a firm that was erased, for figures of the past: nothing that leads back to it.

    Months are their first days. ``found`` are the months in which its decided pairs were stored first, with how many;
    ``decisions`` how many of these pairs stood in which status. Its id is new.
    """

    __tablename__ = "erased_companies"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str | None] = mapped_column(String(6))
    size: Mapped[Size | None] = mapped_column(String(8))
    sectors: Mapped[list[Sector]] = mapped_column(JSON)
    verified: Mapped[bool]
    offers: Mapped[int]
    needs: Mapped[int]
    found: Mapped[dict[str, int]] = mapped_column(JSON)
    decisions: Mapped[dict[str, int]] = mapped_column(JSON)
    registered_in: Mapped[date]
    erased_in: Mapped[date]
