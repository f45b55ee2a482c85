"""A few calls of everything that the API's document describes; ``tests.soak.calls`` makes as many as are wanted."""

import pytest

from app.settings import Settings
from tests.soak.calls import Plan, Tally, asked, service

AS = {True: ("anyone", "admin"), False: ("company", "viewer")}
"""Who asks the embedded database and who PostgreSQL: the whole takes long enough."""


@pytest.mark.filterwarnings("ignore")  # Schemathesis tells of combinations that a schema leaves no data for
def test_every_answer_is_one_that_the_document_tells_of(settings: Settings) -> None:
    tally = Tally()
    with service(settings, firms=6) as built:
        documented = {
            f"{method.upper()} {path}" for path, methods in built.openapi()["paths"].items() for method in methods
        }
        for role in AS[settings.embedded]:
            asked(built, role, Plan(examples=2, seed=7, coverage=False), tally)
    assert tally.failures == {}, "\n\n".join(tally.told.values())
    assert tally.server_errors == 0
    assert documented == tally.operations.keys()
    assert tally.calls >= 10 * len(documented)
