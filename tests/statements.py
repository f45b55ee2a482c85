"""How many statements a read takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from app.db import Database


@contextmanager
def reads_counted(database: Database) -> Iterator[list[str]]:
    """The SELECTs that are sent while it is open, in their order."""
    sent: list[str] = []

    def note(*call: object) -> None:
        statement = str(call[2])
        if statement.lstrip().startswith(("SELECT", "WITH")):
            sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
