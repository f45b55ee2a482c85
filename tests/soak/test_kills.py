"""A few of the rounds that ``just soak`` runs."""

import pytest

from tests.soak.kills import SETTINGS, Rounds
from tests.soak.programs import ground

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_that_was_answered_is_lost_when_everything_is_killed(database: str) -> None:
    with ground(database, None, **SETTINGS) as place:
        counts = Rounds(place, seed=1, rows=30, seconds=1.5).run(1)
    assert counts.faults == []
    assert counts.answered > 0
