"""A register's parts in one file that is mapped into memory: a process ranks at once, and several share the pages.

The file is a line that names the format, a line of JSON (the key, where each array stands, the arrays' checksum), and
the arrays. The JSON line ends in its own checksum. Whatever does not fit (another engine, another key, a damaged
byte) makes the file unusable, and the register is built anew from its source.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4
from zlib import crc32

import numpy as np

from matching.index.columns import LAYOUT, Columns, taken
from matching.index.kernel import LIVES, Bools
from matching.index.postings import Postings
from matching.index.register import Part, Snapshot
from matching.index.segment import Inverted, Segment, Side, segment_of
from matching.kept import engine_version

FORMAT = b"Caravan index 1\n"
ALIGNED = 64
STRIDE = 1 << 24
LEFT_BEHIND = 3600.0
"""Seconds after which an unfinished file is nobody's."""

Key = Mapping[str, str | int | None]


class Unusable(ValueError):
    """The file is not a whole one of this engine and key."""


def save(path: Path, snapshot: Snapshot, key: Key) -> None:
    """Writes a snapshot of the register; readers see the old file or the new one, never half of one.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            _write(file, [_settled(part, snapshot.version) for part in snapshot.parts], key)
            file.flush()
            os.fsync(file.fileno())
        written = fresh.stat().st_mtime
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
    _sweep(path, written)


def _sweep(path: Path, now: float) -> None:
    """Removes what a process left that was killed while it saved."""
    for left in path.parent.glob(f"{path.name}.*"):
        with suppress(OSError):
            if now - left.stat().st_mtime > LEFT_BEHIND:
                left.unlink()


def _settled(part: Part, version: int) -> tuple[Segment, Bools]:
    """The part's firms in the order of ids, and which of them live at a version."""
    alive: Bools = part.died > version
    if part.fresh is None:
        return part.segment, alive
    places = np.flatnonzero(alive)
    columns = part.segment.columns
    ordered = taken(columns, places[np.argsort(columns.ids[places])])
    segment = segment_of(part.segment.country, ordered, dict(part.segment.language_sets))
    return segment, np.ones(len(segment), dtype=np.bool_)


def _write(file: BinaryIO, parts: Sequence[tuple[Segment, Bools]], key: Key) -> None:
    described, arrays, at = [], [], 0
    for segment, alive in parts:
        places = {}
        for name, array in (("alive", alive.view(np.uint8)), *_arrays(segment)):
            places[name] = [array.dtype.str, len(array), at]
            arrays.append(array)
            at += -(-array.nbytes // ALIGNED) * ALIGNED
        sets = {str(number): sorted(languages) for number, languages in list(segment.language_sets.items())}
        described.append({"country": segment.country, "language_sets": sets, "arrays": places})
    checksum = 0
    for array in arrays:
        checksum = crc32(_padding(array), crc32(array.view(np.uint8).data, checksum))
    head = {"engine": engine_version(), "key": dict(key), "size": at, "checksum": checksum, "parts": described}
    line = json.dumps(head).encode()
    line += b" " * (-(len(FORMAT) + len(line) + len(_sealed(b""))) % ALIGNED)
    file.write(FORMAT + line + _sealed(line))
    for array in arrays:
        file.write(array.view(np.uint8).data)
        file.write(_padding(array))


def _sealed(line: bytes) -> bytes:
    """How a line of JSON ends."""
    return b" %08x\n" % crc32(line)


def _padding(array: np.ndarray[Any, Any]) -> bytes:
    return b"\0" * (-array.nbytes % ALIGNED)


def _arrays(segment: Segment) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Everything that makes a segment, by name; without postings where it has none."""
    for name in LAYOUT:
        yield name, getattr(segment.columns, name)
    inverted = segment.inverted
    if inverted is not None:
        yield "classes", inverted.classes
        yield "examples", inverted.examples
        yield "told", inverted.told
        for name, side in (("offers", inverted.offers), ("needs", inverted.needs)):
            for field in ("kind_starts", "firms", "starts", "rows", "ends"):
                yield f"{name}.{field}", getattr(side, field)
            for field in ("columns", "starts", "rows", "weights"):
                yield f"{name}.postings.{field}", getattr(side.postings, field)


def load(path: Path, key: Key) -> list[Part]:
    """The parts that were saved under a key, mapped into memory.

    Raises:
        FileNotFoundError: there is no such file.
        Unusable: it is damaged, of another engine, or of another key.
    """
    with path.open("rb") as file:
        head = _head(file)
        begin = file.tell()
        memory = mmap(file.fileno(), 0, access=ACCESS_COPY)
    if head["engine"] != engine_version() or head["key"] != dict(key):
        raise Unusable("It is of another engine or another register.")
    if len(memory) != begin + head["size"]:
        raise Unusable("It is cut short.")
    view = memoryview(memory)
    checksum = 0
    for at in range(begin, len(memory), STRIDE):
        checksum = crc32(view[at : at + STRIDE], checksum)
    if checksum != head["checksum"]:
        raise Unusable("It is damaged.")
    return [_part(part, view[begin:]) for part in head["parts"]]


def _head(file: BinaryIO) -> dict[str, Any]:
    """What a file says of itself; its arrays come next."""
    if file.readline(len(FORMAT)) != FORMAT:
        raise Unusable("It is of another format.")
    line, space, checksum = file.readline().rpartition(b" ")
    if space + checksum != _sealed(line):
        raise Unusable("Its head is damaged.")
    head: dict[str, Any] = json.loads(line)
    return head


def saved_key(path: Path) -> Key:
    """The key that a file was saved under.

    Raises:
        FileNotFoundError: there is no such file.
        Unusable: it is none of ours.
    """
    with path.open("rb") as file:
        key: Key = _head(file)["key"]
    return key


def _part(described: Mapping[str, Any], memory: memoryview) -> Part:
    arrays = {
        name: np.frombuffer(memory, dtype=dtype, count=count, offset=at)
        for name, (dtype, count, at) in described["arrays"].items()
    }
    inverted = None
    if "classes" in arrays:
        sides = [
            Side(
                Postings(*(arrays[f"{name}.postings.{field}"] for field in ("columns", "starts", "rows", "weights"))),
                *(arrays[f"{name}.{field}"] for field in ("kind_starts", "firms", "starts", "rows", "ends")),
            )
            for name in ("offers", "needs")
        ]
        inverted = Inverted(sides[0], sides[1], arrays["classes"], arrays["examples"], arrays["told"])
    sets = {int(number): frozenset(languages) for number, languages in described["language_sets"].items()}
    segment = Segment(described["country"], Columns(**{name: arrays[name] for name in LAYOUT}), sets, inverted)
    died = np.where(arrays["alive"], LIVES, np.int64(0))
    return Part(segment, died, gone=int(np.count_nonzero(died != LIVES)))
