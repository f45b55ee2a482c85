"""``caravan doctor``."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from email.message import EmailMessage
from smtplib import SMTP, SMTPException
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from app.checks.deployment import Finding, of_addresses, of_backups, of_data_dir, of_database, of_environment
from app.db import Database
from app.errors import Failure
from app.jobs.smtp import mail_server
from app.settings import Settings, wrong_settings

MEND, BROKEN = 1, 2
TEST_MAIL = "This is a test of Caravan's mail settings, asked for on its command line. Nothing needs to be done."


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    mail_to: Annotated[
        str | None, typer.Option(help="Send a test mail to this address; without it the server is only greeted.")
    ] = None,
) -> None:
    """Look at this deployment and say what to mend: settings, disk, database, register, jobs, mail, staff, backups.

    It changes nothing. Exit codes: 0 all is well, 1 something should be mended, 2 it cannot work like this.
    """
    findings = list(_findings(mail_to))
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"ok": one.ok} for one in findings], ensure_ascii=False, indent=1))
    else:
        console = Console(soft_wrap=True, highlight=False)
        for one in findings:
            said = f"ok    {one.name}: {one.found}" if one.ok else f"MEND  {one.name}: {one.found}. {one.mend}"
            console.print(said, markup=False)
    raise typer.Exit(BROKEN if any(one.fatal for one in findings) else MEND if not _all_well(findings) else 0)


def _all_well(findings: list[Finding]) -> bool:
    return all(one.ok for one in findings)


def _findings(mail_to: str | None) -> Iterator[Finding]:
    yield from of_environment(os.environ)
    try:
        settings = Settings()
    except ValidationError as wrong:
        for line in wrong_settings(wrong):
            yield Finding("settings", line, "correct it: docs/operations.md has all settings", fatal=True)
        return
    yield from of_data_dir(settings)
    yield from _of_database(settings)
    yield from _of_mail(settings, mail_to)
    yield from of_addresses(settings)
    yield from of_backups(settings)


def _of_database(settings: Settings) -> Iterator[Finding]:
    if settings.embedded and not settings.database_file.exists():
        yield Finding("database", f"{settings.database_file} is not there yet", "caravan serve makes it", fatal=True)
        return
    try:
        database = Database(settings)
    except Failure as failed:
        yield Finding("database", str(failed), "correct CARAVAN_DATABASE_URL", fatal=True)
        return
    try:
        yield from of_database(database, settings)
    finally:
        database.dispose()


def _of_mail(settings: Settings, mail_to: str | None) -> Iterator[Finding]:
    if settings.smtp_url is None:
        yield Finding("mail", "no server is set: nobody gets a sign-in link", "set CARAVAN_SMTP_URL")
        return
    try:
        with mail_server(settings.smtp_url) as smtp:
            if mail_to is not None:
                _send(smtp, settings.mail_from, mail_to)
    except (OSError, SMTPException, ValueError) as failed:
        why = getattr(failed, "strerror", None) or type(failed).__name__
        yield Finding("mail", f"the server does not take us: {why}", "check CARAVAN_SMTP_URL and the server's log")
    else:
        yield Finding("mail", f"sent to {mail_to}" if mail_to else "the server takes us; nothing was sent")


def _send(smtp: SMTP, sender: str, to: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, "A test of Caravan"
    mail.set_content(TEST_MAIL)
    smtp.send_message(mail)
