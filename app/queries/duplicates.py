"""Companies that may be one firm entered twice."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.db.companies import Company
from app.db.search import LikenessKey, NotDuplicate
from matching import LEAST_LIKENESS, Identity, Likeness, Sign, Status, likeness

CROWD = 20
"""A key that more companies share tells nothing of any of them: a town's name, the telephone of an association."""
AT_ONCE = 5000

Ids = tuple[str, str]


class Brief(NamedTuple):
    """What a list of likely duplicates shows of a company."""

    id: str
    status: Status
    version: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two companies that may be one, and why; ``ours`` has the smaller id, or is the company that was asked for."""

    ours: Brief
    theirs: Brief
    likeness: Likeness

    @property
    def same_name_or_number(self) -> tuple[Sign, ...]:
        """The signs that an officer should know of before deciding on a match."""
        return tuple(sign for sign in self.likeness.signs if sign.clue in {"same_name", "same_number"})


def duplicates_of(session: Session, company_id: str) -> list[Pairing]:
    """The companies that may be this one, the likeliest first."""
    own = select(LikenessKey.key).where(LikenessKey.company_id == company_id)
    rows = session.execute(select(LikenessKey.key, LikenessKey.company_id).where(LikenessKey.key.in_(own)))
    pairs = {_sorted(company_id, other) for other in _sharing(rows, company_id)}
    found = _measured(session, pairs)
    return [_seen_from(company_id, pairing) for pairing in found]


def measured(session: Session, one_id: str, other_id: str) -> Pairing:
    """How much two companies look like one, as the first of them sees it."""
    briefs = _briefs(session, {one_id, other_id})
    ours, theirs = briefs[one_id], briefs[other_id]
    return Pairing(ours, theirs, likeness(ours.identity, theirs.identity))


def likely_duplicates(session: Session, *, country: str | None = None, limit: int | None = None) -> list[Pairing]:
    """All pairs of companies that may be one, the likeliest first."""
    shared = select(LikenessKey.key).group_by(LikenessKey.key).having(func.count().between(2, CROWD))
    rows = select(LikenessKey.key, LikenessKey.company_id).where(LikenessKey.key.in_(shared))
    if country is not None:
        rows = rows.where(LikenessKey.key.startswith(f"{country}:"))
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for key, company_id in session.execute(rows):
        groups[key].append(company_id)
    pairs = {pair for ids in groups.values() for pair in combinations(sorted(ids), 2)}
    return _measured(session, pairs)[:limit]


def _sharing(rows: Iterable[tuple[str, str]], company_id: str) -> set[str]:
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for key, other in rows:
        groups[key].add(other)
    return {other for ids in groups.values() if len(ids) <= CROWD for other in ids} - {company_id}


def _measured(session: Session, pairs: Collection[Ids]) -> list[Pairing]:
    """Those of the pairs that are alike enough and were not found to be two."""
    briefs = _briefs(session, {one for pair in pairs for one in pair})
    apart = _said_to_be_two(session, pairs)
    found = []
    for first, second in pairs:
        if (first, second) in apart or first not in briefs or second not in briefs:
            continue
        alike = likeness(briefs[first].identity, briefs[second].identity)
        if alike.probability >= LEAST_LIKENESS:
            found.append(Pairing(briefs[first], briefs[second], alike))
    return sorted(found, key=lambda one: (-one.likeness.probability, one.ours.id, one.theirs.id))


def _briefs(session: Session, ids: Collection[str]) -> dict[str, Brief]:
    columns = (
        Company.id,
        Company.status,
        Company.version,
        Company.country,
        Company.legal_name,
        Company.trading_name,
        Company.registration_number,
        Company.city,
        Company.website,
        Company.contact_email,
        Company.contact_phone,
        Company.summary,
    )
    found: dict[str, Brief] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        batch = wanted[start : start + AT_ONCE]
        for company_id, status, version, *identity in session.execute(select(*columns).where(Company.id.in_(batch))):
            found[company_id] = Brief(company_id, status, version, Identity(*identity))
    return found


def _said_to_be_two(session: Session, pairs: Collection[Ids]) -> set[Ids]:
    query = select(NotDuplicate.first_id, NotDuplicate.second_id)
    if len(pairs) <= CROWD:
        ids = {one for pair in pairs for one in pair}
        query = query.where(or_(NotDuplicate.first_id.in_(ids), NotDuplicate.second_id.in_(ids)))
    return set(session.execute(query))


def _sorted(one: str, other: str) -> Ids:
    return (one, other) if one < other else (other, one)


def _seen_from(company_id: str, pairing: Pairing) -> Pairing:
    if pairing.ours.id == company_id:
        return pairing
    signs = tuple(Sign(sign.clue, sign.theirs, sign.ours) for sign in pairing.likeness.signs)
    return Pairing(pairing.theirs, pairing.ours, Likeness(pairing.likeness.probability, signs))
