"""The service with narrow limits, and its database."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.db import Database
from app.settings import Settings
from tests.app.web.served import At, Opened, served

TWICE = "2/hour"


@pytest.fixture(scope="module")
def limited(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[At]:
    """Clients of a service where whatever has a rate of its own may be asked for twice; each test at its addresses."""
    folder = tmp_path_factory.mktemp("limited")
    shutil.copy(sqlite_template, folder / "caravan.sqlite3")
    narrow = dict.fromkeys(("rate_registrations", "rate_searches", "rate_rankings"), TWICE)
    settings = Settings(data_dir=folder, background_jobs=False)
    with served(settings, rate_limits=True, rate_requests="1000/hour", rate_forms="2/hour", **narrow) as at:
        yield at


@pytest.fixture
def database_of() -> Iterator[Opened]:
    """Opens databases, and closes them at the end."""
    with ExitStack() as opened:

        def open_one(settings: Settings) -> Database:
            database = Database(settings)
            opened.callback(database.dispose)
            return database

        yield open_one
