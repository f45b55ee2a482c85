"""The program as a person starts it: commands, servers, their data."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from app.cli import main

CARAVAN = Path(sys.executable).with_name("caravan")
LONGEST = 120.0


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment with its own data directory; requests are not counted unless told otherwise.

    Compiled modules are kept, whatever this machine says: a start without them takes twice as long.
    """
    left = ("CARAVAN_", "COV_CORE", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left)}
    own = {"CARAVAN_DATA_DIR": str(data), "CARAVAN_RATE_LIMITS": "false"}
    return kept | own | {"COLUMNS": "160", "PYTHONWARNINGS": "default"} | more


def caravan(data: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, from the entry of the program, in this process: another one takes seconds to start."""
    command = ["caravan", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("CARAVAN_")]:
            patch.delenv(name)
        for name, value in environment(data, **more).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", command)
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int | None)
    return subprocess.CompletedProcess(command, code or 0, out.getvalue(), err.getvalue())


@contextmanager
def serving(data: Path, *arguments: str, **more: str) -> Iterator[str]:
    """The address of a server on a free port that is ended at the end; what it prints goes beside its data."""
    log = data.with_name(f"{data.name}.log")
    command = [str(CARAVAN), *(arguments or ("serve",)), "--port", "0"]
    workers = int(arguments[arguments.index("--workers") + 1]) if "--workers" in arguments else 1
    with (
        log.open("w") as out,
        subprocess.Popen(command, env=environment(data, **more), stdout=out, stderr=subprocess.STDOUT) as process,
    ):
        try:
            wait_until(
                lambda: log.read_text().count("startup complete") >= workers or process.poll() is not None,
                LONGEST * workers,
            )
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            assert found, "The server did not start:\n" + log.read_text()
            yield found[0]
        finally:
            process.terminate()
            process.wait(timeout=LONGEST)


def records(text: str) -> list[dict[str, object]]:
    """Standard output in JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


def wait_until(holds: Callable[[], bool], seconds: float = LONGEST) -> None:
    """Looks again and again until it holds, or the time is up."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "It did not happen in time."
        time.sleep(0.02)
