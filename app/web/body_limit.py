"""Refuses bodies that are too large before they are in memory."""

from collections.abc import Callable
from contextlib import suppress

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _TooLarge(Exception):
    pass


class BodyLimit:
    """An ASGI layer that refuses a body of more than ``most`` bytes, announced or not.

    Args:
        app: what answers otherwise.
        most: bytes that are taken.
        refusal: the answer, with status 413.
    """

    def __init__(self, app: ASGIApp, most: int, refusal: Callable[[Request], Response]) -> None:
        self._app = app
        self._most = most
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._most:
            await self._refuse(scope, receive, send)
            return
        seen = 0
        answered = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            if answered or seen <= self._most:  # what FastAPI makes of a broken read is not our answer
                answered = True
                await send(message)

        with suppress(_TooLarge):
            await self._app(scope, counted, noted)
        if seen > self._most and not answered:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refusal(Request(scope))
        answer.headers["Connection"] = "close"
        await answer(scope, receive, send)
