"""Cursors: where a list was left off, as an opaque text."""

import base64
import binascii
import json
import re
from math import isfinite

from app.errors import CursorInvalid

LARGEST = 1 << 63
SURROGATE = re.compile("[\ud800-\udfff]")
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
        or not all(_is(part, kind) for part, kind in zip(place, kinds, strict=True))
    ):
        raise CursorInvalid(CURSOR_HINT)
    return tuple(place)


def _is(part: object, kind: type) -> bool:
    """Whether a part is one that a database can compare with: anybody can write a cursor."""
    if isinstance(part, str):
        return kind is str and "\0" not in part and not SURROGATE.search(part)
    if isinstance(part, float):
        return kind is float and isfinite(part)
    return type(part) is kind and (not isinstance(part, int) or abs(part) < LARGEST)
