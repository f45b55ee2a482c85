"""Several worker processes on one database: a write that was answered counts in every worker's next answer."""

import json
import os
import re
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest

from app.actions.staff import add_staff
from app.db import Database
from app.settings import Settings
from tests.conftest import bearer
from tests.factories import company, kazakh_mill, listing, nigerian_trader
from tests.programs import CARAVAN, caravan, environment, records, serving, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def variables(settings: Settings) -> dict[str, str]:
    return {"CARAVAN_DATABASE_URL": settings.database_url} if settings.database_url else {}


def officer(settings: Settings) -> dict[str, str]:
    database = Database(settings)
    with database.writing() as session:
        token = add_staff(session, "officer@council.example")
    database.dispose()
    return bearer(token)


Shown = dict[str, tuple[str, str]]
"""Name and status of each company in a ranking."""


class Watched:
    """One ranking, asked for over many connections, every other time for what is newer than the last one seen."""

    def __init__(self, clients: list[httpx2.Client], url: str, headers: dict[str, str]) -> None:
        self._clients = clients
        self._url = url
        self._headers = headers
        self._turns = count()
        self._known: dict[str, Shown] = {}
        self._last = '"none"'
        self.unchanged = 0

    def seen(self) -> Shown:
        turn = next(self._turns)
        last = self._last
        headers = self._headers | ({"If-None-Match": last} if turn % 2 else {})
        answer = self._clients[turn % len(self._clients)].get(self._url, headers=headers)
        if answer.status_code == 304:
            assert answer.headers["etag"] == last
            self.unchanged += 1
            return self._known[last]
        firms = [item["company"] for item in answer.raise_for_status().json()["items"]]
        shown = {firm["id"]: (firm["name"], firm["status"]) for firm in firms}
        tag = answer.headers["etag"]
        assert self._known.setdefault(tag, shown) == shown
        self._last = tag
        return shown


def test_no_worker_answers_without_a_write_that_was_answered(settings: Settings, variables: dict[str, str]) -> None:
    staff = officer(settings)
    with serving(settings.data_dir, "serve", "--workers", "4", **variables) as address, ExitStack() as opened:
        one = httpx2.Limits(max_connections=1)
        clients = [opened.enter_context(httpx2.Client(base_url=address, limits=one, timeout=30)) for _ in range(15)]
        mill = clients[0].post("/v1/companies", json=kazakh_mill()).json()
        watched = Watched(clients, f"/v1/companies/{mill['id']}/matches?limit=100", staff)
        ended = Event()

        def read_on() -> None:
            while not ended.is_set():
                watched.seen()

        def stay(number: int) -> list[str]:
            document = nigerian_trader(trading_name=f"Trader {number}")
            faults: list[str] = []
            with httpx2.Client(base_url=address, timeout=30) as client:

                def check(after: str, expected: tuple[str, str] | None) -> None:
                    seen = [watched.seen().get(firm["id"]) for _ in range(8)]
                    faults.extend(f"{number}: {found} after {after}" for found in seen if found != expected)

                firm = client.post("/v1/companies", json=document).raise_for_status().json()
                own = bearer(firm["token"])
                url = f"/v1/companies/{firm['id']}"
                check("registration", (f"Trader {number}", "submitted"))
                answer = client.put(f"{url}/status", json={"status": "verified"}, headers=staff).raise_for_status()
                check("verification", (f"Trader {number}", "verified"))
                changed = document | {"trading_name": f"Changed {number}"}
                tag = {"If-Match": answer.headers["etag"]}
                client.put(url, json=changed, headers=own | tag).raise_for_status()
                check("change", (f"Changed {number}", "verified"))
                before = {each.get(f"{url}/matches", headers=own).status_code for each in clients}
                client.delete(url, headers=own).raise_for_status()
                check("deletion", None)
                after = {each.get(f"{url}/matches", headers=own).status_code for each in clients}
                faults.extend([] if (before, after) == ({200}, {401}) else [f"{number}: {before}, then {after}"])
            return faults

        with ThreadPoolExecutor(4) as pool:
            reader = pool.submit(read_on)
            faults = [fault for found in pool.map(stay, range(6)) for fault in found]
            ended.set()
            reader.result()
        assert faults == []
        assert watched.unchanged > 0


def test_queue_is_filled_in_the_background(settings: Settings, variables: dict[str, str]) -> None:
    staff = officer(settings)
    with serving(settings.data_dir, "serve", **variables) as address, httpx2.Client(base_url=address) as client:
        for document in (kazakh_mill(), nigerian_trader()):
            firm = client.post("/v1/companies", json=document).json()
            client.put(f"/v1/companies/{firm['id']}/status", json={"status": "verified"}, headers=staff)
        wait_until(lambda: bool(client.get("/v1/matches", headers=staff).json()["items"]))
        assert len(client.get("/v1/matches", headers=staff).json()["items"]) == 1


def test_killed_import_leaves_nothing_half_written_and_completes_when_repeated(
    settings: Settings, variables: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "many.jsonl"
    documents = [company("NG", listings=[listing("offer", f"Sesame seeds lot {at}")] * 3) for at in range(1200)]
    path.write_text("".join(f"{_line(one)}\n" for one in documents), encoding="utf-8")
    process = subprocess.Popen(
        [CARAVAN, "import", str(path)],
        env=environment(settings.data_dir, **variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    database = Database(settings)
    wait_until(lambda: _count(database) > 0)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    begun = _count(database)
    assert 0 < begun < len(documents)
    database.dispose()
    kept = records(caravan(settings.data_dir, "export", **variables).stdout)
    assert len(kept) == begun
    assert all(len(one["listings"]) == 3 for one in kept)  # type: ignore[arg-type]
    ended = caravan(settings.data_dir, "import", str(path), **variables)
    assert (ended.returncode, ended.stdout.strip()) == (
        0,
        f"{len(documents) - begun} added, 0 changed, {begun} unchanged, 0 rejected.",
    )


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def _count(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM companies").scalar_one())


def test_metrics_of_all_workers_are_told_on_their_own_port(sqlite_settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    log = {"CARAVAN_LOG_FORMAT": "json", "CARAVAN_METRICS_PORT": port}
    with serving(sqlite_settings.data_dir, "serve", "--workers", "2", **log) as address:
        for _ in range(30):
            httpx2.get(f"{address}/v1/sectors").raise_for_status()
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'caravan_requests_total{method="GET",route="/v1/sectors",status="200"} 30.0' in text
        assert len(re.findall(r'caravan_process_memory_bytes\{pid="\d+"\}', text)) == 2
        assert "caravan_database_up 1.0" in text
        assert httpx2.get(f"{address}/metrics").status_code == 404
    printed = sqlite_settings.data_dir.with_name("var.log").read_text().splitlines()
    told = [json.loads(line) for line in printed if line.startswith("{")]
    assert sum(line.get("route") == "/v1/sectors" for line in told) == 30
