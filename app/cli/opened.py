"""The database as commands use it: migrated if embedded, refused if behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.actions.keys import require_keys
from app.db import Database
from app.settings import Settings


@contextmanager
def opened(settings: Settings, *, writes_plain: bool = False) -> Iterator[Database]:
    """The settings' database, ready for use; with ``writes_plain`` nothing is encrypted any more.

    Raises:
        DatabaseBehind: it is not embedded and its tables are older than this program.
        ContactsLocked: a key is missing.
    """
    database = Database(settings, writes_plain=writes_plain)
    try:
        if settings.embedded:
            database.migrate()
        database.require_migrated()
        require_keys(database)
        yield database
    finally:
        database.dispose()
