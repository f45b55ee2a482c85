"""Which request something belongs to: kept beside the running code, so that whoever works for it can tell."""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal

CallerKind = Literal["anonymous", "company", "staff"]
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
HEADER = "X-Request-ID"


@dataclass(slots=True)
class Trace:
    """One request: its id, and what kind of caller makes it."""

    id: str
    caller: CallerKind = "anonymous"


_running: ContextVar[Trace | None] = ContextVar("caravan_request", default=None)


def new_request_id() -> str:
    """An id that no other request has."""
    return token_hex(10)


def is_request_id(text: str) -> bool:
    """Whether a text is one that we take over from a proxy."""
    return WELL_FORMED.fullmatch(text) is not None


def begin(request_id: str) -> Trace:
    """Makes what runs from here on, in this context, part of a request."""
    trace = Trace(request_id)
    _running.set(trace)
    return trace


def end() -> None:
    """What runs from here on belongs to no request."""
    _running.set(None)


def running() -> Trace | None:
    """The request that this code works for; None in the background and on the command line."""
    return _running.get()


def request_id() -> str | None:
    """The id of the request that this code works for."""
    trace = _running.get()
    return None if trace is None else trace.id


def note_caller(kind: CallerKind) -> None:
    """Tells what kind of caller makes the running request; never who."""
    trace = _running.get()
    if trace is not None:
        trace.caller = kind


def noted_caller() -> CallerKind:
    """What kind of caller was noted for the running request."""
    trace = _running.get()
    return "anonymous" if trace is None else trace.caller
