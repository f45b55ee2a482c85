"""``caravan migrate``, ``refresh`` and ``openapi``."""

import json
from contextlib import closing
from typing import Annotated

import typer
from rich.progress import Progress

from app.actions.statistics import refresh_statistics
from app.application import create_app
from app.cli.opened import opened
from app.db import Database
from app.db.audit import COMMAND_LINE, REGISTER, record_act
from app.jobs.queue import QueueKeeper
from app.jobs.tidying import tidy_now
from app.live import LiveRegister
from app.settings import Settings


def migrate() -> None:
    """Bring the database's tables up to date. Run it after every update, before serving."""
    database = Database(Settings())
    database.migrate()
    with database.writing() as session:
        record_act(session, COMMAND_LINE, "database.migrated", revision=database.revision())
    database.dispose()
    typer.echo("The database is up to date.")


def refresh() -> None:
    """Count the words of all listings anew and rank every company for the review queue.

    Word weights stay as they are between two refreshes, so that probabilities do not drift as firms come and go.
    """
    settings = Settings()
    with opened(settings) as database:
        with database.writing() as session:
            listings = refresh_statistics(session, by=COMMAND_LINE)
        with closing(LiveRegister(settings.register_file)) as live, Progress(transient=True) as progress:
            keeper = QueueKeeper(database, live, settings.queue_size)
            task = progress.add_task("Ranking companies", total=None)
            done = keeper.work_off(lambda count: progress.update(task, completed=count))
    typer.echo(f"{listings} listings counted, {done} companies ranked.")


def tidy(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be removed.")] = False,
) -> None:
    """Remove what is older than the settings say: unconfirmed registrations, uploaded lists, ended listings.

    A server does this by itself once a day (CARAVAN_UNCONFIRMED_DAYS, _IMPORT_FILE_DAYS, _ENDED_LISTING_DAYS,
    _SUSPENDED_CONTACT_DAYS; 0 keeps).
    """
    settings = Settings()
    with opened(settings) as database:
        counts = tidy_now(database, settings, dry=dry_run)
        if not dry_run:
            with database.writing() as session:
                record_act(session, COMMAND_LINE, "register.tidied", REGISTER, rows=sum(counts.values()))
    for name, count in counts.items():
        typer.echo(f"{count} {name}")
    if dry_run:
        typer.echo("Nothing was changed.")


def openapi() -> None:
    """Print the API's OpenAPI 3.1 document."""
    typer.echo(json.dumps(create_app(Settings()).openapi(), ensure_ascii=False, indent=2))
