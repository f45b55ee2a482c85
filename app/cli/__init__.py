"""The ``caravan`` command."""

import logging.config
import os
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from app.cli import audit as audit_commands
from app.cli import backup, demo, doctor, evaluation, files, health, maintenance, ranking, server
from app.cli import keys as key_commands
from app.cli import staff as staff_commands
from app.db.faults import passes, summary
from app.errors import Failure
from app.settings import PREFIX, Settings, wrong_settings
from app.watch.logs import logging_config

COULD_NOT_RUN = 2

app = typer.Typer(
    name="caravan",
    help=(
        "Matches the firms of two countries, both ways, with reasons."
        " Data is kept in ./var, in CARAVAN_DATA_DIR, or in the PostgreSQL of CARAVAN_DATABASE_URL."
        " Exit codes: 0 done, 1 done with rejected input, 2 could not run."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
staff = typer.Typer(help="The council's staff.", no_args_is_help=True)
app.add_typer(staff, name="staff")
audit = typer.Typer(help="The audit log: who did what, and whether the log is intact.", no_args_is_help=True)
app.add_typer(audit, name="audit")
keys = typer.Typer(help="The keys that contacts are encrypted with.", no_args_is_help=True)
app.add_typer(keys, name="keys")

app.command()(demo.demo)
app.command()(server.serve)
app.command()(health.health)
app.command()(maintenance.migrate)
app.command()(maintenance.refresh)
app.command()(maintenance.tidy)
app.command()(maintenance.openapi)
app.command("import")(files.import_file)
app.command("export")(files.export)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command()(doctor.doctor)
app.command()(ranking.rank)
app.command()(evaluation.evaluate)
keys.command("new")(key_commands.new)
keys.command("rotate")(key_commands.rotate)
staff.command("add")(staff_commands.add)
staff.command("link")(staff_commands.link)
staff.command("list")(staff_commands.listed)
staff.command("token")(staff_commands.token)
staff.command("tokens")(staff_commands.tokens)
staff.command("rotate-token")(staff_commands.rotate)
staff.command("end-token")(staff_commands.end)
audit.command("verify")(audit_commands.verify)
audit.command("list")(audit_commands.listed)


@app.callback()
def _every_command(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        typer.echo(server.VERSION)
        raise typer.Exit


def main() -> None:
    """Runs the command line; failures become one sentence and exit code 2."""
    form = os.environ.get(f"{PREFIX}LOG_FORMAT", "").strip().lower()
    logging.config.dictConfig(logging_config("json" if form == "json" else "plain"))
    try:
        app()
    except Failure as failed:
        _say(str(failed))
        for field in failed.errors:
            _say(f"  {field.pointer}: {field.message.format(**field.params)}")
        sys.exit(COULD_NOT_RUN)
    except ValidationError as wrong:
        if wrong.title != Settings.__name__:
            raise
        _say("The settings cannot be used:")
        for line in wrong_settings(wrong):
            _say(f"  {line}")
        sys.exit(COULD_NOT_RUN)
    except SQLAlchemyError as failed:
        if not passes(failed):
            raise
        _say(f"The database cannot be used: {summary(failed)}")
        sys.exit(COULD_NOT_RUN)


def _say(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True).print(sentence, markup=False, highlight=False)
