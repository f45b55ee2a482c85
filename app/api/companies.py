"""Companies: registration, profile, search, status."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.concurrency import run_in_threadpool

from app.actions import companies as actions
from app.api.deps import (
    CallerDep,
    IfMatch,
    LanguageDep,
    ReadSession,
    ServiceDep,
    WriteSession,
    etag,
    optional_version,
    required_version,
)
from app.api.problems import responses
from app.auth import authenticate
from app.db.companies import Company
from app.queries import companies as queries
from app.queries.search import CompanyFilter
from app.texts import translate
from matching import Disagreement, Language, Listing, Sector, Status, code_disagreement, trade_vocabulary
from schemas.companies import CompanyIn, CompanyOut, CompanyPage, RegistrationOut, StatusIn, Warned

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
    warnings = _warnings(listings, language) if quick else await run_in_threadpool(_warnings, listings, language)
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
    return CompanyPage(items=[shown(company, language) for company in found], next_cursor=following)


@router.get("/{company_id}", responses=responses(401, 404), summary="Read a company")
def read(
    company_id: str, session: ReadSession, caller: CallerDep, language: LanguageDep, response: Response
) -> CompanyOut:
    """For the company itself and staff."""
    caller.require_access_to(company_id)
    company = queries.company_by_id(session, company_id)
    response.headers["ETag"] = etag(company.version)
    return shown(company, language)


@router.put("/{company_id}", responses=responses(401, 404, 409, 412, 428), summary="Change a company")
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
    caller.require_access_to(company_id)
    company = actions.change_company(
        session,
        company_id,
        data,
        if_version=required_version(if_match),
        by_staff=caller.staff_email is not None,
    )
    response.headers["ETag"] = etag(company.version)
    return shown(company, language)


@router.delete("/{company_id}", status_code=204, responses=responses(401, 404, 412), summary="Remove a company")
def remove(company_id: str, session: WriteSession, caller: CallerDep, if_match: IfMatch = None) -> None:
    """Removes the company and its listings, contacts and tokens."""
    caller.require_access_to(company_id)
    actions.delete_company(session, company_id, if_version=optional_version(if_match))


@router.put("/{company_id}/status", responses=responses(401, 403, 404), summary="Set a company's status")
def set_status(  # noqa: PLR0913  # each is a part of the request
    company_id: str, data: StatusIn, session: WriteSession, caller: CallerDep, language: LanguageDep, response: Response
) -> CompanyOut:
    """For staff. A verified firm appears to counterparts, a suspended one to nobody."""
    officer = caller.require_staff()
    company = actions.set_status(session, company_id, data.status, reason=data.reason, by=officer)
    response.headers["ETag"] = etag(company.version)
    return shown(company, language)


def shown(company: Company, language: Language) -> CompanyOut:
    """A company as the firm itself and staff see it, with what looks wrong in it."""
    document = queries.document(company)
    return CompanyOut(
        id=company.id,
        status=company.status,
        created_at=company.created_at,
        changed_at=company.changed_at,
        warnings=_warnings(document["listings"], language),
        **document,
    )


def _warnings(listings: list[dict[str, Any]], language: Language) -> list[Warned]:
    labels = trade_vocabulary()
    found = enumerate(_disagreement(listing) for listing in listings)
    return [
        Warned(
            pointer=f"/listings/{at}",
            code="code_and_text_disagree",
            message=translate(
                "The code says “{declared}” ({declared_code}), the title speaks of “{spoken}” ({spoken_code})."
                " Check which is right.",
                language,
                {
                    "declared": labels[one.declared].labels[language],
                    "declared_code": one.declared,
                    "spoken": labels[one.spoken].labels[language],
                    "spoken_code": one.spoken,
                },
            ),
        )
        for at, one in found
        if one is not None
    ]


def _disagreement(listing: dict[str, Any]) -> Disagreement | None:
    """Whether codes and title disagree; asked by nothing else, so that the answer is remembered for all alike."""
    hs, isic = tuple(listing["hs_codes"]), tuple(listing["isic_codes"])
    if not (hs or isic):
        return None
    return code_disagreement(Listing("", "offer", "goods", listing["title"], hs_codes=hs, isic_codes=isic))
