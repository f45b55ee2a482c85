"""Whether a deployment is as it should be, point by point, and what to do where it is not."""

import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.backup import last_backup
from app.checks.measured import database_clock, free_bytes, newest_change_at, round_trip, waiting_jobs
from app.db import Database
from app.db.base import now
from app.db.changes import Change, latest_change
from app.errors import DatabaseBehind
from app.queries.staff import officers
from app.settings import PREFIX, Settings
from matching import SnapshotUnusable, saved_key

MIB = 1024 * 1024
LEAST_SQLITE = (3, 35)
LEAST_POSTGRESQL = 140_000
CLOCKS_APART = timedelta(seconds=5)
STUCK = timedelta(hours=1)
BACKUP_AGE = timedelta(days=2)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One point: what was found and, where ``mend`` says something, what to do. ``fatal``: nothing works like this."""

    name: str
    found: str
    mend: str = ""
    fatal: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing is to be done."""
        return not self.mend


def of_environment(names: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like settings and are none, as a misspelt one."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    strange = sorted(name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known)
    for name in strange:
        near = get_close_matches(name.upper(), known, 1, 0.6)
        advice = f"did you mean {near[0]}?" if near else "there is no such setting: docs/operations.md has all"
        yield Finding("settings", f"{name} is set, but is no setting", advice)
    if not strange:
        yield Finding("settings", "every CARAVAN_ variable is a setting")


def of_data_dir(settings: Settings) -> Iterator[Finding]:
    """Its rights and its space."""
    folder = settings.data_dir
    if not folder.exists():
        yield Finding("data directory", f"{folder} is not there yet; caravan serve makes it")
    elif not os.access(folder, os.W_OK | os.X_OK):
        mend = f"let the user that runs caravan write there: chown -R USER {folder}"
        yield Finding("data directory", f"{folder} cannot be written", mend, fatal=True)
    elif folder.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH):
        yield Finding("data directory", f"everybody on this machine can look into {folder}", f"chmod 700 {folder}")
    else:
        yield Finding("data directory", f"{folder} is ours alone")
    free, needed = free_bytes(folder), max(settings.low_disk_bytes, _size(settings.database_file))
    found = f"{free // MIB} MiB are free"
    mend = f"at least {needed // MIB} MiB should be: a migration or a backup needs as much as the database"
    yield Finding("disk", found, "" if free >= needed else mend)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def of_database(database: Database, settings: Settings) -> Iterator[Finding]:
    """Everything that is asked of the database; where it does not answer, that alone."""
    try:
        seconds = round_trip(database)
    except SQLAlchemyError as failed:
        why = str(getattr(failed, "orig", "") or type(failed).__name__).partition("\n")[0]
        yield Finding("database", f"it does not answer: {why}", "start it, or set CARAVAN_DATABASE_URL", fatal=True)
        return
    slow = seconds > settings.slow_database_seconds
    mend = "bring the database nearer, or raise CARAVAN_SLOW_DATABASE_SECONDS"
    yield Finding("database", f"it answers in {seconds * 1000:.1f} ms", mend if slow else "")
    with database.reading() as session:
        yield from _of_postgresql(session) if database.engine.dialect.name == "postgresql" else _of_sqlite()
    try:
        database.require_migrated()
    except DatabaseBehind:
        mend = "back it up, then: caravan migrate (the embedded one: caravan serve does it)"
        yield Finding("migrations", "the tables are not those of this program", mend, fatal=not settings.embedded)
        return
    yield Finding("migrations", "the tables are up to date")
    with database.reading() as session:
        yield _of_clock(session)
        yield _of_register(session, settings.register_file)
        yield from _of_jobs(session)
        yield from _of_staff(session)


def _of_sqlite() -> Iterator[Finding]:
    old = sqlite3.sqlite_version_info[:2] < LEAST_SQLITE
    yield Finding(
        "database version", f"SQLite {sqlite3.sqlite_version}", "3.35 is needed: update Python" if old else ""
    )


def _of_postgresql(session: Session) -> Iterator[Finding]:
    def shown(name: str) -> str:
        return str(session.execute(text(f"SHOW {name}")).scalar_one())

    old = int(shown("server_version_num")) < LEAST_POSTGRESQL
    version = f"PostgreSQL {shown('server_version')}"
    yield Finding("database version", version, "14 is the oldest that is supported: update it" if old else "")
    encoding = shown("server_encoding")
    mend = "make the database with ENCODING 'UTF8'"
    yield Finding("encoding", encoding, "" if encoding == "UTF8" else mend, fatal=encoding != "UTF8")
    risky = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if shown(name) == "off"]
    found = f"off: {', '.join(risky)}" if risky else "every commit is on the disk"
    yield Finding("durability", found, "a crash loses accepted writes: set them on" if risky else "")
    if session.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
        yield Finding("primary", "this is a replica", "set CARAVAN_DATABASE_URL to the primary", fatal=True)


def _of_clock(session: Session) -> Finding:
    apart, newest = database_clock(session), newest_change_at(session)
    if abs(apart) > CLOCKS_APART:
        found = f"the database's clock is {apart.total_seconds():+.0f} s from ours"
        return Finding("clock", found, "let both machines keep time (chrony, systemd-timesyncd)")
    if newest is not None and newest - now() > CLOCKS_APART:
        found = f"the newest change is of {newest:%Y-%m-%d %H:%M} UTC, which is still to come"
        return Finding("clock", found, "set this machine's clock (timedatectl)")
    return Finding("clock", f"{now():%Y-%m-%d %H:%M:%S} UTC")


def _of_register(session: Session, file: Path) -> Finding:
    newest = latest_change(session)
    try:
        key = saved_key(file)
        saved = int(key["change"] or 0)
        mark = session.get(Change, saved)
    except FileNotFoundError:
        return Finding("register", f"change {newest}; nothing is saved yet, so the first start reads everything")
    except (SnapshotUnusable, OSError, KeyError, ValueError):
        return Finding("register", f"{file} cannot be read", f"rm {file}: it is made anew at the next start")
    if mark is None or mark.mark != key.get("mark"):
        return Finding(
            "register", f"change {newest}; what is saved is of another state and is made anew at the next start"
        )
    return Finding("register", f"change {newest}, saved as of {saved}")


def _of_jobs(session: Session) -> Iterator[Finding]:
    waiting = waiting_jobs(session)
    for job in waiting:
        found = f"{job.count} of {job.kind} wait, the oldest for {job.oldest}".partition(".")[0]
        mend = "is caravan serve running, with CARAVAN_BACKGROUND_JOBS? Its log says what failed"
        yield Finding("jobs", f"{found}, {job.failed} failed before", mend if job.oldest > STUCK else "")
    if not waiting:
        yield Finding("jobs", "none waits")


def _of_staff(session: Session) -> Iterator[Finding]:
    present = [officer for officer in officers(session) if officer.disabled_at is None]
    admins = [officer for officer in present if officer.role == "admin" and officer.has_password]
    if not admins:
        mend = "caravan staff add EMAIL --role admin, then: caravan staff link EMAIL"
        yield Finding("staff", "no administrator has a password", mend)
        return
    without = [officer.email for officer in present if officer.has_password and not officer.has_totp]
    mend = f"set up an authenticator app under Account: {', '.join(without)}" if without else ""
    yield Finding("staff", f"{len(admins)} administrators, {len(without)} officers without a code", mend)


def of_addresses(settings: Settings) -> Iterator[Finding]:
    """Where the pages are said to be reached."""
    if settings.public_url is None:
        yield Finding("public address", "not set", "set CARAVAN_PUBLIC_URL to https://…: it stands in mails")
        return
    where = urlsplit(settings.public_url)
    safe = where.scheme == "https" or where.hostname in LOOPBACK
    mend = "passwords and tokens need https: put a proxy with a certificate in front"
    yield Finding("public address", settings.public_url, "" if safe else mend)


def of_backups(settings: Settings) -> Iterator[Finding]:
    """When the last one was taken from here."""
    last = last_backup(settings.data_dir)
    if last is None:
        yield Finding("backup", "none was taken from here", "caravan backup DIRECTORY, each night")
        return
    age = now() - last.taken_at
    found = f"{last.file}, {age.days} days {age.seconds // 3600} h old"
    yield Finding("backup", found, "take one each night: caravan backup DIRECTORY" if age > BACKUP_AGE else "")
