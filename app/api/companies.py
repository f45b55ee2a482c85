"""Companies: registration, profile, search, status."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.concurrency import run_in_threadpool

from app.actions import companies as actions
from app.api.deps import CallerDep, IfMatch, LanguageDep, etag, optional_version, required_version
from app.api.problems import responses
from app.auth import authenticate
from app.queries import companies as queries
from app.queries.search import CompanyFilter
from app.web.service import ReadSession, ServiceDep, WriteSession
from matching import Sector, Status
from schemas.companies import CompanyIn, CompanyOut, CompanyPage, RegistrationOut, StatusIn

router = APIRouter(prefix="/v1/companies", tags=["companies"])

READ_AT_ONCE = 10
"""Listings that are read without a thread of their own, which would cost more than they do."""
Limit = Annotated[int, Query(ge=1, le=100)]


async def _refuse_wrong_token(
    parts: ServiceDep, authorization: Annotated[str | None, Header(include_in_schema=False)] = None
) -> None:
    """Anyone may register, but no one with a token that is not known."""

    def check() -> None:
        with parts.database.reading() as session:
            authenticate(session, authorization)

    if authorization is not None:
        await run_in_threadpool(check)


@router.post(
    "",
    status_code=201,
    responses=responses(401, 409),
    summary="Register a company",
    dependencies=[Depends(_refuse_wrong_token)],
)
async def register(
    data: CompanyIn,
    parts: ServiceDep,
    language: LanguageDep,
    response: Response,
) -> RegistrationOut:
    """Registers a firm. The answer's token is shown this once; it signs the firm in as a bearer token."""
    company, token = await parts.registrations.register(data)
    response.headers["Location"] = f"/v1/companies/{company.id}"
    response.headers["ETag"] = etag(company.version)
    document = company.document()
    listings = document["listings"]
    quick = len(listings) <= READ_AT_ONCE
    warnings = (
        queries.warnings_of(listings, language)
        if quick
        else await run_in_threadpool(queries.warnings_of, listings, language)
    )
    return RegistrationOut(
        id=company.id,
        status=company.status,
        created_at=company.created_at,
        changed_at=company.created_at,
        warnings=warnings,
        token=token,
        **document,
    )


@router.get("", responses=responses(401, 403), summary="Search the register")
def search(  # noqa: PLR0913  # the filters of the contract
    session: ReadSession,
    caller: CallerDep,
    language: LanguageDep,
    country: str | None = None,
    sector: Sector | None = None,
    region: str | None = None,
    hs: Annotated[str | None, Query(pattern=r"^[0-9]{2,10}$", description="An HS code or its beginning.")] = None,
    status: Status | None = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of a name, city or listing.")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> CompanyPage:
    """For staff: companies, oldest first, those that meet every filter."""
    caller.require_staff()
    wanted = CompanyFilter(country=country, sector=sector, region=region, hs=hs, status=status, words=q)
    found, following = queries.companies(session, wanted, limit=limit, after=cursor)
    return CompanyPage(items=[queries.shown(company, language) for company in found], next_cursor=following)


@router.get("/{company_id}", responses=responses(401, 404), summary="Read a company")
def read(
    company_id: str, session: ReadSession, caller: CallerDep, language: LanguageDep, response: Response
) -> CompanyOut:
    """For the company itself and staff."""
    caller.require_access_to(company_id)
    company = queries.company_by_id(session, company_id)
    response.headers["ETag"] = etag(company.version)
    return queries.shown(company, language)


@router.put("/{company_id}", responses=responses(401, 403, 404, 409, 412, 428), summary="Change a company")
def change(  # noqa: PLR0913  # each is a part of the request
    company_id: str,
    data: CompanyIn,
    session: WriteSession,
    caller: CallerDep,
    language: LanguageDep,
    response: Response,
    if_match: IfMatch = None,
) -> CompanyOut:
    """Replaces the profile. Listings keep their ``id``; without one a listing is new; one left out ends."""
    caller.require_access_to(company_id, "reviewer")
    company = actions.change_company(
        session,
        company_id,
        data,
        if_version=required_version(if_match),
        by_staff=caller.staff_email is not None,
    )
    response.headers["ETag"] = etag(company.version)
    return queries.shown(company, language)


@router.delete("/{company_id}", status_code=204, responses=responses(401, 403, 404, 412), summary="Remove a company")
def remove(company_id: str, session: WriteSession, caller: CallerDep, if_match: IfMatch = None) -> None:
    """Removes the company and its listings, contacts and tokens."""
    caller.require_access_to(company_id, "admin")
    actions.delete_company(session, company_id, if_version=optional_version(if_match))


@router.put("/{company_id}/status", responses=responses(401, 403, 404), summary="Set a company's status")
def set_status(  # noqa: PLR0913  # each is a part of the request
    company_id: str, data: StatusIn, session: WriteSession, caller: CallerDep, language: LanguageDep, response: Response
) -> CompanyOut:
    """For staff. A verified firm appears to counterparts, a suspended one to nobody."""
    officer = caller.require_staff("reviewer")
    company = actions.set_status(session, company_id, data.status, reason=data.reason, by=officer)
    response.headers["ETag"] = etag(company.version)
    return queries.shown(company, language)
