"""The firms that can be ranked: immutable segments, tombstones, merging."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from matching.index.segment import Segment, build, merge
from matching.profile import Profile
from matching.relevance import Relevance

TIER = 4


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of the register that never changes: segments, and the places in each that are gone."""

    segments: tuple[Segment, ...] = ()
    dead: tuple[frozenset[int], ...] = ()
    where: dict[str, tuple[int, int]] = field(default_factory=dict)

    def find(self, company_id: str) -> tuple[Segment, int] | None:
        """The segment and place of a firm, or None."""
        at = self.where.get(company_id)
        return None if at is None else (self.segments[at[0]], at[1])

    def __len__(self) -> int:
        return len(self.where)


def changed(
    snapshot: Snapshot, relevance: Relevance, *, put: Sequence[Profile] = (), drop: Sequence[str] = ()
) -> Snapshot:
    """The snapshot after some firms were put (new or changed) and others dropped.

    The firms that are put become a fresh segment; small segments are merged so that their number stays
    logarithmic, as in a log-structured store.
    """
    latest = {profile.id: profile for profile in put}
    where = dict(snapshot.where)
    dead = [set(gone) for gone in snapshot.dead]
    for company_id in (*latest, *drop):
        at = where.pop(company_id, None)
        if at is not None:
            dead[at[0]].add(at[1])
    segments = list(snapshot.segments)
    if latest:
        where |= {company_id: (len(segments), place) for place, company_id in enumerate(latest)}
        segments.append(build(list(latest.values()), relevance))
        dead.append(set())
    first = _first_to_merge([len(s.profiles) for s in segments], [len(gone) for gone in dead])
    if first < len(segments):
        merged = merge(segments[first:], dead[first:])
        where |= {company_id: (first, place) for company_id, place in merged.places.items()}
        segments[first:], dead[first:] = [merged], [set()]
    return Snapshot(tuple(segments), tuple(frozenset(gone) for gone in dead), where)


def _first_to_merge(sizes: list[int], gone: list[int]) -> int:
    """Where the run of segments begins that are too small, or too dead, to stand alone; their number for none."""
    first = len(sizes) - 1
    tail = 0
    while first > 0 and sizes[first - 1] < TIER * (tail + sizes[first]):
        tail += sizes[first]
        first -= 1
    worn = next((at for at, (size, dead) in enumerate(zip(sizes, gone, strict=True)) if 2 * dead > size), len(sizes))
    return min(worn, first if first < len(sizes) - 1 else len(sizes))
