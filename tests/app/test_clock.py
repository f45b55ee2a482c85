"""A clock that jumps, forwards and back, loses nothing and locks nobody out for long."""

import time
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.actions.attempts import WINDOW, count_attempt
from app.actions.jobs import LONGEST_WAIT, SKEW, claim_jobs, keep_claim, postpone_job
from app.actions.reviews import last_batch, review_match, withdraw_decisions
from app.actions.sessions import STAFF_STAYS, Browser, sign_in_company
from app.auth import ANYONE, signed_in
from app.db import Database, base
from app.db.audit import By
from app.db.base import new_id, now
from app.db.jobs import Job
from app.db.matches import Review
from app.errors import TooManyAttempts
from app.live import LiveRegister
from app.queries.matches import decisions_standing, pair_of
from schemas.matches import ReviewIn
from tests.conftest import Registered
from tests.factories import kazakh_mill, nigerian_trader

HOURS = timedelta(hours=5)
STAFF = "officer@council.example"


class Clock:
    """The one clock, which jumps."""

    def __init__(self) -> None:
        self._off = timedelta()

    def jump(self, by: timedelta) -> None:
        """Goes forwards, or back."""
        self._off += by

    def __call__(self) -> int:
        return time.time_ns() + int(self._off.total_seconds() * 10**9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(base, "time_ns", found)
    return found


def test_ids_do_not_collide_while_the_clock_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "time_ns", lambda: 10**18)
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_pages_show_every_firm_once_after_the_clock_went_back(
    clock: Clock, client: TestClient, staff: dict[str, str], register: Registered
) -> None:
    ids = {register(kazakh_mill())["id"] for _ in range(2)}
    clock.jump(-HOURS)
    ids |= {register(nigerian_trader())["id"] for _ in range(2)}
    clock.jump(2 * HOURS)
    ids.add(register(nigerian_trader())["id"])
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/companies", params=query, headers=staff).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(ids)
    assert set(seen) == ids


@pytest.mark.parametrize("jump", [-HOURS, HOURS])
def test_changes_are_ranked_across_a_jump(
    clock: Clock, client: TestClient, staff: dict[str, str], register: Registered, jump: timedelta
) -> None:
    mill = register(kazakh_mill())
    ranking = f"/v1/companies/{mill['id']}/matches"
    assert client.get(ranking, headers=staff).json()["items"] == []
    clock.jump(jump)
    trader = register(nigerian_trader())
    assert [one["company"]["id"] for one in client.get(ranking, headers=staff).json()["items"]] == [trader["id"]]


def test_nobody_is_locked_out_for_hours_after_the_clock_went_back(clock: Clock, database: Database) -> None:
    def attempt() -> None:
        with database.writing() as session:
            count_attempt(session, "key", 1)

    attempt()
    with pytest.raises(TooManyAttempts):
        attempt()
    clock.jump(-timedelta(seconds=5))
    with pytest.raises(TooManyAttempts):
        attempt()
    clock.jump(-HOURS)
    attempt()
    with pytest.raises(TooManyAttempts):
        attempt()
    clock.jump(WINDOW + timedelta(seconds=1))
    attempt()


def test_claim_of_a_dead_worker_is_not_held_for_hours(clock: Clock, database: Database) -> None:
    with database.writing() as session:
        session.add(Job(kind="rank", key="firm", payload={}))
    (dead,) = claim_jobs(database, "rank", 1)
    assert claim_jobs(database, "rank", 1) == []
    clock.jump(-HOURS)
    (taken_over,) = claim_jobs(database, "rank", 1)
    with database.writing() as session:
        assert not keep_claim(session, dead)
        assert keep_claim(session, taken_over)
    clock.jump(HOURS)
    assert len(claim_jobs(database, "rank", 1)) == 1


def test_job_that_waits_after_a_failure_waits_no_longer_for_a_jump(clock: Clock, database: Database) -> None:
    with database.writing() as session:
        session.add(Job(kind="mail", key="firm", payload={}))
        session.flush()
        postpone_job(session, "mail", "firm", "SMTPError", LONGEST_WAIT)
    assert claim_jobs(database, "mail", 1) == []
    clock.jump(-SKEW * 2)
    assert len(claim_jobs(database, "mail", 1)) == 1


def test_session_outlives_a_clock_that_was_wrong_for_some_hours(
    clock: Clock, database: Database, register: Registered
) -> None:
    firm = register(kazakh_mill())["id"]
    browser = Browser("192.0.2.1", "browser")
    with database.writing() as session:
        cookie = sign_in_company(session, firm, browser)
    clock.jump(timedelta(days=30, hours=5))
    with database.writing() as session:
        assert signed_in(session, cookie) == ANYONE
        sign_in_company(session, firm, browser)  # what has run out is swept meanwhile
    clock.jump(-timedelta(days=30, hours=5) - STAFF_STAYS)
    with database.reading() as session:
        assert signed_in(session, cookie).company_id == firm


def test_decisions_keep_their_order_when_the_clock_goes_back(
    clock: Clock, database: Database, register: Registered
) -> None:
    firms = sorted((register(kazakh_mill())["id"], register(nigerian_trader())["id"]))
    with database.reading() as session:
        match = pair_of(".".join(firms), LiveRegister().fresh(session), today=now().date())
    for decision in ("approved", "rejected"):
        with database.writing() as session:
            review_match(
                session, match, ReviewIn(decision=decision, reason="other"), by=By(STAFF, "reviewer"), if_version=None
            )
        clock.jump(-HOURS)

    def steps() -> list[str]:
        with database.reading() as session:
            made = session.scalars(select(Review).order_by(Review.decided_at, Review.id)).all()
            assert len({one.decided_at for one in made}) == len(made)
            return [one.decision for one in decisions_standing(made)]

    assert steps() == ["approved", "rejected"]
    with database.writing() as session:
        batch = last_batch(session, STAFF)
        assert batch is not None
        (pair,) = withdraw_decisions(session, batch, by=By(STAFF, "reviewer"))
        assert pair.status == "approved"
    assert steps() == ["approved"]
