"""The index: who is in the register, as arrays that answer in one pass."""

from matching.index.register import Part, Snapshot, changed
from matching.index.segment import Segment, Side, build

__all__ = ["Part", "Segment", "Side", "Snapshot", "build", "changed"]
