"""Settings: the audit log, who did what."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from app.actions.exports import take_along
from app.console import words
from app.console.csv_tables import csv_bytes
from app.console.visit import Admin, Visit
from app.db.audit import ACTS, AuditRow
from app.db.audit import head as log_head
from app.queries import audit as queries
from app.web.service import ReadSession, ServiceDep, Today

router = APIRouter(prefix="/console/settings")

HOME = "/console/settings/audit"
SHOWN = 50
MOST_ROWS = 100_000
"""Of a file, the newest."""
HEAD = ("number", "at", "by", "role", "act", "subject", "details", "request", "previous", "hash")
Text = Annotated[str, Query(max_length=200)]
PLACES = {"company": "/console/companies/", "match": "/console/matches/", "merge": "/console/merges/"}
"""Where a subject is looked at."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as in its address."""

    by: str
    act: str
    subject: str
    since: str
    until: str

    def wanted(self, before: int | None = None) -> queries.AuditFilter:
        """As the query takes it; what is no day asks for nothing."""
        return queries.AuditFilter(
            since=_day(self.since),
            until=_day(self.until),
            by=self.by.strip() or None,
            act=self.act or None,
            subject=self.subject.strip() or None,
            before=before,
        )

    def address(self, ending: str = "", **more: str) -> str:
        """The list's address, or the file's; empty parts are left out."""
        parts = {name: getattr(self, name) for name in self.__slots__} | more
        kept = {name: value for name, value in parts.items() if value}
        return HOME + ending + (f"?{urlencode(kept)}" if kept else "")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act was done to: what kind, its name or id, and where it is looked at."""

    kind: str
    name: str
    address: str


@router.get("/audit")
def audit(  # noqa: PLR0913  # the filters
    visit: Admin,
    session: ReadSession,
    by: Text = "",
    act: Text = "",
    subject: Text = "",
    since: Text = "",
    until: Text = "",
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> HTMLResponse:
    """The log, newest first."""
    filters = Filters(by, act, subject, since, until)
    rows = queries.audit_rows(session, filters.wanted(before), limit=SHOWN + 1)
    shown = rows[:SHOWN]
    named = queries.names_of(session, {one for row in shown for one in row.subject.split()})
    return visit.page(
        "settings/audit.html",
        filters=filters,
        rows=[(row, _subjects(visit, row, named), _details(row)) for row in shown],
        following=filters.address(before=str(shown[-1].number)) if len(rows) > SHOWN else "",
        first=before is None,
        head=log_head(session),
        people=[(one, visit.say(words.ACTORS[one]) if one in words.ACTORS else one) for one in _people(session)],
        acts=sorted(((code, visit.say(words.ACTS[code])) for code in ACTS), key=lambda one: one[1]),
        words=words,
    )


@router.get("/audit.csv")
def table(  # noqa: PLR0913  # the filters
    visit: Admin,
    session: ReadSession,
    parts: ServiceDep,
    today: Today,
    by: Text = "",
    act: Text = "",
    subject: Text = "",
    since: Text = "",
    until: Text = "",
) -> Response:
    """The same as a file for a spreadsheet, with the hashes."""
    wanted = Filters(by, act, subject, since, until).wanted()
    rows = queries.audit_rows(session, wanted, limit=MOST_ROWS)
    take_along(parts.database, visit.caller.by, "audit", count=len(rows), filters=wanted.narrowed)
    body = csv_bytes(HEAD, (_cells(row) for row in rows), visit.language)
    headers = {"Content-Disposition": f'attachment; filename="caravan-audit-{today.isoformat()}.csv"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def _cells(row: AuditRow) -> list[str | int | None]:
    return [row.at.isoformat() if name == "at" else getattr(row, name) for name in HEAD]


def _subjects(visit: Visit, row: AuditRow, named: dict[str, str]) -> list[Subject]:
    found = []
    for one in row.subject.split():
        kind, _, name = one.partition(":")
        address = PLACES.get(kind, "") if kind != "company" or one in named else ""
        told = visit.say(words.SUBJECTS[kind]) if kind in words.SUBJECTS else kind
        found.append(Subject(told, named.get(one, name), address + name if address else ""))
    return found


def _details(row: AuditRow) -> list[tuple[str, str]]:
    found: dict[str, Any] = json.loads(row.details)
    return [(name, ", ".join(value) if isinstance(value, list) else str(value)) for name, value in found.items()]


def _people(session: ReadSession) -> list[str]:
    return queries.officers_in_log(session)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
