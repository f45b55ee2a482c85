"""Where the listings of one firm meet those of all firms of a segment."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import sparse

from matching.index.kernel import Floats, Places, best_pairs
from matching.index.postings import query
from matching.index.segment import Segment, Side, last_day
from matching.profile import KINDS, Listing, Profile
from matching.relevance import KIND_FIT, Relevance, Vectors

BEST_SHARE = 0.8
"""What the best-met need counts in the mean over a firm's needs; the rest is shared by all of them."""
FITTING = 0.35
"""Relevance from which the terms of a pair of listings count: volume, certificates."""
NONE = -1


@dataclass(frozen=True, slots=True)
class Asked:
    """The asker's listings as queries, one row a listing: what they say, what they imply is needed, and who uses them.

    ``implied_needs`` and ``implied_uses`` tell something of offers only.
    """

    vectors: Vectors
    implied_needs: Vectors
    implied_uses: Vectors

    @classmethod
    def of(cls, vectors: Vectors, relevance: Relevance) -> "Asked":
        """The queries for listings with these vectors."""
        return cls(vectors, relevance.implied_needs(vectors), relevance.implied_uses(vectors))


@dataclass(frozen=True, slots=True)
class Fits:
    """How well one side's needs meet the other's offers, for each firm of the segment.

    Attributes:
        value: 0.8 of the best-met need and 0.2 of the mean over all needs; in [0, 1]; NaN when one side
            has nothing to meet with.
        best: relevance of the best pair, in [0, 1].
        ours: place of our listing in the best pair, in ``asker.listings``; -1 without one.
        rows: row of theirs in the best pair, in the segment's side; -1 without one.
        fitting: all pairs of relevance ``FITTING`` or more: places of our listings, and rows of theirs.
    """

    value: Floats
    best: Floats
    ours: Places
    rows: Places
    fitting: tuple[Places, Places]


@dataclass(frozen=True, slots=True)
class Meeting:
    """One firm (the asker) before all firms of a segment; everything that features measure on.

    Attributes:
        supplied: our needs with their offers.
        demanded: their needs with our offers.
        alike: our offers with their offers, as the same thing.
        fed: our offers with their offers, as what our trade uses.
        feeding: our offers with their offers, as what their trade uses.
        today: listings that were valid until an earlier day meet nothing.
    """

    asker: Profile
    segment: Segment
    today: date
    supplied: Fits
    demanded: Fits
    alike: Fits
    fed: Fits
    feeding: Fits

    @property
    def size(self) -> int:
        """Firms in the segment."""
        return len(self.segment.profiles)

    def is_valid(self, listing: Listing) -> bool:
        """Whether a listing can still meet another."""
        return last_day(listing) >= self.today.toordinal()


def meet(asker: Profile, asked: Asked, segment: Segment, today: date) -> Meeting:
    """Meets the asker with every firm of the segment."""
    ordinal = today.toordinal()
    needs, offers = (
        [at for at, one in enumerate(asker.listings) if one.side == side and last_day(one) >= ordinal]
        for side in ("need", "offer")
    )

    def fits(ours: list[int], queries: Vectors, side: Side, *, each_of_ours: bool = True) -> Fits:
        return _fits(asker, (ours, queries), side, today=ordinal, each_of_ours=each_of_ours)

    return Meeting(
        asker,
        segment,
        today,
        supplied=fits(needs, asked.vectors, segment.offers),
        demanded=fits(offers, asked.vectors, segment.needs, each_of_ours=False),
        alike=fits(offers, asked.vectors, segment.offers),
        fed=fits(offers, asked.implied_needs, segment.offers),
        feeding=fits(offers, asked.implied_uses, segment.offers),
    )


def _fits(asker: Profile, ours: tuple[list[int], Vectors], side: Side, *, today: int, each_of_ours: bool) -> Fits:
    """Best pairs between some of our listings and a side of theirs; the mean runs over ours or over theirs."""
    places, vectors = ours
    size = len(side.counts)
    best, total = np.zeros(size), np.zeros(size)
    our_place, their_row = np.full(size, NONE, dtype=np.int32), np.full(size, NONE, dtype=np.int32)
    valid = side.last_days >= today
    fitting = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
    if places:
        kinds = [KINDS.index(asker.listings[at].kind) for at in places]
        fitting = best_pairs(
            *query(sparse.csr_array(vectors[places]), side.postings),
            KIND_FIT[kinds],
            side.postings.starts,
            side.postings.rows,
            side.postings.weights,
            side.firms,
            side.kinds,
            valid,
            each_of_ours,
            best,
            total,
            our_place,
            their_row,
            FITTING,
        )
        listed = np.array(places, dtype=np.int32)
        our_place = np.where(our_place == NONE, NONE, listed[our_place]).astype(np.int32)
        fitting = listed[fitting[0]], fitting[1]
    theirs = side.counts if valid.all() else np.bincount(side.firms[valid], minlength=size)
    count = len(places) if each_of_ours else np.maximum(theirs, 1)
    value = BEST_SHARE * best + (1 - BEST_SHARE) * total / np.maximum(count, 1)
    value[theirs == 0] = np.nan
    if not places:
        value[:] = np.nan
    return Fits(np.minimum(value, 1.0), np.minimum(best, 1.0), our_place, their_row, fitting)
