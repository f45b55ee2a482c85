"""The council decides on a match."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.evidence import store_evidence
from app.actions.queue import lock_queue, new_pair
from app.db.base import now
from app.db.matches import Pair, Review
from app.errors import VersionStale
from matching import Match
from schemas.matches import Picture, ReviewIn


def review_match(session: Session, match: Match, data: ReviewIn, *, by: str, if_version: int | None) -> Pair:
    """Writes a decision, with the picture it was made on; an earlier decision stays in the history.

    Raises:
        VersionStale: someone decided since ``if_version``.
    """
    lock_queue(session)
    pair = session.scalar(select(Pair).where(Pair.id == match.id).with_for_update())
    if pair is None:
        pair = new_pair(match)
        session.add(pair)
    elif if_version is not None and pair.version != if_version:
        raise VersionStale("Someone decided on this match since you read it. Read it again.")
    else:
        pair.version += 1
    pair.status = data.decision
    pair.reason = data.reason
    pair.note = data.note
    pair.decided_by = by
    pair.decided_at = now()
    pair.probability = match.probability
    pair.picture = Picture.of(match).model_dump(mode="json")
    pair.computed_at = pair.decided_at
    session.add(
        Review(
            pair_id=match.id,
            decision=data.decision,
            reason=data.reason,
            note=data.note,
            decided_by=by,
            model=match.model,
            probability=match.probability,
            components=pair.picture["components"],
        )
    )
    session.flush()
    store_evidence(session, [match], instead_of=[match.id])
    return pair
