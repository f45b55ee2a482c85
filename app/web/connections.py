"""What a connection may take before there is a request: time, bytes, and its share of the process."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.heads import MOST_HEADERS, MOST_QUERY

MOST_HEAD = 2 * (MOST_HEADERS + MOST_QUERY)
"""Bytes before a body; what is less and still too much gets an answer from ``app.web.heads``."""


class Connection(HttpToolsProtocol):
    """A connection that is closed when a request's head does not arrive in time, or does not end.

    uvicorn itself waits for a head as long as it takes, and only closes what is idle after a request
    (``timeout_keep_alive``). More connections than a process may hold are closed at once: without a limit they would
    use up the files that it may open, the database's among them.
    """

    _arriving: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Starts waiting for the first request."""
        super().connection_made(transport)
        settings = self.app.state.service.settings  # of main:app
        self._seconds: float = settings.request_seconds
        if len(self.connections) > settings.most_connections:
            transport.close()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Takes bytes, as long as a head is not larger than any that is answered."""
        super().data_received(data)
        self._head = self._head + len(data) if self._arriving is not None else 0
        if self._head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The request's headers are too large.")

    def on_message_begin(self) -> None:
        """Starts the time of a further request."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Ends it."""
        self._arrived()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the timer."""
        self._arrived()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._arriving is None:
            self._arriving = self.loop.call_later(self._seconds, self.timeout_keep_alive_handler)

    def _arrived(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None
