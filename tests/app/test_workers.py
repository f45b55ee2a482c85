"""Several worker processes on one database: a write that was answered counts in every worker's next answer."""

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
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


def test_every_worker_knows_a_write_once_it_was_answered(settings: Settings, variables: dict[str, str]) -> None:
    staff = officer(settings)
    with serving(settings.data_dir, "serve", "--workers", "3", **variables) as address:
        with httpx2.Client(base_url=address, timeout=30) as client:
            mill = client.post("/v1/companies", json=kazakh_mill()).json()
            url = f"/v1/companies/{mill['id']}/matches"

        def ids() -> set[str]:
            answer = httpx2.get(address + url, headers=bearer(mill["token"]), timeout=30)
            return {item["company"]["id"] for item in answer.json()["items"]}

        def stay(number: int) -> list[str]:
            faults = []
            with httpx2.Client(base_url=address, timeout=30) as client:
                trader: dict[str, Any] = client.post("/v1/companies", json=nigerian_trader()).json()
                client.put(f"/v1/companies/{trader['id']}/status", json={"status": "verified"}, headers=staff)
                faults += [f"{number}: missing" for _ in range(6) if trader["id"] not in ids()]
                client.delete(f"/v1/companies/{trader['id']}", headers=bearer(trader["token"]))
                faults += [f"{number}: still there" for _ in range(6) if trader["id"] in ids()]
            return faults

        with ThreadPoolExecutor(4) as pool:
            assert [fault for faults in pool.map(stay, range(6)) for fault in faults] == []


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
    documents = [company("NG", listings=[listing("offer", f"Sesame seeds lot {at}")] * 3) for at in range(600)]
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
