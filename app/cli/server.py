"""``caravan serve``."""

import logging
import re
import socket
from importlib.metadata import version
from typing import Annotated

import typer
import uvicorn
from uvicorn.config import LOGGING_CONFIG
from uvicorn.supervisors import Multiprocess

from app.cli.opened import opened
from app.errors import Failure
from app.settings import Settings

VERSION = version("caravan")
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]


WORKER_START_SECONDS = 120
"""A worker that is still loading the register must not be taken for a dead one and started anew."""


SECRET = re.compile("(/sign-in/link/|/console/password/)[^/? ]+")
LOGS = LOGGING_CONFIG | {
    "filters": {"secrets": {"()": "app.cli.server.WithoutSecrets"}},
    "handlers": LOGGING_CONFIG["handlers"]
    | {"access": LOGGING_CONFIG["handlers"]["access"] | {"filters": ["secrets"]}},
    "loggers": LOGGING_CONFIG["loggers"]
    | {"caravan.audit": {"handlers": ["default"], "level": "INFO", "propagate": False}},
}


class WithoutSecrets(logging.Filter):
    """Leaves the secrets of links out of the addresses in the access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, shortened."""
        if isinstance(record.args, tuple):
            record.args = tuple(SECRET.sub(r"\1…", one) if isinstance(one, str) else one for one in record.args)
        return True


class AddressInUse(Failure):
    """Something else listens there."""

    code = "address-in-use"


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Processes that answer requests.", min=1, max=64)] = 1,
) -> None:
    """Serve the API until Ctrl-C.

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
    config = uvicorn.Config(
        "main:app",
        workers=workers,
        log_config=LOGS,
        log_level="info",
        server_header=False,
        timeout_worker_healthcheck=WORKER_START_SECONDS,
    )
    server = uvicorn.Server(config)
    if workers == 1:
        server.run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()
