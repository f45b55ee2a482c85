"""What every answer says about itself to the browser, and which requests of other sites are refused."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""What pages say about themselves."""
API_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What answers of the API say, which no browser is to show."""
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
NOT_KEPT = {"Cache-Control": "no-store"}
ASKED_AGAIN = {"Cache-Control": "no-cache"}

RawHeaders = list[tuple[bytes, bytes]]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN = frozenset({"same-origin", "none"})


class SecurityHeaders:
    """An ASGI layer outside everything, so that answers to failures carry the headers too.

    Args:
        app: what answers.
        kind_of: of which kind a path is.
        headers: what each kind's answers say unless they say something else themselves.
    """

    def __init__(self, app: ASGIApp, kind_of: Callable[[str], str], headers: Mapping[str, Mapping[str, str]]) -> None:
        self._app = app
        self._kind_of = kind_of
        self._headers = {kind: _raw(some) for kind, some in headers.items()}
        self._secure = {kind: _raw({**some, **HTTPS_ONLY}) for kind, some in headers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sets = self._secure if scope["scheme"] == "https" else self._headers
                headers = message.get("headers", ())
                present = {name for name, _ in headers}
                more = [one for one in sets[self._kind_of(scope["path"])] if one[0] not in present]
                message = {**message, "headers": [*headers, *more]}
            await send(message)

        await self._app(scope, receive, with_headers)


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class SameOrigin:
    """An ASGI layer that refuses what another site lets a visitor's browser send (cross-site request forgery).

    Browsers say where a request comes from: in ``Sec-Fetch-Site`` or, older ones, in ``Origin``. A request that says
    neither is no browser's; it passes only without cookies.

    Args:
        app: what answers otherwise.
        refusal: the answer, with status 403.
    """

    def __init__(self, app: ASGIApp, refusal: Callable[[Request], Response]) -> None:
        self._app = app
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or _is_own(Request(scope)):
            await self._app(scope, receive, send)
        else:
            await self._refusal(Request(scope))(scope, receive, send)


def _is_own(request: Request) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in OWN
    if origin is not None:
        return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")
    return "cookie" not in request.headers
