"""The database as commands use it: migrated if embedded, refused if behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.db import Database
from app.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The settings' database, ready for use.

    Raises:
        DatabaseBehind: it is not embedded and its tables are older than this program.
    """
    database = Database(settings)
    try:
        if settings.embedded:
            database.migrate()
        database.require_migrated()
        yield database
    finally:
        database.dispose()
