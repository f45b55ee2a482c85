"""``caravan import`` and ``caravan export``."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.actions.imports import Report, import_companies, write_rejected
from app.cli.opened import opened
from app.db import Database
from app.errors import FileUnreadable
from app.files import as_line, count_lines, read_rows
from app.queries.companies import document, every_company, filled
from app.settings import Settings

REJECTED = 1
SHOWN_REJECTIONS = 10


def import_file(
    file: Annotated[Path, typer.Argument(help="A .jsonl, .csv or .xlsx file of companies.")],
    *,
    verified: Annotated[
        bool, typer.Option("--verified", help="The council vouches for new firms: they appear to counterparts at once.")
    ] = False,
) -> None:
    """Add companies from a file, or complete those that are there already.

    Takes JSON Lines in the API's company form, or CSV or Excel (columns: docs/import.md). A firm is found again by
    country and registration number, or by country and name; nothing it has is taken away, so importing a file twice
    changes nothing. Faulty rows are written with line and reason to FILE.rejected.jsonl, good ones are kept. An
    interrupted import can just be repeated.
    """
    with opened(Settings()) as database:
        report = import_with_progress(database, file, verified=verified)
    counts = report.counts
    Console(soft_wrap=True).print(
        f"{counts['added']} added, {counts['changed']} changed, {counts['unchanged']} unchanged,"
        f" {len(report.rejected)} rejected.",
        highlight=False,
    )
    if report.rejected:
        errors = Console(stderr=True, soft_wrap=True)
        for row in report.rejected[:SHOWN_REJECTIONS]:
            errors.print(f"  line {row.line}: {'; '.join(row.reasons)}", markup=False, highlight=False)
        errors.print(f"All rejected rows: {_written(report, file)}", markup=False, highlight=False)
        raise typer.Exit(REJECTED)


def _written(report: Report, file: Path) -> Path:
    """Writes the rejected rows next to the file, or where that is not allowed, into the data directory."""
    try:
        return write_rejected(report, file.parent / f"{file.name}.rejected.jsonl")
    except OSError:
        folder = Settings().data_dir
        folder.mkdir(parents=True, exist_ok=True)
        return write_rejected(report, folder / f"{file.name}.rejected.jsonl")


def import_with_progress(database: Database, file: Path, *, verified: bool) -> Report:
    """Imports a file while a progress bar shows how far it is."""
    rows = read_rows(file)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("line {task.completed}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Importing {file.name}", total=count_lines(file))
        return import_companies(
            database.writing,
            rows,
            verified=verified,
            progress=lambda line: progress.update(task, completed=line),
        )


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output without it.")] = None,
) -> None:
    """Write all companies as JSON Lines, one a line, in the form that import reads. Contacts are in it."""
    with opened(Settings()) as database, database.reading() as session:
        lines = (as_line(filled(document(company))) for company in every_company(session))
        if file is None:
            for line in lines:
                sys.stdout.write(line + "\n")
        else:
            _write(file, lines)


def _write(file: Path, lines: Iterable[str]) -> None:
    try:
        with file.open("w", encoding="utf-8") as out:
            for line in lines:
                out.write(line + "\n")
    except OSError as wrong:
        raise FileUnreadable("{file} cannot be written: {why}.", file=str(file), why=wrong.strerror or "") from wrong
