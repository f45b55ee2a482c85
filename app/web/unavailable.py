"""What is answered while the database or the machine cannot serve and will again by itself."""

import logging
from typing import NamedTuple

from app.db.faults import OutcomeUnknown, no_room, passes, summary

log = logging.getLogger("caravan.unavailable")

RETRY_SECONDS = "2"


class Unavailable(NamedTuple):
    """The words of an answer 503, in English."""

    code: str
    title: str
    detail: str


AWAY = Unavailable(
    "database-unavailable", "The database cannot be reached", "Nothing was saved. Try again in a moment."
)
FULL = Unavailable("storage-full", "The server has no room to work", "Nothing was saved. Try again in a moment.")
UNKNOWN = Unavailable(
    "outcome-unknown",
    "The database cannot be reached",
    "It is not known whether this was saved. Look before you send it again.",
)


def unavailable(failed: Exception) -> Unavailable:
    """What to answer with 503 and ``Retry-After``; a failure that will not pass by itself is raised again."""
    if not (passes(failed) or no_room(failed)):
        raise failed
    log.warning("Answered 503: %s", summary(failed))
    if isinstance(failed, OutcomeUnknown):
        return UNKNOWN
    return FULL if no_room(failed) else AWAY
