"""Decisions that a company takes over from one that was merged into it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.db.matches import Pair, PairEvidence
from app.db.merges import Merge


def take_decisions(session: Session, merge: Merge) -> dict[str, int]:
    """Gives the merged company's decided pairs to the kept one where it has no decision; their ids and versions."""
    taken: dict[str, int] = {}
    theirs = or_(Pair.first_id == merge.merged_id, Pair.second_id == merge.merged_id)
    for pair in session.scalars(select(Pair).where(theirs)).all():
        ids = [merge.kept_id if one == merge.merged_id else one for one in (pair.first_id, pair.second_id)]
        pair_id = ".".join(ids)
        own = session.get(Pair, pair_id)
        if own is not None and own.status != "pending":
            continue
        version = 1
        if own is not None:
            version = own.version + 1
            session.delete(own)
            session.flush()
        session.add(_taken(pair, pair_id, ids, version))
        session.flush()
        _take_evidence(session, pair.id, pair_id, merge.joined)
        taken[pair_id] = version
    return taken


def _take_evidence(session: Session, from_id: str, to_id: str, joined: Mapping[str, str]) -> None:
    rows = session.scalars(select(PairEvidence).where(PairEvidence.pair_id == from_id)).all()
    ids = ((row.relevance, row.need_listing_id, row.offer_listing_id) for row in rows)
    listings = {(joined.get(need, need), joined.get(offer, offer)): relevance for relevance, need, offer in ids}
    session.add_all(
        PairEvidence(pair_id=to_id, need_listing_id=need, offer_listing_id=offer, relevance=relevance)
        for (need, offer), relevance in listings.items()
    )
    session.flush()


def _taken(pair: Pair, pair_id: str, ids: Sequence[str], version: int) -> Pair:
    values: dict[str, Any] = {column.key: getattr(pair, column.key) for column in Pair.__table__.columns}
    names = {pair.first_id: ids[0], pair.second_id: ids[1]}
    companies = {side: company | {"id": names[company["id"]]} for side, company in pair.picture["companies"].items()}
    # version 0 is nobody's: the picture is of the company that was merged and shows as changed since
    versions = {
        side: number if names[pair.picture["companies"][side]["id"]] in {pair.first_id, pair.second_id} else 0
        for side, number in pair.picture["versions"].items()
    }
    picture = pair.picture | {"id": pair_id, "companies": companies, "versions": versions}
    own = {"id": pair_id, "version": version, "first_id": ids[0], "second_id": ids[1], "picture": picture}
    return Pair(**(values | own | {"first_ranks": False, "second_ranks": False}))


def give_back_decisions(session: Session, merge: Merge) -> None:
    """Takes back the decisions that the merge gave to the kept company, unless someone has decided anew."""
    for pair_id, version in merge.decisions.items():
        session.execute(delete(Pair).where(Pair.id == pair_id, Pair.version == version))
