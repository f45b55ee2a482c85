"""``Idempotency-Key``: a POST that comes again is answered as the first time, and done once."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.actions.repeats import KEY_PATTERN, KeyedRequest, at_work, is_repeat, kept_answer, key_in
from app.api.problems import responses
from app.auth import Caller, authenticate
from app.db import Database
from app.errors import CredentialsInvalid, Failure, RequestAtWork
from app.web.keyed import KEYED, Keyed, WholeAnswer

HEADER = "Idempotency-Key"
REPLAYED = (b"idempotency-replayed", b"true")
RETRY_SECONDS = "1"
DESCRIPTIONS = {
    "400": "the Idempotency-Key is not valid",
    "409": "the same request is being worked on",
    "422": "the Idempotency-Key came with another body",
}
Refusal = Callable[[Request, Exception], Awaitable[Response]]


class Repeats:
    """An ASGI layer that answers a POST with an ``Idempotency-Key`` from what was kept, or keeps its answer.

    Whoever sends the same again while the first is at work waits for it in the database, and gets its answer. An answer
    is kept if the request wrote something and was not refused; a POST that only reads is just done again.

    Args:
        app: what answers otherwise.
        database: where answers are kept.
        refusal: the answer to a failure.
    """

    def __init__(self, app: ASGIApp, database: Database, refusal: Refusal) -> None:
        self._app = app
        self._database = database
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        keys = _keys(scope)
        if not keys:
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answered(scope, receive, key_in(",".join(keys)))
        except (Failure, SQLAlchemyError) as failed:
            refused = await self._refusal(Request(scope), failed)
            if isinstance(failed, RequestAtWork):
                refused.headers["Retry-After"] = RETRY_SECONDS
            await refused(scope, receive, send)
            return
        if answer is not None:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})

    async def _answered(self, scope: Scope, receive: Receive, key: str) -> WholeAnswer | None:
        """The answer; None if nobody waits for one."""
        body = await _body(receive)
        if body is None:
            return None
        keyed, kept = await run_in_threadpool(self._looked_up, scope, key, body)
        if kept is not None:
            return kept
        work = Keyed(self._database, keyed) if keyed is not None else None
        try:
            answer = await _made(self._app, {**scope, KEYED: work}, _again(body, receive))
            if work is not None and keyed is not None:
                return await run_in_threadpool(self._finished, work, keyed, answer)
        finally:
            if work is not None:
                await run_in_threadpool(work.close)
        return answer

    def _looked_up(self, scope: Scope, key: str, body: bytes) -> tuple[KeyedRequest | None, WholeAnswer | None]:
        """The request with its caller, and what was kept of it; no request where the credentials are not known."""
        with self._database.reading() as session:
            try:
                caller = authenticate(session, Request(scope).headers.get("authorization"))
            except CredentialsInvalid:
                return None, None  # the application has its own words for it
            route = f"POST {scope['path']}?{scope['query_string'].decode('latin-1')}"
            keyed = KeyedRequest(key, _name_of(caller), route, body)
            kept = kept_answer(session, keyed)
        return keyed, None if kept is None else _replayed(kept)

    def _finished(self, work: Keyed, keyed: KeyedRequest, answer: WholeAnswer) -> WholeAnswer:
        try:
            work.finish(answer)
        except IntegrityError as refused:
            if not is_repeat(refused):
                raise
            work.close()
        else:
            if answer.well:
                return answer
        with self._database.reading() as session:  # what was refused may have been refused because its twin was done
            kept = kept_answer(session, keyed)
        if kept is not None:
            return _replayed(kept)
        if answer.well:
            raise at_work()
        return answer


def document(operation: dict[str, Any]) -> None:
    """Adds the header and its answers to a POST of an OpenAPI document."""
    operation.setdefault("parameters", []).append(
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "A new random text for each request. Sent again within 24 hours with the same key and body,"
            " the request is not done twice: the first answer comes again, with Idempotency-Replayed: true.",
            "schema": {"type": "string", "pattern": KEY_PATTERN},
            "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
        }
    )
    answers = operation["responses"]
    for status, why in DESCRIPTIONS.items():
        if status in answers:
            answers[status]["description"] += f"; or {why}"
        else:
            answers[status] = {**responses(int(status))[int(status)], "description": why[0].upper() + why[1:]}
    answers["409"]["headers"] = {"Retry-After": {"schema": {"type": "string"}, "description": "If it is at work."}}
    for status, answer in answers.items():
        if status.startswith("2"):
            answer.setdefault("headers", {})["Idempotency-Replayed"] = {
                "schema": {"type": "string", "const": "true"},
                "description": "This is the answer to an earlier request with the same Idempotency-Key.",
            }


def _keys(scope: Scope) -> list[str]:
    if scope["type"] != "http" or scope["method"] != "POST":
        return []
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"idempotency-key"]


def _name_of(caller: Caller) -> str:
    if caller.staff_id is not None:
        return f"staff:{caller.staff_id}"
    if caller.integration and caller.token is not None:
        return f"token:{caller.token.id}"
    return "anyone" if caller.company_id is None else f"company:{caller.company_id}"


def _replayed(kept: bytes) -> WholeAnswer:
    answer = WholeAnswer.unpacked(kept)
    return WholeAnswer(answer.status, [*answer.headers, REPLAYED], answer.body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if the client went away."""
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read once more."""
    given = False

    async def received() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return received


async def _made(app: ASGIApp, scope: Scope, receive: Receive) -> WholeAnswer:
    sent: list[Message] = []

    async def noted(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, noted)
    start, *bodies = sent
    return WholeAnswer(start["status"], list(start["headers"]), b"".join(one.get("body", b"") for one in bodies))
