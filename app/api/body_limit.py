"""Refuses bodies that are too large before they are in memory."""

from contextlib import suppress

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.texts import language_asked_for, translate


class _TooLarge(Exception):
    pass


class BodyLimit:
    """An ASGI layer that answers 413 when a body has more than ``most`` bytes, announced or not."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

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
        request = Request(scope)
        language = language_asked_for(request.headers.get("accept-language"))
        answer = problem(
            request,
            status=413,
            code="body-too-large",
            title=translate("The body is too large", language),
            detail=translate(
                "Send at most {most} bytes. Many companies at once go through caravan import.",
                language,
                {"most": str(self._most)},
            ),
            headers={"Connection": "close"},
        )
        await answer(scope, receive, send)
