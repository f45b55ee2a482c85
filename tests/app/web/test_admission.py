"""Requests at work, waiting and shed, on an application whose every answer a test lets go."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Response
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app.errors import Failure
from app.settings import Settings
from app.web.admission import Admission
from tests.app.web.served import served
from tests.factories import company


class Work:
    """Begins to answer, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun.append(scope["path"])
        await self.gates.setdefault(scope["path"], asyncio.Event()).wait()
        if scope["path"] == "/fails":
            raise ValueError(scope["path"])
        await Response("done")(scope, receive, send)


def refusal(_: Scope, failed: Failure) -> Response:
    return Response(status_code=failed.status, headers={"Retry-After": str(failed.retry_after)})


class Door:
    """The layer in front of such work; ``asked`` is a request under way."""

    def __init__(self, at_work: int, waiting: int, seconds: float = 30) -> None:
        self.work = Work()
        self.layer = Admission(
            self.work, at_work=at_work, waiting=waiting, waiting_seconds=seconds, exempt=("/healthz",), refusal=refusal
        )

    def asked(self, path: str) -> "asyncio.Task[int]":
        return asyncio.create_task(self._status(path))

    def end(self, *paths: str) -> None:
        for path in paths:
            self.work.gates.setdefault(path, asyncio.Event()).set()

    async def _status(self, path: str) -> int:
        statuses: list[int] = []

        async def send(message: Any) -> None:  # noqa: ANN401  # an ASGI message
            if "status" in message:
                statuses.append(message["status"])

        async def receive() -> Any:  # noqa: ANN401  # the same
            return {"type": "http.request"}

        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        await self.layer(scope, receive, send)
        return statuses[0]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 10))


def test_as_many_wait_as_may_and_the_next_is_shed_at_once() -> None:
    async def test() -> None:
        door = Door(at_work=2, waiting=2)
        tasks = [door.asked(path) for path in ("/1", "/2", "/3", "/4")]
        await settled()
        assert (door.work.begun, door.layer.at_work, door.layer.waiting) == (["/1", "/2"], 2, 2)
        assert await door.asked("/5") == 503
        assert door.layer.shed == 1
        door.end("/1")
        await settled()
        assert door.work.begun == ["/1", "/2", "/3"]
        door.end("/2", "/3", "/4")
        assert await asyncio.gather(*tasks) == [200] * 4
        assert (door.layer.at_work, door.layer.waiting) == (0, 0)

    run(test)


def test_whoever_waited_too_long_is_shed_and_never_worked_on() -> None:
    async def test() -> None:
        door = Door(at_work=1, waiting=5, seconds=0.05)
        first, second = door.asked("/1"), door.asked("/2")
        assert await second == 503
        door.end("/1")
        assert await first == 200
        assert door.work.begun == ["/1"]
        assert (door.layer.at_work, door.layer.waiting) == (0, 0)

    run(test)


def test_whoever_would_wait_too_long_is_shed_when_it_comes() -> None:
    async def test() -> None:
        door = Door(at_work=1, waiting=1000, seconds=0.2)
        slow = door.asked("/slow")
        await asyncio.sleep(0.1)
        door.end("/slow")
        assert await slow == 200
        for _ in range(200):  # it has become usual that a request takes that long
            door.layer._mean += 0.05 * (0.1 - door.layer._mean)  # noqa: SLF001  # without waiting for 200 of them
        tasks = [door.asked(f"/{n}") for n in range(10)]
        await settled()
        assert door.layer.waiting == 2
        assert door.layer.shed == 7
        door.end(*(f"/{n}" for n in range(10)))
        assert sorted(await asyncio.gather(*tasks)) == [200] * 3 + [503] * 7

    run(test)


def test_failed_and_abandoned_requests_give_their_places_back() -> None:
    async def test() -> None:
        door = Door(at_work=1, waiting=5)
        failing, abandoned, last = door.asked("/fails"), door.asked("/abandoned"), door.asked("/last")
        await settled()
        abandoned.cancel()
        await settled()
        assert door.layer.waiting == 1
        door.end("/fails", "/last")
        assert await last == 200
        assert isinstance((await asyncio.gather(failing, return_exceptions=True))[0], ValueError)
        assert door.layer.at_work == 0

    run(test)


def test_request_abandoned_in_the_moment_of_its_turn_passes_it_on() -> None:
    async def test() -> None:
        door = Door(at_work=1, waiting=5)
        first, abandoned, last = (door.asked(path) for path in ("/1", "/2", "/3"))
        await settled()
        door.end("/1", "/3")
        door.layer._hand_on()  # noqa: SLF001  # as the end of the first does, before the second could begin
        abandoned.cancel()
        door.layer.at_work += 1  # the first one still counts
        assert [*await asyncio.gather(first, last)] == [200, 200]
        assert door.work.begun == ["/1", "/3"]
        assert door.layer.at_work == 0

    run(test)


def test_those_who_watch_are_answered_however_busy_it_is() -> None:
    async def test() -> None:
        door = Door(at_work=1, waiting=0)
        busy = door.asked("/1")
        await settled()
        door.end("/healthz")
        assert await door.asked("/healthz") == 200
        assert await door.asked("/2") == 503
        door.end("/1")
        assert await busy == 200

    run(test)


def test_shed_request_gets_a_problem_or_a_page_and_leaves_nothing(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, most_at_work=1, most_waiting=0) as at:
        admission = at().app.middleware_stack  # type: ignore[attr-defined]  # the layers, outermost first
        while not isinstance(admission, Admission):
            admission = getattr(admission, "_app", None) or admission.app
        admission.at_work = 1
        api = at().post("/v1/companies", json=company(), headers={"Accept-Language": "kk"})
        page = at().get("/register")
        assert (api.status_code, page.status_code) == (503, 503)
        assert api.json()["type"] == "urn:caravan:problem:overloaded"
        assert "2 с. кейін" in api.json()["detail"]
        assert api.headers["retry-after"] == page.headers["retry-after"] == "2"
        assert "Too much is asked for" in page.text
        assert at().get("/healthz").status_code == 200
        admission.at_work = 0
        assert _registered(at()) == 201


def _registered(client: TestClient) -> int:
    return client.post("/v1/companies", json=company()).status_code
