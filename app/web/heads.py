"""Limits of what stands before a body: by which name the service is asked, how long address and headers are."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import AddressTooLong, Failure, HeadersTooLarge, HostUnknown
from app.web.refusal import Refusal

MOST_QUERY = 8 * 1024
MOST_HEADERS = 32 * 1024


class Heads:
    """An ASGI layer that refuses requests by what stands before their body.

    Args:
        app: what answers otherwise.
        hosts: the names this service is asked by, without ports; ``*.example`` takes all below; none means any.
        exempt: paths that are asked by any name, as those that look after a machine do.
        refusal: the answer to a failure.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], exempt: Iterable[str], refusal: Refusal) -> None:
        self._app = app
        names = tuple(hosts)
        self._hosts = frozenset(names)
        self._endings = tuple(name[1:] for name in names if name.startswith("*."))
        self._exempt = frozenset(exempt)
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        wrong = self._wrong(scope) if scope["type"] == "http" else None
        await (self._app if wrong is None else self._refusal(scope, wrong))(scope, receive, send)

    def _wrong(self, scope: Scope) -> Failure | None:
        size, host = 0, b""
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"host":
                host = value
        if size > MOST_HEADERS:
            return HeadersTooLarge("Send at most {most} bytes of headers.", most=str(MOST_HEADERS))
        if len(scope["query_string"]) > MOST_QUERY:
            return AddressTooLong("Send at most {most} bytes after the question mark.", most=str(MOST_QUERY))
        if self._hosts and scope["path"] not in self._exempt and not self._known(host.decode("latin-1")):
            return HostUnknown("This service does not answer under this host name. Use the address you were given.")
        return None

    def _known(self, host: str) -> bool:
        name = host.lower()
        name = name[1 : name.find("]")] if name.startswith("[") else name.partition(":")[0]
        return name in self._hosts or (bool(self._endings) and name.endswith(self._endings))
