import re
from pathlib import Path

import httpx2
import pytest

from tests.programs import caravan, serving

pytestmark = pytest.mark.slow

EMAIL = "head@council.example"
PASSWORD = "correct horse battery"
LINK = re.compile(r"(http://[^/ ]+)(/console/password/[\w-]+)")


def choose_password(address: str, path: str) -> httpx2.Response:
    with httpx2.Client(base_url=address, headers={"Origin": address}) as browser:
        assert browser.get(path).status_code == 200
        answer = browser.post(path, data={"password": PASSWORD})
        assert answer.headers["location"] == "/console"
        return browser.get("/console/settings")


def test_link_sets_a_password_and_its_secret_stands_in_no_log(tmp_path: Path) -> None:
    data = tmp_path / "var"
    assert caravan(data, "staff", "add", EMAIL, "--role", "admin").returncode == 0
    with serving(data) as address:
        printed = caravan(data, "staff", "link", EMAIL, "--base", address).stdout
        found = LINK.match(printed)
        assert found
        assert found[1] == address
        assert choose_password(address, found[2]).status_code == 200
        assert httpx2.get(f"{address}/sign-in/link/very-secret?lang=ru").status_code == 200
    log = (tmp_path / "var.log").read_text()
    assert "GET /console/password/{secret} 200" in log
    assert "POST /console/password/{secret} 303" in log
    assert "GET /sign-in/link/{secret} 200" in log
    assert found[2].rsplit("/", 1)[1] not in log
    assert "very-secret" not in log
    assert PASSWORD not in log


def test_link_of_a_public_address_and_for_staff_only(tmp_path: Path) -> None:
    data = tmp_path / "var"
    caravan(data, "staff", "add", EMAIL)
    there = caravan(data, "staff", "link", EMAIL.upper(), CARAVAN_PUBLIC_URL="https://caravan.example/")
    assert there.stdout.startswith("https://caravan.example/console/password/")
    assert caravan(data, "staff", "link", EMAIL).stdout.startswith("http://127.0.0.1:8000/console/password/")
    nobody = caravan(data, "staff", "link", "nobody@council.example")
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "caravan staff add nobody@council.example" in nobody.stderr


def test_list_tells_roles_and_add_keeps_them(tmp_path: Path) -> None:
    data = tmp_path / "var"
    caravan(data, "staff", "add", EMAIL, "--role", "admin")
    caravan(data, "staff", "add", "new@council.example")
    caravan(data, "staff", "add", EMAIL)
    wrong = caravan(data, "staff", "add", "other@council.example", "--role", "king")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    lines = caravan(data, "staff", "list").stdout.splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [
        [EMAIL, "admin", "none", "not"],
        ["new@council.example", "reviewer", "none", "not"],
    ]
    last = caravan(data, "staff", "add", EMAIL, "--role", "viewer")
    assert last.returncode == 2
    assert "last administrator" in last.stderr


def test_demo_lets_an_officer_in(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with serving(data, "demo") as address:
        log = (tmp_path / "var.log").read_text()
        assert f"The pages: {address}/" in log
        found = LINK.search(log)
        assert found
        assert found[1] == address
        assert choose_password(address, found[2]).status_code == 200
    with serving(data, "demo"):
        assert "caravan staff link" in (tmp_path / "var.log").read_text()
        assert not LINK.search((tmp_path / "var.log").read_text())
