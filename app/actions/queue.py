"""The review queue: which pairs stand in it."""

from collections.abc import Sequence

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.actions.evidence import store_evidence
from app.db.base import now
from app.db.companies import Company
from app.db.jobs import Job
from app.db.matches import Pair, Review
from matching import Match
from schemas.matches import Picture

RANK = "rank"
LOCK = 0x7175_6575


def ask_for_ranking(session: Session, *company_ids: str) -> None:
    """Notes that the best pairs of these companies are to be stored anew."""
    if not company_ids:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    moment = now()
    asked = {"kind": RANK, "payload": {}, "asked": 1, "attempts": 0, "created_at": moment}
    session.connection().execute(
        insert(Job).on_conflict_do_update(index_elements=[Job.kind, Job.key], set_={"asked": Job.asked + 1}),
        [asked | {"key": company_id} for company_id in company_ids],
    )


def forget_pending(session: Session, company_id: str, *, notes: bool = False) -> None:
    """Takes a company's undecided pairs out of the queue; with ``notes`` also what officers noted on it.

    Who calls it has locked the queue.
    """
    involved = or_(Pair.first_id == company_id, Pair.second_id == company_id)
    session.execute(delete(Pair).where(involved, Pair.status == "pending"))
    session.execute(delete(Job).where(Job.kind == RANK, Job.key == company_id))
    if notes:
        session.execute(update(Review).where(Review.pair_id.contains(company_id)).values(note=None))


def lock_queue(session: Session) -> None:
    """Lets one transaction at a time add and remove pairs, and companies that may have some.

    Two firms that rank one another would add the same pair; a firm that is being removed would leave one behind. It
    comes before any lock on a company. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def store_ranking(session: Session, company_id: str, matches: Sequence[Match]) -> None:
    """Makes the given matches the company's part of the queue.

    Its undecided pairs that rank for neither side any more fall out; decided ones stay as they are.
    """
    lock_queue(session)
    held = {
        pair.id: pair
        for pair in session.scalars(select(Pair).where(or_(Pair.first_id == company_id, Pair.second_id == company_id)))
    }
    wanted = [company_id, *(match.theirs.id for match in matches)]
    present = set(session.scalars(select(Company.id).where(Company.id.in_(wanted), Company.status != "suspended")))
    ranked = {match.id: match for match in matches if {company_id, match.theirs.id} <= present}
    pictured = {}
    for match in ranked.values():
        pair = held.get(match.id)
        if pair is None:
            pair = new_pair(match)
            session.add(pair)
        elif pair.status == "pending":
            _picture(pair, match)
        _mark(pair, company_id, ranks=True)
        if pair.status == "pending":
            pictured[match.id] = match
    for pair in held.values():
        if pair.id not in ranked:
            _mark(pair, company_id, ranks=False)
            if pair.status == "pending" and not (pair.first_ranks or pair.second_ranks):
                session.delete(pair)
    session.flush()
    store_evidence(session, pictured.values(), instead_of=pictured.keys() & held.keys())


def new_pair(match: Match) -> Pair:
    """A stored pair for a match, in nobody's ranking yet."""
    first, _, second = match.id.partition(".")
    pair = Pair(id=match.id, version=1, first_id=first, second_id=second, first_ranks=False, second_ranks=False)
    pair.status = "pending"
    _picture(pair, match)
    return pair


def _picture(pair: Pair, match: Match) -> None:
    pair.probability = match.probability
    pair.picture = Picture.of(match).model_dump(mode="json")
    pair.computed_at = now()


def _mark(pair: Pair, company_id: str, *, ranks: bool) -> None:
    if pair.first_id == company_id:
        pair.first_ranks = ranks
    else:
        pair.second_ranks = ranks
