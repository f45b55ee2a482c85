"""A backup is one moment of the database, whole or refused, and goes into either kind of database."""

import json
import resource
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251  # with a seed
from threading import Event
from typing import Any
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.actions.jobs import add_job
from app.application import create_app
from app.backup import BackupUnusable, NotEmpty, check_backup, restore_backup, take_backup
from app.backup.container import Manifest
from app.backup.tables import FORMER, REVISIONS
from app.db import Base, Database
from app.db.base import new_id, now
from app.db.changes import Change
from app.db.engine import alembic_config
from app.db.imports import Import
from app.db.sessions import BrowserSession
from app.settings import Settings
from tests.conftest import Registered, bearer
from tests.factories import kazakh_mill, nigerian_trader

Lines = dict[str, list[bytes]]
LEFT_OUT = {"sessions", "sign_in_links"}


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database to restore into, of each kind."""
    settings = Settings(data_dir=tmp_path / "other")
    if request.param == "postgresql":
        settings = Settings(data_dir=tmp_path / "other", database_url=request.getfixturevalue("second_postgres"))
    opened = Database(settings)
    yield opened
    opened.dispose()


@pytest.fixture
def second_postgres(postgres_url: str) -> Iterator[str]:
    """A second, empty PostgreSQL database on the same server."""
    url = sa.make_url(postgres_url)
    admin = Database(Settings(database_url=postgres_url)).engine.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS caravan_second WITH (FORCE)")
        connection.exec_driver_sql("CREATE DATABASE caravan_second")
    yield url.set(database="caravan_second").render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE caravan_second WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def filled(register: Registered, database: Database, client: TestClient, staff: dict[str, str]) -> Database:
    """A register with firms, a decision, a job, bytes, both kinds of nothing in JSON, and a number that is gone."""
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    match_id = client.get("/v1/matches", headers=staff).json()["items"][0]["id"]
    review = {"decision": "approved", "note": "Ұн керек"}
    assert client.put(f"/v1/matches/{match_id}/review", json=review, headers=staff).status_code == 200
    gone = register(nigerian_trader())
    assert client.delete(f"/v1/companies/{gone['id']}", headers=gone["headers"]).status_code == 204
    with database.writing() as session:
        add_job(session, "rank", mill["id"])
        add_job(session, "rank", trader["id"])
        session.add(BrowserSession(digest="d", company_id=mill["id"], browser="", expires_at=now()))
        parts: dict[str, Any] = {"layout": {}, "counts": {}, "rows": 0, "line": 0, "last_line": 0, "preview": []}
        for content in (bytes(range(256)), None):
            session.add(
                Import(
                    name="list.csv",
                    size=256,
                    content=content,
                    state="uploaded",
                    verified=False,
                    failure=None if content else {"message": "ә"},
                    staff="a@b.example",
                    **parts,
                )
            )
    return database


def lines_of(path: Path) -> Lines:
    """The rows of each table, without what a restore leaves out or adds."""
    with ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
        found = {}
        for part in manifest["parts"]:
            rows = file.read(part["name"]).splitlines()
            kept = [row for row in rows if part["table"] != "changes" or b'"*"' not in row]
            found[part["table"]] = sorted(kept)
    return {table: rows for table, rows in found.items() if table not in LEFT_OUT}


def content(database: Database, tmp_path: Path) -> Lines:
    take_backup(database, tmp_path / "content.zip")
    return lines_of(tmp_path / "content.zip")


def test_what_is_restored_is_what_was_there_whichever_database(
    filled: Database, other: Database, tmp_path: Path
) -> None:
    file = tmp_path / "b.zip"
    manifest = take_backup(filled, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert check_backup(file) == manifest
    assert restore_backup(other, file) == manifest
    restored = content(other, tmp_path)
    assert restored == lines_of(file)
    assert all(restored[table] for table in ("companies", "listings", "reviews", "pairs", "jobs", "imports", "staff"))
    with other.writing() as session:
        last = session.execute(select(Change).order_by(Change.number.desc())).scalars().first()
        assert last is not None
        assert (last.number, last.company_id) == (manifest.change + 1, "*")
        add_job(session, "rank", "new")  # the numbers go on after the largest that was ever given out
        session.add(Change(company_id="x"))
    with other.reading() as session:
        assert session.scalar(select(sa.func.max(Change.number))) == manifest.change + 2
        assert session.scalar(select(sa.func.count()).select_from(BrowserSession)) == 0
    other.require_migrated()


def test_numbers_of_rows_that_are_gone_are_not_given_again(filled: Database, tmp_path: Path) -> None:
    with filled.writing() as session:
        add_job(session, "rank", "last")
        last = session.execute(sa.text("SELECT max(id) FROM jobs")).scalar_one()
        session.execute(sa.text("DELETE FROM jobs"))
    take_backup(filled, tmp_path / "b.zip")
    restore_backup(filled, tmp_path / "b.zip", replace=True)
    with filled.writing() as session:
        add_job(session, "rank", "next")
        assert session.execute(sa.text("SELECT id FROM jobs")).scalar_one() == last + 1


def test_copy_under_write_load_is_one_moment(settings: Settings, tmp_path: Path) -> None:
    """While threads register and remove firms, no listing of a copy is without its company, and all counts agree."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        database = Database(settings)
        ended = Event()

        def write(number: int) -> int:
            done = 0
            while not ended.is_set():
                document = kazakh_mill() if number % 2 else nigerian_trader()
                answer = client.post("/v1/companies", json=document)
                assert answer.status_code == 201
                done += 1
                if done % 3 == 0:
                    firm = answer.json()
                    client.delete(f"/v1/companies/{firm['id']}", headers=bearer(firm["token"]))
            return done

        manifests: list[Manifest] = []
        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, number) for number in range(4)]
            try:
                manifests.extend(take_backup(database, tmp_path / f"{at}.zip") for at in range(6))
            finally:
                ended.set()
            assert min(writer.result() for writer in writers) > 0
        database.dispose()
    assert len({manifest.change for manifest in manifests}) > 1, "nothing was written in between"
    for at, manifest in enumerate(manifests):
        assert check_backup(tmp_path / f"{at}.zip") == manifest
        rows = {
            table: [json.loads(line) for line in lines] for table, lines in lines_of(tmp_path / f"{at}.zip").items()
        }
        columns = {part.table: [column.name for column in part.columns] for part in manifest.parts}
        companies = {row[columns["companies"].index("id")] for row in rows["companies"]}
        for table in ("listings", "tokens", "company_sectors", "search_texts"):
            owners = {row[columns[table].index("company_id")] for row in rows[table]}
            assert owners == companies, table
        changes = columns["changes"].index("number")
        assert manifest.change == max((row[changes] for row in rows["changes"]), default=0)
        changed = {row[columns["changes"].index("company_id")] for row in rows["changes"]}
        assert companies <= changed


def test_file_that_is_cut_or_changed_is_refused_and_nothing_is_touched(filled: Database, tmp_path: Path) -> None:
    good = tmp_path / "good.zip"
    take_backup(filled, good)
    whole = good.read_bytes()
    before = content(filled, tmp_path)
    bad = tmp_path / "bad.zip"
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        bad.write_bytes(whole[:length])
        with pytest.raises(BackupUnusable, match="not a whole backup"):
            restore_backup(filled, bad, replace=True)
    chance = Random(1)  # noqa: S311  # which bytes are changed
    refused = 0
    for _ in range(150):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        bad.write_bytes(changed)
        try:
            manifest = check_backup(bad)
        except BackupUnusable:
            refused += 1
        else:  # a byte of the zip that means nothing, as a file's time
            assert manifest == check_backup(good)
    assert refused > 100
    assert content(filled, tmp_path) == before


def rewritten(path: Path, **changes: object) -> Path:
    """The same backup with another manifest."""
    with ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(parts["manifest.json"]) | changes
    found = path.with_name("rewritten.zip")
    with ZipFile(found, "w") as file:
        for name, body in parts.items():
            file.writestr(name, body if name != "manifest.json" else json.dumps(manifest))
    return found


def test_backup_of_a_newer_program_is_refused_with_a_sentence(filled: Database, tmp_path: Path) -> None:
    take_backup(filled, tmp_path / "b.zip")
    before = content(filled, tmp_path)
    with pytest.raises(BackupUnusable, match=r"written by Caravan 9\.1"):
        restore_backup(filled, rewritten(tmp_path / "b.zip", revision="20991231_x", program="9.1"), replace=True)
    with pytest.raises(BackupUnusable, match=r"form that this program does not know"):
        restore_backup(filled, rewritten(tmp_path / "b.zip", format="caravan-backup-2"), replace=True)
    assert content(filled, tmp_path) == before


def test_rows_that_do_not_fit_are_refused_and_nothing_is_touched(filled: Database, tmp_path: Path) -> None:
    """A hash that agrees is not enough: the database looks too, and everything is taken back."""
    take_backup(filled, tmp_path / "b.zip")
    before = content(filled, tmp_path)
    manifest = json.loads(ZipFile(tmp_path / "b.zip").read("manifest.json"))
    without = [part for part in manifest["parts"] if part["table"] != "companies"]
    with pytest.raises(BackupUnusable, match="Nothing was changed"):
        restore_backup(filled, rewritten(tmp_path / "b.zip", parts=without), replace=True)
    assert content(filled, tmp_path) == before


def test_database_that_holds_something_is_kept_unless_said_otherwise(filled: Database, tmp_path: Path) -> None:
    take_backup(filled, tmp_path / "b.zip")
    with pytest.raises(NotEmpty, match="--replace"):
        restore_backup(filled, tmp_path / "b.zip")


def test_running_server_notices_a_restore(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database, tmp_path: Path
) -> None:
    mill = register(kazakh_mill())
    take_backup(database, tmp_path / "b.zip")
    path = f"/v1/companies/{mill['id']}/matches"
    assert client.get(path, headers=mill["headers"]).json()["items"] == []
    later = [register(nigerian_trader()) for _ in range(3)]
    assert len(client.get(path, headers=mill["headers"]).json()["items"]) == 3
    restore_backup(database, tmp_path / "b.zip", replace=True)
    answer = client.get(path, headers=mill["headers"])
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    assert client.get(f"/v1/companies/{later[0]['id']}", headers=staff).status_code == 404
    assert client.get("/readyz").json()["companies"] == 1
    register(nigerian_trader())
    assert len(client.get(path, headers=mill["headers"]).json()["items"]) == 1


def test_backup_of_an_older_revision_is_brought_up_to_date(filled: Database, tmp_path: Path) -> None:
    take_backup(filled, tmp_path / "whole.zip")
    old = Database(Settings(data_dir=tmp_path / "old"))
    restore_backup(old, tmp_path / "whole.zip")
    with old.engine.begin() as connection:
        command.downgrade(alembic_config(connection), "20261125_find_companies")
    manifest = take_backup(old, tmp_path / "old.zip")
    old.dispose()
    assert manifest.revision == "20261125_find_companies"
    restore_backup(filled, tmp_path / "old.zip", replace=True)
    filled.require_migrated()
    restored = content(filled, tmp_path)
    assert restored["companies"] == lines_of(tmp_path / "whole.zip")["companies"]
    assert restored["imports"] == []


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file of this process can grow beyond a size, as if the disk were full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_disk_that_is_full_leaves_the_older_file(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    file.write_bytes(b"older")
    with database.writing() as session:
        session.add_all([Change(company_id=new_id()) for _ in range(300)])
    with files_end_at(4096), pytest.raises(BackupUnusable, match="cannot be written: file too large"):
        take_backup(database, file)
    assert file.read_bytes() == b"older"
    assert [one.name for one in tmp_path.glob("*b.zip*")] == ["b.zip"]
    with pytest.raises(BackupUnusable, match="cannot be written"):
        take_backup(database, tmp_path / "nowhere" / "b.zip")


def stop(_: int) -> None:
    """Ctrl-C, while rows are worked on."""
    raise KeyboardInterrupt


def test_what_is_stopped_changes_nothing(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    take_backup(filled, file)
    whole, before = file.read_bytes(), content(filled, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        take_backup(filled, file, progress=stop)
    assert file.read_bytes() == whole
    assert [one.name for one in tmp_path.glob("*.part")] == []
    tables = len(check_backup(file).parts)
    calls = count()

    def stop_later(_: int) -> None:
        """Once the file was read, and some of its tables were loaded."""
        if next(calls) > tables + 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_backup(filled, file, replace=True, progress=stop_later)
    assert content(filled, tmp_path) == before


def test_every_table_that_any_revision_makes_is_known_to_backups(tmp_path: Path) -> None:
    database = Database(Settings(data_dir=tmp_path))
    seen: set[str] = set()
    revisions = [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    for revision in reversed(revisions):
        with database.engine.begin() as connection:
            command.upgrade(alembic_config(connection), revision)
            seen |= set(sa.inspect(connection).get_table_names())
    database.dispose()
    assert seen - {REVISIONS} == {*Base.metadata.tables, *FORMER}
