"""Which needs the stored pairs meet, kept as rows so that they can be counted."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from app.db.matches import PairEvidence
from matching import Match


def store_evidence(session: Session, matches: Iterable[Match], *, instead_of: Collection[str]) -> None:
    """Writes the needs that these matches meet.

    Args:
        session: the pairs stand in its transaction already.
        matches: the matches whose pictures were taken.
        instead_of: ids of the pairs that had a picture before; their rows are replaced.
    """
    if instead_of:
        session.execute(
            delete(PairEvidence)
            .where(PairEvidence.pair_id.in_(instead_of))
            .execution_options(synchronize_session=False)
        )
    rows = [row for match in matches for row in _rows(match)]
    if rows:
        session.connection().execute(insert(PairEvidence), rows)


def _rows(match: Match) -> Iterator[dict[str, Any]]:
    for one in match.evidence:
        if one.direction == "they_supply":
            need, offer = one.ours, one.theirs
        elif one.direction == "we_supply":
            need, offer = one.theirs, one.ours
        else:
            continue
        yield {
            "pair_id": match.id,
            "need_listing_id": need.id,
            "offer_listing_id": offer.id,
            "relevance": one.relevance,
        }
