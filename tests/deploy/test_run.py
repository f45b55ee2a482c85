"""The commands of the image and of the unit, without either: built, installed elsewhere, migrated, served, ended."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.parts import ROOT, Stage, stages, unit
from tests.programs import LONGEST, wait_until

pytestmark = pytest.mark.slow
UV = shutil.which("uv")


def built(stage: Stage, folder: Path) -> Path:
    """Where the program is, after the image's own commands."""
    source, installed = folder / "src", folder / "opt"
    source.mkdir()
    names = [name for one in stage.all_of("COPY") for name in one.value.split()[:-1]]
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | stage.environment
    del environment["UV_LINK_MODE"]  # within one file system links are as good as copies
    for one in stage.all_of("RUN"):
        if one.value.startswith("pip install"):
            continue  # that brings uv, which is here
        command = one.value.replace("/tmp/", f"{folder}/").replace("/opt/caravan", str(installed))  # noqa: S108
        command = command.replace("uv venv", f"uv venv --python {sys.executable}")
        done = subprocess.run(
            ["sh", "-c", command], cwd=source, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    shutil.rmtree(source)
    return installed


def locked(folder: Path) -> None:
    """Takes the right to write from everything in a folder."""
    for place in [folder, *folder.rglob("*")]:
        if not place.is_symlink():
            place.chmod(place.stat().st_mode & ~0o222)


def unlocked(folder: Path) -> None:
    """Gives it back, so that the folder can be removed."""
    for place in [folder, *folder.rglob("*")]:
        if place.is_dir() and not place.is_symlink():
            place.chmod(0o755)


@pytest.mark.skipif(UV is None, reason="uv is not here")
def test_commands_of_the_image_build_migrate_serve_and_end(tmp_path: Path, postgres_url: str) -> None:
    build, last = stages()
    installed, data = built(build, tmp_path), tmp_path / "data"
    data.mkdir()
    environment = {
        "PATH": f"{installed}/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "CARAVAN_DATABASE_URL": postgres_url,
        **{name: value.replace("/data", str(data)) for name, value in last.environment.items() if name != "PATH"},
    }
    before = set(installed.rglob("*"))
    locked(installed)
    try:
        (migrate,) = unit("caravan.service")["Service"]["ExecStartPre"]
        done = subprocess.run(
            [installed / "bin" / "caravan", *migrate.split()[1:]], env=environment, cwd=data, check=True
        )
        assert done.returncode == 0
        serve = last.last("ENTRYPOINT").words + last.last("CMD").words
        serve[serve.index("0.0.0.0")] = "127.0.0.1"  # noqa: S104  # inside a container it is the way out
        serve[serve.index("8000")] = "0"
        log = tmp_path / "log"
        with (
            log.open("w") as out,
            subprocess.Popen(serve, env=environment, cwd=data, stdout=out, stderr=subprocess.STDOUT) as process,
        ):
            wait_until(lambda: "startup complete" in log.read_text() or process.poll() is not None, LONGEST)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())
            assert found, log.read_text()
            health = last.last("HEALTHCHECK").words
            asked = subprocess.run(
                [*health, "--port", found[1]], env=environment, cwd=data, capture_output=True, check=False
            )
            assert (asked.returncode, asked.stderr) == (0, b"")
            process.send_signal(getattr(signal, last.last("STOPSIGNAL").value))
            assert process.wait(timeout=40) in {0, -signal.SIGTERM}, log.read_text()
            silent = subprocess.run(
                [*health, "--port", found[1]], env=environment, cwd=data, capture_output=True, check=False
            )
            assert silent.returncode == 2
            assert b"Nothing answers at" in silent.stderr
    finally:
        unlocked(installed)
    assert set(installed.rglob("*")) == before
    assert (data / "compiled").is_dir()
