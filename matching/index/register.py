"""The firms that can be ranked: immutable segments of one country each, tombstones, merging."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from matching.index.kernel import Bools
from matching.index.segment import Segment, build, merge
from matching.profile import Profile
from matching.relevance import Relevance

TIER = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A segment and which of its firms are gone."""

    segment: Segment
    dead: Bools


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of the register that never changes: its parts, and in which one each firm lives."""

    parts: tuple[Part, ...] = ()
    where: dict[str, Segment] = field(default_factory=dict)

    def find(self, company_id: str) -> tuple[Segment, int] | None:
        """The segment and place of a firm, or None."""
        segment = self.where.get(company_id)
        return None if segment is None else (segment, segment.places[company_id])

    def abroad(self, country: str) -> list[Part]:
        """The parts of all other countries."""
        return [part for part in self.parts if part.segment.country != country]

    def __len__(self) -> int:
        return len(self.where)


def changed(
    snapshot: Snapshot, relevance: Relevance, *, put: Sequence[Profile] = (), drop: Sequence[str] = ()
) -> Snapshot:
    """The snapshot after some firms were put (new or changed) and others dropped.

    The firms that are put become a fresh segment of their country; small segments are merged so that their number
    stays logarithmic, as in a log-structured store.
    """
    latest = {profile.id: profile for profile in put}
    where = dict(snapshot.where)
    parts = _buried(snapshot, where, {*latest, *drop})
    for country in sorted({profile.country for profile in latest.values()}):
        fresh = build([profile for profile in latest.values() if profile.country == country], relevance)
        parts.append(Part(fresh, np.zeros(len(fresh.profiles), dtype=np.bool_)))
        where.update(dict.fromkeys(fresh.places, fresh))
    kept: list[Part] = []
    for country in sorted({part.segment.country for part in parts}):
        kept += _merged([part for part in parts if part.segment.country == country], where)
    return Snapshot(tuple(kept), where)


def _buried(snapshot: Snapshot, where: dict[str, Segment], gone: Iterable[str]) -> list[Part]:
    """The parts with tombstones for the firms that are gone, which also leave ``where``."""
    buried: dict[int, list[int]] = {}
    for company_id in gone:
        segment = where.pop(company_id, None)
        if segment is not None:
            buried.setdefault(id(segment), []).append(segment.places[company_id])
    parts: list[Part] = []
    for part in snapshot.parts:
        places = buried.get(id(part.segment))
        if places is None:
            parts.append(part)
        else:
            dead = part.dead.copy()
            dead[places] = True
            parts.append(Part(part.segment, dead))
    return parts


def _merged(parts: list[Part], where: dict[str, Segment]) -> list[Part]:
    """One country's parts, the tail of them merged when it is too small, or too dead, to stand alone."""
    first = _first_to_merge([len(part.dead) for part in parts], [int(part.dead.sum()) for part in parts])
    if first == len(parts):
        return parts
    merged = merge([part.segment for part in parts[first:]], [part.dead for part in parts[first:]])
    if merged is None:
        return parts[:first]
    where.update(dict.fromkeys(merged.places, merged))
    return [*parts[:first], Part(merged, np.zeros(len(merged.profiles), dtype=np.bool_))]


def _first_to_merge(sizes: list[int], gone: list[int]) -> int:
    """Where the run of segments begins that are too small, or too dead, to stand alone; their number for none."""
    first = len(sizes) - 1
    tail = 0
    while first > 0 and sizes[first - 1] < TIER * (tail + sizes[first]):
        tail += sizes[first]
        first -= 1
    worn = next((at for at, (size, dead) in enumerate(zip(sizes, gone, strict=True)) if 2 * dead > size), len(sizes))
    return min(worn, first if first < len(sizes) - 1 else len(sizes))
