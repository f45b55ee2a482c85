"""Companies: registration, profile, search, status."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.actions import companies as actions
from app.actions.consents import ground_of
from app.actions.exports import record_contacts, show_contacts, with_contact
from app.actions.letters import Letter
from app.actions.registration import Newcomer
from app.api.deps import CallerDep, IfMatch, LanguageDep, etag, expected_version
from app.api.problems import responses
from app.api.rules import RuledRoute
from app.queries import companies as queries
from app.queries.search import CompanyFilter
from app.web.keyed import WholeAnswer
from app.web.service import ReadSession, ServiceDep, WriteSession, keyed
from matching import Language, Sector, Status
from schemas.companies import CompanyIn, CompanyOut, CompanyPage, RegistrationIn, RegistrationOut, StatusIn

router = APIRouter(prefix="/v1/companies", tags=["companies"], route_class=RuledRoute)

READ_AT_ONCE = 10
"""Listings that are read without a thread of their own, which would cost more than they do."""
Limit = Annotated[int, Query(ge=1, le=100)]


@router.post(
    "",
    status_code=201,
    response_model=RegistrationOut,
    responses=responses(409),
    summary="Register a company",
    operation_id="register_company",
)
async def register(data: RegistrationIn, parts: ServiceDep, request: Request, language: LanguageDep) -> Response:
    """Registers a firm. The answer's token is shown this once; it signs the firm in as a bearer token.

    ``consent`` says to which version of the text at ``/v1/consent-text`` the firm consented; a service may require it.
    """
    given, required = data.consent, parts.settings.require_consent
    ground = ground_of(
        given.version if given else None,
        way="api",
        language=(given.language if given else None) or language,
        required=required,
    )
    work = keyed(request)
    firm, _ = await parts.registrations.register(
        data,
        ground=ground,
        letter=Letter(language, str(request.base_url)),
        kept_answer=None if work is None else lambda firm: work.row(WholeAnswer.of(_registered(firm, language))),
    )
    if len(data.listings) <= READ_AT_ONCE:
        return _registered(firm, language)
    return await run_in_threadpool(_registered, firm, language)


def _registered(firm: Newcomer, language: Language) -> Response:
    document = firm.document()
    registered = RegistrationOut(
        id=firm.id,
        status=firm.status,
        created_at=firm.created_at,
        changed_at=firm.created_at,
        email_confirmed_at=None,
        warnings=queries.warnings_of(document["listings"], language),
        token=firm.token or "",
        **document,
    )
    headers = {"Location": f"/v1/companies/{firm.id}", "ETag": etag(firm.version)}
    return Response(registered.model_dump_json(), HTTPStatus.CREATED, headers, "application/json")


@router.get("", responses=responses(), summary="Search the register", operation_id="search_companies")
def search(  # noqa: PLR0913  # the filters of the contract
    session: ReadSession,
    parts: ServiceDep,
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
    """For the council: companies, oldest first, those that meet every filter. Integrations find by names only."""
    by_name = caller.integration  # words of contacts could be found out letter by letter
    wanted = CompanyFilter(
        country=country, sector=sector, region=region, hs=hs, status=status, words=q, names_only=by_name
    )
    found, following = queries.companies(session, wanted, limit=limit, after=cursor)
    if not caller.integration:
        filters = [name for name, value in asdict(wanted).items() if value]
        show_contacts(parts.database, caller.by, "api_list", *with_contact(found), filters=filters)
    items = [queries.shown(company, language, contact=not caller.integration) for company in found]
    return CompanyPage(items=items, next_cursor=following)


@router.get("/{company_id}", responses=responses(404), summary="Read a company", operation_id="read_company")
def read(  # noqa: PLR0913  # each is a part of the request
    company_id: str,
    session: ReadSession,
    parts: ServiceDep,
    caller: CallerDep,
    language: LanguageDep,
    response: Response,
) -> CompanyOut:
    """For the company itself and the council; officers leave a row in the audit log, integrations see no contact."""
    company = queries.company_by_id(session, company_id)
    if not caller.integration:
        show_contacts(parts.database, caller.by, "api", *with_contact([company]))
    response.headers["ETag"] = etag(company.version)
    return queries.shown(company, language, contact=not caller.integration)


@router.put(
    "/{company_id}",
    responses=responses(404, 409, 412, 428),
    summary="Change a company",
    operation_id="change_company",
)
def change(  # noqa: PLR0913  # each is a part of the request
    company_id: str,
    data: CompanyIn,
    request: Request,
    parts: ServiceDep,
    session: WriteSession,
    caller: CallerDep,
    language: LanguageDep,
    response: Response,
    if_match: IfMatch = None,
) -> CompanyOut:
    """Replaces the profile. Listings keep their ``id``; without one a listing is new; one left out ends."""
    company = actions.change_company(
        session,
        company_id,
        data,
        if_version=expected_version(if_match),
        by=caller.by,
        verification=parts.settings.verification,
        letter=Letter(language, str(request.base_url)) if parts.settings.confirm_email else None,
    )
    record_contacts(session, caller.by, "api", *with_contact([company]))
    response.headers["ETag"] = etag(company.version)
    return queries.shown(company, language)


@router.delete(
    "/{company_id}",
    status_code=204,
    responses=responses(404, 412, 428),
    summary="Remove a company",
    operation_id="delete_company",
)
def remove(company_id: str, session: WriteSession, caller: CallerDep, if_match: IfMatch = None) -> None:
    """Removes the company and its listings, contacts and tokens. Staff say with ``If-Match`` what they read."""
    actions.delete_company(session, company_id, if_version=expected_version(if_match), by=caller.by)


@router.put(
    "/{company_id}/status",
    responses=responses(404, 409, 412, 428),
    summary="Set a company's status",
    operation_id="set_company_status",
)
def set_status(  # noqa: PLR0913  # each is a part of the request
    company_id: str,
    data: StatusIn,
    parts: ServiceDep,
    session: WriteSession,
    caller: CallerDep,
    language: LanguageDep,
    response: Response,
    if_match: IfMatch = None,
) -> CompanyOut:
    """For staff. A verified firm appears to counterparts, a suspended one to nobody.

    ``If-Match`` may be left out as long as nobody else changed the status.
    """
    company = actions.set_status(
        session,
        company_id,
        data.status,
        reason=data.reason,
        by=caller.by,
        if_version=expected_version(if_match),
        confirmed_only=parts.settings.confirm_email,
    )
    record_contacts(session, caller.by, "api", *with_contact([company]))
    response.headers["ETag"] = etag(company.version)
    return queries.shown(company, language)
