"""``caravan serve``."""

import os
import socket
from importlib.metadata import version
from secrets import token_hex
from typing import Annotated

import typer
import uvicorn

from app.cli.metrics import metrics_served
from app.cli.opened import opened
from app.cli.serving import serve_on
from app.errors import Failure
from app.settings import Settings
from app.watch.logs import logging_config

VERSION = version("caravan")
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]


WORKER_START_SECONDS = 120
"""A worker that is still loading the register must not be taken for a dead one and started anew."""


class AddressInUse(Failure):
    """Something else listens there."""

    code = "address-in-use"


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Processes that answer requests.", min=1, max=64)] = 1,
) -> None:
    """Serve the API until Ctrl-C or SIGTERM; what was taken by then is finished first, a second one ends it at once.

    The embedded database is migrated first; any other one must be up to date (caravan migrate).
    """
    with opened(Settings()), listening(host, port) as listener:
        base = address_of(listener)
        typer.echo(f"Listening on {base} (the council's console: {base}/console, the API's documentation: {base}/docs)")
        run(listener, workers)


def listening(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        AddressInUse: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as taken:
        listener.close()
        raise AddressInUse(
            "Port {port} on {host} cannot be used ({why}). Stop what uses it or choose another one with --port.",
            port=str(port),
            host=host,
            why=(taken.strerror or str(taken)).lower(),
        ) from taken
    listener.set_inheritable(True)
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds what is served on a socket."""
    host, port, *_ = listener.getsockname()
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read, not bound
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def run(listener: socket.socket, workers: int = 1) -> None:
    """Serves on a bound socket until it is stopped."""
    os.environ.setdefault("CARAVAN_RATE_SECRET", token_hex())  # the workers inherit it
    settings = Settings()
    config = uvicorn.Config(
        "main:app",
        workers=workers,
        http="app.web.connections:Connection",
        proxy_headers=False,  # the application knows its proxies (app.web.proxies)
        log_config=logging_config(settings.log_format),
        log_level=None,
        access_log=False,
        server_header=False,
        timeout_worker_healthcheck=WORKER_START_SECONDS,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    with metrics_served(settings, workers):
        serve_on(listener, config)
