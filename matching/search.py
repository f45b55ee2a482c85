"""The best counterparts of a firm: ceilings for all, exact values for those that could be among the best.

Every value that counts comes from ``meet`` and ``score``; the index only says whom to ask for it. So the answer does
not depend on how the register is split into parts, and no firm is left out that could rank.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from matching.ceiling import DIRECTIONS, NEARLY_FITTING, SLACK, STEPS, Tables, classes_of, least_sum
from matching.features import Asked, Crowd, Meeting, meet
from matching.features.meeting import BEST_SHARE
from matching.index import Part, Segment
from matching.index.kernel import FEW, Bools, Floats, Ids, Ints, Weights, ceilings, chunk_maxima, hear, mark_above
from matching.index.segment import Side
from matching.profile import SECTORS, STATUSES, Sector, Status
from matching.relevance import KIND_FIT, Vectors
from matching.scoring import Model, Scores, score

Place = tuple[float, str]
"""Where a ranking was left off: probability and company id."""

HUSHED = (2.0, 1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.01)
"""What a pair of listings adds to the sum of log-odds, from which its firm is looked at first: less if few have it."""
NEEDS = 2
"""The first two directions are those in which a need is met."""
MANY = 10
"""So many times what is wanted is enough to look at first."""
NO_MARK, FIRST_MARK, SECOND_MARK = range(3)
FIRST = 3
"""The firms with the highest ceilings are asked first, so many times what is wanted; they set the mark for others."""
AT_ONCE = 512


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

    def among(self, segment: Segment, places: Ints) -> Bools:
        """Which firms at some places of a segment have a wanted status and sector."""
        columns = segment.columns
        found: Bools = np.isin(columns.statuses[places], [STATUSES.index(status) for status in self.statuses])
        if self.sector is not None:
            found &= (columns.sectors[places] & (1 << SECTORS.index(self.sector))) > 0
        return found


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for what, and by which rules.

    Attributes:
        tables: of the model, see ``tables_of``.
        bonuses: of the asker, see ``bonuses_of``.
        limit: how many counterparts.
    """

    asked: Asked
    model: Model
    tables: Tables = field(repr=False)
    bonuses: Tables = field(repr=False)
    wanted: Wanted
    limit: int
    today: date


@dataclass(frozen=True, slots=True)
class Answer:
    """A counterpart, and where it was measured."""

    probability: float
    company_id: bytes
    meeting: Meeting
    scores: Scores
    at: int


def best(question: Question, parts: Sequence[Part], version: int) -> list[Answer]:
    """The ``limit`` most probable counterparts among the firms that live at a version, ties by company id."""
    found = _Found(question)
    found.ask(list(_few(question, parts, version)))
    heard = [_Heard(question, part, version) for part in parts if part.segment.inverted is not None]
    try:
        for one in heard:
            one.listen()
        _ask_by_ceiling(found, heard)
        for one in heard:
            one.tell_others(found.mark)
        _ask_by_ceiling(found, heard)
    finally:
        for one in heard:
            one.close()
    return found.answers


def _few(question: Question, parts: Sequence[Part], version: int) -> Iterator[tuple[Segment, Ints]]:
    """The firms of parts that are looked at one by one."""
    for part in parts:
        if part.segment.inverted is None:
            places = np.flatnonzero(part.died > version)
            yield part.segment, places[question.wanted.among(part.segment, places)]


def _ask_by_ceiling(found: "_Found", heard: Sequence["_Heard"]) -> None:
    """Asks the firms with the highest ceilings first, until no other one can be among the best."""
    values = np.concatenate([np.zeros(0, dtype=np.float32), *(one.values for one in heard)])
    ends = np.cumsum([len(one.values) for one in heard])

    def ask(chosen: Ints) -> None:
        owners = np.searchsorted(ends, chosen, side="right")
        origins = []
        for at, one in enumerate(heard):
            begin = int(ends[at]) - len(one.values)
            origins.append((one.part.segment, one.places[chosen[owners == at] - begin].astype(np.int64)))
        found.ask(origins)

    first = FIRST * found.limit
    if first < len(values):
        top = np.argpartition(values, len(values) - first)[len(values) - first :]
        ask(top)
        values[top] = -np.inf
    rest = np.flatnonzero((values >= found.mark) & (values > -np.inf))
    rest = rest[np.argsort(-values[rest], kind="stable")]
    for begin in range(0, len(rest), AT_ONCE):
        batch = rest[begin : begin + AT_ONCE]
        if values[batch[0]] < found.mark:
            break
        ask(batch)


class _Found:
    """The best so far."""

    def __init__(self, question: Question) -> None:
        self.limit = question.limit
        self.answers: list[Answer] = []
        self._question = question

    @property
    def mark(self) -> float:
        """The sum of log-odds that a firm must be able to reach to matter still."""
        full = len(self.answers) == self.limit
        return least_sum(max(self._question.wanted.least, self.answers[-1].probability if full else 0.0))

    def ask(self, origins: Sequence[tuple[Segment, Ints]]) -> None:
        """Measures some firms that were not asked yet, and keeps the best."""
        origins = [(segment, places) for segment, places in origins if len(places)]
        if not origins:
            return
        question = self._question
        crowd = Crowd.of(origins)
        meeting = meet(question.asked, crowd, question.today)
        scores = score(meeting, question.model)
        places = np.flatnonzero(_passing(crowd, scores.probability, question.wanted))
        if len(places) > self.limit:
            cut = np.partition(scores.probability[places], len(places) - self.limit)[len(places) - self.limit]
            places = places[scores.probability[places] >= cut]
        self.answers += [
            Answer(float(scores.probability[at]), bytes(crowd.ids[at]), meeting, scores, at) for at in places.tolist()
        ]
        self.answers.sort(key=lambda answer: (-answer.probability, answer.company_id))
        del self.answers[self.limit :]


def _passing(crowd: Crowd, probability: Floats, wanted: Wanted) -> Bools:
    passing: Bools = probability >= wanted.least
    if wanted.after is not None:
        value, company_id = wanted.after
        passing &= (probability < value) | ((probability == value) & (crowd.ids > company_id.encode()))
    return passing


class _Heard:
    """What a part's postings tell of its firms, in arrays that are borrowed until ``close``.

    Attributes:
        places: the firms that could be among the best.
        values: their ceilings: what the sum of both sides' log-odds can be at most.
    """

    def __init__(self, question: Question, part: Part, version: int) -> None:
        assert part.segment.inverted is not None  # noqa: S101  # for the type checker
        size, examples = len(part.segment), part.segment.inverted.examples
        self.part = part
        self._question = question
        self._version = version
        self._inverted = inverted = part.segment.inverted
        self._classes = classes_of(question.asked, part.segment, examples, question.model)
        wanted = question.wanted.among(part.segment, examples)
        self._base = np.where(wanted, self._classes.base, np.float32(-np.inf))
        self._most_field = float(question.tables[1].max())
        self._common = self._most_field * self._classes.overlap
        self._scratch = _Scratch.borrow()
        count = len(inverted.offers.rows)
        self._offers = self._scratch.array("offers", 4 * count, np.float32).reshape(4, count)
        self._needs = self._scratch.array("needs", len(inverted.needs.rows), np.float32)
        day = question.today.toordinal()
        self._our_needs, self._our_offers = (question.asked.listings(side, day) for side in ("need", "offer"))
        several = count if len(self._our_needs) > 1 else 0
        self._totals = self._scratch.array("totals", several, np.float32)
        self._marks = self._scratch.array("marks", size, np.uint8)
        self._places: Ids = self._scratch.array("places", size, np.uint32)
        self._values: Weights = self._scratch.array("values", size, np.float32)
        self._heard = np.zeros(len(DIRECTIONS), dtype=np.bool_)
        self._steps = [STEPS] * len(DIRECTIONS)
        self._ways: list[tuple[int, Side, Weights, Weights]] = []
        self.places, self.values = self._places[:0], self._values[:0]

    def listen(self) -> None:
        """Hears every pair of listings, and tells of the firms that have a good one."""
        asked, offers, needs = self._question.asked, self._inverted.offers, self._inverted.needs
        ways = (
            (self._our_needs, asked.vectors, offers, self._offers[0]),
            (self._our_offers, asked.vectors, needs, self._needs),
            (self._our_offers, asked.vectors, offers, self._offers[1]),
            (self._our_offers, asked.implied_needs, offers, self._offers[2]),
            (self._our_offers, asked.implied_uses, offers, self._offers[3]),
        )
        untold = np.zeros(0, dtype=np.float32)
        for direction, (ours, vectors, side, best_of_row) in enumerate(ways):
            if len(ours):
                self._heard[direction] = True
                self._hear(ours, vectors, side, best_of_row, self._totals if direction == 0 else untold)
                maxima = np.empty(-(-len(best_of_row) // FEW), dtype=np.float32)
                chunk_maxima(best_of_row, maxima, FEW)
                self._ways.append((direction, side, best_of_row, maxima))
        self._marks[:] = 0
        for hushed in HUSHED:
            self._mark([hushed] * len(self._ways), FIRST_MARK)
            if np.count_nonzero(self._marks) > MANY * self._question.limit:
                break
        self._tell(FIRST_MARK, -np.inf)

    def _mark(self, hushed: Sequence[float], mark: int) -> None:
        """Marks the firms with a pair that adds more than what is given for each direction."""
        for (direction, side, best_of_row, maxima), most in zip(self._ways, hushed, strict=True):
            step = max(1, int(np.searchsorted(self._question.tables[0, direction], most, side="right")) - 1)
            if direction < NEEDS:
                step = min(step, int(NEARLY_FITTING * STEPS))  # from there on terms add something too
            mark_above(best_of_row, maxima, np.float32(step / STEPS), side.firms, self._marks, mark)
            self._steps[direction] = min(step, self._steps[direction])

    def _shares(self, gap: float) -> list[float]:
        """The gap shared out: a direction takes no more than its best pair adds, the others what is left."""
        tables = self._question.tables[0]
        most = [tables[at, min(int(maxima.max() * STEPS) + 1, STEPS)] for at, _, _, maxima in self._ways]
        shares, left = [0.0] * len(most), gap
        for place, at in enumerate(np.argsort(most).tolist()):
            shares[at] = min(float(most[at]), left / (len(most) - place))
            left -= shares[at]
        return shares

    def _hear(self, ours: Ints, vectors: Vectors, side: Side, best_of_row: Weights, total: Weights) -> None:
        postings = side.postings
        hear(
            ours,
            vectors.indptr,
            vectors.indices,
            vectors.data.astype(np.float32, copy=False),
            KIND_FIT[self._question.asked.crowd.kinds].astype(np.float32),
            postings.columns,
            postings.starts,
            postings.rows,
            postings.weights,
            side.kind_starts,
            self._scratch.array("sums", len(side.rows), np.float32),
            best_of_row,
            total,
        )

    def tell_others(self, mark: float) -> None:
        """Tells of the firms that ``listen`` left out and that could reach the mark all the same."""
        self.places, self.values = self._places[:0], self._values[:0]
        if not self._hopeful(mark).any():
            return
        gap = mark - float((self._base + self._most_field - self._common).max()) - SLACK
        if self._ways and gap > 0:
            self._mark(self._shares(gap), SECOND_MARK)
            self._tell(SECOND_MARK, mark)
        if self._hopeful(mark).any():
            self._tell(NO_MARK, mark, len(self.places))

    def _hopeful(self, mark: float) -> Bools:
        """The classes of which a firm without a mark could reach the given sum."""
        quiet, field = 0.0, 0.0
        for direction, *_ in self._ways:
            step = self._steps[direction]
            quiet += float(self._question.tables[0, direction, step])
            field = max(field, float(self._question.tables[1, direction, step]))
        most = self._base + quiet + np.maximum(0.0, field - self._common)
        hopeful: Bools = (most >= mark) & (self._base > -np.inf)
        return hopeful

    def _tell(self, marked: int, mark: float, first: int = 0) -> None:
        """Tells of firms with a mark, from place ``first`` of ``places`` and ``values`` on."""
        offers, needs = self._inverted.offers, self._inverted.needs
        count = ceilings(
            self._marks,
            marked,
            self._inverted.classes,
            self._base > -np.inf if marked else self._hopeful(mark),
            self._base,
            self._classes.overlap,
            self._question.tables,
            self._question.bonuses,
            NEARLY_FITTING,
            self._inverted.told,
            np.float32(BEST_SHARE),
            mark,
            self.part.died,
            self._version,
            *self._quotas(),
            self._heard,
            len(self._our_needs),
            int(needs.ends[0]) >= self._question.today.toordinal(),
            offers.starts,
            offers.rows,
            self._offers,
            self._totals,
            needs.starts,
            needs.rows,
            self._needs,
            self._places[first:],
            self._values[first:],
        )
        self.places, self.values = self._places[: first + count], self._values[: first + count]

    def _quotas(self) -> tuple[Ints, Ints]:
        """How many firms of each class with nothing to meet could be among the best, and from which place on."""
        size = len(self._base)
        quotas, firsts = np.full(size, self._question.limit), np.zeros(size, dtype=np.int64)
        after = self._question.wanted.after
        if after is not None:
            probability, company_id = after
            quotas[self._classes.probability > probability] = 0
            same = self._classes.probability == probability
            firsts[same] = np.searchsorted(self.part.segment.columns.ids, company_id.encode(), side="right")
        return quotas, firsts

    def close(self) -> None:
        """Gives the borrowed arrays back."""
        self._scratch.give_back()


class _Scratch:
    """Arrays that are lent to one search after another; ``sums`` are zeros whenever they change hands."""

    _free: ClassVar[list["_Scratch"]] = []

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[np.generic]] = {}

    @classmethod
    def borrow(cls) -> "_Scratch":
        """Arrays that nobody else uses until they are given back."""
        try:
            return cls._free.pop()
        except IndexError:
            return cls()

    def give_back(self) -> None:
        """Ends the loan."""
        self._free.append(self)

    def array(self, name: str, size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """The array of a name."""
        held = self._arrays.get(name)
        if held is None or len(held) < size:
            held = self._arrays[name] = np.zeros(size, dtype)
        return held[:size]
