"""Rankings over HTTP beside a bare FastAPI endpoint; alone: ``python -m benchmarks.http --firms 1000``."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx2
import numpy as np
import typer
from fastapi import FastAPI, Response
from sqlalchemy import Table, insert

from app.actions.staff import add_staff
from app.db import Base, Database
from app.db.changes import ALL_COMPANIES, Change
from app.settings import Settings as ServiceSettings
from benchmarks import served
from benchmarks.bench import Row, Settings, goal
from matching import COUNTRIES, SECTORS, trade_vocabulary

SEED = 7
QUICK, FULL = 2_000, 50_000
LARGE = 100_000
"""Candidates; a run with more is a full one."""
BODY = 8 * 1024
TYPICAL = 10
UNCHANGED, AGAIN = 0.7, 0.5
"""What we want of the bare endpoint's rate."""
CONNECTIONS = 16
ROUNDS, SECONDS = 3, 2
AT_ONCE = 1_000
LANGUAGES = {"KZ": "ru", "NG": "en"}
WRK = Path(__file__).with_name("http.lua")
MISSING = "wrk is not installed, so nothing is measured over HTTP. On Debian or Ubuntu: apt install wrk"
Values = dict[str, object]

bare = FastAPI(openapi_url=None)


@bare.get("/readyz")
@bare.get("/")
async def ready() -> Response:
    """Bytes that are there already."""
    return Response(bytes(BODY))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request, and the least share of the bare endpoint's requests a second that it is to reach."""

    name: str
    address: str
    paths: list[str]
    headers: dict[str, str]
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Speed:
    """What ``wrk`` measured."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def http(settings: Settings) -> Iterator[Row]:
    """Rankings over HTTP, on a register with so many firms of each country, beside a bare FastAPI endpoint.

    Both are served by one worker under the same uvicorn options and asked by wrk over 16 connections. The bare endpoint
    sends 8 KiB of ready bytes; rankings are asked for with the limit that comes nearest to that. The figure is the
    share of the bare endpoint's requests a second; all figures are the medians of three rounds.
    """
    yield from measured(FULL if settings.sizes[-1] > LARGE else QUICK)


def measured(firms: int, seconds: int = SECONDS) -> Iterator[Row]:
    """The bare endpoint, then each kind of ranking."""
    if shutil.which("wrk") is None:
        print(MISSING, file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="caravan-bench-") as folder:
        ids, token = fill(ServiceSettings(data_dir=Path(folder)), firms)
        with served.bare("benchmarks.http:bare") as empty, served.caravan(Path(folder), {}) as full:
            kinds = [Kind(f"{BODY:,} ready bytes", empty, ["/"], {}), *_kinds(full, ids, token)]
            rounds = [[_wrk(kind, seconds) for kind in kinds] for _ in range(ROUNDS)]
    for at, kind in enumerate(kinds):
        speeds = [speeds[at] for speeds in rounds]
        share = median(speeds[at].rate / speeds[0].rate for speeds in rounds)
        yield Row(
            what=kind.name,
            size=firms,
            system="Caravan" if at else "FastAPI",
            runs=sum(speed.requests for speed in speeds),
            p50_ms=median(speed.p50_ms for speed in speeds),
            p99_ms=median(speed.p99_ms for speed in speeds),
            figure=share,
            unit=f"({median(speed.rate for speed in speeds):,.0f} requests/s)",
            goal="" if kind.least is None else goal(f"{kind.least} or more", share >= kind.least),
        )


def _kinds(address: str, ids: list[str], token: str) -> list[Kind]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=address, headers=headers, timeout=60) as client:
        page = client.get(f"/v1/companies/{ids[0]}/matches", params={"limit": TYPICAL}).raise_for_status()
        limit = max(1, round(TYPICAL * BODY / len(page.content)))
        paths = [f"/v1/companies/{one}/matches?limit={limit}" for one in ids]
        same = client.get(paths[0])
    size = f"{len(same.content):,} bytes"
    new = [f"{path}&min_probability=0.000000{{n}}" for path in paths]  # nothing of it was kept
    return [
        Kind(
            "unchanged ranking, 304", address, paths[:1], headers | {"If-None-Match": same.headers["etag"]}, UNCHANGED
        ),
        Kind(f"the same ranking again, {size}", address, paths[:1], headers, AGAIN),
        Kind(f"another ranking each time, about {size}", address, new, headers),
    ]


def _wrk(kind: Kind, seconds: int) -> Speed:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(kind.paths))
        file.flush()
        more = [part for name, value in kind.headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-s", str(WRK), *more]
        for duration in (1, seconds):  # the first to warm up
            ended = subprocess.run(  # noqa: S603  # wrk with our own arguments
                [*command, f"-d{duration}", kind.address, "--", file.name], check=True, capture_output=True, text=True
            )
    speed = Speed(**json.loads(ended.stdout.splitlines()[-1]))
    if speed.errors:
        raise AssertionError(f"{speed.errors} requests failed.")
    return speed


def fill(settings: ServiceSettings, firms: int) -> tuple[list[str], str]:
    """Makes a database with so many verified firms of each country: their ids, and a staff token.

    Every firm offers and needs one thing, named by a label of the vocabulary in its country's language.
    """
    database = Database(settings)
    database.migrate()
    numbers = np.random.default_rng(SEED)
    labels = {language: [one.labels[language] for one in trade_vocabulary().concepts] for language in ("en", "ru")}
    ids = []
    with database.writing() as session:
        for start in range(0, firms, AT_ONCE):
            for country in COUNTRIES:
                some = [f"{country} Firm {at}" for at in range(start, min(start + AT_ONCE, firms))]
                batch = [_firm(name, country, numbers, labels[LANGUAGES[country]]) for name in some]
                for table, values in _by_table(batch).items():
                    session.execute(insert(table), values)
                ids += [str(one["companies"][0]["id"]) for one in batch]
        session.execute(insert(Change).values(company_id=ALL_COMPANIES))
        token = add_staff(session, "officer@council.example")
    database.dispose()
    return ids, token


def _firm(name: str, country: str, numbers: np.random.Generator, labels: list[str]) -> dict[str, list[Values]]:
    """The rows of one firm by table."""
    company_id = numbers.bytes(16).hex()
    company: Values = {
        "id": company_id,
        "status": "verified",
        "country": country,
        "legal_name": name,
        "normal_name": name.casefold(),
        "languages": [LANGUAGES[country]],
    }
    sector: Values = {"company_id": company_id, "sector": numbers.choice(SECTORS), "position": 0}
    listings: list[Values] = [
        {
            "id": numbers.bytes(16).hex(),
            "company_id": company_id,
            "position": position,
            "side": side,
            "kind": "goods",
            "title": labels[numbers.integers(len(labels))],
            "partnership": [],
            "incoterms": [],
            "certificates": [],
        }
        for position, side in enumerate(("offer", "need"))
    ]
    search: Values = {"company_id": company_id, "names": f"\n {name.casefold()}", "words": ""}
    return {"companies": [company], "search_texts": [search], "company_sectors": [sector], "listings": listings}


def _by_table(batch: list[dict[str, list[Values]]]) -> dict[Table, list[Values]]:
    tables = Base.metadata.tables
    return {tables[name]: [row for one in batch for row in one[name]] for name in batch[0]}


def main(firms: int = QUICK, seconds: int = SECONDS) -> None:
    """Measure rankings over HTTP beside a bare FastAPI endpoint."""
    for row in measured(firms, seconds):
        print(row)


if __name__ == "__main__":
    typer.run(main)
