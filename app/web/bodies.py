"""Limits of a request's body: its bytes, the time it takes to arrive, how deep its JSON is nested."""

import asyncio
import re
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTooLarge, BodyTooSlow, Failure, NestedTooDeep
from app.web.admission import overloaded
from app.web.refusal import Refusal

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
SLOWEST = 16 * 1024
"""Bytes a second at which a body may come for longer than the time that every request has."""
MOST_HELD = 64 * 1024 * 1024
MOST_LEVELS = 32
STRINGS_AND_BRACKETS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)


class Bodies:
    """An ASGI layer that reads bodies before anything is begun for them, so that a slow sender takes nobody's place.

    A body that may be larger than ``whole`` is passed on while it comes, within the same limits.

    Args:
        app: what answers otherwise.
        most: how many bytes a request may bring.
        whole: bodies of which size are read first.
        seconds: how long one may take to arrive; more for one that is larger (``SLOWEST``).
        is_json: whether what comes to a path is read as JSON.
        refusal: the answer to a failure.
    """

    def __init__(  # noqa: PLR0913  # the limits
        self,
        app: ASGIApp,
        *,
        most: Callable[[str], int],
        whole: int,
        seconds: float,
        is_json: Callable[[str], bool],
        refusal: Refusal,
    ) -> None:
        self._app = app
        self._most = most
        self._whole = whole
        self._seconds = seconds
        self._is_json = is_json
        self._refusal = refusal
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http" or not _brings_body(scope):
            await self._app(scope, receive, send)
            return
        incoming = _Incoming(receive, self._most(scope["path"]), self._seconds)
        try:
            incoming.require_fitting(scope)
            if incoming.most > self._whole:
                await self._pass_on(incoming, scope, send)
            else:
                await self._read(incoming, scope, send)
        except Failure as failed:
            await self._refuse(failed, scope, receive, send)

    async def _read(self, incoming: "_Incoming", scope: Scope, send: Send) -> None:
        parts: list[bytes] = []
        size = 0
        try:
            while not incoming.ended:
                message = await incoming.receive()
                if message["type"] == "http.disconnect":
                    return
                part = message.get("body", b"")
                parts.append(part)
                size += len(part)
                self._held += len(part)
                if self._held > MOST_HELD:
                    raise overloaded(1)
            body = b"".join(parts)
            if self._is_json(scope["path"]) and nested_deeper(body, MOST_LEVELS):
                raise NestedTooDeep("Send at most {most} levels of objects and lists.", most=str(MOST_LEVELS))
            await self._answer(body, incoming, scope, send)
        finally:
            self._held -= size

    async def _answer(self, body: bytes, incoming: "_Incoming", scope: Scope, send: Send) -> None:
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await incoming.receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)

    async def _pass_on(self, incoming: "_Incoming", scope: Scope, send: Send) -> None:
        answered = False

        async def noted(message: Message) -> None:
            nonlocal answered
            if answered or incoming.failed is None:  # what is made of a broken read is not our answer
                answered = True
                await send(message)

        try:
            await self._app(scope, incoming.receive, noted)
        except Failure:
            if incoming.failed is None:
                raise
        if incoming.failed is not None and not answered:
            raise incoming.failed

    async def _refuse(self, failed: Failure, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refusal(scope, failed)
        answer.headers["Connection"] = "close"  # the rest of the body is not read
        await answer(scope, receive, send)


class _Incoming:
    """A body as it comes, within its limits."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._seconds = seconds
        self._began = asyncio.get_running_loop().time()
        self._size = 0
        self.most = most
        self.ended = False
        self.failed: Failure | None = None

    def require_fitting(self, scope: Scope) -> None:
        """Refuses what announces itself as too large."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > self.most:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next part.

        Raises:
            BodyTooLarge: there is more than may come.
            BodyTooSlow: it takes too long.
        """
        if self.ended:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._began + self._seconds + self._size / SLOWEST):
                message = await self._receive()
        except TimeoutError:
            self.failed = BodyTooSlow("Nothing was done. Send it again over a faster connection, or less at once.")
            raise self.failed from None
        self.ended = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > self.most:
            self.failed = self._too_large()
            raise self.failed
        return message

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            "Send at most {most} bytes. Many companies at once go through caravan import.", most=str(self.most)
        )


def _brings_body(scope: Scope) -> bool:
    if scope["method"] not in WITHOUT_BODY:
        return True
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


def nested_deeper(body: bytes, most: int) -> bool:
    """Whether JSON opens more objects and lists inside one another than that; found without building any."""
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    level = 0
    for found in STRINGS_AND_BRACKETS.finditer(body):
        match found[0]:
            case b"[" | b"{":
                level += 1
            case b"]" | b"}":
                level -= 1
        if level > most:
            return True
    return False
