"""A served application with a small register, for browsers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import get_args

import uvicorn
from sqlalchemy import delete, select, update

import app.sample
from app.actions.imports import import_companies
from app.actions.registration import Newcomer, add_companies
from app.actions.staff import staff_member
from app.actions.tokens import digest_of, new_secret
from app.application import create_app
from app.db import Database
from app.db.base import now
from app.db.companies import Company
from app.db.matches import Pair, Review
from app.db.sessions import BrowserSession
from app.db.staff import Role, StaffMember
from app.files import Row, read_rows
from app.jobs.queue import QueueKeeper
from app.live import LiveRegister
from app.settings import Settings
from schemas.companies import CompanyIn
from tests.factories import kazakh_mill
from tests.programs import wait_until

SAMPLE = Path(app.sample.__file__).parent / "companies.jsonl"
FIRMS_OF_EACH = 5
TWINS = ("ТОО «Қос Диірмен»", "Kos Diirmen LLP")
STAFF = ("admin", "reviewer", "colleague", "viewer")
"""Members of staff by the name before the @; the colleague is a second reviewer."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, its database, cookies for those who visit it, and what was made there to be looked at."""

    address: str
    database: Database
    cookies: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def cookie_of(self, who: str) -> str:
        """The session's cookie of a member of staff, or of a firm (``firm``)."""
        if who not in self.cookies:
            self.cookies[who] = self._new_session(who)
        return self.cookies[who]

    def best(self, count: int = 1) -> list[Pair]:
        """The first pairs of the queue."""
        with self.database.reading() as session:
            return list(session.scalars(select(Pair).order_by(Pair.probability.desc(), Pair.id).limit(count)))

    def pair(self, match_id: str) -> Pair:
        """What is stored of a match now."""
        with self.database.reading() as session:
            found = session.get(Pair, match_id)
            assert found is not None
            return found

    def twins(self) -> tuple[str, str]:
        """Ids of two entries of one firm; made when they are first asked for."""
        if "twins" not in self.made:
            newcomers = [
                Newcomer(CompanyIn.model_validate(kazakh_mill(legal_name=name)), "submitted") for name in TWINS
            ]
            with self.database.writing() as session:
                assert add_companies(session, newcomers) == [None, None]
            self.made["twins"] = " ".join(one.id for one in newcomers)
        kept, _, other = self.made["twins"].partition(" ")
        return kept, other

    def undecide(self) -> None:
        """Makes the queue as it was before anyone decided."""
        with self.database.writing() as session:
            session.execute(delete(Review))
            nothing = {"reason": None, "note": None, "decided_by": None, "decided_at": None}
            session.execute(update(Pair).values(status="pending", version=1, **nothing))

    def _new_session(self, who: str) -> str:
        cookie = new_secret()
        with self.database.writing() as session:
            if who == "firm":
                owner = {"company_id": session.scalars(select(Company.id).order_by(Company.id)).first()}
            else:
                owner = {"staff_id": session.scalar(select(StaffMember.id).where(StaffMember.email == email_of(who)))}
            lasts = timedelta(hours=1)
            session.add(BrowserSession(digest=digest_of(cookie), browser="", expires_at=now() + lasts, **owner))
        return cookie


def email_of(who: str) -> str:
    """The address of a member of staff."""
    return f"{who}@council.example"


@contextmanager
def small_register(settings: Settings) -> Iterator[Database]:
    """The database with some firms of the sample, a filled queue and one member of staff of each kind."""
    database = Database(settings)
    import_companies(database.writing, _few_rows(), verified=True)
    live = LiveRegister(settings.register_file)
    QueueKeeper(database, live, settings.queue_size).work_off()
    live.close()
    with database.writing() as session:
        for who in STAFF:
            role: Role = who if who in get_args(Role) else "reviewer"  # type: ignore[assignment]  # it is looked up
            staff_member(session, email_of(who), role)
    yield database
    database.dispose()


@contextmanager
def served(settings: Settings, database: Database) -> Iterator[Site]:
    """The application, answering on a free port from a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", ws="none"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", database)
        server.should_exit = True
        thread.join(timeout=20)


def _few_rows() -> Iterator[Row]:
    rows = list(read_rows(SAMPLE))
    for country in ("KZ", "NG"):
        of_country = (row for row in rows if row.document and row.document["country"] == country)
        yield from islice(of_country, FIRMS_OF_EACH)
