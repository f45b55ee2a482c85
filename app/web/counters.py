"""Counters that all worker processes of a machine share, in a small file that each maps into its memory."""

import fcntl
import hashlib
import logging
import mmap
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

from app.settings import Rate

logger = logging.getLogger("uvicorn.error")

KEY = 16
SLOT, MOMENT = struct.Struct(f"={KEY}sd"), struct.Struct("=d")
WAYS = 8
"""Slots among which a key may stand."""
SETS = 8192
SET = SLOT.size * WAYS
SIZE = SET * SETS
LONGEST = 86_400.0
PATIENCE, PAUSE = 0.05, 0.0002
"""Seconds to wait for the lock, which is held for microseconds, and between two looks."""
ROUNDED = 1e-6
"""What is lost of a number that was divided and added up many times."""
RESPITE = 1.0
"""Seconds without counting after the lock could not be had: whoever holds it was stopped in that very moment."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, by the rate that leaves the least of those asked for: the one at ``at``.

    ``reset`` is the seconds until all of it is back; ``wait`` those after which the request would pass, 0 if it does.
    """

    at: int
    remaining: int
    reset: float
    wait: float = 0.0


class Counters:
    """Rates by key, kept as one number for each: the moment at which all that was used has come back.

    This is the generic cell rate algorithm (ITU-T I.371), which is a leaking bucket without a timer: a number that lies
    in the past says the same as none, so whatever is idle is free to be overwritten, and nothing has to be cleaned up.
    The clock is the machine's monotonic one, which no correction turns back. A number that no request could have left
    (a damaged file, the time before a restart of the machine) counts as none.

    A set of slots that is full gives up the key that has used the least. The lock is one of the file's (``flock``):
    with a process that is killed it is gone. The file holds digests under a secret that is nowhere in it.

    Args:
        path: the file; where it cannot be made, each process counts for itself.
        secret: what the processes that count together know.
        clock: seconds.
    """

    def __init__(self, path: Path, secret: bytes, clock: Callable[[], float] = monotonic) -> None:
        self._path = path
        self._secret = hashlib.blake2b(secret).digest()
        self._clock = clock
        self._file: int | None = None
        self._table: mmap.mmap | None = None
        self._turn = Lock()
        self._respite = 0.0

    def key(self, *what: str) -> bytes:
        """The key of what is counted."""
        return hashlib.blake2b("\n".join(what).encode(), key=self._secret, digest_size=KEY).digest()

    def take(self, wanted: Sequence[tuple[bytes, Rate]]) -> Verdict | None:
        """Takes one from the rate of each key if all of them have one left; None when nothing could be counted."""
        with self._turn:
            now = self._clock()
            table = self._table or self._open()
            if not self._lock(now):
                return None
            try:
                return _taken(table, wanted, now)
            finally:
                self._unlock()

    def close(self) -> None:
        """Lets go of the file; the next one who asks opens it again."""
        with self._turn:
            if self._table is not None:
                self._table.close()
            if self._file is not None:
                os.close(self._file)
            self._table = self._file = None

    def _open(self) -> mmap.mmap:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _reserve(self._file)  # a hole that a full disk cannot fill would end the process
            self._table = mmap.mmap(self._file, SIZE)
        except OSError as failed:
            logger.warning("Requests are counted by each process for itself: %s: %s", self._path, failed.strerror)
            if self._file is not None:
                os.close(self._file)
            self._file, self._table = None, mmap.mmap(-1, SIZE)
        return self._table

    def _lock(self, now: float) -> bool:
        if self._file is None:
            return True
        if now < self._respite:
            return False
        until = monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if monotonic() > until:
                    self._respite = now + RESPITE
                    return False
                sleep(PAUSE)
            else:
                return True

    def _unlock(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def _reserve(file: int) -> None:
    """Gives a file its size on the disk; a longer one is left so, since others may have it in their memory."""
    os.posix_fallocate(file, 0, SIZE)


def _taken(table: mmap.mmap, wanted: Sequence[tuple[bytes, Rate]], now: float) -> Verdict:
    places = [_place(table, key, now) for key, _ in wanted]
    verdicts = [_judged(at, rate, places[at][1] - now) for at, (_, rate) in enumerate(wanted)]
    scarcest = min(verdicts, key=_scarcity)
    if not scarcest.wait:
        for (key, rate), (offset, whole) in zip(wanted, places, strict=True):
            if whole == now:  # a new one, or as good as new: another one may have been shown the same slot
                offset, _ = _place(table, key, now)  # noqa: PLW2901  # the place to write to
            SLOT.pack_into(table, offset, key, whole + rate.seconds / rate.quota)
    return scarcest


def _scarcity(verdict: Verdict) -> tuple[float, int]:
    return -verdict.wait, verdict.remaining


def _judged(at: int, rate: Rate, used: float) -> Verdict:
    """What a rate says to one more request when what was used takes so many seconds to come back."""
    each = rate.seconds / rate.quota
    left = (rate.seconds - used) / each
    if left < 1 - ROUNDED:
        return Verdict(at, 0, used, (1 - left) * each)
    return Verdict(at, int(left + ROUNDED) - 1, used + each)


def _place(table: mmap.mmap, key: bytes, now: float) -> tuple[int, float]:
    """Where a key stands or may stand, and when all that it used has come back: ``now`` if it used nothing."""
    first = int.from_bytes(key[:4], "little") % SETS * SET
    found = table.find(key, first, first + SET)
    if found >= 0 and not (found - first) % SLOT.size:
        return found, _whole(table, found, now)
    return min(range(first, first + SET, SLOT.size), key=lambda offset: _whole(table, offset, now)), now


def _whole(table: mmap.mmap, offset: int, now: float) -> float:
    (moment,) = MOMENT.unpack_from(table, offset + KEY)
    return float(moment) if now < moment <= now + LONGEST else now  # NaN is neither
