"""What holds for every address of the API: HEAD beside GET, OPTIONS, bodies in JSON, no NULs."""

import re
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Failure, FieldError, InputInvalid, MediaTypeUnknown, NotFound

Refusal = Callable[[Request, Failure], Awaitable[Response]]
JSON = re.compile(r"application/([^;\s]+\+)?json\s*(;.*)?", re.IGNORECASE)
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NUL_WRITTEN = re.compile(rb"(?:^|&)([^=&]*)(?:=[^&]*)?%00")


class _Address(NamedTuple):
    pattern: re.Pattern[str]
    methods: frozenset[str]


class Addresses:
    """The methods that each address of an application takes; its routes may be added later."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    @cached_property
    def _known(self) -> list[_Address]:
        contexts = iter_route_contexts(self._app.routes)
        found = ((context.path, getattr(context.original_route, "methods", None)) for context in contexts)
        return [_Address(compile_path(path)[0], frozenset(methods)) for path, methods in found if path and methods]

    def allowed(self, path: str) -> frozenset[str]:
        """What an address takes; nothing if there is none."""
        methods = frozenset[str]().union(*(one.methods for one in self._known if one.pattern.fullmatch(path)))
        beside = ({"HEAD"} if "GET" in methods else set()) | ({"OPTIONS"} if methods else set())
        return methods | beside


class Methods:
    """An ASGI layer that answers OPTIONS, gives HEAD what GET has, and refuses what no route could read.

    Args:
        app: what answers otherwise.
        addresses: what each address takes.
        refusal: the answer to a failure.
    """

    def __init__(self, app: ASGIApp, addresses: Addresses, refusal: Refusal) -> None:
        self._app = app
        self._addresses = addresses
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed = self._addresses.allowed(scope["path"])
        wrong = _wrong(scope)
        if wrong is not None:
            await (await self._refusal(Request(scope), wrong))(scope, receive, send)
        elif scope["method"] == "OPTIONS" and allowed:
            await Response(status_code=204, headers={"Allow": written(allowed)})(scope, receive, send)
        elif scope["method"] == "HEAD" and "GET" in allowed:
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            await self._app(scope, receive, send)


def written(methods: frozenset[str]) -> str:
    """As the header ``Allow`` has it."""
    return ", ".join(sorted(methods))


def _without_body(send: Send) -> Send:
    async def headers_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_only


def _wrong(scope: Scope) -> Failure | None:
    if "\0" in scope["path"]:
        return NotFound("There is nothing at this address.")
    nul = NUL_WRITTEN.search(scope["query_string"])
    if nul is not None:
        field = "?" + nul[1].decode("latin-1")
        error = FieldError(field, "control_character", "Remove the control characters from this text.")
        return InputInvalid("Correct the fields named under errors and send it again.", errors=(error,))
    if scope["method"] in WITH_BODY and not _in_json(dict(scope["headers"])):
        return MediaTypeUnknown("Send the body as JSON, with the header Content-Type: application/json.")
    return None


def _in_json(headers: dict[bytes, bytes]) -> bool:
    """Whether there is no body, or one that says it is JSON."""
    length = headers.get(b"content-length", b"0").strip()
    if b"transfer-encoding" not in headers and not length.strip(b"0"):
        return True
    return JSON.fullmatch(headers.get(b"content-type", b"").decode("latin-1").strip()) is not None
