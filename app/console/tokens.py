"""Settings: tokens with which staff's programs, and other programs of the council, use the API."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.actions.tokens import STAFF_DAYS, Grant, end_token, issue_token, rotate_token
from app.console.staff import DONE
from app.console.visit import Admin, Visit
from app.console.words import ROLES
from app.db.base import now
from app.db.staff import LABEL_LENGTH
from app.db.staff import ROLES as ROLE_CODES
from app.errors import InputInvalid, TooManyTokens
from app.queries.staff import officers
from app.queries.tokens import token_within, tokens_within
from app.texts import translate
from app.web.service import ReadSession, WriteSession
from schemas.tokens import LONGEST_DAYS

router = APIRouter(prefix="/console/settings/tokens")

Field = Annotated[str, Form()]
HOME = "/console/settings/tokens"
INTEGRATION = "integration"
"""In place of an owner."""


@router.get("")
def tokens(visit: Admin, session: ReadSession, done: str = "") -> HTMLResponse:
    """All tokens of staff."""
    return _tokens(visit, session, done=DONE.get(done, ""))


@router.post("")
def issue(  # noqa: PLR0913  # the fields of the form
    visit: Admin, session: WriteSession, owner: Field = "", label: Field = "", scope: Field = "", days: Field = ""
) -> HTMLResponse:
    """Issues a token, which this answer shows and nothing else ever does."""
    typed = {"owner": owner, "label": label, "scope": scope, "days": days}
    lasts = STAFF_DAYS if not days.strip() else int(days) if days.isascii() and days.isdecimal() else 0
    integration = owner == INTEGRATION
    grant = Grant(
        staff_id=None if integration else owner,
        scope="integration" if integration else next((role for role in ROLE_CODES if role == scope), None),
        label=label,
        days=lasts,
    )
    try:
        _, token = issue_token(session, grant, by=visit.caller.by)
    except (InputInvalid, TooManyTokens) as failed:
        return _tokens(
            visit, session, status=failed.status, wrong=translate(failed.detail, visit.language, failed.params), **typed
        )
    return _tokens(visit, session, token=token)


@router.post("/{token_id}/exchange")
def exchange(visit: Admin, session: WriteSession, token_id: str) -> HTMLResponse:
    """Makes a token in the place of another one, which works for a day more; this answer shows it."""
    held = token_within(session, visit.caller.reach, token_id, lock=True).token
    try:
        _, token = rotate_token(session, held, by=visit.caller.by)
    except TooManyTokens as failed:
        return _tokens(
            visit, session, status=failed.status, wrong=translate(failed.detail, visit.language, failed.params)
        )
    return _tokens(visit, session, token=token)


@router.post("/{token_id}/end")
def end(visit: Admin, session: WriteSession, token_id: str) -> Response:
    """Ends a token."""
    end_token(session, token_within(session, visit.caller.reach, token_id, lock=True).token, by=visit.caller.by)
    return visit.go(f"{HOME}?done=ended")


def _tokens(visit: Visit, session: ReadSession, status: int = 200, **shown: str) -> HTMLResponse:
    values = {
        "token": "",
        "done": "",
        "wrong": "",
        "owner": visit.caller.staff_id,
        "label": "",
        "scope": "",
        "days": "",
    }
    present = [(officer.id, officer.email) for officer in officers(session) if officer.disabled_at is None]
    return visit.page(
        "settings/tokens.html",
        status=status,
        tokens=tokens_within(session, visit.caller.reach),
        owners=[*present, (INTEGRATION, visit.say("no officer: reads without contacts"))],
        scopes=[("", visit.say("all that its owner may")), *((role, visit.say(name)) for role, name in ROLES.items())],
        roles=ROLES,
        longest=LABEL_LENGTH,
        most_days=LONGEST_DAYS,
        usual_days=STAFF_DAYS,
        moment=now(),
        **(values | shown),
    )
