"""The firms that can be ranked: segments of one country each, fresh firms, tombstones; readers never wait."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from matching.index.columns import Columns, Draft, joined, taken
from matching.index.kernel import LIVES, Ints
from matching.index.segment import LEAST_INVERTED, Segment, drafted, segment_of, vector_of
from matching.profile import Profile
from matching.relevance import Relevance, Vectors

TIER = 4
FULL = 256
"""Fresh firms of a country from which they are put in order; more than this at once are, right away."""
MOST_SEALED = 8
"""Full drafts that wait for ``tidy`` before a writer sees to it itself."""

Places = Mapping[str, tuple[int, ...]]


@dataclass(slots=True, eq=False)
class Part:
    """A segment and when its firms died.

    Attributes:
        segment: the firms.
        died: the version at which each died, ``LIVES`` for the living; only ever changed for later versions.
        fresh: where the firms of a draft stand, by id, oldest first; None for a segment in the order of ids.
        gone: firms that died, for a segment in the order of ids.
    """

    segment: Segment
    died: Ints
    fresh: Places | None = field(default=None, repr=False)
    gone: int = 0

    def find(self, company_id: str, version: int) -> int | None:
        """The place of a firm that lives at a version, or None."""
        ids = self.segment.columns.ids
        if self.fresh is not None:
            places = self.fresh.get(company_id, ())
        else:
            wanted = company_id.encode()
            at = int(np.searchsorted(ids, wanted))
            places = (at,) if at < len(ids) and ids[at] == wanted else ()
        return next((at for at in reversed(places) if at < len(ids) and self.died[at] > version), None)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A state of the register that never changes."""

    parts: tuple[Part, ...] = ()
    version: int = 0
    size: int = 0

    def find(self, company_id: str) -> tuple[Part, int] | None:
        """The part and place of a firm, or None."""
        for part in reversed(self.parts):
            place = part.find(company_id, self.version)
            if place is not None:
                return part, place
        return None

    def abroad(self, country: str) -> list[Part]:
        """The parts of all other countries."""
        return [part for part in self.parts if part.segment.country != country]

    def __len__(self) -> int:
        return self.size


class _Fresh:
    """A draft that takes the changed firms of a country, one after another."""

    def __init__(self, country: str, room: int) -> None:
        self.country = country
        self._draft = Draft()
        self._places: dict[str, tuple[int, ...]] = {}
        self._died = np.full(room, LIVES)

    def __len__(self) -> int:
        return len(self._draft)

    def add(self, profile: Profile, vectors: Sequence[tuple[np.ndarray, np.ndarray]]) -> Part:
        """Adds a firm; what the register sees of this draft from now on."""
        place = len(self._draft)
        self._draft.add(profile, vectors)
        self._places[profile.id] = (*self._places.get(profile.id, ()), place)
        segment = Segment(self.country, self._draft.columns(), self._draft.language_sets, None)
        return Part(segment, self._died[: len(segment)], self._places)


class Register:
    """Changes make a new snapshot; ``snapshot`` may be read at any time by anyone."""

    def __init__(self, parts: Iterable[Part] = (), *, least_inverted: int = LEAST_INVERTED, full: int = FULL) -> None:
        held = tuple(parts)
        self.snapshot = Snapshot(held, 0, sum(len(part.segment) - part.gone for part in held))
        self._least_inverted = least_inverted
        self._full = full
        self._fresh: dict[str, _Fresh] = {}
        self._writing = Lock()
        self._tidying = Lock()

    def change(self, relevance: Relevance, *, put: Sequence[Profile] = (), drop: Sequence[str] = ()) -> None:
        """Puts firms, new or changed, and drops others, in one step for every reader; the texts are read here."""
        latest = list({profile.id: profile for profile in put}.values())
        vectors = relevance.vectors([listing for profile in latest for listing in profile.listings])
        self.put(latest, vectors, drop=drop)
        if self._sealed() > MOST_SEALED:
            self.tidy()

    def put(self, profiles: Sequence[Profile], vectors: Vectors, *, drop: Sequence[str] = ()) -> None:
        """As ``change``, of different firms whose listings' vectors, one after another, are known."""
        with self._writing:
            before = self.snapshot
            version = before.version + 1
            parts = self._added(list(before.parts), profiles, vectors)
            gone = 0
            for company_id in {*drop, *(profile.id for profile in profiles)}:
                found = before.find(company_id)
                if found is not None:
                    part, place = found
                    part.died[place] = version
                    part.gone += 1
                    gone += 1
            self.snapshot = Snapshot(tuple(parts), version, before.size - gone + len(profiles))

    def _added(self, parts: list[Part], profiles: Sequence[Profile], vectors: Vectors) -> list[Part]:
        if len(profiles) > self._full:
            return [*parts, *self._built(profiles, vectors)]
        row = 0
        for profile in profiles:
            fresh = self._fresh.get(profile.country)
            if fresh is None or len(fresh) >= self._full:
                fresh = self._fresh[profile.country] = _Fresh(profile.country, self._full)
            known = len(fresh) > 0
            count = len(profile.listings)
            part = fresh.add(profile, [vector_of(vectors, at) for at in range(row, row + count)])
            row += count
            if known:
                at = next(at for at, one in enumerate(parts) if one.fresh is part.fresh)
                parts[at] = part
            else:
                parts.append(part)
        return parts

    def _built(self, profiles: Sequence[Profile], vectors: Vectors) -> list[Part]:
        draft = drafted(profiles, vectors)
        columns = draft.columns()
        places = defaultdict(list)
        for at, profile in enumerate(profiles):
            places[profile.country].append(at)
        return [
            self._part(country, _ordered(taken(columns, np.array(of_country))), draft.language_sets)
            for country, of_country in sorted(places.items())
        ]

    def _part(self, country: str, columns: Columns, language_sets: Mapping[int, frozenset[str]]) -> Part:
        segment = segment_of(country, columns, language_sets, self._least_inverted)
        return Part(segment, np.full(len(segment), LIVES))

    def _sealed(self) -> int:
        return sum(part.fresh is not None and len(part.segment) >= self._full for part in self.snapshot.parts)

    @property
    def untidy(self) -> bool:
        """Whether ``tidy`` would find something to do."""
        return any(_to_merge(parts, self._full) for parts in _by_country(self.snapshot).values())

    def tidy(self) -> None:
        """Merges small and worn parts, so that their number stays logarithmic; readers and writers go on meanwhile."""
        with self._tidying:
            for country in _by_country(self.snapshot):
                while chosen := _to_merge(_by_country(self.snapshot)[country], self._full):
                    self._merge(country, chosen)

    def _merge(self, country: str, chosen: Sequence[Part]) -> None:
        version = self.snapshot.version
        alive = [np.flatnonzero(part.died > version) for part in chosen]
        columns = joined([taken(part.segment.columns, places) for part, places in zip(chosen, alive, strict=True)])
        order = np.argsort(columns.ids)
        language_sets = {
            key: languages for part in chosen for key, languages in list(part.segment.language_sets.items())
        }
        merged = self._part(country, taken(columns, order), language_sets)
        with self._writing:
            died = np.concatenate([part.died[places] for part, places in zip(chosen, alive, strict=True)])
            merged.died[:] = died[order]
            merged.gone = int(np.count_nonzero(died != LIVES))
            kept = [part for part in self.snapshot.parts if all(part is not one for one in chosen)]
            if len(merged.segment):
                kept.append(merged)
            self.snapshot = Snapshot(tuple(kept), self.snapshot.version, self.snapshot.size)


def _ordered(columns: Columns) -> Columns:
    return taken(columns, np.argsort(columns.ids))


def _by_country(snapshot: Snapshot) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = defaultdict(list)
    for part in snapshot.parts:
        found[part.segment.country].append(part)
    return found


def _to_merge(parts: Sequence[Part], full: int) -> list[Part]:
    """The parts of a country that are to become one: those too small, or too worn, to stand beside the larger ones.

    A draft that is still being filled is left alone.
    """
    ready = sorted(
        (part for part in parts if part.fresh is None or len(part.segment) >= full),
        key=lambda part: -len(part.segment),
    )
    sizes = [len(part.segment) for part in ready]
    drafts = [at for at, part in enumerate(ready) if part.fresh is not None]
    first = len(ready) - 1
    tail = 0
    while first > min(drafts, default=first) or (first > 0 and sizes[first - 1] < TIER * (tail + sizes[first])):
        tail += sizes[first]
        first -= 1
    if first == len(ready) - 1 and not drafts:
        first = len(ready)
    worn = next(
        (at for at, part in enumerate(ready) if part.fresh is None and 2 * part.gone > len(part.segment)),
        len(ready),
    )
    return ready[min(first, worn) :]
