"""What staff say about companies that look like one."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.db.audit import By, record_act
from app.db.search import NotDuplicate
from app.errors import NotMergeable
from app.queries.companies import company_by_id


def say_not_duplicates(session: Session, one_id: str, other_id: str, *, by: By) -> None:
    """Remembers that two companies are two, so that they are not shown as likely duplicates again.

    Raises:
        NotFound: there is no such company.
        NotMergeable: it is one company.
    """
    if one_id == other_id:
        raise NotMergeable("This is one company already.")
    first, second = sorted((one_id, other_id))
    for company_id in (first, second):
        company_by_id(session, company_id)
    if session.get(NotDuplicate, (first, second)) is None:
        session.add(NotDuplicate(first_id=first, second_id=second, by=by.who))
        session.flush()
    record_act(session, by, "duplicate.set_aside", f"company:{first}", f"company:{second}")


def forget_not_duplicates(session: Session, one_id: str, other_id: str, *, by: By) -> None:
    """Takes it back that two companies are two."""
    first, second = sorted((one_id, other_id))
    session.execute(delete(NotDuplicate).where(NotDuplicate.first_id == first, NotDuplicate.second_id == second))
    record_act(session, by, "duplicate.taken_up", f"company:{first}", f"company:{second}")
