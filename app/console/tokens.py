"""Settings: tokens with which staff's programs use the API."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.actions import staff as actions
from app.console.staff import DONE
from app.console.visit import Admin, Visit
from app.db.staff import LABEL_LENGTH
from app.errors import InputInvalid
from app.queries.staff import officers, staff_tokens
from app.texts import translate
from app.web.service import ReadSession, WriteSession

router = APIRouter(prefix="/console/settings/tokens")

Field = Annotated[str, Form()]
HOME = "/console/settings/tokens"


@router.get("")
def tokens(visit: Admin, session: ReadSession, done: str = "") -> HTMLResponse:
    """All tokens of staff."""
    return _tokens(visit, session, done=DONE.get(done, ""))


@router.post("")
def issue(visit: Admin, session: WriteSession, owner: Field = "", label: Field = "") -> HTMLResponse:
    """Issues a token, which this answer shows and nothing else ever does."""
    try:
        token = actions.issue_token(session, owner, label=label, by=visit.caller.by)
    except InputInvalid as failed:
        wrong = translate(failed.detail, visit.language, failed.params)
        return _tokens(visit, session, status=422, wrong=wrong, owner=owner, label=label)
    return _tokens(visit, session, token=token)


@router.post("/{token_id}/end")
def end(visit: Admin, session: WriteSession, token_id: str) -> Response:
    """Ends a token."""
    actions.end_token(session, token_id, by=visit.caller.by)
    return visit.go(f"{HOME}?done=ended")


def _tokens(visit: Visit, session: ReadSession, status: int = 200, **shown: str) -> HTMLResponse:
    values = {"token": "", "done": "", "wrong": "", "owner": visit.caller.staff_id, "label": ""} | shown
    present = [(officer.id, officer.email) for officer in officers(session) if officer.disabled_at is None]
    return visit.page(
        "settings/tokens.html",
        status=status,
        tokens=staff_tokens(session),
        owners=present,
        longest=LABEL_LENGTH,
        **values,
    )
