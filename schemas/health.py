"""Whether the service is alive and ready."""

from schemas.texts import Outgoing


class Alive(Outgoing):
    """The process answers."""

    status: str = "ok"


class Ready(Alive):
    """The database answers and the register is in memory."""

    companies: int
    as_of_change: int
