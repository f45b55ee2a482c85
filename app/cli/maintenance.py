"""``caravan migrate``, ``refresh`` and ``openapi``."""

import json
from contextlib import closing

import typer
from rich.progress import Progress

from app.actions.statistics import refresh_statistics
from app.application import create_app
from app.cli.opened import opened
from app.db import Database
from app.db.audit import COMMAND_LINE, record_act
from app.jobs.queue import QueueKeeper
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


def openapi() -> None:
    """Print the API's OpenAPI 3.1 document."""
    typer.echo(json.dumps(create_app(Settings()).openapi(), ensure_ascii=False, indent=2))
