"""``caravan import`` and ``caravan export``."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.actions.exports import record_export
from app.actions.imports import Report, import_companies, write_rejected
from app.cli.opened import opened
from app.db import Database
from app.db.audit import COMMAND_LINE
from app.errors import FileUnreadable
from app.files import TARGETS, Layout, Source, as_line, changed_layout, count_lines, layout_of, read_rows
from app.queries.companies import companies_of_ids, company_ids, document, filled
from app.settings import Basis, Settings

REJECTED = 1
SHOWN_REJECTIONS = 10


def import_file(
    file: Annotated[Path, typer.Argument(help="A .jsonl, .csv or .xlsx file of companies.")],
    *,
    verified: Annotated[
        bool, typer.Option("--verified", help="The council vouches for new firms: they appear to counterparts at once.")
    ] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help='What a column holds, as in "БИН=registration_number"; with nothing after = it is left out.'
        ),
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", help="What holds for rows that do not say it, as in country=KZ."),
    ] = None,
) -> None:
    """Add companies from a file, or complete those that are there already.

    Takes JSON Lines in the API's company form, or CSV or Excel. Headings are understood in English, Russian and
    Kazakh (docs/import.md); where that is not sure, it is printed how they were read, and --map corrects it. A firm
    is found again by country and registration number, or by country and name; nothing it has is taken away, so
    importing a file twice changes nothing. Faulty rows are written with line and reason to FILE.rejected.jsonl, good
    ones are kept. An interrupted import can just be repeated.
    """
    layout = _layout(file, _pairs(columns), _pairs(constants))
    settings = Settings()
    with opened(settings) as database:
        report = import_with_progress(database, file, verified=verified, basis=settings.import_basis, layout=layout)
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


def _pairs(options: list[str] | None) -> dict[str, str]:
    pairs = [option.rpartition("=") for option in options or []]
    for before, equals, after in pairs:
        if not equals or not before.strip():
            raise typer.BadParameter(f"Write it with = between, as in country=KZ; here is: {before or after}")
    return {before.strip(): after.strip() for before, _, after in pairs}


def _layout(file: Path, columns: dict[str, str], constants: dict[str, str]) -> Layout | None:
    """How the columns are read, printed where it is not sure.

    Raises:
        FileUnreadable: a required column is missing, with what to write.
    """
    layout = layout_of(Source.at(file))
    if layout is None:
        return None
    layout = changed_layout(layout, columns, constants)
    if layout.doubtful or layout.missing or layout.repeated:
        _print_layout(layout)
    if layout.missing or layout.repeated:
        raise FileUnreadable(
            "{path} needs a column for each of: {missing}; and only one for each of: {repeated}."
            ' Write --map "HEADING=COLUMN", or --set COLUMN=VALUE where all rows have the same. Columns are: {known}.',
            path=str(file),
            missing=", ".join(layout.missing) or "–",
            repeated=", ".join(layout.repeated) or "–",
            known=", ".join(TARGETS),
        )
    return layout


def _print_layout(layout: Layout) -> None:
    errors = Console(stderr=True, soft_wrap=True)
    errors.print(f"The headings in line {layout.line} are read so:", highlight=False)
    for at, (heading, target) in enumerate(zip(layout.headings, layout.targets, strict=True)):
        doubt = " (?)" if at in layout.doubtful else ""
        errors.print(f"  {heading or at + 1} = {target or 'left out'}{doubt}", markup=False, highlight=False)
    for name, value in layout.constants.items():
        errors.print(f"  all other rows: {name} = {value}", markup=False, highlight=False)


def import_with_progress(
    database: Database, file: Path, *, verified: bool, basis: Basis, layout: Layout | None = None
) -> Report:
    """Imports a file while a progress bar shows how far it is."""
    rows = read_rows(file, layout)
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
            basis=basis,
            by=COMMAND_LINE,
            sha256=Source.at(file).digest(),
            progress=lambda line: progress.update(task, completed=line),
        )


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output without it.")] = None,
) -> None:
    """Write all companies as JSON Lines, one a line, in the form that import reads. Contacts are in it."""
    with opened(Settings()) as database, database.reading() as session:
        ids = company_ids(session)
        with database.writing() as writing:  # before the first line is written
            record_export(writing, COMMAND_LINE, ids)
        lines = (as_line(filled(document(company))) for company in companies_of_ids(session, ids))
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
