"""What the doctor finds, and what it says to do."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import insert, update
from typer.testing import CliRunner

from app.actions.staff import add_staff
from app.backup import LastBackup
from app.cli import app
from app.db import Database
from app.db.base import new_id, now
from app.db.changes import Change
from app.db.jobs import Job
from app.db.staff import StaffMember
from app.settings import Settings

Found = dict[str, dict[str, Any]]
Doctor = Callable[..., tuple[int, Found]]


class Mailbox:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # its name
        del server, session
        self.taken += envelope.rcpt_tos
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


@pytest.fixture
def doctor(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Its exit code and findings by name, with more settings."""
    settings.data_dir.chmod(0o700)

    def ask(*arguments: str, **more: str) -> tuple[int, Found]:
        with monkeypatch.context() as patch:
            patch.setenv("CARAVAN_DATA_DIR", str(settings.data_dir))
            if settings.database_url:
                patch.setenv("CARAVAN_DATABASE_URL", settings.database_url)
            for name, value in more.items():
                patch.setenv(name, value)
            ended = CliRunner().invoke(app, ["doctor", "--json", *arguments])
        found = {one["name"]: one for one in json.loads(ended.stdout)}
        return ended.exit_code, found

    return ask


def healthy(database: Database, settings: Settings) -> None:
    with database.writing() as session:
        add_staff(session, "a@council.example", "admin")
        session.execute(update(StaffMember).values(password_hash="x", totp_secret="y"))
        session.execute(insert(Change), [{"company_id": "x", "mark": new_id()}])
    backup_of(settings, now())


def backup_of(settings: Settings, moment: Any) -> None:  # noqa: ANN401  # a datetime
    note = msgspec.json.encode(LastBackup(moment, "/backups/b.zip"))
    (settings.data_dir / "last-backup.json").write_bytes(note)


def to_mend(found: Found) -> dict[str, str]:
    return {name: one["mend"] for name, one in found.items() if not one["ok"]}


def test_deployment_that_is_as_it_should_be(doctor: Doctor, database: Database, settings: Settings) -> None:
    healthy(database, settings)
    with mail_server() as (mailbox, port):
        right = {"CARAVAN_SMTP_URL": f"smtp://127.0.0.1:{port}", "CARAVAN_PUBLIC_URL": "https://caravan.example"}
        code, found = doctor(**right)
        assert set(to_mend(found)) <= {"durability"}  # a PostgreSQL for tests may be fast and forget
        assert code == (1 if to_mend(found) else 0)
        assert mailbox.taken == []
        doctor("--mail-to", "me@council.example", **right)
        assert mailbox.taken == ["me@council.example"]


def test_what_is_to_mend_is_said(doctor: Doctor, database: Database, settings: Settings) -> None:
    healthy(database, settings)
    backup_of(settings, now() - timedelta(days=3))
    settings.data_dir.chmod(0o755)
    (settings.data_dir / "register.index").write_bytes(b"no register")
    later = f"{int((now() + timedelta(hours=1)).timestamp() * 1000):012x}" + "0" * 20
    with database.writing() as session:
        session.execute(update(StaffMember).values(totp_secret=None))
        session.add(Job(kind="mail", key="k", created_at=now() - timedelta(hours=2), error="OSError"))
        session.execute(insert(Change), [{"company_id": "x", "mark": later}])
    code, found = doctor(
        CARAVAN_SMTP_URL="smtp://127.0.0.1:1",
        CARAVAN_PUBLIC_URL="http://caravan.example",
        CARAVAN_DATADIR="/elsewhere",
    )
    mend = to_mend(found)
    mend.pop("durability", None)
    assert set(mend) == {
        "settings",
        "data directory",
        "clock",
        "register",
        "jobs",
        "staff",
        "mail",
        "public address",
        "backup",
    }
    assert "did you mean CARAVAN_DATA_DIR?" in mend["settings"]
    assert "chmod 700" in mend["data directory"]
    assert "Connection refused" in found["mail"]["found"]
    assert "1 failed before" in found["jobs"]["found"]
    assert "a@council.example" in mend["staff"]
    assert code == 1


def test_what_cannot_work_ends_with_2(doctor: Doctor, settings: Settings, tmp_path: Path) -> None:
    code, found = doctor(CARAVAN_DATABASE_URL="postgresql://nobody:hidden@127.0.0.1:1/none")
    assert (code, found["database"]["fatal"]) == (2, True)
    assert "hidden" not in json.dumps(found)
    code, found = doctor(CARAVAN_QUEUE_SIZE="many")
    assert code == 2
    assert "CARAVAN_QUEUE_SIZE" in found["settings"]["found"]
    assert "many" not in json.dumps(found)
    code, found = doctor(CARAVAN_DATA_DIR=str(tmp_path / "nothing"), CARAVAN_DATABASE_URL="")
    assert code == 2


def test_without_an_administrator_nobody_gets_in(doctor: Doctor) -> None:
    code, found = doctor()
    assert code == 1
    assert "staff add" in to_mend(found)["staff"]


def test_findings_are_lines_for_people(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARAVAN_DATA_DIR", str(settings.data_dir))
    ended = CliRunner().invoke(app, ["doctor"])
    assert all(line.startswith(("ok    ", "MEND  ")) for line in ended.stdout.splitlines())
