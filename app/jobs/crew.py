"""All that works in the background of a process."""

from contextlib import suppress
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from app.actions.tokens import TokenUses
from app.db import Database
from app.jobs.audit import HeadTeller
from app.jobs.imports import Importer
from app.jobs.mail import Postman
from app.jobs.queue import PAUSE, QueueKeeper
from app.jobs.tidying import Tidier
from app.jobs.worker import Worker
from app.live import LiveRegister
from app.settings import Settings

STOP_SECONDS = 5.0
"""How long a job at hand may take to come to a place where it can be left; after that it is as after a crash."""


class Crew:
    """The workers on jobs, where the settings want them here, and the one that notes which tokens were used."""

    def __init__(self, database: Database, live: LiveRegister, settings: Settings) -> None:
        self.keeper = QueueKeeper(database, live, settings.queue_size)
        self.token_uses = TokenUses(database)
        self._importer = Importer(database, settings.import_basis)
        self._jobs = [
            Worker("queue-keeper", lambda: self.keeper.work(1), pause=PAUSE),
            Worker("checker", self._importer.check),
            Worker("importer", self._importer.run),
            Worker("postman", Postman(database, settings).work),
            Worker("tidier", Tidier(database, settings).work),
            Worker("head-teller", HeadTeller(database).work),
        ]
        self._working = [
            Worker("token-uses", self.token_uses.work),
            *(self._jobs if settings.background_jobs else ()),
        ]

    @property
    def dead(self) -> list[str]:
        """The names of those that should work and do not."""
        return [worker.name for worker in self._working if not worker.alive]

    def start(self) -> None:
        """Lets all begin."""
        for worker in self._working:
            worker.start()

    def stop(self) -> None:
        """Lets all come to an end, but waits no longer than ``STOP_SECONDS``."""
        self._importer.stop()
        for worker in self._working:
            worker.ask_to_stop()
        until = monotonic() + STOP_SECONDS
        for worker in self._working:
            worker.stop(max(0.0, until - monotonic()))
        with suppress(SQLAlchemyError):  # when tokens were used is not worth a failure
            self.token_uses.write()
