"""Tells the head of the audit log in the log, so that one that was shortened afterwards is found out."""

import logging
from time import monotonic

from app.db import Database
from app.db.audit import NO_ROW, Head, head

log = logging.getLogger("caravan.audit")

EVERY_SECONDS = 3600.0


class HeadTeller:
    """Logs the last row's number and hash at the start and once an hour, where rows came since."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: Head = NO_ROW
        self._next = 0.0

    def work(self) -> int:
        """Tells it if it is time; always 0, since there is nothing to go on with."""
        if monotonic() >= self._next:
            self._next = monotonic() + EVERY_SECONDS
            with self._database.reading() as session:
                present = head(session)
            if present != self._told:
                self._told = present
                log.info("Head of the audit log: %s %s", present.number, present.hash)
        return 0
