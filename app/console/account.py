"""An officer's own account: password, authenticator app, sessions."""

import re
from typing import Annotated

import segno
from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from app.actions import accounts as actions
from app.actions.passwords import new_totp_secret, totp_address
from app.actions.sessions import end_session as end_one
from app.actions.tokens import digest_of
from app.console.visit import Officer, Visit
from app.console.words import N_
from app.errors import InputInvalid
from app.queries.staff import officer_by_id, staff_sessions
from app.texts import translate
from app.web.service import ReadSession, ServiceDep, WriteSession

router = APIRouter(prefix="/console/account")

Field = Annotated[str, Form()]
HOME = "/console/account"
SECRET = re.compile("[A-Z2-7]{32}")
MODULE = 5
"""Pixels of a module of the QR code."""
DONE = {
    "password": N_("The password is changed. All other sessions have ended."),
    "on": N_("From now on a code is asked for at each sign-in."),
    "off": N_("No code is asked for any more."),
    "ended": N_("Ended."),
}


@router.get("")
def account(visit: Officer, session: ReadSession, done: str = "") -> HTMLResponse:
    """What an officer can change of how they get in."""
    return _account(visit, session, done=DONE.get(done, ""))


@router.post("/password")
def change_password(visit: Officer, parts: ServiceDep, present: Field = "", password: Field = "") -> Response:
    """Sets another password."""
    try:
        actions.change_password(parts.database, _me(visit), present, password, visit.cookie or "", by=visit.caller.by)
    except InputInvalid as failed:
        at = "wrong_present" if failed.detail == actions.WRONG_PASSWORD else "wrong_password"
        with parts.database.reading() as session:
            return _account(visit, session, 422, **{at: translate(failed.detail, visit.language, failed.params)})
    return visit.go(f"{HOME}?done=password")


@router.get("/code")
def code(visit: Officer) -> HTMLResponse:
    """A new secret for an authenticator app, which counts once a code of it was typed in."""
    return _code(visit, new_totp_secret())


@router.post("/code")
def turn_on(visit: Officer, session: WriteSession, secret: Field = "", code: Field = "") -> Response:
    """Asks for codes from now on, if the first one is right."""
    if not SECRET.fullmatch(secret):
        return visit.go(f"{HOME}/code")
    try:
        actions.turn_totp_on(session, _me(visit), secret, code, by=visit.caller.by)
    except InputInvalid as failed:
        return _code(visit, secret, wrong=translate(failed.detail, visit.language))
    return visit.go(f"{HOME}?done=on")


@router.post("/code/off")
def turn_off(visit: Officer, parts: ServiceDep, present: Field = "") -> Response:
    """Asks for codes no more."""
    try:
        actions.turn_totp_off(parts.database, _me(visit), present, by=visit.caller.by)
    except InputInvalid as failed:
        with parts.database.reading() as session:
            return _account(visit, session, 422, wrong_off=translate(failed.detail, visit.language))
    return visit.go(f"{HOME}?done=off")


@router.post("/sessions/{session_id}/end")
def end_session(visit: Officer, session: WriteSession, session_id: str) -> Response:
    """Ends one of the officer's own sessions."""
    end_one(session, session_id, staff_id=_me(visit), by=visit.caller.by)
    return visit.go(f"{HOME}?done=ended")


def _account(visit: Visit, session: ReadSession, status: int = 200, **said: str) -> HTMLResponse:
    shown = dict.fromkeys(("done", "wrong_present", "wrong_password", "wrong_off"), "") | said
    return visit.page(
        "account/account.html",
        status=status,
        officer=officer_by_id(session, _me(visit)),
        sessions=staff_sessions(session, digest_of(visit.cookie or ""), _me(visit)),
        **shown,
    )


def _code(visit: Visit, secret: str, wrong: str = "") -> HTMLResponse:
    address = totp_address(secret, visit.caller.staff_email or "")
    picture = segno.make(address, micro=False, error="m").svg_inline(scale=MODULE, dark="#000", light="#fff")
    groups = " ".join(re.findall(".{4}", secret))
    return visit.page(
        "account/code.html",
        status=422 if wrong else 200,
        secret=secret,
        groups=groups,
        picture=Markup(picture),  # noqa: S704  # segno writes numbers only; the secret is base 32
        wrong=wrong,
    )


def _me(visit: Visit) -> str:
    return visit.caller.staff_id or ""
