"""A server that stops in a set time: what it took it finishes, and then it ends with exit code 0."""

import os
import signal
import socket
from threading import Timer
from time import monotonic
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

MARGIN_SECONDS = 10
"""How much later than it should a process is ended that does not end by itself."""
CUT_SHORT = 1
"""Exit code of a process that did not finish what it had taken."""


class Server(uvicorn.Server):
    """Answers requests. The first signal lets it finish those it took, the second one ends it at once."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Takes a signal. It is not raised again at the end, so that the exit code says that all went well."""
        del sig, frame
        if self.should_exit:
            os._exit(CUT_SHORT)  # what was answered is on the disk, the rest is as after a crash
        self.should_exit = True
        _end_after((self.config.timeout_graceful_shutdown or 0) + MARGIN_SECONDS)


class Servers(Multiprocess):
    """Several processes that answer requests on one socket, and the one that looks after them."""

    def join_all(self) -> None:
        """Waits for all to end; at a second signal, or when they take too long, they end at once."""
        for listener in self.sockets:
            listener.close()  # nobody must wait for an answer from a process that takes no more
        del self.signal_queue[:]
        until = monotonic() + (self.config.timeout_graceful_shutdown or 0) + MARGIN_SECONDS
        for process in self.processes:
            while process.process.is_alive():
                process.process.join(0.1)
                if {signal.SIGINT, signal.SIGTERM} & set(self.signal_queue) or monotonic() > until:
                    self._end_at_once()

    def _end_at_once(self) -> None:
        for process in self.processes:
            process.process.kill()
        os._exit(CUT_SHORT)


def serve_on(listener: socket.socket, config: uvicorn.Config) -> None:
    """Serves on a bound socket until a signal ends it."""
    if config.workers == 1:
        Server(config).run(sockets=[listener])
    else:
        Servers(config, sockets=[listener]).run()


def _end_after(seconds: int) -> None:
    timer = Timer(seconds, os._exit, (CUT_SHORT,))
    timer.daemon = True
    timer.start()
