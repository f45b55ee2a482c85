"""Consent: the text, and a firm's own yes and no to it. Confirming an address."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.actions import consents as actions
from app.actions.exports import show_contacts, with_contact
from app.actions.letters import Letter, ask_to_confirm
from app.api.deps import CallerDep, IfMatch, LanguageDep, expected_version
from app.api.problems import responses
from app.api.rules import RuledRoute
from app.errors import NotFound
from app.privacy import CURRENT, consent_text
from app.queries.companies import company_by_id
from app.queries.held import all_data_of
from app.web.service import ReadSession, ServiceDep, WriteSession
from schemas.companies import ConsentIn
from schemas.consents import ConsentTextOut, SectionOut

router = APIRouter(prefix="/v1", tags=["consent"], route_class=RuledRoute)


@router.get(
    "/consent-text",
    responses=responses(404),
    summary="Read the text that firms consent to",
    operation_id="read_consent_text",
)
def text(
    parts: ServiceDep,
    language: LanguageDep,
    response: Response,
    version: Annotated[str, Query(max_length=16, description="An earlier one; the present one without it.")] = CURRENT,
) -> ConsentTextOut:
    """For everyone. Show it before you send ``consent`` with a registration."""
    settings = parts.settings
    try:
        found = consent_text(version, language, settings.controller_name, settings.controller_contact)
    except KeyError:
        raise NotFound("There is no such version of the text.") from None
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return ConsentTextOut(
        version=found.version,
        language=found.language,
        required=settings.require_consent,
        title=found.title,
        agree=found.agree,
        sections=[SectionOut(heading=one.heading, paragraphs=list(one.paragraphs)) for one in found.sections],
        page=f"/privacy?version={found.version}",
    )


@router.put(
    "/companies/{company_id}/consent",
    status_code=204,
    responses=responses(404, 412),
    summary="Consent",
    operation_id="give_consent",
)
def agree(  # noqa: PLR0913  # each is a part of the request
    company_id: str,
    data: ConsentIn,
    parts: ServiceDep,
    session: WriteSession,
    language: LanguageDep,
    if_match: IfMatch = None,
) -> None:
    """For the company itself: consents to the present text, again if a new one came into force."""
    ground = actions.ground_of(data.version, way="api", language=data.language or language, required=True)
    if ground is not None:
        actions.agree(session, company_id, ground, parts.settings.verification, expected_version(if_match))


@router.delete(
    "/companies/{company_id}/consent",
    status_code=204,
    responses=responses(404, 412),
    summary="Withdraw consent",
    operation_id="withdraw_consent",
)
def withdraw(company_id: str, session: WriteSession, if_match: IfMatch = None) -> None:
    """For the company itself: it appears to nobody, and of its contact only the e-mail address is kept."""
    actions.withdraw(session, company_id, "api", expected_version(if_match))


@router.get(
    "/companies/{company_id}/data",
    responses=responses(404),
    summary="Read all that is held on a company",
    operation_id="read_held_data",
)
def data(company_id: str, session: ReadSession, parts: ServiceDep, caller: CallerDep) -> dict[str, Any]:
    """For the company itself and administrators, who leave a row in the audit log."""
    show_contacts(parts.database, caller.by, "api", *with_contact([company_by_id(session, company_id)]))
    return all_data_of(session, company_id)


@router.post(
    "/companies/{company_id}/confirmation",
    status_code=202,
    responses=responses(404, 429),
    summary="Mail the confirmation link again",
    operation_id="ask_for_confirmation",
)
def confirmation(company_id: str, request: Request, session: WriteSession, language: LanguageDep) -> None:
    """For the company itself: mails its contact a link that confirms the address, a few in a quarter of an hour."""
    company = company_by_id(session, company_id, lock=True)
    if company.email_confirmed_at is None:
        ask_to_confirm(session, company, Letter(language, str(request.base_url)))
