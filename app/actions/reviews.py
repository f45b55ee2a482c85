"""The council decides on a match, and takes a decision back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.actions.evidence import store_evidence
from app.actions.queue import ask_for_ranking, lock_queue, new_pair
from app.db.audit import Act, By, record_act
from app.db.base import IfVersion, new_id, now
from app.db.companies import Company
from app.db.matches import Decision, Pair, Review
from app.errors import NotFound, VersionMissing, VersionStale
from app.queries.matches import decisions_standing
from matching import Match
from schemas.matches import Picture, ReviewIn

INSTANT = timedelta(microseconds=1)
DECISION_ACTS: dict[Decision, Act] = {
    "approved": "match.approved",
    "rejected": "match.rejected",
    "deferred": "match.deferred",
}
BOTH = 2
RECENT = 1000
"""Steps of an officer that are looked through for one to take back."""


def review_match(  # noqa: PLR0913  # each is a part of the decision
    session: Session, match: Match, data: ReviewIn, *, by: By, if_version: IfVersion, batch: str | None = None
) -> Pair:
    """Writes a decision, with the picture it was made on; an earlier decision stays in the history.

    Decisions with the same ``batch`` were made in one step and can be taken back in one.

    Raises:
        NotFound: one of the two was removed since the match was computed.
        VersionMissing: nothing was said of the version, and somebody else decided last.
        VersionStale: someone decided since ``if_version``.
    """
    lock_queue(session)
    both = Company.id.in_(match.id.split("."))
    if len(session.scalars(select(Company.id).where(both)).all()) < BOTH:
        raise NotFound("There is no such match.")
    batch = batch or new_id()
    pair = session.scalar(select(Pair).where(Pair.id == match.id).with_for_update())
    if pair is None:
        pair = new_pair(match)
        session.add(pair)
    else:
        _require_version(pair, if_version, by.who)
    pair.version = _next_version(session, pair)
    pair.status = data.decision
    pair.reason = data.reason
    pair.note = data.note
    pair.decided_by = by.who
    pair.decided_at = _after_all(session, match.id)
    pair.probability = match.probability
    pair.picture = Picture.of(match).model_dump(mode="json")
    pair.computed_at = pair.decided_at
    session.add(
        Review(
            pair_id=match.id,
            batch=batch,
            decision=data.decision,
            reason=data.reason,
            note=data.note,
            decided_by=by.who,
            decided_at=pair.decided_at,
            model=match.model,
            probability=match.probability,
            components=pair.picture["components"],
        )
    )
    session.flush()
    store_evidence(session, [match], instead_of=[match.id])
    record_act(session, by, DECISION_ACTS[data.decision], f"match:{match.id}", reason=data.reason, batch=batch)
    return pair


def _require_version(pair: Pair, version: IfVersion, by: str) -> None:
    if version is None and pair.decided_by not in {None, by}:
        raise VersionMissing("Send the ETag that you read as If-Match, so that nobody's decision is overwritten.")
    if version not in {None, "*", pair.version}:
        raise VersionStale("Someone decided on this match since you read it. Read it again.")


def _next_version(session: Session, pair: Pair) -> int:
    """No version that a decision on these two ever had, even if they fell out of the queue in between."""
    steps = session.scalar(select(func.count()).select_from(Review).where(Review.pair_id == pair.id)) or 0
    return max(pair.version, steps + 1) + 1


@dataclass(frozen=True, slots=True)
class Decisions:
    """What came of one step: under ``batch`` it can be taken back; ``missed`` were gone or decided on."""

    batch: str
    missed: int


def review_matches(session: Session, matches: Sequence[tuple[Match, int]], data: ReviewIn, *, by: By) -> Decisions:
    """Writes one decision on several matches, each with the version that it was read in.

    Those that somebody decided on since, or whose firms are gone, are left as they are.
    """
    batch, missed = new_id(), 0
    for match, version in matches:
        try:
            review_match(session, match, data, by=by, if_version=version, batch=batch)
        except (NotFound, VersionStale):
            missed += 1
    return Decisions(batch, missed)


def withdraw_decisions(session: Session, batch: str, *, by: By) -> list[Pair]:
    """Takes back the decisions that an officer made in one step; what was decided before them holds again.

    Raises:
        NotFound: the officer made no such decisions.
        VersionStale: somebody decided on one of the matches since; then nothing is taken back.
    """
    lock_queue(session)
    made = session.scalars(select(Review).where(Review.batch == batch, Review.decided_by == by.who)).all()
    made = [review for review in made if review.decision != "withdrawn"]
    if not made:
        raise NotFound("There is no such decision of yours.")
    ids = [review.pair_id for review in made]
    pairs = {pair.id: pair for pair in session.scalars(select(Pair).where(Pair.id.in_(ids)).with_for_update())}
    steps = session.scalars(select(Review).where(Review.pair_id.in_(ids)).order_by(Review.decided_at, Review.id)).all()
    moment, undoing = max(now(), *(step.decided_at + INSTANT for step in steps)), new_id()
    for review in made:
        standing = decisions_standing([step for step in steps if step.pair_id == review.pair_id])
        if not standing or standing[-1] is not review:
            raise VersionStale("Somebody decided on this match after you, so nothing was taken back.")
        pair = pairs.get(review.pair_id)
        if pair is not None:
            _restore(pair, standing[-2] if len(standing) > 1 else None)
            ask_for_ranking(session, pair.first_id, pair.second_id)
        session.add(
            Review(
                pair_id=review.pair_id,
                batch=undoing,
                decision="withdrawn",
                decided_by=by.who,
                decided_at=moment,
                model=review.model,
                probability=review.probability,
                components=review.components,
            )
        )
        record_act(session, by, "match.withdrawn", f"match:{review.pair_id}", batch=batch)
    session.flush()
    return [pairs[pair_id] for pair_id in ids if pair_id in pairs]


def _after_all(session: Session, pair_id: str) -> datetime:
    """This moment, or just after the last decision on a pair: its steps keep their order if the clock goes back."""
    last = session.scalar(select(func.max(Review.decided_at)).where(Review.pair_id == pair_id))
    return now() if last is None else max(now(), last + INSTANT)


def _restore(pair: Pair, earlier: Review | None) -> None:
    pair.version += 1
    pair.status = "pending" if earlier is None or earlier.decision == "withdrawn" else earlier.decision
    pair.reason = earlier.reason if earlier else None
    pair.note = earlier.note if earlier else None
    pair.decided_by = earlier.decided_by if earlier else None
    pair.decided_at = earlier.decided_at if earlier else None


def last_batch(session: Session, by: str) -> str | None:
    """The officer's latest step that was not taken back; None without one."""
    taken_back: Counter[str] = Counter()
    steps = session.scalars(
        select(Review).where(Review.decided_by == by).order_by(Review.decided_at.desc(), Review.id.desc()).limit(RECENT)
    )
    for step in steps:
        if step.decision == "withdrawn":
            taken_back[step.pair_id] += 1
        elif taken_back[step.pair_id]:
            taken_back[step.pair_id] -= 1
        else:
            return step.batch
    return None
