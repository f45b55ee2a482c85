"""Servers that are measured over HTTP, each a process of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx2

LONGEST_START = 900.0


PROGRAM = str(Path(sys.executable).with_name("caravan"))


def bare(app: str) -> AbstractContextManager[str]:
    """Serves a FastAPI application, ``module:name``, under the options that Caravan is served with; its address."""
    return _served([sys.executable, "-m", "uvicorn", app, "--no-server-header"], environment({}))


def caravan(data: Path, variables: Mapping[str, str]) -> AbstractContextManager[str]:
    """Serves Caravan with one worker; its address."""
    return _served([PROGRAM, "serve"], _quiet(data, variables))


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment with these settings of Caravan and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARAVAN_")}
    return kept | dict(variables)


def _quiet(data: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """No one is kept back: all requests of a measurement come from one address."""
    return environment({"CARAVAN_DATA_DIR": str(data), "CARAVAN_RATE_LIMITS": "false", **variables})


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves, and where."""

    address: str
    pid: int

    @property
    def peak_mib(self) -> float:
        """The most memory it ever used; 0 where the system does not tell."""
        facts = Path(f"/proc/{self.pid}/status")
        lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def caravan_process(data: Path, variables: Mapping[str, str]) -> AbstractContextManager[Server]:
    """Serves Caravan with one worker, which is this process."""
    return _running([PROGRAM, "serve"], _quiet(data, variables))


@contextmanager
def _served(command: list[str], variables: dict[str, str]) -> Iterator[str]:
    """Runs a server until the end of the block; its address, once it answers."""
    with _running(command, variables) as server:
        yield server.address


@contextmanager
def _running(command: list[str], variables: dict[str, str]) -> Iterator[Server]:
    """Runs a server until the end of the block."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(  # noqa: S603  # the two servers
        [*command, "--port", str(port)], env=variables, stdout=subprocess.DEVNULL
    ) as process:
        try:
            until = monotonic() + LONGEST_START
            while not _answers(address + "/readyz"):
                if process.poll() is not None or monotonic() > until:
                    raise RuntimeError(f"It did not start: {' '.join(command)}")
                sleep(0.2)
            yield Server(address, process.pid)
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=60).is_success
    except httpx2.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
