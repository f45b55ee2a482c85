"""Signing in and out, of firms and of staff."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.actions import sessions as actions
from app.console.visit import SESSION_COOKIE, Visit, VisitDep, inner_path
from app.errors import InputInvalid
from app.texts import translate
from app.web.service import ServiceDep, WriteSession

router = APIRouter()

Field = Annotated[str, Form()]
FIRM_HOME = "/me"
STAFF_HOME = "/console"


@router.get("/sign-in")
def firm_door(visit: VisitDep, to: str = FIRM_HOME) -> HTMLResponse:
    """Where a firm asks for a link or gives its token."""
    return visit.page("sign_in/firm.html", sent=False, email="", wrong="", to=to)


@router.post("/sign-in")
def ask_for_link(visit: VisitDep, session: WriteSession, email: Field = "", to: Field = FIRM_HOME) -> HTMLResponse:
    """Mails a link; the answer does not tell whether there is such a firm."""
    actions.ask_for_link(session, email, language=visit.language, base=visit.base, browser=visit.browser)
    return visit.page("sign_in/firm.html", sent=True, email=email, wrong="", to=to)


@router.post("/sign-in/token")
def sign_in_with_token(visit: VisitDep, session: WriteSession, token: Field = "", to: Field = FIRM_HOME) -> Response:
    """Signs a firm in with its token."""
    cookie = actions.sign_in_with_token(session, token, visit.browser)
    if cookie is None:
        wrong = visit.say("This token is not known.")
        return visit.page("sign_in/firm.html", status=422, sent=False, email="", wrong=wrong, to=to)
    return _signed_in(visit, session, cookie, inner_path(to, FIRM_HOME), actions.COMPANY_STAYS)


@router.get("/sign-in/link/{secret}")
def link(visit: VisitDep, secret: str) -> HTMLResponse:
    """Asks for a click: programs that look into mails open links, and would use this one up."""
    del secret
    return visit.page("sign_in/link.html")


@router.post("/sign-in/link/{secret}")
def use_link(visit: VisitDep, session: WriteSession, secret: str) -> Response:
    """Signs a firm in, once."""
    cookie = actions.use_company_link(session, secret, visit.browser, visit.settings.verification)
    return _signed_in(visit, session, cookie, FIRM_HOME, actions.COMPANY_STAYS)


@router.get("/console/sign-in")
def staff_door(visit: VisitDep, to: str = STAFF_HOME) -> HTMLResponse:
    """Where staff sign in."""
    return visit.page("sign_in/staff.html", email="", wrong="", to=to)


@router.post("/console/sign-in")
def sign_in_staff(  # noqa: PLR0913  # the fields of the form
    visit: VisitDep,
    parts: ServiceDep,
    email: Field = "",
    password: Field = "",
    code: Field = "",
    to: Field = STAFF_HOME,
) -> Response:
    """Signs an officer in."""
    cookie = actions.sign_in_staff(parts.database, email, password, code, visit.browser)
    if cookie is None:
        wrong = translate(actions.WRONG, visit.language)
        return visit.page("sign_in/staff.html", status=422, email=email, wrong=wrong, to=to)
    with parts.database.writing() as session:
        return _signed_in(visit, session, cookie, inner_path(to, STAFF_HOME), actions.STAFF_STAYS)


@router.get("/console/password/{secret}")
def password(visit: VisitDep, secret: str) -> HTMLResponse:
    """Where an officer who was invited chooses a password."""
    del secret
    return visit.page("sign_in/password.html", wrong="")


@router.post("/console/password/{secret}")
def set_password(visit: VisitDep, parts: ServiceDep, secret: str, password: Field = "") -> Response:
    """Sets the password and signs in."""
    try:
        with parts.database.writing() as session:  # of its own: an unfit password must not use the link up
            cookie = actions.set_password(session, secret, password, visit.browser)
            return _signed_in(visit, session, cookie, STAFF_HOME, actions.STAFF_STAYS)
    except InputInvalid as failed:
        wrong = translate(failed.detail, visit.language, failed.params)
        return visit.page("sign_in/password.html", status=422, wrong=wrong)


@router.post("/sign-out")
def sign_out(visit: VisitDep, session: WriteSession) -> Response:
    """Ends the session."""
    if visit.cookie:
        actions.sign_out(session, visit.cookie, by=visit.caller.by)
    visit.keep(SESSION_COOKIE, "", 0)
    return visit.go("/")


def _signed_in(visit: Visit, session: WriteSession, cookie: str, to: str, stays: timedelta) -> Response:
    """Replaces the session that this browser had."""
    if visit.cookie:
        actions.sign_out(session, visit.cookie, by=visit.caller.by)
    visit.keep(SESSION_COOKIE, cookie, int(stays.total_seconds()))
    return visit.go(to)
