"""Settings: the council's staff and their open sessions."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.actions import sessions as session_actions
from app.actions import staff as actions
from app.actions.tokens import digest_of
from app.console.visit import Admin, Visit
from app.console.words import N_, ROLES
from app.errors import InputInvalid
from app.queries.staff import officers, staff_sessions
from app.settings import Settings
from app.texts import translate
from app.web.service import ReadSession, ServiceDep, WriteSession

router = APIRouter(prefix="/console/settings")

Field = Annotated[str, Form()]
HOME = "/console/settings"
SESSIONS = "/console/settings/sessions"
DONE = {
    "invited": N_("A link to choose a password is on its way."),
    "role": N_("The role is changed; it counts from the next click on."),
    "out": N_("Kept out: sessions, links and tokens have ended."),
    "in": N_("Let in again."),
    "code": N_("No code is asked for any more."),
    "ended": N_("Ended."),
}
"""What the address says was done, for the page that follows."""


@router.get("")
def staff(visit: Admin, session: ReadSession, parts: ServiceDep, done: str = "") -> HTMLResponse:
    """Everyone who works here."""
    return _staff(visit, session, parts.settings, done=done)


@router.post("/staff")
def invite(visit: Admin, session: WriteSession, parts: ServiceDep, email: Field = "", role: Field = "") -> Response:
    """Adds an officer, who gets a link to choose a password."""
    try:
        staff_id = actions.add_officer(session, email, actions.role_named(role), by=visit.caller.by)
    except InputInvalid as failed:
        return _staff(visit, session, parts.settings, failed=failed, email=email, role=role)
    session_actions.send_invitation(session, staff_id, language=visit.language, base=visit.base, by=visit.caller.by)
    return visit.go(f"{HOME}?done=invited")


@router.post("/staff/{staff_id}/role")
def change_role(visit: Admin, session: WriteSession, parts: ServiceDep, staff_id: str, role: Field = "") -> Response:
    """Gives an officer another role."""
    try:
        actions.change_role(session, staff_id, actions.role_named(role), by=visit.caller.by)
    except InputInvalid as failed:
        return _staff(visit, session, parts.settings, failed=failed)
    return visit.go(f"{HOME}?done=role")


@router.post("/staff/{staff_id}/keep-out")
def keep_out(visit: Admin, session: WriteSession, parts: ServiceDep, staff_id: str) -> Response:
    """Keeps an officer out from now on."""
    try:
        actions.disable_staff(session, staff_id, by=visit.caller.by)
    except InputInvalid as failed:
        return _staff(visit, session, parts.settings, failed=failed)
    return visit.go(f"{HOME}?done=out")


@router.post("/staff/{staff_id}/let-in")
def let_in(visit: Admin, session: WriteSession, staff_id: str) -> Response:
    """Lets an officer in again."""
    actions.enable_staff(session, staff_id, by=visit.caller.by)
    return visit.go(f"{HOME}?done=in")


@router.post("/staff/{staff_id}/link")
def send_link(visit: Admin, session: WriteSession, staff_id: str) -> Response:
    """Sends an officer a link to choose another password."""
    session_actions.send_invitation(session, staff_id, language=visit.language, base=visit.base, by=visit.caller.by)
    return visit.go(f"{HOME}?done=invited")


@router.post("/staff/{staff_id}/forget-code")
def forget_code(visit: Admin, session: WriteSession, staff_id: str) -> Response:
    """Asks an officer who lost the phone for no code any more."""
    actions.forget_totp(session, staff_id, by=visit.caller.by)
    return visit.go(f"{HOME}?done=code")


@router.get("/sessions")
def open_sessions(visit: Admin, session: ReadSession, done: str = "") -> HTMLResponse:
    """Browsers in which staff are signed in."""
    found = staff_sessions(session, digest_of(visit.cookie or ""))
    return visit.page("settings/sessions.html", sessions=found, done=DONE.get(done, ""))


@router.post("/sessions/{session_id}/end")
def end_session(visit: Admin, session: WriteSession, session_id: str) -> Response:
    """Ends an officer's session."""
    session_actions.end_staff_session(session, session_id, by=visit.caller.by)
    return visit.go(f"{SESSIONS}?done=ended")


def _staff(  # noqa: PLR0913  # what the page shows
    visit: Visit,
    session: ReadSession,
    settings: Settings,
    *,
    done: str = "",
    failed: InputInvalid | None = None,
    email: str = "",
    role: str = "reviewer",
) -> HTMLResponse:
    return visit.page(
        "settings/staff.html",
        status=422 if failed else 200,
        officers=officers(session),
        roles=ROLES,
        done=DONE.get(done, ""),
        wrong=translate(failed.detail, visit.language, failed.params) if failed else "",
        email=email,
        role=role,
        mails=settings.smtp_url is not None,
    )
