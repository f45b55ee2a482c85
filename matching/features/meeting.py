"""Where the listings of one firm meet those of all firms of a segment."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import sparse

from matching.index.segment import Bools, Floats, Ints, Segment, last_day
from matching.profile import KINDS, Listing, Profile, Side
from matching.relevance import KIND_FIT, Relevance, Vectors

BEST_SHARE = 0.8
"""What the best-met need counts in the mean over a firm's needs; the rest is shared by all of them."""
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
        best: relevance of the best pair.
        ours: place of our listing in the best pair, in ``asker.listings``; -1 without one.
        theirs: listing row of theirs in the best pair; -1 without one.
    """

    value: Floats
    best: Floats
    ours: Ints
    theirs: Ints


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
    valid = segment.last_days >= today.toordinal()
    ours_valid = [last_day(listing) >= today.toordinal() for listing in asker.listings]
    rows = {
        side: [at for at, listing in enumerate(asker.listings) if listing.side == side and ours_valid[at]]
        for side in ("offer", "need")
    }
    table, uses, used = (
        _Table(asker, segment, _products(vectors, segment.postings), valid)
        for vectors in (asked.vectors, asked.implied_needs, asked.implied_uses)
    )
    return Meeting(
        asker,
        segment,
        today,
        supplied=table.fits(rows["need"], "offer", each_of_ours=True),
        demanded=table.fits(rows["offer"], "need", each_of_ours=False),
        alike=table.fits(rows["offer"], "offer", each_of_ours=True),
        fed=uses.fits(rows["offer"], "offer", each_of_ours=True),
        feeding=used.fits(rows["offer"], "offer", each_of_ours=True),
    )


def _products(vectors: Vectors, postings: sparse.csr_array) -> Vectors:
    """Listings × their listings; only the postings of the columns in use are touched."""
    columns, places = np.unique(vectors.indices, return_inverse=True)
    narrow = sparse.csr_array((vectors.data, places, vectors.indptr), shape=(vectors.shape[0], len(columns)))
    return sparse.csr_array(narrow @ postings[columns])


@dataclass(frozen=True, slots=True)
class _Table:
    asker: Profile
    segment: Segment
    products: Vectors
    valid: Bools

    def fits(self, ours: list[int], side: Side, *, each_of_ours: bool) -> Fits:
        """Best pairs between ``ours`` and their listings on ``side``; the mean runs over ours or over theirs."""
        wanted = self.valid & (self.segment.offers if side == "offer" else ~self.segment.offers)
        size = len(self.segment.profiles)
        theirs_count = np.bincount(self.segment.firms[wanted], minlength=size)
        row_best = np.zeros(len(self.segment.firms))
        row_ours = np.full(len(self.segment.firms), NONE)
        total = np.zeros(size)
        for at in ours:
            rows, values = self._row(at, wanted)
            better = values > row_best[rows]
            row_best[rows[better]] = values[better]
            row_ours[rows[better]] = at
            if each_of_ours:
                firms, best, _ = _best_by_firm(self.segment.firms[rows], values)
                total[firms] += best
        if not each_of_ours:
            total += np.bincount(self.segment.firms, weights=row_best, minlength=size)
        count = np.full(size, len(ours), dtype=np.int64) if each_of_ours else theirs_count
        touched = np.flatnonzero(row_best)
        firms, best, first = _best_by_firm(self.segment.firms[touched], row_best[touched])
        highest = np.zeros(size)
        highest[firms] = best
        our_place, their_row = np.full(size, NONE), np.full(size, NONE)
        their_row[firms] = touched[first]
        our_place[firms] = row_ours[touched[first]]
        value = BEST_SHARE * highest + (1 - BEST_SHARE) * total / np.maximum(count, 1)
        value[(theirs_count == 0) | (len(ours) == 0)] = np.nan
        return Fits(np.minimum(value, 1.0), np.minimum(highest, 1.0), our_place, their_row)

    def _row(self, at: int, wanted: Bools) -> tuple[Ints, Floats]:
        start, end = self.products.indptr[at], self.products.indptr[at + 1]
        order = np.argsort(self.products.indices[start:end], kind="stable")
        rows = self.products.indices[start:end][order].astype(np.int64)
        values = self.products.data[start:end][order].astype(np.float64)
        keep = wanted[rows]
        rows, values = rows[keep], values[keep]
        kind = KINDS.index(self.asker.listings[at].kind)
        return rows, values * KIND_FIT[kind, self.segment.kinds[rows]]


def _best_by_firm(firms: Ints, values: Floats) -> tuple[Ints, Floats, Ints]:
    """Of values grouped by ascending firm: the firms, each one's best value, the first place that holds it."""
    if not len(firms):
        return firms, values, firms
    starts = np.flatnonzero(np.concatenate([[True], firms[1:] != firms[:-1]]))
    best = np.maximum.reduceat(values, starts)
    lengths = np.diff(np.append(starts, len(firms)))
    hits = np.flatnonzero(values == np.repeat(best, lengths))
    group_of_hit = np.repeat(np.arange(len(starts)), lengths)[hits]
    _, first = np.unique(group_of_hit, return_index=True)
    return firms[starts], best, hits[first]
