"""The matcher: holds the register, ranks a firm's counterparts, explains a pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np

from matching.ceiling import Tables, bonuses_of, tables_of
from matching.evidence import Match, explain
from matching.features import Asked, Crowd, meet
from matching.index import Key, Part, Register, Segment, Snapshot, build, load, save
from matching.profile import Profile
from matching.relevance import Relevance, Statistics
from matching.scoring import EXPERT, Model, score
from matching.search import Place, Question, Wanted, best


@dataclass(frozen=True, slots=True)
class Ranking:
    """The true top of a ranking, best first, and where it goes on (None at its end)."""

    matches: tuple[Match, ...]
    next: Place | None


class Matcher:
    """All firms that can be ranked. Readers work on a snapshot and never wait; writers take turns."""

    def __init__(
        self, model: Model = EXPERT, statistics: Statistics | None = None, register: Register | None = None
    ) -> None:
        self.model = model
        self.relevance = Relevance(statistics)
        self.register = register or Register()

    def __len__(self) -> int:
        return len(self.register.snapshot)

    def change(self, *, put: Sequence[Profile] = (), drop: Sequence[str] = ()) -> None:
        """Registers firms, new or changed, and forgets others, in one step for every reader."""
        self.register.change(self.relevance, put=put, drop=drop)

    @classmethod
    def stored(cls, path: Path, key: Key, statistics: Statistics | None = None) -> "Matcher":
        """The matcher whose register was saved under a key, ready at once.

        Raises:
            FileNotFoundError: there is no such file.
            Unusable: it is damaged, or of another engine or key; the register must be built anew.
        """
        return cls(statistics=statistics, register=Register(load(path, key)))

    def save(self, path: Path, key: Key, snapshot: Snapshot | None = None) -> None:
        """Saves the register, as it is or was, under a key that tells what it holds.

        Raises:
            OSError: it cannot be written; an older file stays as it was.
        """
        save(path, self.register.snapshot if snapshot is None else snapshot, key)

    @property
    def untidy(self) -> bool:
        """Whether ``tidy`` would make rankings faster."""
        return self.register.untidy

    def tidy(self) -> None:
        """Puts what was changed in order, while others go on ranking and changing."""
        self.register.tidy()

    @cached_property
    def _tables(self) -> Tables:
        return tables_of(self.model, self.relevance)

    def rank(self, company_id: str, *, today: date, limit: int, wanted: Wanted = Wanted()) -> Ranking:
        """The ``limit`` most probable counterparts of a firm; ties stand in the order of company ids.

        Raises:
            KeyError: the firm is not in the register.
        """
        snapshot = self.register.snapshot
        part, place = _found(snapshot, company_id)
        return self._ranked(snapshot, part.segment, place, today, limit, wanted)

    def rank_newcomer(self, profile: Profile, *, today: date, limit: int, wanted: Wanted = Wanted()) -> Ranking:
        """What ``rank`` would answer once the firm of a profile were in the register, where it does not stand yet."""
        segment = build([profile], self.relevance)
        return self._ranked(self.register.snapshot, segment, 0, today, limit, wanted)

    def _ranked(  # noqa: PLR0913  # who asks, and for what
        self, snapshot: Snapshot, segment: Segment, place: int, today: date, limit: int, wanted: Wanted
    ) -> Ranking:
        asked = Asked.of(segment, place, self.relevance)
        bonuses = bonuses_of(asked, self.model, today.toordinal())
        question = Question(asked, self.model, self._tables, bonuses, wanted, limit + 1, today)
        answers = best(question, snapshot.abroad(segment.country), snapshot.version)
        matches = tuple(
            explain(answer.meeting, answer.scores, answer.at, model=self.model, relevance=self.relevance)
            for answer in answers[:limit]
        )
        more = len(answers) > limit and bool(matches)
        return Ranking(matches, (matches[-1].probability, matches[-1].theirs.id) if more else None)

    def pair(self, ours: str, theirs: str, *, today: date) -> Match:
        """The match of two firms, as the first one sees it, whatever its rank.

        Raises:
            KeyError: one of them is not in the register.
        """
        snapshot = self.register.snapshot
        part, place = _found(snapshot, ours)
        other, other_place = _found(snapshot, theirs)
        asked = Asked.of(part.segment, place, self.relevance)
        meeting = meet(asked, Crowd.of([(other.segment, np.array([other_place]))]), today)
        return explain(meeting, score(meeting, self.model), 0, model=self.model, relevance=self.relevance)


def _found(snapshot: Snapshot, company_id: str) -> tuple[Part, int]:
    at = snapshot.find(company_id)
    if at is None:
        raise KeyError(company_id)
    return at
