"""Backup and restore as a person does them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.actions.staff import add_staff
from app.backup import BackupUnusable, NotEmpty, last_backup
from app.cli import app
from app.db import Database
from app.settings import Settings


def caravan(folder: Path, *arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=answer, env={"CARAVAN_DATA_DIR": str(folder)})


@pytest.fixture
def filled(sqlite_settings: Settings) -> Path:
    database = Database(sqlite_settings)
    with database.writing() as session:
        add_staff(session, "a@council.example", "admin")
    database.dispose()
    return sqlite_settings.data_dir


def test_backup_is_taken_checked_and_restored_elsewhere(filled: Path, tmp_path: Path) -> None:
    (folder := tmp_path / "backups").mkdir()
    taken = caravan(filled, "backup", str(folder))
    assert taken.exit_code == 0, taken.output
    (file,) = folder.iterdir()
    assert re.fullmatch(r"caravan-\d{8}-\d{6}\.zip", file.name)
    assert "1 officers" in taken.output
    assert last_backup(filled) is not None
    checked = caravan(filled, "backup", "--check", str(file))
    assert (checked.exit_code, "is whole" in checked.output) == (0, True)
    restored = caravan(tmp_path / "new", "restore", str(file))
    assert restored.exit_code == 0, restored.output
    again = caravan(tmp_path / "new", "restore", str(file))
    assert isinstance(again.exception, NotEmpty)
    file.write_bytes(file.read_bytes()[:-7])
    assert isinstance(caravan(filled, "backup", "--check", str(file)).exception, BackupUnusable)


def test_what_will_be_lost_is_said_before_it_is(filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    caravan(filled, "backup", str(file))
    asked = caravan(filled, "restore", str(file), "--replace", answer="n\n")
    assert asked.exit_code == 2
    assert "1 officers. All of it will be lost" in asked.output
    assert caravan(filled, "restore", str(file), "--replace", answer="y\n").exit_code == 0
    assert caravan(filled, "restore", str(file), "--replace", "--yes").exit_code == 0
    missing = caravan(filled, "restore", str(tmp_path / "none.zip"), "--replace")
    assert isinstance(missing.exception, BackupUnusable)


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    ended = caravan(tmp_path / "nowhere", "backup", str(tmp_path / "b.zip"))
    assert ended.exit_code == 1
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "b.zip").exists()
