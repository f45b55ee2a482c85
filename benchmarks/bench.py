"""What a bench is: a function of the settings that yields rows as they are measured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import numpy as np


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run measures.

    Attributes:
        sizes: numbers of candidates, ascending.
        side: rows of either side where all pairs are measured.
        queries: how many are asked of a system that is quick.
        peers: whether other packages are measured beside us.
        patience: seconds after which a slow system is asked no more, unless it has answered fewer than ``FEWEST``.
    """

    sizes: tuple[int, ...]
    side: int
    queries: int
    peers: bool
    patience: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured line.

    Attributes:
        what: the thing done.
        size: candidates, or whatever the bench counts.
        system: who did it.
        runs: how often it was timed, after a warm-up.
        p50_ms: median milliseconds.
        p99_ms: 99th percentile of the milliseconds.
        ratio: the system's median divided by Caravan's.
        figure: what else was measured, in ``unit``.
        unit: of ``figure``.
        goal: what we want, and whether it is so.
    """

    what: str
    size: int
    system: str
    runs: int = 1
    p50_ms: float | None = None
    p99_ms: float | None = None
    ratio: float | None = None
    figure: float | None = None
    unit: str = ""
    goal: str = ""


Found = TypeVar("Found")
Bench = Callable[[Settings], Iterator[Row]]

FEWEST = 5


def goal(wanted: str, met: bool) -> str:  # noqa: FBT001  # the sentence reads better so
    """A goal and whether it is met."""
    return f"{wanted}: {'met' if met else 'missed'}"


def timed(action: Callable[[], Found]) -> tuple[Found, float]:
    """What an action returns, and the milliseconds that it takes."""
    started = perf_counter()
    found = action()
    return found, (perf_counter() - started) * 1e3


def p50(times: list[float]) -> float:
    """The median."""
    return float(np.median(times))


def p99(times: list[float]) -> float:
    """The 99th percentile."""
    return float(np.quantile(times, 0.99))
