"""The port on which ``caravan serve`` tells its figures."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryDirectory
from threading import Thread

from app.checks import ServiceFigures
from app.db import Database
from app.errors import Failure
from app.settings import Settings
from app.watch.figures import CONTENT_TYPE, DIRECTORY, exposed


class PortTaken(Failure):
    """Something else listens there."""

    code = "address-in-use"


@contextmanager
def metrics_served(settings: Settings, workers: int) -> Iterator[None]:
    """Tells the figures of all workers while it is open, if the settings say where.

    Several workers write theirs into a directory that is new at each start, so nothing of an earlier one is left.

    Raises:
        PortTaken: the port cannot be used.
    """
    if not settings.tells_metrics:
        yield
        return
    with _directory(workers) as directory:
        if settings.metrics_port is None:
            yield
            return
        database = Database(settings)
        server = _listening(settings.metrics_host, settings.metrics_port)
        server.RequestHandlerClass = _handler(ServiceFigures(database, settings), directory)
        Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            database.dispose()


@contextmanager
def _directory(workers: int) -> Iterator[str | None]:
    if workers == 1:
        yield None
        return
    with TemporaryDirectory(prefix="caravan-metrics-", ignore_cleanup_errors=True) as directory:
        os.environ[DIRECTORY] = directory  # the workers are started with it
        yield directory


def _listening(host: str, port: int) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer((host, port), BaseHTTPRequestHandler)
    except OSError as taken:
        raise PortTaken(
            "Port {port} on {host} cannot be used for metrics ({why}). Set CARAVAN_METRICS_PORT to another one.",
            port=str(port),
            host=host,
            why=(taken.strerror or str(taken)).lower(),
        ) from taken


def _handler(figures: ServiceFigures, directory: str | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version = "caravan"
        sys_version = ""

        def do_GET(self) -> None:  # http.server's name
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body = exposed(figures, directory=directory)
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
            del format, args

    return Handler
