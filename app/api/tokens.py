"""Tokens: seen, issued, exchanged and ended by those whose they are, and by administrators."""

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from app.actions import tokens as actions
from app.api.deps import CallerDep, IfMatch, etag, expected_version
from app.api.problems import responses
from app.api.rules import RuledRoute
from app.auth import Caller
from app.db.staff import Token
from app.queries import tokens as queries
from app.web.service import ReadSession, ServiceDep, WriteSession
from schemas.tokens import IssuedTokenOut, TokenIn, TokenList, TokenOut

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], route_class=RuledRoute)


@router.get("", responses=responses(), summary="List tokens", operation_id="list_tokens")
def listed(session: ReadSession, caller: CallerDep) -> TokenList:
    """The caller's own; for administrators all of staff and integrations."""
    found = queries.tokens_within(session, caller.reach)
    return TokenList(items=[queries.shown_token(one, for_staff=caller.role is not None) for one in found])


@router.post("", status_code=201, responses=responses(409), summary="Issue a token", operation_id="issue_token")
def issue(
    data: TokenIn, session: WriteSession, caller: CallerDep, parts: ServiceDep, response: Response
) -> IssuedTokenOut:
    """For a company its own, for administrators any of the council. The answer's token is shown this once."""
    if caller.company_id is not None:
        grant = actions.grant_of_company(caller.company_id, data, days=parts.settings.token_days)
    else:
        grant = actions.grant_of_council(session, data, by=caller.require_staff("admin"))
    return _issued(session, caller, response, *actions.issue_token(session, grant, by=caller.by))


@router.get("/{token_id}", responses=responses(404), summary="Read a token's dates", operation_id="read_token")
def read(token_id: str, session: ReadSession, caller: CallerDep, response: Response) -> TokenOut:
    """What it is for and until when; never the token itself."""
    known = queries.token_within(session, caller.reach, token_id)
    response.headers["ETag"] = etag(known.version)
    return queries.shown_token(known, for_staff=caller.role is not None)


@router.post(
    "/{token_id}/rotate",
    status_code=201,
    responses=responses(404, 409, 412),
    summary="Exchange a token",
    operation_id="rotate_token",
)
def rotate(
    token_id: str, session: WriteSession, caller: CallerDep, response: Response, if_match: IfMatch = None
) -> IssuedTokenOut:
    """A new token for the same; the old one works for 24 hours more. To end that one at once, delete it."""
    known = queries.token_within(session, caller.reach, token_id, lock=True)
    actions.require_version(known.version, expected_version(if_match))
    return _issued(session, caller, response, *actions.rotate_token(session, known.token, by=caller.by))


@router.delete(
    "/{token_id}", status_code=204, responses=responses(404, 412), summary="End a token", operation_id="end_token"
)
def end(token_id: str, session: WriteSession, caller: CallerDep, if_match: IfMatch = None) -> None:
    """Ends it at once, also the one that the request came with."""
    known = queries.token_within(session, caller.reach, token_id, lock=True)
    actions.require_version(known.version, expected_version(if_match))
    actions.end_token(session, known.token, by=caller.by)


def _issued(session: Session, caller: Caller, response: Response, token: Token, text: str) -> IssuedTokenOut:
    known = queries.token_within(session, caller.reach, token.id)
    response.headers["Location"] = f"/v1/tokens/{token.id}"
    response.headers["ETag"] = etag(known.version)
    response.headers["Cache-Control"] = "no-store"
    return IssuedTokenOut(**queries.shown_token(known, for_staff=caller.role is not None).model_dump(), token=text)
