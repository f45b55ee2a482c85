"""The index: who is in the register, as arrays that answer in one pass."""

from matching.index.register import Snapshot, changed
from matching.index.segment import Segment, build

__all__ = ["Segment", "Snapshot", "build", "changed"]
