"""Faults of the machine and the database under a running server: what is answered, and whether it recovers."""

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from threading import Event

import httpx2
from sqlalchemy import select

from app.actions.staff import add_staff
from app.db.companies import Company
from tests.conftest import bearer
from tests.factories import kazakh_mill
from tests.soak.kills import CLIENTS, STAFF
from tests.soak.programs import Ground, Server, ground
from tests.soak.truth import companies_shown, damage, half_companies
from tests.soak.writers import Client, Told, lost_writes

RECOVERS_WITHIN = 60.0
BALLAST = 1024 * 1024


@dataclass
class Outcome:
    """What was answered while a fault lasted, and after it."""

    name: str
    meanwhile: Counter[str] = field(default_factory=Counter)
    recovered: float = 0.0
    writes: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line of the report."""
        told = ", ".join(f"{count} x {what}" for what, count in sorted(self.meanwhile.items()))
        verdict = "; ".join(self.faults[:5]) or "nothing lost"
        return (
            f"{self.name}: meanwhile {told or 'no probe'}; works again after {self.recovered:.1f} s;"
            f" {self.writes} writes answered, {self.refused} refused with 503; {verdict}"
        )


class Trial:
    """A server with writing clients, on which a fault is let loose."""

    def __init__(self, name: str, place: Ground) -> None:
        self.outcome = Outcome(name)
        self._place = place
        with place.database() as database, database.writing() as session:
            self._staff = bearer(add_staff(session, STAFF, "admin"))
        self._told = Told()
        self._clients = [Client(at, 1, self._staff, self._told) for at in range(CLIENTS)]

    def run(self, fault: Callable[[Callable[[], None]], None]) -> Outcome:
        """Writes all the time while ``fault`` happens; it is given a probe to ask with, and ends with the fault."""
        server = Server(self._place.folder / "server.log", self._place.variables, 1)
        ended = Event()
        try:
            with ThreadPoolExecutor(CLIENTS) as pool:
                running = [pool.submit(client.write_on, server.address, ended) for client in self._clients]
                try:
                    time.sleep(3)
                    fault(lambda: self._probe(server.address))
                    self._recover(server.address)
                    time.sleep(2)
                finally:
                    ended.set()
                for one in running:
                    one.result()
            self._look(server)
            code = server.stop()
            self.outcome.faults += [f"It ended with {code}"] if code else []
        finally:
            server.kill()
        return self.outcome

    def _probe(self, address: str) -> None:
        """A write through the API, a page that writes, and whether the process answers at all."""
        asked: tuple[tuple[str, Callable[[], httpx2.Response]], ...] = (
            ("registration", lambda: httpx2.post(f"{address}/v1/companies", json=kazakh_mill(), timeout=60)),
            ("page", lambda: httpx2.post(f"{address}/sign-in/token", data={"token": "x"}, timeout=60)),
            ("health", lambda: httpx2.get(f"{address}/healthz", timeout=60)),
        )
        for name, ask in asked:
            answer = ask()
            self.outcome.meanwhile[f"{name} {answer.status_code}"] += 1
            if answer.status_code == 503 and "retry-after" not in answer.headers:
                self.outcome.faults.append(f"A 503 to the {name} has no Retry-After")
            if answer.status_code >= 500 and answer.status_code != 503:
                self.outcome.faults.append(f"The {name} was answered {answer.status_code}")

    def _recover(self, address: str) -> None:
        began = time.monotonic()
        while time.monotonic() - began < RECOVERS_WITHIN:
            if httpx2.post(f"{address}/v1/companies", json=kazakh_mill(), timeout=60).status_code == 201:
                self.outcome.recovered = time.monotonic() - began
                return
            time.sleep(0.2)
        self.outcome.faults.append("It did not recover by itself")

    def _look(self, server: Server) -> None:
        outcome, told = self.outcome, self._told
        found = companies_shown(server.address, self._staff)
        with self._place.database() as database:
            with database.reading() as session:
                versions = {row.id: row.version for row in session.execute(select(Company.id, Company.version))}
                outcome.faults += half_companies(session)
            outcome.faults += damage(database)
        outcome.faults += lost_writes(self._clients, found, versions) + told.faults
        outcome.writes, outcome.refused = told.answered, told.refused
        for traced in server.output.split("Traceback (most recent call last):")[1:]:
            last = next((line for line in traced.splitlines()[1:] if line and not line.startswith(" ")), "")
            outcome.faults.append(f"The log has a traceback: {last}")


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A file system of its own, of a few MiB; needs root.

    Raises:
        PermissionError: this user may not mount one.
    """
    folder = Path(mkdtemp(prefix="caravan-disk-"))
    _mount("-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)  # of the system
        folder.rmdir()


def _mount(*arguments: str) -> None:
    if subprocess.run(["mount", *arguments], check=False).returncode:  # of the system
        raise PermissionError("A small file system can be mounted by root only.")


def _filled(folder: Path, asks: Callable[[], None]) -> None:
    """The disk is full, and then it is not any more."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(BALLAST))
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(512))
    for _ in range(10):
        asks()
        time.sleep(0.3)
    ballast.unlink()


def full_disk(database: str) -> Outcome:
    """The disk with the database and the saved register fills up."""
    with small_disk(96 if database == "sqlite" else 256) as disk, ground(database, disk) as place:

        def fault(asks: Callable[[], None]) -> None:
            _filled(disk, asks)
            if place.cluster is not None:
                place.start_database()  # without room for its log PostgreSQL ends; the service stays

        return Trial(f"full disk, {database}", place).run(fault)


def restarted_postgresql(mode: str) -> Outcome:
    """PostgreSQL is restarted three times while clients write."""
    with ground("postgresql") as place:

        def fault(asks: Callable[[], None]) -> None:
            for _ in range(3):
                place.control("-m", mode, "stop")
                asks()
                place.start_database()
                time.sleep(1)

        return Trial(f"PostgreSQL restarted three times ({mode})", place).run(fault)


def cut_connections() -> Outcome:
    """Every connection to PostgreSQL is cut again and again."""
    with ground("postgresql") as place:

        def fault(asks: Callable[[], None]) -> None:
            for _ in range(20):
                place.cluster.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'caravan'")
                asks()
                time.sleep(0.1)

        return Trial("connections cut 20 times", place).run(fault)


def every_fault() -> Iterator[tuple[str, Callable[[], Outcome]]]:
    """All trials by name."""
    yield "full disk, sqlite", lambda: full_disk("sqlite")
    yield "full disk, postgresql", lambda: full_disk("postgresql")
    yield "restart fast", lambda: restarted_postgresql("fast")
    yield "restart immediate", lambda: restarted_postgresql("immediate")
    yield "cut connections", cut_connections
