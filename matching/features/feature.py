"""What a feature is: a claim about a pair, measured from both sides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from matching.features.meeting import Meeting
from matching.index.kernel import Floats
from matching.index.segment import Term
from matching.profile import Profile

Perspective = Literal["ours", "theirs"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a firm left unsaid and that would make the match surer.

    ``pointer`` is a JSON Pointer into the profile of the side that is to fill it in.
    """

    side: Perspective
    feature: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two firms, and the pairs of listings (places in their profiles) that fit best; None without one.

    ``supplied`` is our need with their offer, ``demanded`` our offer with their need.
    """

    ours: Profile
    theirs: Profile
    supplied: tuple[int, int] | None
    demanded: tuple[int, int] | None

    def turned(self) -> "Pair":
        """The same pair as the other side sees it."""
        return Pair(
            self.theirs,
            self.ours,
            self.demanded and (self.demanded[1], self.demanded[0]),
            self.supplied and (self.supplied[1], self.supplied[0]),
        )


Measure = Callable[[Meeting], tuple[Floats, Floats]]
"""Values from our side and from theirs, one for each firm of the segment, in [0, 1] or NaN for unknown."""
Missing = Callable[[Pair], Iterator[tuple[Perspective, str, str]]]
"""What to fill in, seen from our side: whose profile, pointer, message."""


def nothing_missing(_: Pair) -> Iterator[tuple[Perspective, str, str]]:
    """For features that are always known."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Feature:
    """A signal; ``measure``'s docstring is what staff read about it.

    ``term``: for one that is known only where a pair of listings fits (relevance ``FITTING`` or more) and both tell of
    a term: which one.
    """

    measure: Measure
    missing: Missing = nothing_missing
    term: Term | None = None

    @property
    def name(self) -> str:
        """The claim, as in components."""
        return self.measure.__name__

    @property
    def meaning(self) -> str:
        """What staff read about it."""
        return " ".join((self.measure.__doc__ or "").split())
