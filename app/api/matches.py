"""Matches: a company's live ranking, and the council's queue."""

import hashlib
import re
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import Response as AnyResponse

from app.actions import reviews as actions
from app.api.deps import CallerDep, IfMatch, LanguageDep, etag, expected_version
from app.api.problems import responses
from app.api.rules import RuledRoute
from app.db.base import now
from app.queries import matches as queries
from app.texts import translator
from app.watch.figures import RANKING_SECONDS
from app.web.service import ReadSession, ServiceDep, Today, WriteSession
from matching import Language, Sector
from schemas.matches import PENDING, MatchOut, Picture, QueuedMatchOut, QueuePage, RankingPage, ReviewIn, ReviewStatus

router = APIRouter(prefix="/v1", tags=["matches"], route_class=RuledRoute)

RANKING = re.compile("/v1/companies/[^/]+/matches")
"""The address of a ranking, whose answers are kept (``app.api.answers``)."""

RANKING_TEMPLATE = "/v1/companies/{company_id}/matches"

COMPUTED_AT = re.compile('"computed_at":"[^"]*"')

Limit = Annotated[int, Query(ge=1, le=100)]
Probability = Annotated[float, Query(ge=0, le=1)]


@router.get(
    "/companies/{company_id}/matches",
    response_model=RankingPage,
    responses=responses(304, 404),
    summary="Rank a company's counterparts",
    operation_id="rank_counterparts",
)
def ranking(  # noqa: PLR0913  # the filters of the contract
    company_id: str,
    session: ReadSession,
    parts: ServiceDep,
    caller: CallerDep,
    language: LanguageDep,
    today: Today,
    limit: Limit = 20,
    cursor: str | None = None,
    sector: Sector | None = None,
    min_probability: Probability = 0.0,
    if_none_match: Annotated[str | None, Header()] = None,
) -> AnyResponse:
    """The live ranking, most probable first. For the company itself (verified counterparts) and the council (all)."""
    del if_none_match  # the layer that keeps answers looks at it
    fresh = parts.live.fresh(session)
    wanted = queries.RankingFilter(
        sector=sector, min_probability=min_probability, cursor=cursor, for_staff=caller.of_council
    )
    with RANKING_SECONDS.time():
        ranked, following = queries.live_ranking(fresh, company_id, wanted, limit=limit, today=today)
    known = queries.decided(session, [match.id for match in ranked.values()])
    moment = now()
    page = RankingPage(
        items=[
            MatchOut.of(
                match,
                rank=rank,
                review=queries.review_of(known.get(match.id), for_staff=caller.role is not None),
                computed_at=moment,
            ).localised(language, translator(language))
            for rank, match in ranked.items()
        ],
        next_cursor=following,
        as_of_change=fresh.change,
    )
    body = page.model_dump_json()
    headers = {
        "ETag": _tag(body, fresh.change, language),
        "Vary": "Accept-Language, Authorization",
        "Cache-Control": "private, no-cache",
    }
    return Response(body, media_type="application/json", headers=headers)


@router.get("/matches", responses=responses(), summary="Read the review queue", operation_id="read_queue")
def queue(  # noqa: PLR0913  # the filters of the contract
    session: ReadSession,
    caller: CallerDep,
    parts: ServiceDep,
    language: LanguageDep,
    status: ReviewStatus | None = None,
    sector: Sector | None = None,
    min_probability: Probability | None = None,
    max_probability: Probability | None = None,
    company: Annotated[str | None, Query(description="Id of either company.")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> QueuePage:
    """For the council: the stored matches, most probable first. Integrations learn of a decision only what it is."""
    parts.catch_up()
    wanted = queries.QueueFilter(
        status=status,
        sector=sector,
        min_probability=min_probability,
        max_probability=max_probability,
        company=company,
        cursor=cursor,
    )
    pairs, following = queries.review_queue(session, wanted, limit=limit)
    versions = queries.company_versions(session, [one for pair in pairs for one in (pair.first_id, pair.second_id)])
    staff = caller.role is not None
    items = [queries.queued(pair, versions, language, for_staff=staff) for pair in pairs]
    return QueuePage(items=items, next_cursor=following)


@router.get("/matches/{match_id}", responses=responses(404), summary="Read a match", operation_id="read_match")
def read(  # noqa: PLR0913  # each is a part of the request
    match_id: str,
    session: ReadSession,
    caller: CallerDep,
    parts: ServiceDep,
    language: LanguageDep,
    today: Today,
    response: Response,
) -> QueuedMatchOut:
    """For the council: a match as it was stored or, when it is not in the queue, as it is now."""
    pair = queries.decided(session, [match_id]).get(match_id)
    if pair is not None:
        response.headers["ETag"] = etag(pair.version)
        versions = queries.company_versions(session, [pair.first_id, pair.second_id])
        return queries.queued(pair, versions, language, for_staff=caller.role is not None)
    match = queries.pair_of(match_id, parts.live.fresh(session), today=today)
    response.headers["ETag"] = etag(0)
    return QueuedMatchOut(
        **Picture.of(match).model_dump(), review=PENDING, changed_since=False, computed_at=now()
    ).localised(language, translator(language))


@router.put(
    "/matches/{match_id}/review",
    responses=responses(404, 412, 428),
    summary="Decide on a match",
    operation_id="review_match",
)
def review(  # noqa: PLR0913  # each is a part of the request
    match_id: str,
    data: ReviewIn,
    session: WriteSession,
    caller: CallerDep,
    parts: ServiceDep,
    language: LanguageDep,
    today: Today,
    response: Response,
    if_match: IfMatch = None,
) -> QueuedMatchOut:
    """For staff: approves, rejects or defers a match.

    ``If-Match`` may be left out as long as nobody else decided on it.
    """
    match = queries.pair_of(match_id, parts.live.fresh(session), today=today)
    pair = actions.review_match(session, match, data, by=caller.by, if_version=expected_version(if_match))
    response.headers["ETag"] = etag(pair.version)
    versions = queries.company_versions(session, [pair.first_id, pair.second_id])
    return queries.queued(pair, versions, language)


def _tag(body: str, change: int, language: Language) -> str:
    """Changes whenever anything in the body does, except the moment it was computed."""
    lasting = COMPUTED_AT.sub("", body)
    return f'"{change}-{language}-{hashlib.sha256(lasting.encode()).hexdigest()[:16]}"'
