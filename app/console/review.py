"""The review queue: a ranked list, one match opened beside it, decisions."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from pydantic import ValidationError

from app.actions import reviews as actions
from app.console import words
from app.console.visit import FormDep, Officer, Reviewer, Visit, field_of
from app.errors import Failure, InputInvalid
from app.queries import matches as queries
from app.queries import review as views
from app.web.service import ReadSession, Service, ServiceDep, Today, WriteSession
from matching import COUNTRIES, LOWEST, SECTORS
from schemas.matches import ReviewIn

router = APIRouter()

HOME = "/console"
SHOWN = 50
KEPT = ("status", "sector", "band", "q", "cursor")
"""What stands in the address of a list and is kept while working through it."""
LEAST = {str(band): least for band, least in LOWEST.items() if least}
"""The bands that a list can begin at, with their least probability."""
Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as in the address."""

    status: str = "pending"
    sector: str = ""
    band: str = ""
    q: str = ""
    cursor: str = ""

    def address(self, **more: str | None) -> str:
        """The list's address, with some of it changed; empty parts are left out."""
        parts = {name: getattr(self, name) for name in KEPT} | more
        if "cursor" not in more and set(more) & set(KEPT):
            parts["cursor"] = None
        kept = {name: value for name, value in parts.items() if value and (name, value) != ("status", "pending")}
        return HOME + (f"?{urlencode(kept)}" if kept else "")

    @classmethod
    def of(cls, address: str) -> "Filters":
        """From the query of a list's address."""
        return cls(**{name: value for name, value in parse_qsl(address.partition("?")[2]) if name in KEPT})

    def wanted(self) -> queries.QueueFilter:
        """As the query takes it."""
        return queries.QueueFilter(
            status=None if self.status == "all" else self.status,
            sector=self.sector or None,
            min_probability=LEAST.get(self.band),
            words=self.q or None,
            cursor=self.cursor or None,
        )


@router.get("/console")
def desk(  # noqa: PLR0913  # the filters
    visit: Officer,
    session: ReadSession,
    parts: ServiceDep,
    today: Today,
    status: str = "pending",
    sector: str = "",
    band: str = "",
    q: str = "",
    cursor: str = "",
    match: Annotated[str | None, Query(description="The match that is opened.")] = None,
    done: str = "",
    did: int = 0,
) -> Response:
    """The queue with one match opened; without JavaScript every link and button works too."""
    filters = Filters(status, sector, band, q, cursor)
    queue = views.queue_page(session, filters.wanted(), limit=SHOWN)
    opened = match or (queue.lines[0].pair.id if queue.lines else None)
    shown = _opened(visit, session, parts, today, opened)
    answer = _desk(visit, filters, queue, shown, done=done, did=did)
    if visit.partial:
        answer.headers["HX-Push-Url"] = filters.address(match=opened, cursor=cursor)
    return answer


@router.get("/console/matches/{match_id}")
def opened(  # noqa: PLR0913  # each is a part of the request
    visit: Officer,
    session: ReadSession,
    parts: ServiceDep,
    today: Today,
    match_id: str,
    list_: Annotated[str, Query(alias="list")] = HOME,
) -> Response:
    """One match: beside the list, or as a page of its own."""
    view = views.match_view(session, parts.live.fresh(session), match_id, today=today, language=visit.language)
    template = "review/match.html" if visit.partial else "review/page.html"
    return visit.page(template, view=view, filters=Filters.of(list_), conflict=None, typed=None, **_names())


@router.post("/console/matches/{match_id}/decision")
def decide(  # noqa: PLR0913  # the fields of the form
    visit: Reviewer,
    session: WriteSession,
    parts: ServiceDep,
    today: Today,
    match_id: str,
    decision: Text,
    reason: Text = "",
    note: Text = "",
    version: Annotated[int, Form()] = 0,
    list_: Annotated[str, Form(alias="list")] = HOME,
    following: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Writes a decision and goes on to the next match."""
    filters = Filters.of(list_)
    data = _decision(decision, reason, note)
    match = queries.pair_of(match_id, parts.live.fresh(session), today=today)
    made = actions.review_matches(session, [(match, version)], data, by=visit.caller.by)
    if made.missed:
        return _conflict(visit, session, parts, today, match_id, filters, data)
    return visit.go(filters.address(match=following or match_id, done=made.batch, did="1", cursor=filters.cursor))


@router.post("/console/decisions")
def decide_many(visit: Reviewer, session: WriteSession, parts: ServiceDep, today: Today, form: FormDep) -> Response:
    """One decision on all matches that were ticked; those that others decided on meanwhile are left as they are."""
    filters = Filters.of(field_of(form, "list"))
    data = _decision(*(field_of(form, name) for name in ("decision", "reason", "note")))
    picked = [str(one).partition(":") for one in form.getlist("pick")]
    matches = queries.pairs_of([match_id for match_id, _, _ in picked], parts.live.fresh(session), today=today)
    versions = {match_id: int(version) if version.isdecimal() else 0 for match_id, _, version in picked}
    made = actions.review_matches(session, [(match, versions[match.id]) for match in matches], data, by=visit.caller.by)
    done = len(matches) - made.missed
    missed = len(picked) - done
    return visit.go(
        filters.address(done=made.batch if done else "none", did=str(done), missed=str(missed) if missed else None)
    )


@router.post("/console/undo")
def undo(
    visit: Reviewer,
    session: WriteSession,
    batch: Text = "",
    list_: Annotated[str, Form(alias="list")] = HOME,
) -> Response:
    """Takes the officer's last step back, or the one that is named."""
    filters = Filters.of(list_)
    by = visit.caller.by
    step = batch or actions.last_batch(session, by.who)
    if step is None:
        return visit.go(filters.address(done="nothing", cursor=filters.cursor))
    pairs = actions.withdraw_decisions(session, step, by=by)
    opened = pairs[0].id if pairs else None
    return visit.go(filters.address(match=opened, done="undone", did=str(len(pairs)), cursor=filters.cursor))


def _decision(decision: str, reason: str, note: str) -> ReviewIn:
    try:
        return ReviewIn.model_validate({"decision": decision, "reason": reason or None, "note": note.strip() or None})
    except ValidationError as wrong:
        raise InputInvalid("Choose approve, reject or defer, and one of the reasons that are listed.") from wrong


def _opened(
    visit: Visit, session: ReadSession, parts: Service, today: Today, match_id: str | None
) -> views.MatchView | None:
    if match_id is None:
        return None
    try:
        return views.match_view(session, parts.live.fresh(session), match_id, today=today, language=visit.language)
    except Failure:  # it left the register meanwhile; the list is still good
        return None


def _conflict(  # noqa: PLR0913  # each is a part of the page
    visit: Visit, session: ReadSession, parts: Service, today: Today, match_id: str, filters: Filters, typed: ReviewIn
) -> Response:
    queue = views.queue_page(session, filters.wanted(), limit=SHOWN)
    view = _opened(visit, session, parts, today, match_id)
    return _desk(visit, filters, queue, view, status=409, conflict=view and view.pair, typed=typed)


def _desk(  # noqa: PLR0913  # each is a part of the page
    visit: Visit,
    filters: Filters,
    queue: views.Queue,
    view: views.MatchView | None,
    *,
    status: int = 200,
    done: str = "",
    did: int = 0,
    conflict: object = None,
    typed: ReviewIn | None = None,
) -> Response:
    return visit.page(
        "review/desk.html" if visit.partial else "review/queue.html",
        status=status,
        filters=filters,
        queue=queue,
        view=view,
        done=done,
        did=did,
        missed=visit.request.query_params.get("missed", ""),
        conflict=conflict,
        typed=typed,
        **_names(),
    )


def _names() -> dict[str, Any]:
    return {"words": words, "countries": COUNTRIES, "sectors": SECTORS, "least": LEAST}
