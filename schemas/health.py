"""Whether the service is alive and ready."""

from schemas.problems import Problem
from schemas.texts import Outgoing


class Alive(Outgoing):
    """The process answers."""

    status: str = "ok"


class CheckOut(Outgoing):
    """One thing that was looked at, and what was seen."""

    name: str
    ok: bool
    why: str


class Ready(Alive):
    """It can serve. ``checks`` are for those who watch over the service."""

    companies: int
    as_of_change: int
    checks: list[CheckOut] | None = None


class NotReady(Problem):
    """It cannot serve now; how far the register is all the same."""

    companies: int
    as_of_change: int
    checks: list[CheckOut] | None = None
