"""Servers that are measured over HTTP, each a process of its own."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import httpx2

LONGEST_START = 900.0


@contextmanager
def served(command: list[str], port: int, path: str, variables: dict[str, str]) -> Iterator[str]:
    """Runs a server until the end of the block; its address, once it answers at ``path``."""
    address = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARAVAN_")}
    with subprocess.Popen(  # noqa: S603  # the two servers
        command, env=kept | variables, stdout=subprocess.DEVNULL
    ) as process:
        try:
            until = monotonic() + LONGEST_START
            while not _answers(address + path):
                if process.poll() is not None or monotonic() > until:
                    raise RuntimeError(f"It did not start: {' '.join(command)}")
                sleep(0.2)
            yield address
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=60).is_success
    except httpx2.TransportError:
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
