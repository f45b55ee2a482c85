"""Bodies that are too large, too slow or nested too deep, before anything is begun for them."""

import asyncio
import json
import socket
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from app.errors import Failure
from app.settings import Settings
from app.web import bodies
from app.web.bodies import MOST_LEVELS, Bodies, nested_deeper
from tests.app.web.served import served
from tests.factories import company
from tests.programs import serving

JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='ab"\\[]{}Ж\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='x"[{', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def levels(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    return 1 + max(map(levels, value), default=0) if isinstance(value, list) else 0


@given(JSON, st.integers(0, 6), st.booleans())
def test_levels_are_told_as_a_parser_tells_them(value: object, most: int, ascii_only: bool) -> None:  # noqa: FBT001
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert nested_deeper(body, most) == (levels(value) > most)


@given(st.binary(max_size=80))
def test_bytes_that_are_no_json_are_looked_at_too(body: bytes) -> None:
    nested_deeper(body, 1)


def test_deep_json_is_refused_before_it_is_built(sqlite_settings: Settings) -> None:
    with served(sqlite_settings) as at:
        deep = b'{"listings": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        headers = {"Content-Type": "application/json", "Accept-Language": "ru"}
        answer = at().post("/v1/companies", content=deep, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:caravan:problem:nested-too-deep")
        assert f"{MOST_LEVELS} уровней" in answer.json()["detail"]
        flat = company("NG", description="[{" * 500)
        assert at().post("/v1/companies", json=flat).status_code in {201, 422}
        assert at().post("/v1/companies", json=company("NG", trading_name='\\"[[' * 20)).status_code == 201


def test_forms_have_their_own_limit_and_lists_theirs(sqlite_settings: Settings) -> None:
    origin = {"Origin": "http://testserver"}
    with served(sqlite_settings, max_body_bytes=1000, max_upload_bytes=9000) as at:
        for path, most in (("/v1/companies", 1000), ("/sign-in", 4000), ("/console/imports", 9000)):
            assert at().post(path, content=b"x" * most, headers=origin).status_code != 413, path
            assert at().post(path, content=b"x" * (most + 1), headers=origin).status_code == 413, path
            assert at().post(path, content=iter([b"x" * most, b"y"]), headers=origin).status_code != 200, path


class Sender:
    """Gives a body piece by piece, each after a pause."""

    def __init__(self, *pieces: bytes, pause: float = 0.0) -> None:
        self._left = list(pieces)
        self._pause = pause

    async def __call__(self) -> Message:
        await asyncio.sleep(self._pause)
        body = self._left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self._left)}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await Response(body)(scope, receive, send)


def layer(app: Any = echo, *, most: int = 1000, whole: int = 1000, seconds: float = 5) -> Bodies:  # noqa: ANN401
    def refusal(_: Scope, failed: Failure) -> Response:
        return Response(failed.code, status_code=failed.status)

    return Bodies(
        app, most=lambda _: most, whole=whole, seconds=seconds, is_json=lambda path: path == "/json", refusal=refusal
    )


def answered(asked: Bodies, sender: Receive, path: str = "/", **headers: str) -> tuple[int, bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw}
    asyncio.run(asked(scope, sender, send))
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


@pytest.mark.parametrize("whole", [1000, 1])
def test_body_in_pieces_arrives_as_it_was_sent(whole: int) -> None:
    assert answered(layer(whole=whole), Sender(b"ab", b"", b"cd", b"")) == (200, b"abcd")


@pytest.mark.parametrize("whole", [1000, 1])
def test_body_that_grows_too_large_is_refused(whole: int) -> None:
    found = answered(layer(most=4, whole=whole), Sender(b"ab", b"cd", b"e", b"never"))
    assert found == (413, b"body-too-large")


@pytest.mark.parametrize("whole", [1000, 1])
def test_slow_body_is_refused_in_time(whole: int) -> None:
    began = monotonic()
    found = answered(layer(whole=whole, seconds=0.2), Sender(*[b"x"] * 100, pause=0.05))
    assert found == (408, b"body-too-slow")
    assert monotonic() - began < 2


def test_large_body_has_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SLOWEST", 100)
    assert answered(layer(seconds=0.2), Sender(*[b"x" * 10] * 10, pause=0.05))[0] == 200


def test_deep_body_in_pieces_is_refused_and_only_as_json() -> None:
    pieces = [b"[" * 10] * 4
    assert answered(layer(), Sender(*pieces), "/json") == (400, b"nested-too-deep")
    assert answered(layer(), Sender(*pieces), "/form")[0] == 200


def test_memory_for_bodies_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_HELD", 100)
    asked = layer()
    assert answered(asked, Sender(b"x" * 60, b"x" * 60)) == (503, b"overloaded")
    assert answered(asked, Sender(b"x" * 60, b"x" * 40))[0] == 200  # what was held is free again


def test_sender_who_goes_away_is_no_failure() -> None:
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    asyncio.run(layer(app)({"type": "http", "method": "POST", "path": "/", "headers": []}, gone, gone))  # type: ignore[arg-type]  # nothing is sent
    assert begun == []


@pytest.mark.slow
def test_slow_and_endless_clients_of_a_server_are_let_go(sqlite_settings: Settings, tmp_path: Path) -> None:
    limits = {"CARAVAN_REQUEST_SECONDS": "1", "CARAVAN_MOST_CONNECTIONS": "8", "CARAVAN_BACKGROUND_JOBS": "false"}
    with serving(sqlite_settings.data_dir, "serve", **limits) as address:
        place = urlsplit(address)

        def connected() -> socket.socket:
            return socket.create_connection((place.hostname or "", place.port or 0), timeout=20)

        head = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
        with closing(connected()) as silent, closing(connected()) as slow, closing(connected()) as endless:
            slow.sendall(head + b"X-Slow: ")
            assert slow.recv(100) == b""
            assert silent.recv(100) == b""
            assert _said(endless, head + b"X-Endless: " + b"x" * 1_000_000) in {b"", b"HTTP/1.1 400"}
        with closing(connected()) as body:
            body.sendall(b"POST /v1/companies HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            assert body.recv(100).startswith(b"HTTP/1.1 408")
        crowd = [connected() for _ in range(8)]
        with closing(connected()) as one_too_many:
            assert one_too_many.recv(100) == b""
        for one in crowd:
            one.close()
        with closing(connected()) as last:
            last.sendall(head + b"\r\n")
            assert last.recv(100).startswith(b"HTTP/1.1 200")


def _said(connection: socket.socket, request: bytes) -> bytes:
    """The beginning of what a server says; nothing if it only closes."""
    try:
        connection.sendall(request)
        return connection.recv(12)
    except ConnectionError:
        return b""
