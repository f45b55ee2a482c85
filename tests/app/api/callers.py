"""Everybody who can call the API, each with a token."""

from datetime import timedelta
from typing import NamedTuple

from app.actions.staff import disable_staff, staff_member
from app.actions.tokens import Grant, end_token, issue_token
from app.db import Database
from app.db.base import now
from app.db.staff import ROLES, Token
from tests.conftest import bearer
from tests.factories import OFFICER


class Issued(NamedTuple):
    id: str
    headers: dict[str, str]


def issued(database: Database, **grant: object) -> Issued:
    """A token that is granted."""
    with database.writing() as session:
        token, text = issue_token(session, Grant(**grant), by=OFFICER)  # type: ignore[arg-type]  # whatever a test grants
        return Issued(token.id, bearer(text))


def officer(database: Database, name: str, role: str, **grant: object) -> Issued:
    """A token of a new officer."""
    with database.writing() as session:
        staff_id = staff_member(session, f"{name}@council.example", next(one for one in ROLES if one == role)).id
    return issued(database, staff_id=staff_id, **grant)


def council(database: Database) -> dict[str, Issued]:
    """A token of each role and of an integration."""
    found = {role: officer(database, role, role) for role in ROLES}
    return found | {"integration": issued(database, scope="integration", label="Statistics")}


def turned_away(database: Database, company_id: str) -> dict[str, Issued]:
    """Tokens that worked once: run out, ended, of an officer who is kept out."""
    found = {
        "expired": issued(database, company_id=company_id),
        "revoked": issued(database, company_id=company_id),
        "disabled": officer(database, "gone", "admin"),
    }
    with database.writing() as session:
        session.get_one(Token, found["expired"].id).expires_at = now() - timedelta(seconds=1)
        end_token(session, session.get_one(Token, found["revoked"].id), by=OFFICER)
        disabled = session.get_one(Token, found["disabled"].id).staff_id
        assert disabled
        staff_member(session, "another@council.example", "admin")
        disable_staff(session, disabled, by=OFFICER)
    return found
