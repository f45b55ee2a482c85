"""A firm's own data: export, sessions, tokens, deletion."""

import json
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.actions.companies import delete_company
from app.actions.sessions import end_session
from app.actions.tokens import Grant, digest_of, end_token, issue_token, rotate_token
from app.console import words
from app.console.visit import SESSION_COOKIE, Firm, Visit
from app.console.words import N_, ROLES
from app.db.base import now
from app.errors import InputInvalid
from app.queries.audit import contact_views
from app.queries.companies import company_by_id
from app.queries.consents import consents_of
from app.queries.held import all_data_of
from app.queries.own import open_sessions, tokens_of
from app.queries.tokens import token_within
from app.texts import translate
from app.web.service import ReadSession, Service, ServiceDep, WriteSession
from matching import fold

router = APIRouter()

Field = Annotated[str, Form()]
HERE = "/me/account"
SHOWN = 20
"""Times that somebody saw the contact; all of them are in the file."""
SEEN_AS = ROLES | {"operator": N_("who runs the service"), "program": N_("a program of the council")}


@router.get("/me/account")
def account(visit: Firm, parts: ServiceDep) -> HTMLResponse:
    """What there is, and what can be done with it."""
    return _page(visit, parts)


@router.get("/me/account/data.json")
def export(visit: Firm, session: ReadSession) -> Response:
    """All that is kept about the firm, as a file."""
    data = json.dumps(all_data_of(session, _own(visit)), ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": 'attachment; filename="caravan.json"'}
    return Response(data, media_type="application/json", headers=headers)


@router.post("/me/account/sessions/{session_id}/end")
def end_own_session(visit: Firm, session: WriteSession, session_id: str) -> Response:
    """Signs a browser out."""
    end_session(session, session_id, company_id=_own(visit), by=visit.caller.by)
    return visit.go(HERE)


@router.post("/me/account/tokens")
def issue(visit: Firm, parts: ServiceDep) -> HTMLResponse:
    """Makes a token and shows it this once."""
    try:
        with parts.database.writing() as session:
            _, token = issue_token(
                session, Grant(company_id=_own(visit), days=parts.settings.token_days), by=visit.caller.by
            )
    except InputInvalid as failed:
        return _page(visit, parts, full=translate(failed.detail, visit.language, failed.params))
    return _page(visit, parts, token=token)


@router.post("/me/account/tokens/{token_id}/exchange")
def exchange(visit: Firm, parts: ServiceDep, token_id: str) -> HTMLResponse:
    """Makes a token in the place of another one, and shows it this once."""
    try:
        with parts.database.writing() as session:
            held = token_within(session, visit.caller.reach, token_id, lock=True).token
            _, token = rotate_token(session, held, by=visit.caller.by)
    except InputInvalid as failed:
        return _page(visit, parts, full=translate(failed.detail, visit.language, failed.params))
    return _page(visit, parts, token=token)


@router.post("/me/account/tokens/{token_id}/end")
def end_own_token(visit: Firm, session: WriteSession, token_id: str) -> Response:
    """Ends a token."""
    end_token(session, token_within(session, visit.caller.reach, token_id, lock=True).token, by=visit.caller.by)
    return visit.go(HERE)


@router.post("/me/account/delete")
def delete(visit: Firm, parts: ServiceDep, name: Field = "") -> Response:
    """Removes the firm, if its name is typed, and signs out."""
    with parts.database.writing() as session:
        company = company_by_id(session, _own(visit))
        if " ".join(fold(name).split()) == " ".join(fold(company.legal_name).split()):
            delete_company(session, company.id, if_version=None, by=visit.caller.by)
            visit.keep(SESSION_COOKIE, "", 0)
            return visit.go("/")
    return _page(visit, parts, wrong=visit.say("This is not the name of your firm. Nothing was removed."))


def _own(visit: Visit) -> str:
    assert visit.caller.company_id  # noqa: S101  # a firm's visit
    return visit.caller.company_id


def _page(visit: Visit, parts: Service, *, token: str = "", wrong: str = "", full: str = "") -> HTMLResponse:
    with parts.database.reading() as session:
        company = company_by_id(session, _own(visit))
        return visit.page(
            "firm/account.html",
            status=422 if wrong or full else 200,
            company=company,
            views=contact_views(session, company, limit=SHOWN),
            shown=SHOWN,
            roles=SEEN_AS,
            sessions=open_sessions(session, _own(visit)),
            consents=consents_of(session, _own(visit)),
            words=words,
            tokens=tokens_of(session, _own(visit)),
            here=digest_of(visit.cookie or ""),
            token=token,
            wrong=wrong,
            full=full,
            moment=now(),
        )
