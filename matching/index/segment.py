"""An immutable part of the register: its firms' listings as vectors, its firms' facts as columns."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matching.profile import KINDS, SECTORS, SIZES, Listing, Profile
from matching.relevance import Relevance, Vectors

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

FOREVER = np.iinfo(np.int64).max
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Segment:
    """Firms and their listings; listing rows of one firm stand together, in the profile's order.

    Attributes:
        profiles: one a firm.
        vectors: listings × columns.
        postings: columns × listings, the inverted index.
        starts: place of each firm's first listing row, and the end; firms + 1 long.
        firms: the firm's place, for each listing row.
        offers: whether the row is an offer.
        kinds: place in ``KINDS``, for each row.
        last_days: last valid day as an ordinal, for each row.
        sectors: a bit for each sector, for each firm.
        sizes: place in ``SIZES`` or ``UNKNOWN``, for each firm.
        languages: place in ``language_sets``, for each firm.
        completeness: part of the profile that is filled in, for each firm.
        verified: 1.0 or 0.0, for each firm.
    """

    profiles: tuple[Profile, ...]
    vectors: Vectors
    postings: sparse.csr_array
    starts: Ints
    firms: Ints
    offers: Bools
    kinds: Ints
    last_days: Ints
    sectors: Ints
    sizes: Ints
    languages: Ints
    language_sets: tuple[frozenset[str], ...]
    completeness: Floats
    verified: Floats
    places: dict[str, int]

    @property
    def listings(self) -> list[Listing]:
        """All listings in row order."""
        return [listing for profile in self.profiles for listing in profile.listings]

    def rows_of(self, place: int) -> slice:
        """The listing rows of one firm."""
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


def build(profiles: Sequence[Profile], relevance: Relevance) -> Segment:
    """A segment of the given firms; the texts are read here and nowhere later."""
    return assemble(profiles, relevance.vectors([listing for profile in profiles for listing in profile.listings]))


def assemble(profiles: Sequence[Profile], vectors: Vectors) -> Segment:
    """A segment of firms whose listings' vectors are known already."""
    counts = np.array([len(profile.listings) for profile in profiles], dtype=np.int64)
    listings = [listing for profile in profiles for listing in profile.listings]
    sets = {languages: place for place, languages in enumerate(dict.fromkeys(p.languages for p in profiles))}
    return Segment(
        profiles=tuple(profiles),
        vectors=vectors,
        postings=sparse.csr_array(vectors.T),
        starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
        firms=np.repeat(np.arange(len(profiles)), counts),
        offers=np.array([listing.side == "offer" for listing in listings], dtype=np.bool_),
        kinds=np.array([KINDS.index(listing.kind) for listing in listings], dtype=np.int64),
        last_days=np.array([last_day(listing) for listing in listings], dtype=np.int64),
        sectors=np.array([sector_bits(profile) for profile in profiles], dtype=np.int64),
        sizes=np.array([UNKNOWN if p.size is None else SIZES.index(p.size) for p in profiles], dtype=np.int64),
        languages=np.array([sets[profile.languages] for profile in profiles], dtype=np.int64),
        language_sets=tuple(sets),
        completeness=np.array([profile.completeness for profile in profiles], dtype=np.float64),
        verified=np.array([profile.status == "verified" for profile in profiles], dtype=np.float64),
        places={profile.id: place for place, profile in enumerate(profiles)},
    )


def merge(parts: Sequence[Segment], dead: Sequence[AbstractSet[int]]) -> Segment:
    """One segment of the living firms of several, without reading a text again."""
    profiles: list[Profile] = []
    vectors: list[Vectors] = []
    for part, gone in zip(parts, dead, strict=True):
        alive = np.array([place not in gone for place in range(len(part.profiles))], dtype=np.bool_)
        profiles += [profile for profile, lives in zip(part.profiles, alive, strict=True) if lives]
        vectors.append(part.vectors[np.flatnonzero(alive[part.firms])])
    return assemble(profiles, sparse.csr_array(sparse.vstack(vectors)))


def last_day(listing: Listing) -> int:
    """The listing's last valid day as a proleptic ordinal; without one, for ever."""
    return listing.valid_until.toordinal() if listing.valid_until else FOREVER


def sector_bits(profile: Profile) -> int:
    """A bit for each sector of the firm, in the order of ``SECTORS``."""
    return sum(1 << place for place, sector in enumerate(SECTORS) if sector in profile.sectors)
