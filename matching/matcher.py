"""The matcher: holds the register, ranks a firm's counterparts, explains a pair."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock

import numpy as np

from matching.evidence import Match, explain
from matching.features import Asked, meet
from matching.index import Segment, Snapshot, build, changed
from matching.index.segment import Bools
from matching.profile import Profile, Sector, Status
from matching.relevance import Relevance, Statistics, Vectors
from matching.scoring import EXPERT, Model, Scores, score

Place = tuple[float, str]
"""Where a ranking was left off: probability and company id."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which counterparts a ranking is to hold.

    Attributes:
        statuses: statuses that the asker may see.
        sector: only firms of this sector.
        least: least probability.
        after: only what ranks after this place.
    """

    statuses: tuple[Status, ...] = ("verified",)
    sector: Sector | None = None
    least: float = 0.0
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The true top of a ranking, best first, and where it goes on (None at its end)."""

    matches: tuple[Match, ...]
    next: Place | None


class Matcher:
    """All firms that can be ranked. Readers work on a snapshot and never wait; writers take turns."""

    def __init__(self, model: Model = EXPERT, statistics: Statistics | None = None) -> None:
        self.model = model
        self.relevance = Relevance(statistics)
        self._snapshot = Snapshot()
        self._writing = Lock()

    def __len__(self) -> int:
        return len(self._snapshot)

    def change(self, *, put: Sequence[Profile] = (), drop: Sequence[str] = ()) -> None:
        """Registers firms, new or changed, and forgets others, in one step for every reader."""
        with self._writing:
            self._snapshot = changed(self._snapshot, self.relevance, put=put, drop=drop)

    @property
    def _rules(self) -> tuple[Model, Relevance]:
        return self.model, self.relevance

    def rank(self, company_id: str, *, today: date, limit: int, wanted: Wanted = Wanted()) -> Ranking:
        """The ``limit`` most probable counterparts of a firm; ties stand in the order of company ids.

        Raises:
            KeyError: the firm is not in the register.
        """
        snapshot = self._snapshot
        asker, vectors = _found(snapshot, company_id)
        asked = Asked.of(vectors, self.relevance)
        best: list[tuple[float, str, int, int]] = []
        scored: list[Scores] = []
        meetings = []
        for part, (segment, dead) in enumerate(zip(snapshot.segments, snapshot.dead, strict=True)):
            meeting = meet(asker, asked, segment, today)
            scores = score(meeting, self.model)
            eligible = _eligible(asker, segment, dead, wanted)
            best += [
                (-float(scores.probability[at]), segment.profiles[at].id, part, at)
                for at in _top(scores, segment, eligible, limit + 1, wanted)
            ]
            meetings.append(meeting)
            scored.append(scores)
        best.sort()
        matches = tuple(
            explain(meetings[part], scored[part], at, asked=asked, rules=self._rules) for _, _, part, at in best[:limit]
        )
        more = len(best) > limit and bool(matches)
        return Ranking(matches, (matches[-1].probability, matches[-1].theirs.id) if more else None)

    def pair(self, ours: str, theirs: str, *, today: date) -> Match:
        """The match of two firms, as the first one sees it, whatever its rank.

        Raises:
            KeyError: one of them is not in the register.
        """
        snapshot = self._snapshot
        asker, vectors = _found(snapshot, ours)
        other, _ = _found(snapshot, theirs)
        alone = build([other], self.relevance)
        asked = Asked.of(vectors, self.relevance)
        meeting = meet(asker, asked, alone, today)
        return explain(meeting, score(meeting, self.model), 0, asked=asked, rules=self._rules)


def _found(snapshot: Snapshot, company_id: str) -> tuple[Profile, Vectors]:
    at = snapshot.find(company_id)
    if at is None:
        raise KeyError(company_id)
    segment, place = at
    return segment.profiles[place], segment.vectors[segment.rows_of(place)]


def _eligible(asker: Profile, segment: Segment, dead: Collection[int], wanted: Wanted) -> Bools:
    return np.array(
        [
            profile.country != asker.country
            and profile.status in wanted.statuses
            and place not in dead
            and (wanted.sector is None or wanted.sector in profile.sectors)
            for place, profile in enumerate(segment.profiles)
        ],
        dtype=np.bool_,
    )


def _top(scores: Scores, segment: Segment, eligible: Bools, limit: int, wanted: Wanted) -> list[int]:
    """Places of the best eligible firms of a segment, ties by company id, no more than ``limit``."""
    probability = scores.probability
    eligible = eligible & (probability >= wanted.least)
    if wanted.after is not None:
        value, company_id = wanted.after
        later = np.array([profile.id > company_id for profile in segment.profiles], dtype=np.bool_)
        eligible &= (probability < value) | ((probability == value) & later)
    places = np.flatnonzero(eligible)
    if len(places) > limit:
        cut = -np.partition(-probability[places], limit - 1)[limit - 1]
        places = places[probability[places] >= cut]
    order = sorted(places.tolist(), key=lambda at: (-probability[at], segment.profiles[at].id))
    return order[:limit]
