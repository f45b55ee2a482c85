"""``python -m tests.soak``: kills, faults."""

from pathlib import Path
from typing import Annotated

import typer

from tests.soak.faults import every_fault
from tests.soak.kills import SETTINGS, Rounds
from tests.soak.programs import ground

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
SEED = 20261125


@app.callback()
def _soak() -> None:
    """The service under faults, for minutes."""


@app.command()
def kills(  # noqa: PLR0913  # options of a command
    rounds: Annotated[int, typer.Option(help="How often everything is killed.")] = 50,
    database: Annotated[str, typer.Option(help="sqlite or postgresql.")] = "sqlite",
    seed: Annotated[int, typer.Option(help="Of the moments and the writes.")] = SEED,
    rows: Annotated[int, typer.Option(help="Rows of each imported list.")] = 600,
    seconds: Annotated[float, typer.Option(help="How long clients write at most before they are cut off.")] = 10.0,
    folder: Annotated[Path | None, typer.Option(help="Where the data is kept meanwhile.")] = None,
) -> None:
    """Kills the server and the importer at random moments while clients write, and looks for what is missing."""
    typer.echo(f"{rounds} rounds on {database}, seed {seed}")
    with ground(database, folder, **SETTINGS) as place:
        counts = Rounds(place, seed=seed, rows=rows, seconds=seconds).run(rounds, typer.echo)
    typer.echo("\n".join(counts.lines()))
    raise typer.Exit(1 if counts.faults else 0)


@app.command()
def faults(only: Annotated[str, typer.Option(help="Part of the names of the faults to try.")] = "") -> None:
    """Fills the disk, restarts PostgreSQL and cuts its connections under a server that clients write to."""
    lost = 0
    for name, trial in every_fault():
        if only not in name:
            continue
        try:
            outcome = trial()
        except PermissionError as refused:
            typer.echo(f"{name}: left out. {refused}")
            continue
        typer.echo(outcome.line())
        lost += len(outcome.faults)
    raise typer.Exit(1 if lost else 0)


if __name__ == "__main__":
    app()
