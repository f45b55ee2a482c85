"""Takes a look every few seconds at what only this process knows."""

from contextlib import suppress
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.db.changes import latest_change
from app.live import LiveRegister
from app.watch.figures import COMPANIES, MEMORY, REGISTER_CHANGE, REGISTER_LAG, resident_bytes

EVERY_SECONDS = 5.0


class Sampler:
    """Tells how much memory this process holds, and how far its register is; not at all where nobody wants it."""

    def __init__(self, database: Database, live: LiveRegister, *, wanted: bool) -> None:
        self._wanted = wanted
        self._database = database
        self._live = live
        self._stop = Event()
        self._thread = Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Looks in the background until ``stop``."""
        if self._wanted:
            self._thread.start()

    def stop(self) -> None:
        """Ends it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def sample(self) -> None:
        """Looks once."""
        MEMORY.set(resident_bytes())
        COMPANIES.set(self._live.companies)
        REGISTER_CHANGE.set(max(0, self._live.change))
        with suppress(SQLAlchemyError), self._database.reading() as session:
            REGISTER_LAG.set(max(0, latest_change(session) - max(0, self._live.change)))

    def _run(self) -> None:
        while not self._stop.is_set():
            self.sample()
            self._stop.wait(EVERY_SECONDS)
