"""The audit log: who did what. Nobody changes its rows, and each holds the hash of the one before."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import Index, String, Text, event, insert, select, text
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from app.db.base import Base, UtcDateTime, now

Act = Literal[
    "company.changed",
    "company.verified",
    "company.submitted",
    "company.unclaimed",
    "company.suspended",
    "company.deleted",
    "contact.seen",
    "match.approved",
    "match.rejected",
    "match.deferred",
    "match.withdrawn",
    "merge.made",
    "merge.undone",
    "duplicate.set_aside",
    "duplicate.taken_up",
    "import.uploaded",
    "import.columns_read",
    "import.started",
    "import.stopped",
    "import.run",
    "import.forgotten",
    "export.made",
    "staff.added",
    "staff.role_changed",
    "staff.kept_out",
    "staff.let_in",
    "staff.link_made",
    "staff.code_forgotten",
    "token.issued",
    "token.ended",
    "session.ended",
    "sign_in",
    "sign_in.failed",
    "sign_out",
    "password.set",
    "password.changed",
    "password.wrong",
    "code.on",
    "code.off",
    "statistics.refreshed",
    "database.migrated",
    "backup.made",
    "backup.restored",
    "keys.rotated",
    "register.tidied",
]
"""Stable codes: they stand in rows that nobody changes, so one may be added and none renamed."""
ACTS: tuple[Act, ...] = get_args(Act)

REGISTER = "register"
"""The subject of what concerns all companies."""
SUBJECT_LENGTH = 80
HASH_LENGTH = 64
LOCK = 0x6175_6469
_CODE = re.compile(r"[\w.:+-]{0,80}", re.ASCII)

Value = str | int | None | Sequence[str] | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class By:
    """Who acts.

    Attributes:
        who: an officer's e-mail address, ``company:`` with its id, ``command line``, ``program`` or ``nobody``.
        role: the officer's, or what else acts.
        token: id of the token that it came with.
        request: id of the request.
    """

    who: str
    role: str
    token: str | None = None
    request: str | None = None

    @property
    def staff(self) -> bool:
        """Whether it is an officer or who runs the service, and not a firm."""
        return self.role not in {"company", "nobody"}

    @property
    def officer(self) -> str | None:
        """The officer's e-mail address."""
        return self.who if "@" in self.who else None

    @classmethod
    def company(cls, company_id: str, request: str | None = None) -> "By":
        """A firm, for what it does with its own access."""
        return cls(f"company:{company_id}", "company", request=request)


COMMAND_LINE = By("command line", "operator")
PROGRAM = By("program", "program")
NOBODY = By("nobody", "nobody")


class AuditRow(Base):
    """One act. ``app.db.audit.hash_of`` says what ``hash`` is of.

    Attributes:
        number: 1, 2, 3 … without a gap, in the order of commits.
        subject: kind and id of all that it concerns, as in ``company:0193…``, with a space between.
        details: JSON in its canonical form; codes and numbers only, so that nothing in it has to be erased ever.
        previous: the hash of the row before; of the first one, zeros.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"), Index("ix_audit_by", "by"), Index("ix_audit_act", "act"))

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    act: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)
    request: Mapped[str | None] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(HASH_LENGTH))
    hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)


class AuditSubject(Base):
    """By what a row is found; made of its subject, and checked against it by ``caravan audit verify``."""

    __tablename__ = "audit_subjects"

    subject: Mapped[str] = mapped_column(String(SUBJECT_LENGTH), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)


class Head(NamedTuple):
    """The last row: whoever has noted it can tell later whether it is still there."""

    number: int
    hash: str


NO_ROW = Head(0, "0" * HASH_LENGTH)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """An act of a transaction that is not committed yet, and the savepoint that it happened in."""

    columns: dict[str, Any]
    within: SessionTransaction | None = field(compare=False)


def record_act(session: Session, by: By, act: Act, *subjects: str, **details: Value) -> None:
    """Writes a row when the running transaction is committed, and none if it is not.

    It is written last, by ``write_acts``: until its end a transaction keeps nobody else from the log.

    Args:
        session: of ``Database.writing``.
        by: who acts.
        act: what was done.
        subjects: kind and id of what it was done to.
        details: numbers and codes. No names, texts or values that a firm gave: what is erased must be gone.

    Raises:
        ValueError: a detail is no code.
    """
    told = {name: _harmless(value) for name, value in details.items() if value is not None}
    if by.token is not None:
        told["token"] = by.token
    columns = {
        "by": by.who,
        "role": by.role,
        "act": act,
        "subject": " ".join(subjects),
        "details": canonical(told),
        "request": by.request,
    }
    session.info.setdefault(_Recorded, []).append(_Recorded(columns, session.get_nested_transaction()))


def write_acts(session: Session) -> None:
    """Writes what the transaction recorded; the last thing before its commit."""
    recorded: list[_Recorded] = session.info.pop(_Recorded, [])
    if not recorded:
        return
    session.flush()  # first: nothing that could wait for another transaction may come after the lock
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    last, rows = head(session), []
    for one in recorded:
        row = one.columns | {"number": last.number + 1, "at": now(), "previous": last.hash}
        last = Head(last.number + 1, hash_of(row))
        rows.append(row | {"hash": last.hash})
    connection = session.connection()
    connection.execute(insert(AuditRow), rows)
    found_by = [{"subject": key, "number": row["number"]} for row in rows for key in keys_of(row["subject"])]
    if found_by:
        connection.execute(insert(AuditSubject), found_by)


@event.listens_for(Session, "after_soft_rollback")
def _forget_rolled_back(session: Session, ended: SessionTransaction) -> None:
    """An act within a savepoint that is rolled back did not happen."""
    kept = [one for one in session.info.pop(_Recorded, []) if not _inside(one.within, ended)]
    if kept:
        session.info[_Recorded] = kept


def _inside(within: SessionTransaction | None, ended: SessionTransaction) -> bool:
    while within is not None:
        if within is ended:
            return True
        within = within.parent
    return not ended.nested


def head(session: Session) -> Head:
    """The last row."""
    found = session.execute(select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1))
    row = found.one_or_none()
    return NO_ROW if row is None else Head(*row)


def hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 of a row without its hash, in the form of RFC 8785 (JSON Canonicalization Scheme), in hexadecimal."""
    kept = {name: row[name] for name in ("number", "by", "role", "act", "subject", "details", "request", "previous")}
    kept["at"] = row["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return hashlib.sha256(canonical(kept).encode()).hexdigest()


def canonical(document: Mapping[str, Any]) -> str:
    """A document in the form of RFC 8785, which for ASCII names, texts and whole numbers is this."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def keys_of(subject: str) -> set[str]:
    """What a row is found by: its subjects, and the two companies of a match."""
    found = set(subject.split())
    for one in tuple(found):
        kind, _, name = one.partition(":")
        if kind == "match":
            found |= {f"company:{company_id}" for company_id in name.split(".")}
    return found


def digest_of_ids(ids: Sequence[str]) -> str:
    """Tells which companies an export held, to whoever has the register of then: SHA-256 of the sorted ids."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def _harmless(value: Value) -> Value:
    if isinstance(value, int):
        return value
    parts = [value] if isinstance(value, str) else list(value or ())
    if not all(_CODE.fullmatch(part) for part in parts):
        raise ValueError("Details of the audit log are codes and numbers, never what a person wrote.")
    return value
