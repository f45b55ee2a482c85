"""Finished answers, given again as long as nothing was committed since."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import Database
from app.db.base import now
from app.db.moments import Moment
from app.watch.figures import KEPT_ANSWERS
from app.watch.requests import CallerKind, note_caller, noted_caller

HIT, MISS = KEPT_ANSWERS.labels("hit"), KEPT_ANSWERS.labels("miss")

OVERHEAD = 1024
"""Bytes that an answer takes beside its body, about."""

NAMES = (b"authorization", b"accept-language")
"""The request headers that answers depend on."""

UNTIL = "answer_until"
"""Where, in a request's state, stands when its answer ends to be right; nowhere if only a commit ends it."""

Key = tuple[str | bytes, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.

    Attributes:
        status: its status.
        headers: as they are sent.
        body: all of it.
        tag: its ETag, if it is one to keep.
        caller: for what kind of caller it was made.
        until: when the token ends that it was made for.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    tag: bytes | None
    caller: CallerKind
    until: datetime | None = None

    async def send(self, send: Send, if_none_match: bytes) -> None:
        """Sends it, or 304 when the client has it."""
        status, headers, body = self.status, self.headers, self.body
        if if_none_match and self.tag is not None and _names(if_none_match, self.tag):
            status, body = HTTPStatus.NOT_MODIFIED, b""
            headers = [one for one in headers if not one[0].startswith(b"content-")]
        await send({"type": "http.response.start", "status": int(status), "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Answers:
    """An ASGI layer that keeps the answers of some GETs, and answers their ``If-None-Match``.

    An answer behind it may depend on its address, the headers of ``NAMES``, today's date in UTC, what is committed in
    the database, and the time only as ``UNTIL`` says. It is kept if it is a 200 with an ETag.

    Args:
        app: what answers.
        database: what answers are made of.
        among: the paths whose GETs are kept.
        most: bytes to keep; the answers that were not asked for longest go first.
    """

    def __init__(self, app: ASGIApp, database: Database, among: re.Pattern[str], most: int) -> None:
        self._app = app
        self._database = database
        self._among = among
        self._most = most
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._size = 0
        self._moment: Moment | None = None
        """When all that is kept was begun."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http" or scope["method"] != "GET" or not self._among.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        key: Key = (
            scope["path"],
            scope["query_string"],
            now().date().isoformat(),
            *(part for header in headers if header[0] in NAMES for part in header),
        )
        moment = await self._database.moment()
        answer = self._found(key, moment)
        if answer is None:
            MISS.inc()
            answer = await self._made(scope, receive)
            self._keep(key, answer, moment)
        else:
            HIT.inc()
            note_caller(answer.caller)
        await answer.send(send, b",".join(value for name, value in headers if name == b"if-none-match"))

    async def _made(self, scope: Scope, receive: Receive) -> Answer:
        sent: list[Message] = []
        scope.setdefault("state", {})

        async def noted(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, noted)
        start, *bodies = sent
        until = scope["state"].get(UNTIL)
        headers = list(start["headers"])
        tag = dict(headers).get(b"etag") if start["status"] == HTTPStatus.OK else None
        body = b"".join(message.get("body", b"") for message in bodies)
        return Answer(start["status"], headers, body, tag, noted_caller(), until)

    def _found(self, key: Key, moment: Moment | None) -> Answer | None:
        if moment != self._moment:
            self._kept.clear()
            self._size = 0
            self._moment = moment
        answer = self._kept.get(key)
        if answer is None or answer.until is None or answer.until > now():
            if answer is not None:
                self._kept.move_to_end(key)
            return answer
        self._size -= _size(key, self._kept.pop(key))
        return None

    def _keep(self, key: Key, answer: Answer, moment: Moment | None) -> None:
        """Keeps an answer that was begun at ``moment``, unless that has passed."""
        size = _size(key, answer)
        if answer.tag is None or moment is None or moment != self._moment or key in self._kept or size > self._most:
            return
        self._kept[key] = answer
        self._size += size
        while self._size > self._most:
            self._size -= _size(*self._kept.popitem(last=False))


def _size(key: Key, answer: Answer) -> int:
    return OVERHEAD + sum(map(len, key)) + len(answer.body)


def _names(if_none_match: bytes, tag: bytes) -> bool:
    return any(part.strip().removeprefix(b"W/") in {b"*", tag} for part in if_none_match.split(b","))
