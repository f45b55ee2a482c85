"""The index: who is in the register, as arrays that answer in one pass."""

from matching.index.columns import Columns
from matching.index.register import Part, Register, Snapshot
from matching.index.segment import Segment, build

__all__ = ["Columns", "Part", "Register", "Segment", "Snapshot", "build"]
