"""``caravan staff``: officers, and the tokens of the council."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy.orm import Session

from app.actions.sessions import link_for_staff
from app.actions.staff import add_staff, staff_member
from app.actions.tokens import STAFF_DAYS, Grant, end_token, issue_token, rotate_token
from app.cli.opened import opened
from app.db.audit import COMMAND_LINE
from app.db.base import ID_LENGTH, now
from app.db.staff import Role
from app.errors import Failure
from app.queries.staff import Officer, officer_of_address, officers
from app.queries.tokens import KnownToken, Reach, token_within, tokens_within
from app.settings import Settings
from schemas.tokens import LONGEST_DAYS

MOMENT = "%Y-%m-%d %H:%M"
HERE = "http://127.0.0.1:8000"

TokenId = Annotated[str, typer.Argument(help="Its id, from: caravan staff tokens")]
Email = Annotated[str, typer.Argument(help="The officer's e-mail address.")]


def add(
    email: Email,
    role: Annotated[
        Role | None,
        typer.Option(help="What they may do; reviewer for somebody new, unchanged for somebody known."),
    ] = None,
) -> None:
    """Add a member of staff and print a token, which is shown this once and works for 90 days.

    For somebody who is staff already it prints one more token.
    """
    with opened(Settings()) as database, database.writing() as session:
        token = add_staff(session, email, role, by=COMMAND_LINE)
    typer.echo(token)


def link(
    email: Email,
    base: Annotated[
        str | None, typer.Option(help=f"Where the pages are reached; CARAVAN_PUBLIC_URL or {HERE} if not given.")
    ] = None,
) -> None:
    """Print a link with which a member of staff chooses a password. It works once, within 3 days."""
    settings = Settings()
    with opened(settings) as database, database.writing() as session:
        address = _address(session, _present(session, email).id, base or settings.public_url or HERE)
    typer.echo(address)


def listed() -> None:
    """Print who is staff, their roles, and how they get in."""
    with opened(Settings()) as database, database.reading() as session:
        found = officers(session)
    table = Table("E-mail address", "Role", "Password", "Code", "Last signed in (UTC)", "Kept out", box=None)
    for officer in found:
        table.add_row(*_row(officer))
    Console().print(table)


def token(
    email: Annotated[str | None, typer.Argument(help="The officer's e-mail address.")] = None,
    *,
    scope: Annotated[
        Role | None, typer.Option(help="The most it may do; whatever the officer may if not given.")
    ] = None,
    integration: Annotated[
        bool, typer.Option("--integration", help="A token of no officer: reads companies and matches, no contacts.")
    ] = False,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int, typer.Option(help="For how long it works.", min=1, max=LONGEST_DAYS)] = STAFF_DAYS,
) -> None:
    """Print a new token of an officer, or of a program of the council. It is shown this once."""
    if integration == (email is not None) or (integration and scope is not None):
        raise Failure(
            "Give an officer's e-mail address, or --integration with --label and without an address or scope."
        )
    grant = Grant(scope="integration" if integration else scope, label=label, days=days)
    with opened(Settings()) as database, database.writing() as session:
        if email is not None:
            grant = replace(grant, staff_id=_present(session, email).id)
        _, text = issue_token(session, grant, by=COMMAND_LINE)
    typer.echo(text)


def tokens() -> None:
    """Print the council's tokens: whose they are, what they may, until when, and when they were used last."""
    with opened(Settings()) as database, database.reading() as session:
        found = tokens_within(session, Reach(council=True))
    whole = Column("Id", no_wrap=True, min_width=ID_LENGTH)  # it is copied from here
    others = ("Owner", "May", "What for", "Ends with", "Until (UTC)", "Last used (UTC)")
    table = Table(whole, *(Column(name, overflow="fold") for name in others), box=None)
    for one in found:
        table.add_row(*_token_row(one))
    Console().print(table)


def rotate(token_id: TokenId) -> None:
    """Print a new token in the place of one, which works for 24 hours more."""
    with opened(Settings()) as database, database.writing() as session:
        held = token_within(session, Reach(council=True), token_id, lock=True).token
        _, text = rotate_token(session, held, by=COMMAND_LINE)
    typer.echo(text)


def end(token_id: TokenId) -> None:
    """End a token at once."""
    with opened(Settings()) as database, database.writing() as session:
        end_token(session, token_within(session, Reach(council=True), token_id, lock=True).token, by=COMMAND_LINE)


def first_link(session: Session, email: str, base: str) -> str | None:
    """A link for an administrator who is made if nobody is staff yet; None where others are, or one has a password."""
    found = officers(session)
    if not found:
        return _address(session, staff_member(session, email, "admin", by=COMMAND_LINE).id, base)
    waiting = [officer for officer in found if officer.email == email and not officer.has_password]
    return _address(session, waiting[0].id, base) if waiting else None


def _present(session: Session, email: str) -> Officer:
    officer = officer_of_address(session, email)
    if officer is None or officer.disabled_at is not None:
        raise Failure("{email} is not staff, or kept out. Add them: caravan staff add {email}", email=email)
    return officer


def _token_row(known: KnownToken) -> tuple[str, ...]:
    one = known.token
    return (
        one.id,
        known.officer.email if known.officer else "",
        known.scope,
        one.label or "",
        one.hint or "",
        f"{one.expires_at:{MOMENT}}" + (" (run out)" if one.expires_at <= now() else ""),
        f"{one.last_used_at:{MOMENT}}" if one.last_used_at else "never",
    )


def _address(session: Session, staff_id: str, base: str) -> str:
    return f"{base.rstrip('/')}/console/password/{link_for_staff(session, staff_id, by=COMMAND_LINE)}"


def _row(officer: Officer) -> tuple[str, ...]:
    seen = f"{officer.signed_in_at:{MOMENT}}" if officer.signed_in_at else "never"
    out = officer.disabled_at.strftime("%Y-%m-%d") if officer.disabled_at else ""
    return (
        officer.email,
        officer.role,
        "set" if officer.has_password else "none",
        "asked" if officer.has_totp else "not asked",
        seen,
        out,
    )
