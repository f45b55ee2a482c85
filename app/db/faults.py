"""Which failures of a database pass by themselves, so that the same request can be sent again."""

import errno

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

SQLITE_PASSES = frozenset({5, 6, 7, 8, 9, 10, 13, 14, 15})
"""Result codes: busy, locked, out of memory, read-only, interrupted, input or output, full, cannot open, protocol."""
POSTGRESQL_STAYS = ("54",)
"""Classes of SQLSTATE that are operational errors to the driver although the statement is to blame: its limits."""
POSTGRESQL_PASSES = frozenset({"25006", "25P02", "25P03", "25P04"})
"""Read-only, or a transaction that the server ended: internal errors to the driver."""
UNDONE = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the whole transaction was rolled back and may be run again."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE})


class OutcomeUnknown(SQLAlchemyError):
    """The connection was lost during a commit: the database may have kept it whole, or not at all."""


def passes(failed: BaseException) -> bool:
    """Whether the database is busy, full, away or coming back, and nothing is wrong with what was asked of it."""
    failed = _first(failed)
    if isinstance(failed, OutcomeUnknown | PoolExhausted | InterfaceError):
        return True
    if not isinstance(failed, DBAPIError):
        return False
    state = sqlstate(failed)
    if isinstance(failed, OperationalError):
        code = getattr(failed.orig, "sqlite_errorcode", None)
        return code & 0xFF in SQLITE_PASSES if code is not None else not state.startswith(POSTGRESQL_STAYS)
    return failed.connection_invalidated or state in POSTGRESQL_PASSES


def _first(failed: BaseException) -> BaseException:
    """What began it: SQLite ends the whole transaction when the disk is full, and then its savepoint is missed."""
    lost = isinstance(failed, OperationalError) and "no such savepoint" in str(failed.orig)
    return failed.__context__ if lost and failed.__context__ is not None else failed


def undone(failed: BaseException) -> bool:
    """Whether the transaction lost against another one, is rolled back for sure, and may be run again at once."""
    return isinstance(failed, DBAPIError) and sqlstate(failed) in UNDONE


def no_room(failed: BaseException) -> bool:
    """Whether the machine has no place for another file, or no more bytes for one."""
    return isinstance(failed, OSError) and failed.errno in NO_ROOM


def sqlstate(failed: DBAPIError) -> str:
    """PostgreSQL's code of a failure; empty where there is none."""
    return getattr(failed.orig, "sqlstate", None) or ""


def summary(failed: BaseException) -> str:
    """A failure in a few words, without the statement and its values, which are people's."""
    failed = _first(failed)
    cause = failed.orig if isinstance(failed, DBAPIError) else failed
    told = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {told[0] if told else ''}".rstrip(": ")
