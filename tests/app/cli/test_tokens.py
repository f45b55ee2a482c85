import re

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.actions.tokens import TOKEN_PATTERN
from app.application import create_app
from app.cli import app
from app.errors import Failure
from app.settings import Settings
from tests.conftest import bearer

OFFICER = "head@council.example"


@pytest.fixture
def runner(sqlite_settings: Settings) -> CliRunner:
    return CliRunner(env={"CARAVAN_DATA_DIR": str(sqlite_settings.data_dir), "COLUMNS": "200"})


def printed(runner: CliRunner, *arguments: str) -> str:
    result = runner.invoke(app, ["staff", *arguments])
    assert result.exit_code == 0, result.output
    return str(result.stdout).strip()


def test_tokens_are_issued_listed_exchanged_and_ended(runner: CliRunner, sqlite_settings: Settings) -> None:
    whole = printed(runner, "add", OFFICER, "--role", "admin")
    small = printed(runner, "token", OFFICER, "--scope", "viewer", "--label", "Report", "--days", "7")
    portal = printed(runner, "token", "--integration", "--label", "Portal")
    for token in (whole, small, portal):
        assert re.fullmatch(TOKEN_PATTERN, token)
    lines = printed(runner, "tokens").splitlines()
    assert len(lines) == 4
    for token, said in ((whole, "admin"), (small, "viewer"), (portal, "integration")):
        (line,) = [one for one in lines if token[-4:] in one.split()]
        assert said in line.split()
        assert "never" in line
        assert token not in line
    exchanged = printed(runner, "rotate-token", next(one for one in lines if "Report" in one).split()[0])
    printed(runner, "end-token", next(one for one in lines if "Portal" in one).split()[0])
    with TestClient(create_app(sqlite_settings)) as client:
        statuses = [
            client.get("/v1/matches", headers=bearer(one)).status_code for one in (whole, small, exchanged, portal)
        ]
    assert statuses == [200, 200, 200, 401]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["token"], "Give an officer's e-mail address, or --integration"),
        (["token", OFFICER, "--integration"], "Give an officer's e-mail address, or --integration"),
        (["token", "--integration", "--scope", "viewer"], "Give an officer's e-mail address, or --integration"),
        (["token", "--integration"], "Say which program the token is for."),
        (["token", OFFICER], "is not staff, or kept out"),
        (["end-token", "0" * 32], "There is no such token."),
        (["rotate-token", "0" * 32], "There is no such token."),
    ],
)
def test_wrong_commands_say_what_to_do(runner: CliRunner, arguments: list[str], said: str) -> None:
    result = runner.invoke(app, ["staff", *arguments])
    assert isinstance(result.exception, Failure)
    assert said in str(result.exception)
