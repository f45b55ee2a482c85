"""``caravan health``."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Annotated

import typer

from app.errors import Failure

Host = Annotated[str, typer.Option(help="Where the service listens.")]
Port = Annotated[int, typer.Option(help="Its port.", min=1, max=65535)]
Seconds = Annotated[float, typer.Option(help="How long to wait for the answer.", min=0.1)]
READY = 200


class NotServing(Failure):
    """The service does not answer, or not yet."""

    code = "not-ready"


def health(host: Host = "127.0.0.1", port: Port = 8000, seconds: Seconds = 4.0) -> None:
    """Ask a running service whether it can serve; exit code 0 if it can, 2 if not. For containers' health checks."""
    connection = HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        told = answer.read().decode("utf-8", "replace")
    except (OSError, HTTPException) as wrong:
        raise NotServing(
            "Nothing answers at {host}:{port} ({why}). Is the service running, and is this its port?",
            host=host,
            port=str(port),
            why=str(wrong) or type(wrong).__name__,
        ) from wrong
    finally:
        connection.close()
    if answer.status != READY:
        raise NotServing("The service is not ready: {told}", told=_detail(told))
    typer.echo("The service is ready.")


def _detail(told: str) -> str:
    try:
        return str(json.loads(told)["detail"])
    except (ValueError, KeyError, TypeError):
        return told[:200]
