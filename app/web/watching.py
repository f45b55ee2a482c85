"""Outside everything: gives each request its id, measures and logs it."""

import logging
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from time import perf_counter

from fastapi.routing import APIRoute
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.watch.figures import IN_FLIGHT, REFUSED, REQUEST_SECONDS, REQUESTS
from app.watch.requests import HEADER, Trace, begin, end, is_request_id, new_request_id

log = logging.getLogger("caravan.requests")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "unknown"
"""Stands for an address that is none of ours, whatever it is."""
ID_HEADER = HEADER.lower().encode()
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by programs: told in the log only when the answer is a failure."""
REASONS = {HTTPStatus.TOO_MANY_REQUESTS: "too_many", HTTPStatus.SERVICE_UNAVAILABLE: "unavailable"}


class Watching:
    """An ASGI layer outside everything else, so that answers to failures are seen too.

    Args:
        app: what answers.
        trusting: whether the request's own ``X-Request-ID`` is taken over, because only a proxy of ours sends it.
        route_of: the template of some addresses that are answered without being routed.
    """

    def __init__(self, app: ASGIApp, *, trusting: bool, route_of: Callable[[str], str | None]) -> None:
        self._app = app
        self._trusting = trusting
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen(begin(self._id_of(scope)), send)
        scope.setdefault("state", {})["request_id"] = seen.trace.id
        IN_FLIGHT.inc()
        started = perf_counter()
        try:
            await self._app(scope, receive, seen)
        except Exception as failed:
            seen.failed(failed)
            raise
        finally:
            IN_FLIGHT.dec()
            self._note(scope, seen, perf_counter() - started)
            end()

    def _id_of(self, scope: Scope) -> str:
        if self._trusting:
            for name, value in scope["headers"]:
                if name == ID_HEADER and is_request_id(given := str(value, "latin-1")):
                    return given
        return new_request_id()

    def _note(self, scope: Scope, seen: "_Seen", seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = self._template(scope)
        count, took = _figures(method, route, seen.status)
        count.inc()
        took.observe(seconds)
        if route in QUIET:
            if seen.status < HTTPStatus.BAD_REQUEST:
                return
        elif seen.status in REASONS:
            REFUSED.labels(REASONS[HTTPStatus(seen.status)]).inc()
        level = logging.WARNING if seen.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
        if log.isEnabledFor(level):
            log.log(level, "%s %s %d", method, route, seen.status, extra={"facts": seen.facts(method, route, seconds)})

    def _template(self, scope: Scope) -> str:
        """The address as it stands in the routes: what stands in the place of its parts may be secret."""
        route = scope.get("route")
        if isinstance(route, APIRoute):
            return str(route.path)
        return self._route_of(scope["path"]) or UNKNOWN


@cache
def _figures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Found once for each: looking them up costs more than counting."""
    return REQUESTS.labels(method, route, status), REQUEST_SECONDS.labels(route)


class _Seen:
    """What is seen of an answer on its way out; it gets its id."""

    def __init__(self, trace: Trace, send: Send) -> None:
        self.trace = trace
        self.status = 0
        """0 as long as nothing was answered: the caller went away first."""
        self._bytes = 0
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            MutableHeaders(scope=message)[HEADER] = self.trace.id
        elif message["type"] == "http.response.body":
            self._bytes += len(message.get("body", b""))
        await self._send(message)

    def failed(self, failed: Exception) -> None:
        """Logs what nobody expected, once: whoever sees it further out is told so."""
        self.status = self.status or HTTPStatus.INTERNAL_SERVER_ERROR
        log.error("An unexpected failure", exc_info=failed)
        failed.caravan_logged = True  # type: ignore[attr-defined]  # app.watch.logs looks at it

    def facts(self, method: str, route: str, seconds: float) -> dict[str, object]:
        """What the log tells of it."""
        return {
            "method": method,
            "route": route,
            "status": self.status,
            "ms": round(seconds * 1000, 2),
            "bytes": self._bytes,
            "caller": self.trace.caller,
        }
