"""An immutable part of the register: the firms of one country, their listings as vectors, their facts as columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matching.index.kernel import Bools, Floats, Ids, Ints
from matching.index.postings import Postings
from matching.profile import KINDS, SECTORS, SIZES, STATUSES, Listing, Profile
from matching.profile import Side as SideName
from matching.relevance import Relevance, Vectors
from matching.volumes import yearly

Masks = npt.NDArray[np.uint64]
Small = npt.NDArray[np.int8]

FOREVER = np.iinfo(np.int64).max
UNKNOWN = -1
WORD = 64


@dataclass(frozen=True, slots=True)
class Side:
    """The offers, or the needs, of a segment's firms; rows of one firm stand together, in the profile's order.

    Attributes:
        postings: the rows' vectors, inverted.
        firms: the firm's place, for each row.
        places: the listing's place in its profile.
        kinds: place in ``KINDS``.
        last_days: last valid day as an ordinal.
        measures: what the volume measures, a number of ``Segment.measures``; ``UNKNOWN`` without a volume.
        amounts: the volume a year in the measure's base unit; 0 without one.
        certificates: rows × words: a bit for each certificate of ``Segment.certificates``.
        certificate_counts: different certificates that the row names.
        counts: rows of each firm.
    """

    postings: Postings
    firms: Ids
    places: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.uint8]
    last_days: Ints
    measures: npt.NDArray[np.int32]
    amounts: Floats
    certificates: Masks
    certificate_counts: npt.NDArray[np.int32]
    counts: Ints


@dataclass(frozen=True, slots=True)
class Segment:
    """Firms of one country and their listings; listing rows of one firm stand together, in the profile's order.

    Attributes:
        country: ISO 3166-1 code of them all.
        profiles: one a firm.
        ids: their ids, for comparing.
        vectors: listings × columns.
        starts: place of each firm's first listing row, and the end; firms + 1 long.
        offers: the rows that are offers.
        needs: the rows that are needs.
        measures: what volumes measure to a number.
        certificates: certificate, in its folded form, to a bit's number.
        statuses: place in ``STATUSES``, for each firm.
        sectors: a bit for each sector, for each firm.
        sizes: place in ``SIZES`` or ``UNKNOWN``, for each firm.
        languages: place in ``language_sets``, for each firm.
        completeness: part of the profile that is filled in, for each firm.
        verified: 1.0 or 0.0, for each firm.
    """

    country: str
    profiles: tuple[Profile, ...]
    ids: npt.NDArray[np.bytes_]
    vectors: Vectors
    starts: Ints
    offers: Side
    needs: Side
    measures: dict[str, int]
    certificates: dict[str, int]
    statuses: Small
    sectors: Ints
    sizes: Ints
    languages: Ints
    language_sets: tuple[frozenset[str], ...]
    completeness: Floats
    verified: Floats
    places: dict[str, int]

    def rows_of(self, place: int) -> slice:
        """The listing rows of one firm."""
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


def build(profiles: Sequence[Profile], relevance: Relevance) -> Segment:
    """A segment of the given firms of one country; the texts are read here and nowhere later."""
    return assemble(profiles, relevance.vectors([listing for profile in profiles for listing in profile.listings]))


def assemble(profiles: Sequence[Profile], vectors: Vectors) -> Segment:
    """A segment of firms whose listings' vectors are known already."""
    counts = np.array([len(profile.listings) for profile in profiles], dtype=np.int64)
    listings = [listing for profile in profiles for listing in profile.listings]
    firms = np.repeat(np.arange(len(profiles), dtype=np.uint32), counts)
    places = np.array([at for count in counts for at in range(count)], dtype=np.int32)
    measures: dict[str, int] = {}
    certificates: dict[str, int] = {}
    for listing in listings:
        if listing.volume is not None:
            measures.setdefault(yearly(listing.volume)[0], len(measures))
        for name in listing.certificates:
            certificates.setdefault(certificate_key(name), len(certificates))

    def side(name: SideName) -> Side:
        rows = np.array([at for at, listing in enumerate(listings) if listing.side == name], dtype=np.int64)
        return _side(
            [listings[at] for at in rows],
            sparse.csr_array(vectors[rows]),
            firms=(firms[rows], len(profiles)),
            places=places[rows],
            measures=measures,
            certificates=certificates,
        )

    sets = {languages: place for place, languages in enumerate(dict.fromkeys(p.languages for p in profiles))}
    return Segment(
        country=profiles[0].country,
        profiles=tuple(profiles),
        ids=np.array([profile.id.encode() for profile in profiles]),
        vectors=vectors,
        starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
        offers=side("offer"),
        needs=side("need"),
        measures=measures,
        certificates=certificates,
        statuses=np.array([STATUSES.index(profile.status) for profile in profiles], dtype=np.int8),
        sectors=np.array([sector_bits(profile) for profile in profiles], dtype=np.int64),
        sizes=np.array([UNKNOWN if p.size is None else SIZES.index(p.size) for p in profiles], dtype=np.int64),
        languages=np.array([sets[profile.languages] for profile in profiles], dtype=np.int64),
        language_sets=tuple(sets),
        completeness=np.array([profile.completeness for profile in profiles], dtype=np.float64),
        verified=np.array([profile.status == "verified" for profile in profiles], dtype=np.float64),
        places={profile.id: place for place, profile in enumerate(profiles)},
    )


def _side(  # noqa: PLR0913  # the columns it is made of
    listings: Sequence[Listing],
    vectors: Vectors,
    *,
    firms: tuple[Ids, int],
    places: npt.NDArray[np.int32],
    measures: dict[str, int],
    certificates: dict[str, int],
) -> Side:
    of_row, size = firms
    volumes = [yearly(listing.volume) if listing.volume else None for listing in listings]
    masks, named = certificate_masks(listings, certificates)
    return Side(
        postings=Postings.of(vectors),
        firms=of_row,
        places=places,
        kinds=np.array([KINDS.index(listing.kind) for listing in listings], dtype=np.uint8),
        last_days=np.array([last_day(listing) for listing in listings], dtype=np.int64),
        measures=np.array([UNKNOWN if one is None else measures[one[0]] for one in volumes], dtype=np.int32),
        amounts=np.array([0.0 if one is None else one[1] for one in volumes]),
        certificates=masks,
        certificate_counts=named,
        counts=np.bincount(of_row, minlength=size),
    )


def certificate_masks(listings: Sequence[Listing], certificates: dict[str, int]) -> tuple[Masks, npt.NDArray[np.int32]]:
    """Listings × words of bits, and how many different certificates each listing names; unknown ones have no bit."""
    masks = np.zeros((len(listings), len(certificates) // WORD + 1), dtype=np.uint64)
    counts = np.zeros(len(listings), dtype=np.int32)
    for row, listing in enumerate(listings):
        keys = {certificate_key(name) for name in listing.certificates}
        counts[row] = len(keys)
        for key in keys & certificates.keys():
            word, bit = divmod(certificates[key], WORD)
            masks[row, word] |= np.uint64(1 << bit)
    return masks, counts


def certificate_key(name: str) -> str:
    """A certificate's name without case, spaces and signs: ``ISO 9001:2015`` and ``iso9001-2015`` are one."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def merge(parts: Sequence[Segment], dead: Sequence[Bools]) -> Segment | None:
    """One segment of the living firms of several, without reading a text again; None when nobody lives."""
    profiles: list[Profile] = []
    vectors: list[Vectors] = []
    for part, gone in zip(parts, dead, strict=True):
        profiles += [profile for profile, is_gone in zip(part.profiles, gone, strict=True) if not is_gone]
        vectors.append(part.vectors[np.flatnonzero(np.repeat(~gone, np.diff(part.starts)))])
    return assemble(profiles, sparse.csr_array(sparse.vstack(vectors))) if profiles else None


def last_day(listing: Listing) -> int:
    """The listing's last valid day as a proleptic ordinal; without one, for ever."""
    return listing.valid_until.toordinal() if listing.valid_until else FOREVER


def sector_bits(profile: Profile) -> int:
    """A bit for each sector of the firm, in the order of ``SECTORS``."""
    return sum(1 << place for place, sector in enumerate(SECTORS) if sector in profile.sectors)
