"""A server that is told to stop finishes what it took, and ends with exit code 0."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from app.db import Database
from app.settings import Settings
from tests.factories import kazakh_mill
from tests.programs import environment, wait_until
from tests.soak.programs import Server

pytestmark = pytest.mark.slow

SLOW = """
import asyncio, socket, sys
import uvicorn
from app.cli.serving import serve_on

async def slow(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    print("taken", flush=True)
    await asyncio.sleep(60)

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
serve_on(listener, uvicorn.Config(slow, log_level="error", timeout_graceful_shutdown=60))
"""


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Another process writes."""
    database = Database(settings)
    with database.writing() as session:
        session.execute(text("SELECT 1"))
        yield
    database.dispose()


@pytest.mark.parametrize("workers", [1, 2])
def test_registration_that_waits_is_finished_before_the_end(
    sqlite_settings: Settings, tmp_path: Path, workers: int
) -> None:
    server = Server(tmp_path / "log", environment(sqlite_settings.data_dir), workers)
    with ThreadPoolExecutor(1) as pool:
        with locked(sqlite_settings):
            document = kazakh_mill()
            answer = pool.submit(httpx2.post, f"{server.address}/v1/companies", json=document, timeout=60)
            time.sleep(1)
            if workers == 1:
                server.process.terminate()
            else:
                os.killpg(server.process.pid, signal.SIGINT)  # as Ctrl-C does
            time.sleep(1)
            assert server.process.poll() is None, server.output
        assert answer.result().status_code == 201, server.output
    assert server.process.wait(timeout=60) == 0, server.output
    with pytest.raises(httpx2.TransportError):
        httpx2.get(server.address)


def test_second_signal_ends_it_at_once() -> None:
    with subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(httpx2.get, f"http://127.0.0.1:{port}/", timeout=60)
            assert process.stdout.readline() == "taken\n"
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: process.poll() is not None, 10)
            assert process.returncode == 1
            with pytest.raises(httpx2.TransportError):
                answer.result()
