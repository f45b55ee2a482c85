"""What leaves the register: contacts that officers look at, and files that they take along. Companies' own is not."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from sqlalchemy.orm import Session

from app.db import Database
from app.db.audit import REGISTER, By, digest_of_ids, record_act
from app.db.companies import Company

Place = Literal["company", "duplicates", "merge", "import", "api", "api_list"]
Thing = Literal["company", "overview", "faulty_rows", "audit"]


def show_contacts(database: Database, by: By, where: Place, *subjects: str, filters: Collection[str] = ()) -> None:
    """Records that somebody sees contacts, in a transaction of its own; whoever calls it shows them only then."""
    if by.staff and subjects:
        with database.writing() as session:
            record_contacts(session, by, where, *subjects, filters=filters)


def record_contacts(session: Session, by: By, where: Place, *subjects: str, filters: Collection[str] = ()) -> None:
    """The same in the running transaction; what the list was narrowed by is named, its values are not kept."""
    if by.staff and subjects:
        told = sorted(filters) or None
        record_act(session, by, "contact.seen", *subjects, where=where, count=len(subjects), filters=told)


def with_contact(companies: Iterable[Company]) -> list[str]:
    """The subjects of those companies whose contact is known."""
    return [
        f"company:{one.id}"
        for one in companies
        if one.contact_name or one.contact_role or one.contact_email or one.contact_phone
    ]


def record_export(session: Session, by: By, company_ids: Sequence[str]) -> None:
    """Records that all companies are written to a file."""
    digest = digest_of_ids(company_ids)
    record_act(session, by, "export.made", REGISTER, of="companies", count=len(company_ids), ids=digest)


def take_along(  # who takes what
    database: Database, by: By, what: Thing, *subjects: str, count: int, filters: Collection[str] = ()
) -> None:
    """Records that somebody downloads something, in a transaction of its own, before it is sent."""
    with database.writing() as session:
        record_act(session, by, "export.made", *subjects, of=what, count=count, filters=sorted(filters) or None)
