"""A thread that works on jobs in the background until it is stopped."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import perf_counter

from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger("caravan.jobs")

IDLE_SECONDS = 0.5


class Worker:
    """Calls ``work`` again and again; where that did nothing, it waits a little.

    Args:
        name: of the thread, for the log.
        work: does a small piece of work; how many there were.
        pause: times as long as a piece took, it rests after it.
    """

    def __init__(self, name: str, work: Callable[[], int], pause: float = 0.0) -> None:
        self._name = name
        self._work = work
        self._pause = pause
        self._stop = Event()
        self._thread: Thread | None = None

    @property
    def name(self) -> str:
        """What it is called in the log."""
        return self._name

    @property
    def alive(self) -> bool:
        """Whether it works in the background."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Works in the background until ``stop``."""
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the background work after the piece at hand."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            started = perf_counter()
            try:
                done = self._work()
            except SQLAlchemyError:
                log.warning("%s could not work; it tries again.", self._name, exc_info=True)
                done = 0
            self._stop.wait(self._pause * (perf_counter() - started) if done else IDLE_SECONDS)
