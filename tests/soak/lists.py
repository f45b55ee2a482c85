"""Two lists that are imported again and again with other cities: by the command, and by the server's own job."""

import csv
import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from threading import Event
from typing import Any

import httpx2
from sqlalchemy import select

from app.actions.imports import BATCH
from app.actions.tokens import digest_of, new_secret
from app.db import Database
from app.db.base import now
from app.db.imports import Import
from app.db.jobs import Job
from app.db.sessions import BrowserSession
from app.db.staff import StaffMember
from app.files import Layout
from tests.factories import Document
from tests.soak.firms import content
from tests.soak.programs import Ground, Program

HEADINGS = ("country", "legal_name", "registration_number", "sectors", "city", "side", "kind", "title")
GOODS = ("Sorghum", "Ginger", "Cashew nuts", "Hibiscus", "Cotton lint")


@dataclass
class Listed:
    """The firms of one list: which city each has, and the one that an import gives them now, if one runs."""

    first: int
    rows: int
    cities: list[str] = field(init=False)
    coming: str = ""

    def __post_init__(self) -> None:
        self.cities = [""] * self.rows

    def row(self, at: int, city: str) -> dict[str, str]:
        """One firm's row."""
        number = f"RC {self.first + at}"
        values = ("NG", f"Listed firm {number} Ltd", number, "agriculture", city, "offer", "goods", GOODS[at % 5])
        return dict(zip(HEADINGS, values, strict=True))

    def document(self, at: int, city: str) -> Document:
        """The same as a company."""
        row = self.row(at, city)
        listing = {name: row.pop(name) for name in ("side", "kind", "title")}
        return row | {"sectors": [row["sectors"]], "listings": [listing]}

    def wrong(self, found: dict[str, dict[str, Any]], *, whole: bool) -> list[str]:
        """What is not as it should be: batches of rows that are in are all in, in the order of the list."""
        faults = []
        at_once = [self._city_of(at, found) for at in range(self.rows)]
        done = next((at for at, city in enumerate(at_once) if city != self.coming), self.rows) if self.coming else 0
        if done not in {*range(0, self.rows, BATCH), self.rows} or (whole and self.coming and done != self.rows):
            faults.append(f"The list from {self.first} is in up to row {done} of {self.rows}")
        for at, city in enumerate(at_once):
            held = found.get(f"RC {self.first + at}")
            if city != (self.coming if at < done else self.cities[at]):
                faults.append(f"Row {at} of the list from {self.first} says {city or 'nothing'}")
            elif held is not None and content(held) != content(self.document(at, city)):
                faults.append(f"Row {at} of the list from {self.first} is there by half")
        self.cities, self.coming = at_once, ""
        return faults

    def _city_of(self, at: int, found: dict[str, dict[str, Any]]) -> str:
        held = found.get(f"RC {self.first + at}")
        return str(held["city"]) if held is not None else ""


def begin_command(ground: Ground, listed: Listed, city: str) -> Program:
    """Starts ``caravan import`` of a list with a new city in every row."""
    path = ground.folder / "list.jsonl"
    lines = (json.dumps(listed.document(at, city)) for at in range(listed.rows))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    listed.coming = city
    return Program(ground.folder / "import.log", ground.variables, "import", str(path))


class Officer:
    """An officer who imports a list through the pages of the console."""

    def __init__(self, database: Database, staff: str) -> None:
        self._cookie = new_secret()
        self.started: str | None = None
        """The import whose start was answered."""
        with database.writing() as session:
            owner = session.scalar(select(StaffMember.id).where(StaffMember.email == staff))
            session.add(
                BrowserSession(
                    digest=digest_of(self._cookie), browser="", staff_id=owner, expires_at=now() + timedelta(days=1)
                )
            )

    def import_list(self, address: str, database: Database, listed: Listed, city: str, ended: Event) -> None:
        """Uploads, checks and starts a list, as far as it comes."""
        self.started = None
        headers = {"Cookie": f"caravan-session={self._cookie}", "Origin": address}
        with suppress(httpx2.TransportError), httpx2.Client(base_url=address, headers=headers, timeout=60) as http:
            file = {"file": (f"{city}.csv", _csv(listed, city), "text/csv")}
            page = _moved(http.post("/console/imports", files=file))
            import_id = page.rpartition("/")[2]
            with database.reading() as session:
                targets = Layout.of_json(session.get_one(Import, import_id).layout).targets
            _moved(http.post(f"{page}/columns", data={f"column-{at}": one for at, one in enumerate(targets)}))
            while _state(database, import_id) != "checked":
                if ended.wait(0.1):
                    return
            listed.coming = city
            _moved(http.post(f"{page}/start"))
            self.started = import_id

    def finished(self, database: Database) -> bool:
        """Whether no list waits for a worker any more."""
        with database.reading() as session:
            return session.scalar(select(Job.id).where(Job.kind.in_(("check", "import"))).limit(1)) is None

    def wrong(self, database: Database, listed: Listed) -> list[str]:
        """What is wrong with the import whose start was answered, once no list waits."""
        if self.started is None:
            return []
        with database.reading() as session:
            kept = session.get_one(Import, self.started)
            told = kept.state, sum(kept.counts.values())
        return [] if told == ("done", listed.rows) else [f"An import that was started is {told}"]


def _csv(listed: Listed, city: str) -> bytes:
    out = StringIO()
    writer = csv.DictWriter(out, HEADINGS)
    writer.writeheader()
    writer.writerows(listed.row(at, city) for at in range(listed.rows))
    return out.getvalue().encode()


def _moved(answer: httpx2.Response) -> str:
    """Where a form leads; an answer that leads nowhere ends the import as if there was none."""
    if answer.status_code != 303:
        raise httpx2.TransportError(f"Answered {answer.status_code}")
    return str(answer.headers["location"])


def _state(database: Database, import_id: str) -> str:
    with database.reading() as session:
        return session.get_one(Import, import_id).state
