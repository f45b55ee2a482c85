"""The matcher: holds the register, ranks a firm's counterparts, explains a pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from threading import Lock

import numpy as np

from matching.evidence import Match, explain
from matching.features import Asked, Meeting, meet
from matching.index import Part, Snapshot, build, changed
from matching.index.kernel import Bools
from matching.profile import SECTORS, STATUSES, Profile, Sector, Status
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
        best: list[tuple[float, str, Meeting, Scores, int]] = []
        for part in snapshot.abroad(asker.country):
            meeting = meet(asker, asked, part.segment, today)
            scores = score(meeting, self.model)
            best += [
                (-float(scores.probability[at]), part.segment.profiles[at].id, meeting, scores, at)
                for at in _top(scores, part, limit + 1, wanted)
            ]
        best.sort(key=itemgetter(0, 1))
        matches = tuple(
            explain(meeting, scores, at, asked=asked, rules=self._rules) for _, _, meeting, scores, at in best[:limit]
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


def _eligible(part: Part, wanted: Wanted) -> Bools:
    segment = part.segment
    eligible = np.isin(segment.statuses, [STATUSES.index(status) for status in wanted.statuses]) & ~part.dead
    if wanted.sector is not None:
        eligible &= (segment.sectors & (1 << SECTORS.index(wanted.sector))) > 0
    return eligible


def _top(scores: Scores, part: Part, limit: int, wanted: Wanted) -> list[int]:
    """Places of the best eligible firms of a part, ties by company id, no more than ``limit``."""
    probability = scores.probability
    eligible = _eligible(part, wanted) & (probability >= wanted.least)
    if wanted.after is not None:
        value, company_id = wanted.after
        eligible &= (probability < value) | ((probability == value) & (part.segment.ids > company_id.encode()))
    places = np.flatnonzero(eligible)
    if len(places) > limit:
        cut = -np.partition(-probability[places], limit - 1)[limit - 1]
        places = places[probability[places] >= cut]
    order = np.lexsort((part.segment.ids[places], -probability[places]))
    return [int(place) for place in places[order][:limit]]
