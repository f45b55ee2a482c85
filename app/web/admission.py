"""How many requests are worked on and wait; whoever comes beyond that is told so at once."""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from math import ceil

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Overloaded
from app.web.refusal import Refusal

Turn = asyncio.Future[bool]
WEIGHT = 0.05
"""How much the latest request counts in the mean time that one takes."""


def overloaded(seconds: int) -> Overloaded:
    """What is said to whoever may try again after some seconds."""
    return Overloaded("Nothing was done. Try again in {seconds} s.", seconds=str(seconds)).again_after(seconds)


class Admission:
    """An ASGI layer that keeps the work at hand small enough to be done in time, and refuses the rest early.

    A request that would wait longer than ``waiting_seconds``, as fast as others are done at present, is refused when it
    comes; one that did wait so long, when that time is over. So whoever is answered is answered in time, and nothing is
    worked on that nobody waits for any more.

    Args:
        app: what answers otherwise.
        at_work: requests that are worked on at once.
        waiting: requests that wait for their turn, first come first served.
        waiting_seconds: how long one waits.
        exempt: paths that are always answered, such as those that watch over the service.
        refusal: the answer to a failure.
    """

    def __init__(  # noqa: PLR0913  # the limits
        self,
        app: ASGIApp,
        *,
        at_work: int,
        waiting: int,
        waiting_seconds: float,
        exempt: Iterable[str],
        refusal: Refusal,
    ) -> None:
        self._app = app
        self._most_at_work = at_work
        self._most_waiting = waiting
        self._longest = waiting_seconds
        self._exempt = frozenset(exempt)
        self._refusal = refusal
        self._waiting: deque[Turn] = deque()
        self._mean = 0.0
        self.at_work = 0
        self.shed = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
        elif await self._wait() if self.at_work >= self._most_at_work else self._start():
            clock = asyncio.get_running_loop().time
            began = clock()
            try:
                await self._app(scope, receive, send)
            finally:
                self._mean += WEIGHT * (clock() - began - self._mean)
                self._hand_on()
        else:
            self.shed += 1
            await self._refusal(scope, overloaded(ceil(self._longest)))(scope, receive, send)

    def _start(self) -> bool:
        self.at_work += 1
        return True

    async def _wait(self) -> bool:
        """Whether a turn came in time; it is the place of a request that is done."""
        expected = self._mean * (len(self._waiting) + 1) / self._most_at_work
        if len(self._waiting) >= self._most_waiting or expected > self._longest:
            return False
        loop = asyncio.get_running_loop()
        turn: Turn = loop.create_future()
        self._waiting.append(turn)
        timer = loop.call_later(self._longest, self._give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):  # handed over in the same moment
                    self._waiting.remove(turn)
            elif turn.result():
                self._hand_on()
            raise
        finally:
            timer.cancel()

    def _give_up(self, turn: Turn) -> None:
        if not turn.done():
            self._waiting.remove(turn)
            turn.set_result(False)

    def _hand_on(self) -> None:
        """Gives the place of a request that is done to the one that waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self.at_work -= 1
