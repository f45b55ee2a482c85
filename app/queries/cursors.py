"""Cursors: where a list was left off, as an opaque text."""

import base64
import binascii
import json

from app.errors import CursorInvalid

CURSOR_HINT = "Take the cursor from next_cursor of the page before, unchanged."


def cursor(*place: str | float) -> str:
    """An opaque cursor for a place in an order."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_of(text: str | None, *kinds: type) -> tuple[object, ...] | None:
    """The place that a cursor holds, or None without one.

    Raises:
        CursorInvalid: it was not made here, or for another list.
    """
    if text is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        place = None
    if (
        not isinstance(place, list)
        or len(place) != len(kinds)
        or not all(isinstance(part, kind) for part, kind in zip(place, kinds, strict=True))
    ):
        raise CursorInvalid(CURSOR_HINT)
    return tuple(place)
