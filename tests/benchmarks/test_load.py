import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import load
from benchmarks.load import Answered, Clients, Held, Mix, offered, sustained
from benchmarks.served import Server


def test_mix_holds_reads_rankings_and_registrations_of_different_firms() -> None:
    requests = [request for request, _ in zip(Mix(["a", "b"], "token"), range(500), strict=False)]
    starts = [request.partition(b" HTTP")[0] for request in requests]
    assert {b"GET /v1/companies/a", b"GET /v1/companies/b/matches", b"POST /v1/companies"} <= set(starts)
    posts = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in requests if request.startswith(b"POST")]
    assert 50 < len(posts) < 150
    assert len({post["registration_number"] for post in posts}) == len(posts)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers each second request with 503."""
    shed = False
    while await reader.readuntil(b"\r\n\r\n"):
        await asyncio.sleep(0.001)
        status = b"503 Service Unavailable" if shed else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
        shed = not shed


def test_requests_are_sent_at_their_rate_and_answers_told_apart() -> None:
    async def test() -> tuple[Answered, float]:
        server = await asyncio.start_server(_forgiving, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        clients = Clients(Server(f"http://127.0.0.1:{port}", 0))
        requests = iter([b"GET / HTTP/1.1\r\n\r\n"] * 10_000)
        found = await offered(clients, requests, 400, 0.25)
        rate = await sustained(clients, requests, 0.2)
        await clients.close()
        server.close()
        return found, rate

    async def _forgiving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    found, rate = asyncio.run(test())
    assert len(found.statuses) == 100
    assert set(found.statuses) == {200, 503}
    assert len(found.good) == found.statuses.count(200)
    assert rate > 0


def test_server_that_is_gone_counts_as_no_answer() -> None:
    async def test() -> Answered:
        answered = Answered()
        await Clients(Server("http://127.0.0.1:9", 0)).ask(b"GET / HTTP/1.1\r\n\r\n", answered)
        return answered

    assert asyncio.run(test()).statuses == [load.BROKEN]


@pytest.mark.slow
def test_tiny_load_is_measured_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load.main(firms=5, seconds=0.5, times=4.0, results=tmp_path)
    text = (tmp_path / "load.txt").read_text(encoding="utf-8")
    assert capsys.readouterr().out == text
    kept: dict[str, Any] = json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))
    machine = kept.pop("machine")
    held = Held(**kept)
    assert held.text() in text
    assert str(machine["cores"]) in text
    assert held.sent == held.within + held.late + held.shed + held.others > 0
    assert held.offered == pytest.approx(4 * held.sustainable)
