"""What is told about how the service is, and to whom."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import delete, insert, text
from sqlalchemy.orm import Session

from app.application import create_app
from app.checks import Readiness
from app.db import Database
from app.db.changes import Change
from app.db.engine import alembic_config
from app.jobs.worker import Worker
from app.live import LiveRegister
from app.live.register import Fresh
from app.settings import Settings
from tests.conftest import Registered, bearer
from tests.factories import kazakh_mill, nigerian_trader

TOKEN = "figures-of-the-service"
LATER = f"{int((time.time() + 3600) * 1000):012x}" + "0" * 20


@pytest.fixture
def watched(settings: Settings) -> Iterator[TestClient]:
    """The service with a token for those who watch it."""
    with TestClient(create_app(settings.model_copy(update={"metrics_token": SecretStr(TOKEN)}))) as client:
        yield client


def failing(client: TestClient) -> dict[str, str]:
    answer = client.get("/readyz", headers=bearer(TOKEN))
    assert (answer.status_code == 200) == all(check["ok"] for check in answer.json()["checks"])
    return {check["name"]: check["why"] for check in answer.json()["checks"] if not check["ok"]}


def test_strangers_learn_only_whether_it_is_ready(watched: TestClient, settings: Settings) -> None:
    assert watched.get("/readyz").json() == {"status": "ok", "companies": 0, "as_of_change": 0}
    assert watched.get("/readyz", headers=bearer("another-token-of-20-letters")).json().keys() == {
        "status",
        "companies",
        "as_of_change",
    }
    checks = watched.get("/readyz", headers=bearer(TOKEN)).json()["checks"]
    assert [check["name"] for check in checks] == ["database", "migrations", "register", "clock", "disk", "jobs"]
    assert failing(watched) == {}


def test_what_is_missing_makes_it_unready_and_is_told_to_those_who_watch(
    watched: TestClient, database: Database
) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '20261125_find_companies'"))
        session.execute(insert(Change), [{"company_id": "x", "mark": LATER}])
    try:
        stranger = watched.get("/readyz", headers={"Accept-Language": "ru"})
        problem = stranger.json()
        assert (stranger.status_code, problem["status"]) == (503, 503)
        assert stranger.headers["content-type"] == "application/problem+json"
        assert stranger.headers["retry-after"]
        assert problem["type"] == "urn:caravan:problem:not-ready"
        assert problem["title"] == "Сервис не готов"
        assert problem["request_id"] == stranger.headers["x-request-id"]
        assert {"companies", "as_of_change"} < problem.keys()
        assert "checks" not in problem
        told = failing(watched)
        assert set(told) == {"migrations", "clock"}
        assert "caravan migrate" in told["migrations"]
        assert "behind the newest change" in told["clock"]
    finally:
        newest = {"newest": ScriptDirectory.from_config(alembic_config()).get_current_head()}
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :newest"), newest)
            session.execute(delete(Change))


def test_slow_database_full_disk_and_ended_workers_are_told(database: Database, settings: Settings) -> None:
    strict = settings.model_copy(update={"slow_database_seconds": 1e-9, "low_disk_bytes": 2**62})
    worker = Worker("importer", lambda: 0)
    live = LiveRegister()
    readiness = Readiness(database, live, strict, lambda: [] if worker.alive else [worker.name])
    failed = {check.name for check in readiness.look().checks if not check.ok}
    assert failed == {"database", "disk", "jobs"}
    worker.start()
    assert "jobs" not in {check.name for check in readiness.look().checks if not check.ok}
    worker.stop()
    live.close()


class Stuck(LiveRegister):
    """A register that does not come to an end with reading."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def fresh(self, session: Session) -> Fresh:  # noqa: ARG002  # its form
        self.reads += 1
        raise RuntimeError("unreadable")


def test_register_that_stays_behind_is_told_after_a_while(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Stuck()
    readiness = Readiness(database, live, settings, list)
    assert readiness.look().ready
    monkeypatch.setattr("app.checks.readiness.STALE_SECONDS", 0.05)
    time.sleep(0.1)
    report = readiness.look()
    assert [check.name for check in report.checks if not check.ok] == ["register"]
    assert live.reads > 1


def test_database_that_is_away_is_told(settings: Settings, tmp_path: Path) -> None:
    away = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    database = Database(away)
    report = Readiness(database, LiveRegister(), away, list).look()
    (check,) = [check for check in report.checks if not check.ok]
    assert (check.name, check.why) == ("database", "it does not answer (OperationalError)")
    database.dispose()


def test_metrics_are_for_those_who_know_the_token(client: TestClient, watched: TestClient) -> None:
    assert client.get("/metrics", headers=bearer(TOKEN)).status_code == 404
    assert watched.get("/metrics").status_code == 401
    assert watched.get("/metrics", headers=bearer(TOKEN + "x")).status_code == 401
    assert watched.get("/metrics", headers=bearer(TOKEN)).status_code == 200
    assert "/metrics" not in client.get("/openapi.json").json()["paths"]


def figures(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics", headers=bearer(TOKEN)).text.splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_metrics_count_what_happened(watched: TestClient, register: Registered, database: Database) -> None:
    before = figures(watched)
    mill, _ = register(kazakh_mill()), register(nigerian_trader())
    path = f"/v1/companies/{mill['id']}/matches"
    for _ in range(3):
        assert watched.get(path, headers=mill["headers"]).status_code == 200
    watched.get(path, headers=bearer("wrong"))
    watched.get(f"/{os.urandom(4).hex()}")
    after = figures(watched)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    ranking = 'method="GET",route="/v1/companies/{company_id}/matches"'
    assert more(f'caravan_requests_total{{{ranking},status="200"}}') == 3
    assert more(f'caravan_requests_total{{{ranking},status="401"}}') == 1
    assert more('caravan_requests_total{method="GET",route="unknown",status="404"}') == 1
    assert more('caravan_request_seconds_count{route="/v1/companies/{company_id}/matches"}') == 4
    assert more('caravan_kept_answers_total{outcome="hit"}') == 2
    assert more("caravan_ranking_seconds_count") == 1
    assert more("caravan_registrations_total") == 2
    assert more('caravan_failed_sign_ins_total{of="token"}') == 1
    assert after["caravan_requests_in_flight"] == 1  # this one
    assert after["caravan_database_up"] == 1
    assert after["caravan_process_memory_bytes"] > 10_000_000
    assert after["caravan_change_number"] >= 4
    assert after["caravan_register_lag_changes"] == 0
    assert after["caravan_disk_free_bytes"] > 0
    assert any(name.startswith("caravan_build_info{") for name in after)
    text_ = watched.get("/metrics", headers=bearer(TOKEN)).text
    assert mill["id"] not in text_
    assert mill["token"] not in text_
