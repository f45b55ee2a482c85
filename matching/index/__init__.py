"""The index: who is in the register, as arrays that answer in one pass."""

from matching.index.columns import Columns
from matching.index.register import Part, Register, Snapshot
from matching.index.segment import Segment, build
from matching.index.stored import Key, Unusable, load, save, saved_key

__all__ = [
    "Columns",
    "Key",
    "Part",
    "Register",
    "Segment",
    "Snapshot",
    "Unusable",
    "build",
    "load",
    "save",
    "saved_key",
]
