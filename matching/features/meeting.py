"""Where the listings of one firm meet those of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from scipy import sparse

from matching.index.columns import Columns, Small, one_after_another
from matching.index.kernel import Bools, Floats, Ints, Masks, Places, best_pairs, products, spread
from matching.index.segment import Segment
from matching.profile import SIDES, Profile, Side
from matching.relevance import KIND_FIT, Relevance, Row, Vectors

BEST_SHARE = 0.8
"""What the best-met need counts in the mean over a firm's needs; the rest is shared by all of them."""
FITTING = 0.35
"""Relevance from which the terms of a pair of listings count: volume, certificates."""
NONE = -1


@dataclass(frozen=True, slots=True)
class Queries:
    """Vectors of one firm, as the columns that any of them has and which has what.

    Attributes:
        starts: where the entries of each column in use begin, and the end.
        numbers: the entries' queries.
        weights: the entries' weights.
        bits: a bit for each column there is, set for those in use.
        slots: for each column in use, its place in ``starts``; anything for others.
        size: number of queries.
    """

    starts: Ints
    numbers: Places
    weights: Floats
    bits: Masks
    slots: Places
    size: int

    @classmethod
    def of(cls, vectors: Sequence[Vectors]) -> "Queries":
        """All rows of some vectors, one after another."""
        counts = [part.shape[0] for part in vectors]
        columns = np.concatenate([part.indices for part in vectors])
        lengths = np.concatenate([np.diff(part.indptr) for part in vectors])
        numbers = np.repeat(np.arange(sum(counts), dtype=np.int32), lengths)
        order = np.argsort(columns, kind="stable")
        used, starts = np.unique(columns[order], return_index=True)
        bits = np.zeros(vectors[0].shape[1] // 8 + 1, dtype=np.uint8)
        np.bitwise_or.at(bits, used >> 3, (1 << (used & 7)).astype(np.uint8))
        weights = np.concatenate([part.data.astype(np.float64) for part in vectors])
        ends = np.append(starts, len(order)).astype(np.int64)
        slots = np.empty(vectors[0].shape[1], dtype=np.int32)
        slots[used] = np.arange(len(used))
        return cls(ends, numbers[order], weights[order], bits, slots, sum(counts))

    def products(self, columns: Columns, rows: Ints) -> Floats:
        """Dot products of listings with the queries: rows × queries."""
        found = np.zeros((len(rows), self.size))
        products(
            self.starts,
            self.numbers,
            self.weights,
            self.bits,
            self.slots,
            columns.term_starts,
            columns.columns,
            columns.weights,
            rows,
            found,
        )
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """The firm that asks, and its listings as queries.

    Attributes:
        profile: the firm.
        crowd: the same as columns.
        vectors: what its listings say, a row each.
        implied_needs: what is needed to offer them; tells something of offers only.
        implied_uses: what uses them; tells something of offers only.
        queries: the rows of all three, one after another.
    """

    profile: Profile
    crowd: "Crowd"
    vectors: Vectors
    implied_needs: Vectors
    implied_uses: Vectors
    queries: Queries

    @classmethod
    def of(cls, segment: Segment, place: int, relevance: Relevance) -> "Asked":
        """The firm at a place of a segment."""
        columns = segment.columns
        rows = slice(columns.starts[place], columns.starts[place + 1])
        terms = slice(columns.term_starts[rows.start], columns.term_starts[rows.stop])
        starts = columns.term_starts[rows.start : rows.stop + 1] - terms.start
        vectors = sparse.csr_array(
            (columns.weights[terms], columns.columns[terms], starts.astype(np.int32)),
            shape=(len(starts) - 1, relevance.columns),
        )
        needs, uses = relevance.implied_needs(vectors), relevance.implied_uses(vectors)
        return cls(
            columns.profile(place),
            Crowd.of([(segment, np.array([place]))]),
            vectors,
            needs,
            uses,
            Queries.of((vectors, needs, uses)),
        )

    def listings(self, side: Side, day: int) -> Ints:
        """Places of its listings of a side that are valid on a day."""
        return np.flatnonzero((self.crowd.sides == SIDES.index(side)) & (self.crowd.last_days >= day))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Some firms as columns, whichever segments they stand in; attributes as in ``Columns``.

    Attributes:
        origins: segments, and the places in them, whose firms stand here one after another.
    """

    origins: tuple[tuple[Segment, Ints], ...] = field(repr=False)
    ids: np.ndarray
    statuses: Small
    sectors: Small
    sizes: Small
    completeness: Floats
    languages: Ints
    language_sets: Mapping[int, frozenset[str]]
    starts: Ints
    rows: tuple[Ints, ...] = field(repr=False)
    sides: Masks
    kinds: Masks
    last_days: Ints
    measures: Ints
    amounts: Floats
    certificate_starts: Ints
    certificates: Ints

    @classmethod
    def of(cls, origins: Sequence[tuple[Segment, Ints]], *, listings: bool = True) -> "Crowd":
        """The firms at some places of some segments, with their listings or as if they had none."""
        none = np.zeros(1, dtype=np.int64)
        spreads = [
            spread(segment.columns.starts, places) if listings else (none.repeat(len(places) + 1), none[:0])
            for segment, places in origins
        ]
        rows = tuple(found for _, found in spreads)

        def firms(name: str) -> np.ndarray:
            return np.concatenate([getattr(segment.columns, name)[places] for segment, places in origins])

        def of_rows(name: str) -> np.ndarray:
            return np.concatenate(
                [getattr(segment.columns, name)[found] for (segment, _), found in zip(origins, rows, strict=True)]
            )

        named = [
            spread(segment.columns.certificate_starts, found) for (segment, _), found in zip(origins, rows, strict=True)
        ]
        certificates = [
            segment.columns.certificates[found] for (segment, _), (_, found) in zip(origins, named, strict=True)
        ]
        sets: dict[int, frozenset[str]] = {}
        for segment, _ in origins:
            sets |= segment.language_sets
        return cls(
            origins=tuple(origins),
            ids=firms("ids"),
            statuses=firms("statuses"),
            sectors=firms("sectors"),
            sizes=firms("sizes"),
            completeness=firms("completeness"),
            languages=firms("languages"),
            language_sets=sets,
            starts=one_after_another([starts for starts, _ in spreads]),
            rows=rows,
            sides=of_rows("sides"),
            kinds=of_rows("kinds"),
            last_days=of_rows("last_days"),
            measures=of_rows("measures"),
            amounts=of_rows("amounts"),
            certificate_starts=one_after_another([starts for starts, _ in named]),
            certificates=np.concatenate(certificates),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def profile(self, at: int) -> Profile:
        """The firm at a place."""
        segment, place = self._origin(at)
        return segment.columns.profile(place)

    def vector(self, at: int, listing: int) -> Row:
        """The vector of one listing of the firm at a place."""
        segment, place = self._origin(at)
        return segment.columns.vector(int(segment.columns.starts[place]) + listing)

    def products(self, queries: Queries) -> Floats:
        """Dot products of all listings with the queries: rows × queries."""
        return np.concatenate(
            [
                queries.products(segment.columns, rows)
                for (segment, _), rows in zip(self.origins, self.rows, strict=True)
            ]
        )

    def _origin(self, at: int) -> tuple[Segment, int]:
        for segment, places in self.origins:
            if at < len(places):
                return segment, int(places[at])
            at -= len(places)
        raise IndexError(at)


@dataclass(frozen=True, slots=True)
class Fits:
    """How well one side's needs meet the other's offers, for each firm of the crowd.

    Attributes:
        value: 0.8 of the best-met need and 0.2 of the mean over all needs; in [0, 1]; NaN when one side
            has nothing to meet with.
        best: relevance of the best pair, in [0, 1].
        ours: place of our listing in the best pair, in ``asker.listings``; -1 without one.
        rows: row of theirs in the best pair, in the crowd; -1 without one.
        fitting: all pairs of relevance ``FITTING`` or more: places of our listings, and rows of theirs.
    """

    value: Floats
    best: Floats
    ours: Places
    rows: Places
    fitting: tuple[Places, Places]


@dataclass(frozen=True, slots=True)
class Meeting:
    """One firm (the asker) before some others; everything that features measure on.

    Attributes:
        supplied: our needs with their offers.
        demanded: their needs with our offers.
        alike: our offers with their offers, as the same thing.
        fed: our offers with their offers, as what our trade uses.
        feeding: our offers with their offers, as what their trade uses.
        relevance: dot products of their rows with our queries: what our listings say, imply as needs and as uses.
        fits: our listings × kinds: what a product with a row of that kind counts.
        our_valid: which of our listings are valid.
        their_valid: which of their rows are.
    """

    asked: Asked
    crowd: Crowd
    supplied: Fits
    demanded: Fits
    alike: Fits
    fed: Fits
    feeding: Fits
    relevance: Floats
    fits: Floats
    our_valid: Bools
    their_valid: Bools

    @property
    def asker(self) -> Profile:
        """The firm that asks."""
        return self.asked.profile

    @property
    def size(self) -> int:
        """Firms in the crowd."""
        return len(self.crowd)

    def firms_of(self, rows: Places) -> Ints:
        """Places in the crowd of the firms with some rows."""
        return np.searchsorted(self.crowd.starts, rows, side="right") - 1


def meet(asked: Asked, crowd: Crowd, today: date) -> Meeting:
    """Meets the asker with every firm of a crowd; listings that were valid until an earlier day meet nothing."""
    day = today.toordinal()
    relevance = crowd.products(asked.queries)
    valid = crowd.last_days >= day
    ours = {side: asked.listings(side, day) for side in SIDES}
    theirs = {side: valid & (crowd.sides == place) for place, side in enumerate(SIDES)}
    count = asked.vectors.shape[0]
    fit = KIND_FIT[asked.crowd.kinds]

    def fits(our_side: Side, their_side: Side, *, first: int = 0) -> Fits:
        size = len(crowd)
        best, mean = np.empty(size), np.empty(size)
        our_best, row_best = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
        fitting = best_pairs(
            relevance,
            ours[our_side],
            first,
            fit,
            crowd.starts,
            crowd.kinds,
            theirs[their_side],
            their_side == "offer",
            FITTING,
            best,
            mean,
            our_best,
            row_best,
        )
        value = BEST_SHARE * best + (1 - BEST_SHARE) * mean
        return Fits(np.minimum(value, 1.0), np.minimum(best, 1.0), our_best, row_best, fitting)

    return Meeting(
        asked,
        crowd,
        supplied=fits("need", "offer"),
        demanded=fits("offer", "need"),
        alike=fits("offer", "offer"),
        fed=fits("offer", "offer", first=count),
        feeding=fits("offer", "offer", first=2 * count),
        relevance=relevance,
        fits=fit,
        our_valid=asked.crowd.last_days >= day,
        their_valid=valid,
    )
