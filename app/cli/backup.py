"""``caravan backup`` and ``caravan restore``."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from app.backup import Manifest, check_backup, held, manifest_of, note_backup, restore_backup, take_backup
from app.db import Database
from app.db.audit import COMMAND_LINE, REGISTER, record_act
from app.db.base import now
from app.errors import DatabaseBehind, Failure
from app.settings import Settings

STOPPED = 2
TOLD = {"companies": "companies", "listings": "listings", "reviews": "decisions", "staff": "officers"}

File = Annotated[Path, typer.Argument(help="The backup, one file. A directory gets one named by date and time.")]


def backup(
    file: File,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: read FILE and say whether it is whole.")
    ] = False,
) -> None:
    """Write the whole database as it is at one moment into one file, while servers go on working.

    The file is a zip with a part of JSON Lines for each table and a manifest with their SHA-256. It can be restored
    into SQLite and PostgreSQL alike. It holds contacts and what else was given in confidence: only its owner may read
    it, and it should be kept encrypted elsewhere. An older FILE is replaced once the new one is whole.
    """
    if check:
        with _shown(f"Reading {file.name}") as (progress, task):
            manifest = check_backup(file, lambda rows: progress.advance(task, rows))
        typer.echo(f"{file} is whole: {_told(manifest)}.")
        return
    settings = Settings()
    if settings.embedded and not settings.database_file.exists():
        raise Failure("There is no database in {folder} yet: nothing to write.", folder=str(settings.data_dir))
    with _database(settings) as database, _shown("Writing") as (progress, task):
        with suppress(DatabaseBehind):  # an older database has no log yet, and is backed up before it gets one
            database.require_migrated()
            with database.writing() as session:
                record_act(session, COMMAND_LINE, "backup.made", REGISTER)
        manifest = take_backup(
            database,
            file := _named(file),
            expect=lambda rows: progress.update(task, total=rows),
            progress=lambda rows: progress.advance(task, rows),
        )
    note_backup(settings.data_dir, manifest, file)
    typer.echo(f"{file}: {_told(manifest)}.")


def restore(
    file: Annotated[Path, typer.Argument(help="What caravan backup wrote.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also if the database holds a register, which is lost.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --replace: do not ask.")] = False,
) -> None:
    """Put a backup into the database of the settings: all of it or, if anything is wrong, nothing.

    A backup of an older Caravan is brought up to date. Whoever was signed in with a browser signs in again; tokens
    work as they did at the moment of the backup. Servers that are running notice by themselves.
    """
    manifest_of(file)
    with _database(Settings()) as database:
        if replace and not yes:
            _ask(held(database))
        with _shown(f"Restoring {file.name}") as (progress, task):
            manifest = restore_backup(
                database,
                file,
                replace=replace,
                expect=lambda rows: progress.update(task, total=rows),
                progress=lambda rows: progress.advance(task, rows),
            )
        with database.writing() as session:
            record_act(session, COMMAND_LINE, "backup.restored", REGISTER, change=manifest.change)
    typer.echo(f"Restored: {_told(manifest)}.")


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings)
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _shown(what: str) -> Iterator[tuple[Progress, TaskID]]:
    """A progress bar for work that Ctrl-C, or SIGTERM, stops without leaving anything half done."""
    console = Console(stderr=True, soft_wrap=True)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Progress(console=console, transient=True) as progress:
            yield progress, progress.add_task(what, total=None)
    except KeyboardInterrupt:
        console.print("Stopped. Nothing was changed.")
        raise typer.Exit(STOPPED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _named(file: Path) -> Path:
    if not file.is_dir():
        return file
    return file / f"caravan-{now():%Y%m%d-%H%M%S}.zip"


def _ask(rows: dict[str, int]) -> None:
    lost = ", ".join(f"{rows.get(table, 0)} {name}" for table, name in TOLD.items())
    Console(stderr=True, soft_wrap=True).print(f"This database holds {lost}. All of it will be lost.", highlight=False)
    if not typer.confirm("Restore over it?", err=True):
        raise typer.Exit(STOPPED)


def _told(manifest: Manifest) -> str:
    counts = ", ".join(f"{manifest.rows_of(table)} {name}" for table, name in TOLD.items())
    moment = f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{counts} as of change {manifest.change}, {moment}, written by Caravan {manifest.program}"
