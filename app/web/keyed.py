"""A request that may come again, while it is worked on."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Response
from sqlalchemy.orm import Session

from app.actions.repeats import KeyedRequest, keep_answers
from app.db import Database

KEYED = "caravan.keyed"
"""The name in an ASGI scope under which the request at work is found."""


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer as it goes over the wire."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def well(self) -> bool:
        """Whether the request was done, not refused."""
        return self.status < HTTPStatus.BAD_REQUEST

    def packed(self) -> bytes:
        """As bytes that can be kept."""
        headers = [[part.decode("latin-1") for part in header] for header in self.headers]
        return json.dumps([self.status, headers]).encode() + b"\n" + self.body

    @classmethod
    def of(cls, response: Response) -> "WholeAnswer":
        """What a response will send."""
        return cls(response.status_code, list(response.raw_headers), bytes(response.body))

    @classmethod
    def unpacked(cls, kept: bytes) -> "WholeAnswer":
        """What ``packed`` made."""
        head, _, body = kept.partition(b"\n")
        status, headers = json.loads(head)
        return cls(status, [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers], body)


class Keyed:
    """The work on a request with a key: what it writes is committed together with its answer.

    A route writes in ``writing``, and the answer is added before the commit; or it builds its answer first and has the
    row that keeps it written by whatever commits its work.
    """

    def __init__(self, database: Database, request: KeyedRequest) -> None:
        self._database = database
        self._request = request
        self._open = ExitStack()
        self._session: Session | None = None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """The session of the request; it is rolled back when anything fails, and committed by ``finish``."""
        if self._session is None:
            self._session = self._open.enter_context(self._database.writing())
        try:
            yield self._session
        except BaseException:
            self.close()
            raise

    def row(self, answer: WholeAnswer) -> dict[str, Any]:
        """The row that keeps an answer, for a route that has it written itself."""
        return self._request.sealed(answer.packed())

    def finish(self, answer: WholeAnswer) -> None:
        """Commits what was written, with the answer if it is a good one.

        Raises:
            IntegrityError: another transaction answered the same request in the meantime; nothing is committed.
        """
        if self._session is None:
            return
        if answer.well:
            keep_answers(self._session, [self.row(answer)])
        self._session = None
        self._open.close()

    def close(self) -> None:
        """Gives up what was not committed."""
        if self._session is not None:
            self._session.rollback()
            self._session = None
            self._open.close()
