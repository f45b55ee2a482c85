"""An immutable part of the register: firms of one country, and their listings' postings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from matching.index.columns import FOREVER, Columns, Draft
from matching.index.kernel import Bools, Floats, Ids, Ints, Masks
from matching.index.postings import Postings
from matching.profile import KINDS, SIDES, Profile
from matching.profile import Side as SideName
from matching.relevance import Relevance, Vectors

Term = Literal["volume", "certificates"]


class Tells(Protocol):
    """Listings with their terms."""

    @property
    def amounts(self) -> Floats:
        """The volume a year of each; 0 without one."""

    @property
    def certificate_starts(self) -> Ints:
        """Where each one's certificates begin, and the end."""


TERMS: Mapping[Term, Callable[[Tells], Bools]] = {
    "volume": lambda rows: rows.amounts > 0,
    "certificates": lambda rows: np.diff(rows.certificate_starts) > 0,
}
"""What listings may tell beside what they are of, and which do."""
LEAST_INVERTED = 512
"""Firms from which postings are worth their place; fewer are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Side:
    """The offers, or the needs, of a segment's firms, inverted; rows of a kind stand together.

    Attributes:
        postings: the rows' vectors.
        kind_starts: where the rows of each of ``KINDS`` begin, and the end.
        firms: the firm's place, for each row.
        starts: where each firm's rows begin in ``rows``, and the end.
        rows: rows by firm.
        ends: one number, the earliest last day of any row.
    """

    postings: Postings
    kind_starts: Ints
    firms: Ids
    starts: Ints
    rows: Ids
    ends: Ints

    @classmethod
    def of(cls, columns: Columns, side: SideName) -> "Side":
        """One side of some firms."""
        listings = np.flatnonzero(columns.sides == SIDES.index(side))
        listings = listings[np.argsort(columns.kinds[listings], kind="stable")]
        owners = np.repeat(np.arange(len(columns), dtype=np.uint32), np.diff(columns.starts))[listings]
        counts = np.bincount(columns.kinds[listings], minlength=len(KINDS))
        return cls(
            Postings.of_rows(columns.term_starts, columns.columns, columns.weights, listings),
            np.concatenate([[0], np.cumsum(counts)]),
            owners,
            np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(columns)))]),
            np.argsort(owners, kind="stable").astype(np.uint32),
            np.array([columns.last_days[listings].min(initial=FOREVER)]),
        )


@dataclass(frozen=True, slots=True)
class Inverted:
    """What finds the firms worth looking at.

    Attributes:
        offers: the rows that are offers.
        needs: the rows that are needs.
        classes: of each firm; firms of a class are alike in everything but their listings.
        examples: a firm of each class.
        told: of each firm, bit 2 · t + s where some listing on side s (offers 0, needs 1) tells of term t of ``TERMS``.
    """

    offers: Side
    needs: Side
    classes: Ids
    examples: Ints
    told: Masks

    @classmethod
    def of(cls, columns: Columns) -> "Inverted":
        """For all firms of some columns."""
        facts = (columns.statuses, columns.sectors, columns.sizes, columns.completeness, columns.languages)
        alike = np.zeros(len(columns), dtype=np.int64)
        for fact in facts:
            values, places = np.unique(fact, return_inverse=True)
            _, alike = np.unique(alike * len(values) + places, return_inverse=True)
        _, examples, classes = np.unique(alike, return_index=True, return_inverse=True)
        told = np.zeros(len(columns), dtype=np.uint8)
        owners = np.repeat(np.arange(len(columns)), np.diff(columns.starts))
        for term, tells in enumerate(TERMS.values()):
            for side in range(len(SIDES)):
                told[owners[tells(columns) & (columns.sides == side)]] |= 1 << (2 * term + side)
        return cls(Side.of(columns, "offer"), Side.of(columns, "need"), classes.astype(np.uint32), examples, told)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Firms of one country.

    Attributes:
        country: ISO 3166-1 code of them all.
        columns: the firms; in the order of ids where they are inverted or were merged.
        language_sets: languages by their key.
        inverted: None for a segment whose firms are looked at one by one.
    """

    country: str
    columns: Columns
    language_sets: Mapping[int, frozenset[str]] = field(repr=False)
    inverted: Inverted | None = field(repr=False)

    def __len__(self) -> int:
        return len(self.columns)


def segment_of(
    country: str, columns: Columns, language_sets: Mapping[int, frozenset[str]], least_inverted: int = LEAST_INVERTED
) -> Segment:
    """A segment of firms in the order of ids."""
    return Segment(
        country, columns, language_sets, Inverted.of(columns) if len(columns) >= max(1, least_inverted) else None
    )


def drafted(profiles: Sequence[Profile], vectors: Vectors) -> Draft:
    """Columns of some firms, whose listings' vectors stand one after another."""
    draft = Draft()
    row = 0
    for profile in profiles:
        count = len(profile.listings)
        draft.add(profile, [vector_of(vectors, at) for at in range(row, row + count)])
        row += count
    return draft


def build(profiles: Sequence[Profile], relevance: Relevance) -> Segment:
    """A segment of the given firms of one country; the texts are read here and nowhere later."""
    ordered = sorted(profiles, key=lambda profile: profile.id)
    draft = drafted(ordered, relevance.vectors([listing for profile in ordered for listing in profile.listings]))
    return segment_of(ordered[0].country, draft.columns(), draft.language_sets)


def vector_of(vectors: Vectors, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and weights of a row."""
    part = slice(vectors.indptr[row], vectors.indptr[row + 1])
    return vectors.indices[part], vectors.data[part]
