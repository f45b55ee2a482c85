"""Lists that officers import, and the rows of them that were refused."""

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from app.db.base import ID_LENGTH, Base, UtcDateTime, new_id, now
from app.db.cipher import SecretBytes, SecretJson

ImportState = Literal["uploaded", "checking", "checked", "waiting", "running", "done", "stopped", "failed"]
IMPORT_STATES: tuple[ImportState, ...] = get_args(ImportState)
NAME_LENGTH = 200


class Import(Base):
    """A list that an officer uploaded, how its columns are read, and how far it is.

    ``line`` is the last line that is in the register, ``last_line`` that of the file. ``content`` is kept until the
    import is done: it holds what firms said in confidence. ``preview`` are the first good rows as they will be
    registered. ``failure`` is a sentence with its values.
    """

    __tablename__ = "imports"
    __table_args__ = (CheckConstraint(f"state IN {IMPORT_STATES}", "state"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    size: Mapped[int]
    content: Mapped[bytes | None] = mapped_column(SecretBytes("imports.content"), deferred=True)
    layout: Mapped[dict[str, Any]] = mapped_column(SecretJson("imports.layout"))
    state: Mapped[ImportState] = mapped_column(String(16), default="uploaded", index=True)
    verified: Mapped[bool] = mapped_column(default=False)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    rows: Mapped[int] = mapped_column(default=0)
    line: Mapped[int] = mapped_column(default=0)
    last_line: Mapped[int] = mapped_column(default=0)
    preview: Mapped[list[dict[str, Any]]] = mapped_column(SecretJson("imports.preview"), default=list, deferred=True)
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    staff: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


class ImportRejection(Base):
    """A row that was refused: its cells as they stood in the list, and for each reason column, sentence and values."""

    __tablename__ = "import_rejections"

    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cells: Mapped[list[str]] = mapped_column(SecretJson("import_rejections.cells"))
    errors: Mapped[list[dict[str, Any]]] = mapped_column(SecretJson("import_rejections.errors"))
