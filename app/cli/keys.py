"""``caravan keys new`` and ``rotate``."""

from typing import Annotated

import typer
from rich.progress import Progress

from app.actions.keys import clean_up, rotate_keys, secrets_in
from app.cli.opened import opened
from app.db.audit import COMMAND_LINE, REGISTER, record_act
from app.db.cipher import new_key
from app.errors import Failure
from app.settings import Settings

NO_KEY = "No key is set. Make one with caravan keys new, and put it into CARAVAN_CONTACT_KEYS."


def new() -> None:
    """Print a new key for CARAVAN_CONTACT_KEYS. Keep it where the database and its backups are not."""
    typer.echo(new_key())


def rotate(
    *,
    off: Annotated[bool, typer.Option("--off", help="Decrypt everything, so that the keys can be removed.")] = False,
) -> None:
    """Encrypt everything with the first key of CARAVAN_CONTACT_KEYS, whatever it is encrypted with now, or not.

    It can be interrupted and started again, and the service may run meanwhile, with the same keys; with --off stop the
    service first.
    """
    settings = Settings()
    if settings.contact_keys is None:
        raise Failure(NO_KEY)
    with opened(settings, writes_plain=off) as database, Progress(transient=True) as progress:
        task = progress.add_task("Decrypting" if off else "Encrypting", total=secrets_in(database))
        done = rotate_keys(database, lambda count: progress.update(task, completed=count))
        progress.update(task, description="Cleaning up", total=None)
        clean_up(database)
        with database.writing() as session:
            record_act(session, COMMAND_LINE, "keys.rotated", REGISTER, rows=done, way="off" if off else "on")
    if off:
        typer.echo(f"{done} rows written. Nothing is encrypted any more; remove CARAVAN_CONTACT_KEYS.")
    else:
        typer.echo(f"{done} rows written with the first key; any other keys can be removed, once no backup needs them.")
