"""The package as it is installed elsewhere."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, folder: Path) -> str:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("CARAVAN_", "VIRTUAL_ENV", "PYTHON"))
    }
    ended = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_wheel_installed_elsewhere_runs_the_demo_from_an_empty_directory(tmp_path: Path) -> None:
    uv = shutil.which("uv")
    assert uv is not None, "The README's commands install uv: pip install uv"
    run(uv, "build", "--wheel", "--out-dir", tmp_path / "dist", folder=ROOT)
    (wheel,) = (tmp_path / "dist").glob("caravan-*.whl")
    run(uv, "venv", tmp_path / "env", folder=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    run(uv, "pip", "install", "--python", python, wheel, folder=tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    shown = run(python.with_name("caravan"), "demo", "--once", folder=empty)
    assert shown.count("best counterparts") == 2
    assert (empty / "var" / "caravan.sqlite3").is_file()
    page = run(python, "-c", "from app.api import docs; print(docs.STATIC.directory)", folder=empty).strip()
    assert (Path(page) / "swagger-ui" / "swagger-ui-bundle.js").is_file()
