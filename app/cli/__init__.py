"""The ``caravan`` command."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from app.cli import demo, evaluation, files, maintenance, ranking, server
from app.cli import staff as staff_commands
from app.db.faults import passes, summary
from app.errors import Failure

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

app.command()(demo.demo)
app.command()(server.serve)
app.command()(maintenance.migrate)
app.command()(maintenance.refresh)
app.command()(maintenance.openapi)
app.command("import")(files.import_file)
app.command("export")(files.export)
app.command()(ranking.rank)
app.command()(evaluation.evaluate)
staff.command("add")(staff_commands.add)
staff.command("link")(staff_commands.link)
staff.command("list")(staff_commands.listed)


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
    try:
        app()
    except Failure as failed:
        _say(str(failed))
        for field in failed.errors:
            _say(f"  {field.pointer}: {field.message.format(**field.params)}")
        sys.exit(COULD_NOT_RUN)
    except SQLAlchemyError as failed:
        if not passes(failed):
            raise
        _say(f"The database cannot be used: {summary(failed)}")
        sys.exit(COULD_NOT_RUN)


def _say(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True).print(sentence, markup=False, highlight=False)
