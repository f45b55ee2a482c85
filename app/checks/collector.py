"""Figures that are read when somebody asks for them: of the database, the disk and the backups."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from app.backup import last_backup
from app.checks.measured import free_bytes, round_trip, waiting_jobs
from app.db import Database
from app.db.base import now
from app.db.changes import latest_change
from app.settings import Settings


class ServiceFigures(Collector):
    """What holds for the whole service, whichever of its processes is asked."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        """The figures of now."""
        yield InfoMetricFamily(
            "caravan_build",
            "The program.",
            value={
                "version": version("caravan"),
                "python": platform.python_version(),
                "database": self._database.engine.dialect.name,
            },
        )
        yield from self._of_database()
        yield from self._of_disk()

    def _of_database(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("caravan_database_up", "1 as long as the database answers.")
        try:
            trip = round_trip(self._database)
            with self._database.reading() as session:
                jobs, change = waiting_jobs(session), latest_change(session)
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield GaugeMetricFamily("caravan_database_round_trip_seconds", "One round trip.", value=trip)
        yield GaugeMetricFamily("caravan_change_number", "The newest change of the register.", value=change)
        waiting = GaugeMetricFamily("caravan_jobs_waiting", "Jobs that wait or are at work.", labels=["kind"])
        oldest = GaugeMetricFamily("caravan_jobs_oldest_seconds", "Age of the oldest of them.", labels=["kind"])
        for job in jobs:
            waiting.add_metric([job.kind], job.count)
            oldest.add_metric([job.kind], job.oldest.total_seconds())
        yield waiting
        yield oldest

    def _of_disk(self) -> Iterator[Metric]:
        free = free_bytes(self._settings.data_dir)
        yield GaugeMetricFamily("caravan_disk_free_bytes", "Free space in the data directory.", value=free)
        last = last_backup(self._settings.data_dir)
        if last is not None:
            age = (now() - last.taken_at).total_seconds()
            yield GaugeMetricFamily("caravan_backup_age_seconds", "Since the last backup from here.", value=age)
