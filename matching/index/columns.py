"""Firms and their listings as flat arrays, which can be sliced, saved and shared between processes as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from matching.index.kernel import Floats, Ints, Masks, Places, Weights, spread
from matching.profile import KINDS, SECTORS, SIDES, SIZES, STATUSES, Listing, Profile
from matching.volumes import yearly

Small = npt.NDArray[np.int8]
Unit = Literal["firms", "rows", "certificates", "terms", "letters"]

FOREVER = np.iinfo(np.int64).max
UNKNOWN = -1
NOTHING = 0
FIRST_ROOM = 64
LONGEST_ID = 32

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Profile).decode


@dataclass(frozen=True, slots=True)
class Columns:
    """Some firms and their listings; the listing rows of one firm stand together, in the profile's order.

    Attributes:
        ids: the firms' ids.
        statuses: place in ``STATUSES``, for each firm.
        sectors: a bit for each of ``SECTORS``, for each firm.
        sizes: place in ``SIZES`` or ``UNKNOWN``, for each firm.
        completeness: part of the profile that is filled in, for each firm.
        languages: key of the languages (``key_of``), for each firm; ``NOTHING`` without any.
        starts: first row of each firm, and the end.
        letter_starts: where each firm's profile begins, and the end.
        letters: the profiles, one after another, as MessagePack.
        sides: place in ``SIDES``, for each row.
        kinds: place in ``KINDS``, for each row.
        last_days: last valid day as a proleptic ordinal, for each row; ``FOREVER`` without one.
        measures: key of what the volume measures, for each row; ``NOTHING`` without a volume.
        amounts: the volume a year in the measure's base unit, for each row; 0 without one.
        certificate_starts: where each row's certificates begin, and the end.
        certificates: keys of the certificates, ascending in a row.
        term_starts: where each row's vector begins, and the end.
        columns: the vectors' columns, ascending in a row.
        weights: the vectors' weights.
    """

    ids: npt.NDArray[np.bytes_]
    statuses: Small
    sectors: Small
    sizes: Small
    completeness: Floats
    languages: Ints
    starts: Ints
    letter_starts: Ints
    letters: Masks
    sides: Masks
    kinds: Masks
    last_days: Ints
    measures: Ints
    amounts: Floats
    certificate_starts: Ints
    certificates: Ints
    term_starts: Ints
    columns: Places
    weights: Weights

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def rows(self) -> int:
        """Number of listings."""
        return len(self.sides)

    def profile(self, place: int) -> Profile:
        """The firm at a place."""
        return _decode(self.letters[self.letter_starts[place] : self.letter_starts[place + 1]].data)

    def vector(self, row: int) -> tuple[Places, Weights]:
        """Columns and weights of a listing."""
        part = slice(self.term_starts[row], self.term_starts[row + 1])
        return self.columns[part], self.weights[part]


LAYOUT: Mapping[str, tuple[str, Unit]] = {
    "ids": ("S32", "firms"),
    "statuses": ("i1", "firms"),
    "sectors": ("i1", "firms"),
    "sizes": ("i1", "firms"),
    "completeness": ("f8", "firms"),
    "languages": ("i8", "firms"),
    "starts": ("i8", "firms"),
    "letter_starts": ("i8", "firms"),
    "letters": ("u1", "letters"),
    "sides": ("u1", "rows"),
    "kinds": ("u1", "rows"),
    "last_days": ("i8", "rows"),
    "measures": ("i8", "rows"),
    "amounts": ("f8", "rows"),
    "certificate_starts": ("i8", "rows"),
    "certificates": ("i8", "certificates"),
    "term_starts": ("i8", "rows"),
    "columns": ("i4", "terms"),
    "weights": ("f4", "terms"),
}
"""Type of each array, and of what it has one; arrays of starts have one more, the end."""
STARTS: Mapping[str, Unit] = {
    "starts": "rows",
    "letter_starts": "letters",
    "certificate_starts": "certificates",
    "term_starts": "terms",
}
"""Arrays of starts, and of what they say where it begins."""


class Draft:
    """Columns that grow: what was added stays where it is, so that views of it stay true."""

    def __init__(self) -> None:
        self.language_sets: dict[int, frozenset[str]] = {}
        self._counts: dict[Unit, int] = dict.fromkeys(("firms", "rows", "certificates", "terms", "letters"), 0)
        self._arrays = {name: np.zeros(FIRST_ROOM + 1, dtype) for name, (dtype, _) in LAYOUT.items()}

    def __len__(self) -> int:
        return self._counts["firms"]

    def add(self, profile: Profile, vectors: Sequence[tuple[Places, Weights]]) -> None:
        """Adds a firm with the vectors of its listings."""
        arrays, counts, company_id, letters = self._arrays, self._counts, _id_of(profile), _encode(profile)
        keys = [sorted(set(map(key_of_certificate, one.certificates))) for one in profile.listings]
        self._make_room("firms", 1)
        self._make_room("rows", len(keys))
        self._make_room("certificates", sum(map(len, keys)))
        self._make_room("terms", sum(len(columns) for columns, _ in vectors))
        self._make_room("letters", len(letters))
        for listing, certificates, vector in zip(profile.listings, keys, vectors, strict=True):
            self._add_row(listing, certificates, vector)
        firm = counts["firms"]
        languages = key_of_languages(profile.languages)
        self.language_sets.setdefault(languages, profile.languages)
        arrays["ids"][firm] = company_id
        arrays["statuses"][firm] = STATUSES.index(profile.status)
        arrays["sectors"][firm] = sector_bits(profile)
        arrays["sizes"][firm] = UNKNOWN if profile.size is None else SIZES.index(profile.size)
        arrays["completeness"][firm] = profile.completeness
        arrays["languages"][firm] = languages
        end = counts["letters"] + len(letters)
        arrays["letters"][counts["letters"] : end] = np.frombuffer(letters, dtype=np.uint8)
        arrays["letter_starts"][firm + 1] = counts["letters"] = end
        arrays["starts"][firm + 1] = counts["rows"]
        counts["firms"] = firm + 1

    def _add_row(self, listing: Listing, certificates: Sequence[int], vector: tuple[Places, Weights]) -> None:
        arrays, counts, row = self._arrays, self._counts, self._counts["rows"]
        measure, amount = (NOTHING, 0.0) if listing.volume is None else yearly(listing.volume)
        arrays["sides"][row] = SIDES.index(listing.side)
        arrays["kinds"][row] = KINDS.index(listing.kind)
        arrays["last_days"][row] = last_day(listing)
        arrays["measures"][row] = NOTHING if measure == NOTHING else key_of(str(measure))
        arrays["amounts"][row] = amount
        end = counts["certificates"] + len(certificates)
        arrays["certificates"][counts["certificates"] : end] = certificates
        arrays["certificate_starts"][row + 1] = counts["certificates"] = end
        end = counts["terms"] + len(vector[0])
        arrays["columns"][counts["terms"] : end], arrays["weights"][counts["terms"] : end] = vector
        arrays["term_starts"][row + 1] = counts["terms"] = end
        counts["rows"] = row + 1

    def columns(self) -> Columns:
        """A view of what was added so far, which later additions do not change."""
        arrays: dict[str, Any] = {}
        for name, (_, unit) in LAYOUT.items():
            arrays[name] = self._arrays[name][: self._counts[unit] + (name in STARTS)]
        return Columns(**arrays)

    def _make_room(self, unit: Unit, more: int) -> None:
        needed = self._counts[unit] + more + 1
        for name, (_, its_unit) in LAYOUT.items():
            array = self._arrays[name]
            if its_unit == unit and needed > len(array):
                larger = np.zeros(max(2 * len(array), needed), dtype=array.dtype)
                larger[: len(array)] = array
                self._arrays[name] = larger


def _id_of(profile: Profile) -> bytes:
    company_id = profile.id.encode()
    if len(company_id) > LONGEST_ID:
        raise ValueError(f"An id has at most {LONGEST_ID} bytes, not {company_id!r}.")
    return company_id


def taken(columns: Columns, places: Ints) -> Columns:
    """Some firms of some columns, in the given order."""
    index: dict[Unit, Ints] = {"firms": places}
    arrays: dict[str, Any] = {}
    for name, unit in STARTS.items():
        arrays[name], index[unit] = spread(getattr(columns, name), index[LAYOUT[name][1]])
    for name, (_, unit) in LAYOUT.items():
        if name not in STARTS:
            arrays[name] = getattr(columns, name)[index[unit]]
    return Columns(**arrays)


def joined(parts: Sequence[Columns]) -> Columns:
    """The firms of several columns, one after another."""
    if len(parts) == 1:
        return parts[0]
    arrays: dict[str, Any] = {}
    for name in LAYOUT:
        held = [getattr(part, name) for part in parts]
        arrays[name] = one_after_another(held) if name in STARTS else np.concatenate(held)
    return Columns(**arrays)


def one_after_another(starts: Sequence[Ints]) -> Ints:
    """Arrays of starts as one, where each one's parts follow those of the one before."""
    ends = np.cumsum([0, *(part[-1] for part in starts)])
    parts = [part[1:] + end for part, end in zip(starts, ends[:-1], strict=True)]
    return np.concatenate([np.zeros(1, dtype=np.int64), *parts])


@lru_cache(maxsize=10_000)
def key_of(text: str) -> int:
    """A number that stands for a text in arrays: 63 bits of its BLAKE2b digest, never ``NOTHING``."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1 or 1


@lru_cache(maxsize=10_000)
def key_of_certificate(name: str) -> int:
    """A certificate without case, spaces and signs: ``ISO 9001:2015`` and ``iso9001-2015`` are one."""
    return key_of("".join(letter for letter in name.casefold() if letter.isalnum()))


@lru_cache(maxsize=10_000)
def key_of_languages(languages: frozenset[str]) -> int:
    """A set of languages; ``NOTHING`` for none."""
    return key_of(" ".join(sorted(languages))) if languages else NOTHING


def last_day(listing: Listing) -> int:
    """The listing's last valid day as a proleptic ordinal; without one, for ever."""
    return listing.valid_until.toordinal() if listing.valid_until else FOREVER


def sector_bits(profile: Profile) -> int:
    """A bit for each sector of the firm, in the order of ``SECTORS``."""
    return sum(1 << place for place, sector in enumerate(SECTORS) if sector in profile.sectors)
