"""``caravan staff add``, ``link`` and ``list``."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from app.actions.sessions import link_for_staff
from app.actions.staff import add_staff, staff_member
from app.cli.opened import opened
from app.db.audit import COMMAND_LINE
from app.db.staff import Role
from app.errors import Failure
from app.queries.staff import Officer, officer_of_address, officers
from app.settings import Settings

HERE = "http://127.0.0.1:8000"

Email = Annotated[str, typer.Argument(help="The officer's e-mail address.")]


def add(
    email: Email,
    role: Annotated[
        Role | None,
        typer.Option(help="What they may do; reviewer for somebody new, unchanged for somebody known."),
    ] = None,
) -> None:
    """Add a member of staff and print a token, which is shown this once.

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
        officer = officer_of_address(session, email)
        if officer is None or officer.disabled_at is not None:
            raise Failure("{email} is not staff, or kept out. Add them: caravan staff add {email}", email=email)
        address = _address(session, officer.id, base or settings.public_url or HERE)
    typer.echo(address)


def listed() -> None:
    """Print who is staff, their roles, and how they get in."""
    with opened(Settings()) as database, database.reading() as session:
        found = officers(session)
    table = Table("E-mail address", "Role", "Password", "Code", "Last signed in (UTC)", "Kept out", box=None)
    for officer in found:
        table.add_row(*_row(officer))
    Console().print(table)


def first_link(session: Session, email: str, base: str) -> str | None:
    """A link for an administrator who is made if nobody is staff yet; None where others are, or one has a password."""
    found = officers(session)
    if not found:
        return _address(session, staff_member(session, email, "admin", by=COMMAND_LINE).id, base)
    waiting = [officer for officer in found if officer.email == email and not officer.has_password]
    return _address(session, waiting[0].id, base) if waiting else None


def _address(session: Session, staff_id: str, base: str) -> str:
    return f"{base.rstrip('/')}/console/password/{link_for_staff(session, staff_id, by=COMMAND_LINE)}"


def _row(officer: Officer) -> tuple[str, ...]:
    seen = officer.signed_in_at.strftime("%Y-%m-%d %H:%M") if officer.signed_in_at else "never"
    out = officer.disabled_at.strftime("%Y-%m-%d") if officer.disabled_at else ""
    return (
        officer.email,
        officer.role,
        "set" if officer.has_password else "none",
        "asked" if officer.has_totp else "not asked",
        seen,
        out,
    )
