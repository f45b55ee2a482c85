"""What is counted and measured while the service runs, in Prometheus' terms. No label tells who.

Several worker processes write into files of one directory (``PROMETHEUS_MULTIPROC_DIR``, read when this is imported),
so that any of them, or the one that started them, can tell the figures of all.
"""

import os
from pathlib import Path
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.registry import Collector

DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for

REGISTRY = CollectorRegistry()
"""The figures of this process."""

REQUESTS = Counter(
    "caravan_requests",
    "Requests that were answered, by the template of their address.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "caravan_request_seconds",
    "From the first byte of a request to the last of its answer.",
    ("route",),
    buckets=SECONDS,
    registry=REGISTRY,
)
IN_FLIGHT = Gauge("caravan_requests_in_flight", "Requests at work.", multiprocess_mode="livesum", registry=REGISTRY)
KEPT_ANSWERS = Counter(
    "caravan_kept_answers",
    "Rankings that were answered from memory (hit) or computed (miss).",
    ("outcome",),
    registry=REGISTRY,
)
RANKING_SECONDS = Histogram(
    "caravan_ranking_seconds", "Computing one firm's ranking.", buckets=SECONDS, registry=REGISTRY
)
REGISTRATIONS = Counter("caravan_registrations", "Firms that registered themselves.", registry=REGISTRY)
FAILED_SIGN_INS = Counter(
    "caravan_failed_sign_ins", "Passwords, codes, tokens and links that were not taken.", ("of",), registry=REGISTRY
)
MAILS = Counter(
    "caravan_mails", "Mails that were sent, failed and wait again, or were given up.", ("outcome",), registry=REGISTRY
)
REFUSED = Counter(
    "caravan_refused", "Requests that were refused to protect the service, by reason.", ("reason",), registry=REGISTRY
)
JOBS_FAILED = Counter(
    "caravan_jobs_failed", "Jobs that failed and wait to be tried again.", ("kind",), registry=REGISTRY
)
CONNECTIONS = Gauge(
    "caravan_database_connections_in_use",
    "Connections of the pool that are at work.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
REGISTER_CHANGE = Gauge(
    "caravan_register_change",
    "The newest change that this process's register knows.",
    multiprocess_mode="liveall",
    registry=REGISTRY,
)
REGISTER_LAG = Gauge(
    "caravan_register_lag_changes",
    "Changes that this process's register has still to read; it reads them before it ranks.",
    multiprocess_mode="liveall",
    registry=REGISTRY,
)
COMPANIES = Gauge(
    "caravan_register_companies", "Firms in this process's register.", multiprocess_mode="liveall", registry=REGISTRY
)
MEMORY = Gauge(
    "caravan_process_memory_bytes", "Resident memory of a process.", multiprocess_mode="liveall", registry=REGISTRY
)


def exposed(*more: Collector, directory: str | None = None) -> bytes:
    """All figures as text: those of this process or, with a directory, of all that write there; and some more."""
    directory = directory or os.environ.get(DIRECTORY)
    registry = REGISTRY
    if directory:
        _forget_the_dead(Path(directory))
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, path=directory)  # type: ignore[no-untyped-call]
    asked = CollectorRegistry()
    for collector in more:
        asked.register(collector)
    return generate_latest(registry) + generate_latest(asked)


def resident_bytes() -> int:
    """The memory that this process holds; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _forget_the_dead(folder: Path) -> None:
    """Takes away what processes that are no more told about how they are."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdecimal() and not _lives(int(pid)):
            multiprocess.mark_process_dead(int(pid), path=str(folder))  # type: ignore[no-untyped-call]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
