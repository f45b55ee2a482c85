from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.application import create_app
from app.settings import Settings as ServiceSettings
from benchmarks.http import fill, measured
from tests.conftest import bearer


def test_filled_register_ranks_every_counterpart(tmp_path: Path) -> None:
    settings = ServiceSettings(data_dir=tmp_path, background_jobs=False)
    ids, token = fill(settings, 5)
    assert len(set(ids)) == 10
    with TestClient(create_app(settings)) as client:
        for one in ids:
            answer = client.get(f"/v1/companies/{one}/matches", headers=bearer(token))
            assert len(answer.json()["items"]) == 5


def test_nothing_is_measured_without_wrk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert list(measured(10)) == []
    assert "apt install wrk" in capsys.readouterr().err
