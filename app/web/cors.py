"""Which other sites' scripts may ask the API (cross-origin resource sharing, Fetch standard)."""

from collections.abc import Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALLOWED = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match",
    ),
    (b"access-control-max-age", b"600"),
]
EXPOSED = (b"access-control-expose-headers", b"ETag, Location, RateLimit, RateLimit-Policy, Retry-After")


class CrossOrigin:
    """An ASGI layer that lets the scripts of some sites ask the API, with a token but never with a cookie.

    Args:
        app: what answers.
        origins: the sites, exactly as browsers name them.
        concerns: whether a path is one that they may ask for.
    """

    def __init__(self, app: ASGIApp, *, origins: Iterable[str], concerns: Callable[[str], bool]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._concerns = concerns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http" or not self._concerns(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        allowed = [(b"access-control-allow-origin", origin)] if origin is not None and origin in self._origins else []
        if allowed and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            answer = [*allowed, *ALLOWED, (b"vary", b"Origin")]
            await send({"type": "http.response.start", "status": 204, "headers": answer})
            await send({"type": "http.response.body", "body": b""})
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [*allowed, EXPOSED] if allowed else []
                message = {**message, "headers": [*_varying(message["headers"]), *more]}
            await send(message)

        await self._app(scope, receive, told)


def _varying(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers that say that the answer depends on ``Origin``, for caches."""
    kept = list(headers)
    names = b", ".join(value for name, value in kept if name == b"vary")
    others = [one for one in kept if one[0] != b"vary"]
    return [*others, (b"vary", names + b", Origin" if names else b"Origin")]
