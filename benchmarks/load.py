"""More than can be answered, and what the server does then: ``uv run python -m benchmarks.load``."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Annotated
from urllib.parse import urlsplit

import numpy as np
import typer

from app.settings import Settings
from benchmarks.http import fill
from benchmarks.report import machine
from benchmarks.served import Server, caravan_process

FIRMS, SECONDS, TIMES = 500, 10.0, 4.0
AT_ONCE = 32
"""Clients that ask without a pause, to find out how much can be answered."""
RANKINGS, REGISTRATIONS = 0.2, 0.2
"""Shares of the requests; the others read a firm."""
GRACE = 1.0
"""Seconds that an answer may take beside waiting for its turn."""
PATIENCE = 30.0
MOST_CONNECTIONS = 700
PROBES, PROBE_SECONDS = 10, 0.25
"""It answers as always when so many in a row are answered in this time."""
SEED, FIRST_NUMBER = 11, 90_000_000
SHED, BROKEN = 503, 0
RESULTS = Path(__file__).parent / "results"


@dataclass(slots=True)
class Answered:
    """What came back: a status, 0 for a connection that broke or an answer that never came, and the seconds it took."""

    statuses: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def note(self, status: int, seconds: float) -> None:
        """Adds an answer."""
        self.statuses.append(status)
        self.seconds.append(seconds)

    def counted(self, wanted: Callable[[int], bool]) -> int:
        """How many have such a status."""
        return sum(map(wanted, self.statuses))

    @property
    def good(self) -> list[float]:
        """The seconds of what was answered as asked."""
        return [took for status, took in zip(self.statuses, self.seconds, strict=True) if _is_good(status)]


@dataclass(frozen=True, slots=True)
class Held:
    """What one run measured. Rates are requests a second, times milliseconds, memory MiB."""

    firms: int
    sustainable: float
    offered: float
    seconds: float
    sent: int
    within: int
    limit_seconds: float
    late: int
    shed: int
    others: int
    p50_ms: float
    p99_ms: float
    shed_p99_ms: float
    idle_mib: float
    busy_mib: float
    peak_mib: float
    recovery_seconds: float

    def text(self) -> str:
        """What to read."""
        shares = f"{1 - RANKINGS - REGISTRATIONS:.0%} reads, {RANKINGS:.0%} rankings, {REGISTRATIONS:.0%} registrations"
        memory = f"{self.idle_mib:,.0f} MiB at the start, {self.busy_mib:,.0f} MiB at what it sustains"
        return f"""\
Sustainable: {self.sustainable:,.0f} requests/s ({2 * self.firms:,} firms, {AT_ONCE} clients at once; {shares}).
Offered: {self.offered:,.0f} requests/s for {self.seconds:g} s, whether answered or not: {self.sent:,}.
Answered within {self.limit_seconds:g} s: {self.within:,}; later: {self.late:,}; shed with 503: {self.shed:,}; \
other answers or none: {self.others:,}.
Of what was answered: p50 {self.p50_ms:,.0f} ms, p99 {self.p99_ms:,.0f} ms; p99 of a 503: {self.shed_p99_ms:,.0f} ms.
Most memory of the server: {memory}, {self.peak_mib:,.0f} MiB after the overload.
Answers as always again after {self.recovery_seconds:.1f} s."""


class Mix:
    """Reads, rankings and registrations of different firms, as bytes of HTTP/1.1."""

    def __init__(self, ids: list[str], token: str) -> None:
        self._ids = ids
        self._token = token
        self._numbers = np.random.default_rng(SEED)
        self._named = count()

    def __iter__(self) -> Iterator[bytes]:
        """One after another, without end."""
        while True:
            drawn = self._numbers.random()
            if drawn < REGISTRATIONS:
                yield self._registration()
            else:
                firm = self._ids[int(self._numbers.integers(len(self._ids)))]
                yield self._get(
                    f"/v1/companies/{firm}/matches" if drawn < REGISTRATIONS + RANKINGS else f"/v1/companies/{firm}"
                )

    def probe(self) -> bytes:
        """A request to see whether it answers."""
        return self._get(f"/v1/companies/{self._ids[0]}/matches")

    def _get(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n\r\n".encode()

    def _registration(self) -> bytes:
        number = next(self._named)
        name = f"Load {number}"
        listings = [{"side": side, "kind": "goods", "title": f"Cocoa beans of {name}"} for side in ("offer", "need")]
        document = {
            "country": "NG",
            "legal_name": name,
            "registration_number": f"RC {FIRST_NUMBER + number}",
            "contact": {"email": f"load{number}@firm.example"},
            "sectors": ["agriculture"],
            "listings": listings,
        }
        body = json.dumps(document).encode()
        lines = ("POST /v1/companies HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json")
        return "\r\n".join((*lines, f"Content-Length: {len(body)}", "", "")).encode() + body


class Clients:
    """Connections to a server that are used again."""

    def __init__(self, server: Server) -> None:
        parts = urlsplit(server.address)
        self._place = parts.hostname or "", parts.port or 0
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._ending: list[asyncio.StreamWriter] = []
        self.open = 0

    async def ask(self, request: bytes, answered: Answered, due: float | None = None) -> None:
        """Sends a request and notes the answer, with the time since it was due."""
        began = perf_counter() if due is None else due
        try:
            async with asyncio.timeout(PATIENCE):
                status = await self._asked(request)
        except (OSError, TimeoutError, EOFError):
            status = BROKEN
        answered.note(status, perf_counter() - began)

    async def _asked(self, request: bytes) -> int:
        if not self._idle and self.open >= MOST_CONNECTIONS:
            raise OSError("No connection is left.")
        self.open += 1
        try:
            if self._idle:
                try:
                    return await self._answer(request, *self._idle.pop())
                except (asyncio.IncompleteReadError, ConnectionError) as closed:
                    if getattr(closed, "partial", b""):
                        raise  # else it was closed while it was idle, and another one is taken
            return await self._answer(request, *await asyncio.open_connection(*self._place))
        finally:
            self.open -= 1

    async def _answer(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        kept = False
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0))
            kept = b"connection: close" not in head
            return int(head[9:12])
        finally:
            if kept:
                self._idle.append((reader, writer))
            else:
                writer.close()
                self._ending.append(writer)

    async def close(self) -> None:
        """Ends all."""
        for _, writer in self._idle:
            writer.close()
            self._ending.append(writer)
        self._idle.clear()
        await asyncio.gather(*(writer.wait_closed() for writer in self._ending), return_exceptions=True)
        self._ending.clear()


async def sustained(clients: Clients, mix: Iterator[bytes], seconds: float) -> float:
    """Requests a second that are answered when each client asks as soon as it has its answer."""
    answered = Answered()
    until = perf_counter() + seconds

    async def one() -> None:
        while perf_counter() < until:
            await clients.ask(next(mix), answered)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return len(answered.good) / seconds


async def offered(clients: Clients, mix: Iterator[bytes], rate: float, seconds: float) -> Answered:
    """What comes back when requests are sent at a steady rate, whether the earlier ones are answered or not."""
    answered = Answered()
    began = perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            if due > perf_counter():
                await asyncio.sleep(due - perf_counter())
            tasks.create_task(clients.ask(next(mix), answered, due))
    return answered


async def recovered(clients: Clients, probe: bytes) -> float:
    """Seconds until it answers as always; time for looking is not counted."""
    began = perf_counter()
    while perf_counter() - began < PATIENCE:
        first, answered = perf_counter(), Answered()
        for _ in range(PROBES):
            await clients.ask(probe, answered)
        if len(answered.good) == PROBES and max(answered.good) <= PROBE_SECONDS:
            return first - began
    return PATIENCE


async def measured(server: Server, mix: Mix, firms: int, seconds: float, times: float) -> Held:
    """Finds what can be sustained, offers a multiple of it, and waits until all is well."""
    clients, requests = Clients(server), iter(mix)
    await sustained(clients, requests, seconds / 4)  # to warm up
    idle = server.peak_mib
    rate = max(1.0, await sustained(clients, requests, seconds))
    busy = server.peak_mib
    answered = await offered(clients, requests, times * rate, seconds)
    recovery = await recovered(clients, mix.probe())
    await clients.close()
    limit = Settings().waiting_seconds + GRACE
    good = answered.good
    shed = [took for status, took in zip(answered.statuses, answered.seconds, strict=True) if status == SHED]
    within = sum(took <= limit for took in good)
    return Held(
        firms=firms,
        sustainable=rate,
        offered=times * rate,
        seconds=seconds,
        sent=len(answered.statuses),
        within=within,
        limit_seconds=limit,
        late=len(good) - within,
        shed=len(shed),
        others=answered.counted(lambda status: not _is_good(status) and status != SHED),
        p50_ms=_percentile(good, 50),
        p99_ms=_percentile(good, 99),
        shed_p99_ms=_percentile(shed, 99),
        idle_mib=idle,
        busy_mib=busy,
        peak_mib=server.peak_mib,
        recovery_seconds=recovery,
    )


def load(firms: int, seconds: float, times: float) -> Held:
    """One run on a register of its own."""
    with tempfile.TemporaryDirectory(prefix="caravan-load-") as folder:
        ids, token = fill(Settings(data_dir=Path(folder)), firms)
        with caravan_process(Path(folder), {"CARAVAN_BACKGROUND_JOBS": "false"}) as server:
            return asyncio.run(measured(server, Mix(ids, token), firms, seconds, times))


def _is_good(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004  # the class of statuses


def _percentile(seconds: list[float], share: int) -> float:
    return float(np.percentile(seconds, share)) * 1000 if seconds else 0.0


def main(
    firms: Annotated[int, typer.Option(help="Firms of each country.")] = FIRMS,
    seconds: Annotated[float, typer.Option(help="How long each part takes.")] = SECONDS,
    times: Annotated[float, typer.Option(help="How much of what can be sustained is offered.")] = TIMES,
    results: Annotated[Path, typer.Option(help="Folder for load.txt and load.json.")] = RESULTS,
) -> None:
    """Offer more than can be answered, and print what was answered, refused, and how soon all is well again."""
    on = machine()
    held = load(firms, seconds, times)
    text = f"{held.text()}\nOn {on['cpu']}, {on['cores']} cores, load {on['load']} at the start.\n"
    print(text, end="")
    results.mkdir(parents=True, exist_ok=True)
    (results / "load.txt").write_text(text, encoding="utf-8")
    (results / "load.json").write_text(json.dumps({"machine": on, **asdict(held)}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
