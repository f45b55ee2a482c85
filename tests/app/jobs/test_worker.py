import logging
from threading import Event

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.actions.jobs import Claimed, claim_jobs
from app.actions.letters import MAIL
from app.actions.sessions import send_link
from app.db import Database
from app.db.base import now
from app.db.jobs import Job
from app.jobs.mail import Postman
from app.jobs.worker import WAITS, Worker, work_on
from app.settings import Settings
from app.watch.figures import REGISTRY
from tests.conftest import Registered
from tests.factories import kazakh_mill


@pytest.mark.parametrize("failed", [RuntimeError("broken"), OperationalError("", {}, Exception("away"))])
def test_worker_goes_on_whatever_a_piece_of_work_does(failed: Exception, caplog: pytest.LogCaptureFixture) -> None:
    calls, done = 0, Event()

    def work() -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise failed
        done.set()
        return 0

    worker = Worker("tester", work)
    worker.start()
    assert done.wait(10)
    alive = [worker.alive]
    worker.stop()
    assert [*alive, worker.alive] == [True, False]
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert ["tester" in record.getMessage() for record in told] == [True]
    assert bool(told[0].exc_info) == isinstance(failed, RuntimeError)


def jobs(database: Database) -> dict[str, Job]:
    with database.reading() as session:
        return {job.key: job for job in session.scalars(select(Job).where(Job.kind == MAIL))}


def failed_mails() -> float:
    return REGISTRY.get_sample_value("caravan_jobs_failed_total", {"kind": MAIL}) or 0.0


def test_job_that_cannot_be_done_waits_and_stops_no_other(
    database: Database, settings: Settings, register: Registered, caplog: pytest.LogCaptureFixture
) -> None:
    firm = register(kazakh_mill())["id"]
    with database.writing() as session:
        session.add(Job(kind=MAIL, key="poisoned", payload={"nothing": "of use"}))
        session.flush()
        send_link(session, firm, language="en", base="http://wherever")
        session.flush()
        session.add(Job(kind=MAIL, key="poisoned too", payload={}))
    postman = Postman(database, settings)
    counted = failed_mails()
    assert postman.work() == 3
    assert failed_mails() == counted + 2
    waiting = jobs(database)
    assert set(waiting) == {"poisoned", "poisoned too"}
    assert {job.error for job in waiting.values()} == {"KeyError"}
    assert "Job mail of poisoned failed" in caplog.text
    assert postman.work() == 0, "not at once again"
    for _ in range(6):
        with database.writing() as session:
            session.execute(update(Job).values(claimed_until=None))
        assert postman.work() == 2
    until = jobs(database)["poisoned"].claimed_until
    assert until is not None
    assert 0 < (until - now()).total_seconds() <= WAITS[-1] * 60


def test_jobs_are_given_back_when_the_database_is_away(database: Database) -> None:
    with database.writing() as session:
        session.add_all(Job(kind=MAIL, key=key, payload={}) for key in ("first", "second"))
    done: list[str] = []

    def away(job: Claimed) -> None:
        done.append(job.key)
        raise OperationalError("", {}, Exception("away"))

    claimed = claim_jobs(database, MAIL, 2)
    with pytest.raises(OperationalError):
        work_on(database, claimed, away)
    assert len(done) == 1
    assert len(claim_jobs(database, MAIL, 2)) == 2
