"""``caravan audit verify`` and ``list``."""

import json
from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.opened import opened
from app.db.audit import AuditRow
from app.queries.audit import AuditFilter, Verified, audit_rows, every_audit_row, rows_of_log, verify_log
from app.settings import Settings

BROKEN = 1
SENTENCES = {
    "changed": "Row {number} was changed after it was written.",
    "missing": "Row {number} is missing.",
    "out of order": "Row {number} does not follow the row before it: rows were moved, inserted or taken out.",
    "not found by its subjects": "Row {number} is as it was written, but what it is found by was changed.",
    "not the expected one": (
        "All {rows} rows fit together, but a hash that was expected is not among them:"
        " rows were removed from the end, or all were written anew."
    ),
}


def verify(
    expect: Annotated[
        list[str] | None,
        typer.Option(help="The hash of a head that was noted earlier and must still be there; may be repeated."),
    ] = None,
) -> None:
    """Check that no row of the audit log was changed, moved or removed.

    Exit code 0: intact, with the number and hash of the last row, to be noted elsewhere: only with an earlier one as
    --expect can it be told whether rows were removed from the end. Exit code 1: broken, with the first wrong row.
    """
    columns = (
        TextColumn("Checking the audit log"),
        BarColumn(),
        TextColumn("row {task.completed}"),
        TimeRemainingColumn(),
    )
    with (
        opened(Settings()) as database,
        database.reading() as session,
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("", total=rows_of_log(session))
        hashes = [one.strip().lower() for one in expect or []]
        found = verify_log(session, hashes, lambda rows: progress.update(task, completed=rows))
    _tell(found)


def _tell(found: Verified) -> None:
    if found.broken is None:
        typer.echo(f"Intact: {found.rows} rows. Note the head elsewhere: {found.head.number} {found.head.hash}")
        return
    sentence = SENTENCES[found.broken.what].format(number=found.broken.number, rows=found.rows)
    typer.echo(f"Broken. {sentence}")
    raise typer.Exit(BROKEN)


def listed(  # noqa: PLR0913  # the filters
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day (UTC).")] = None,
    by: Annotated[str | None, typer.Option(help="An officer's e-mail address, or “command line”.")] = None,
    act: Annotated[str | None, typer.Option(help="What was done, as in contact.seen.")] = None,
    subject: Annotated[str | None, typer.Option(help="The id of a company, match, import or officer.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many rows, the newest.", min=1, max=10_000)] = 100,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="All rows, one JSON object a line, oldest first.")] = False,
) -> None:
    """Print who did what: a row a line, newest first, or all of it as JSON Lines."""
    wanted = AuditFilter(_day(since), _day(until), by.strip().lower() if by else None, act, subject)
    with opened(Settings()) as database, database.reading() as session:
        if as_json:
            for row in every_audit_row(session, wanted):
                typer.echo(json.dumps(_document(row), ensure_ascii=False))
            return
        rows = audit_rows(session, wanted, limit=limit)
    for row in rows:
        at = row.at.strftime("%Y-%m-%d %H:%M:%S")
        typer.echo(f"{row.number}  {at}  {row.by} ({row.role})  {row.act}  {row.subject}  {row.details}")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _document(row: AuditRow) -> dict[str, object]:
    return {
        "number": row.number,
        "at": row.at.isoformat(),
        "by": row.by,
        "role": row.role,
        "act": row.act,
        "subject": row.subject.split(),
        "details": json.loads(row.details),
        "request": row.request,
        "previous": row.previous,
        "hash": row.hash,
    }
