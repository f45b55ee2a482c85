"""Personal data: the text that firms consent to, their consent, and the confirmation of their address."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.actions import consents as actions
from app.actions.addresses import confirm_address
from app.actions.letters import ask_to_confirm
from app.actions.registration import Ground
from app.console.visit import Firm, VisitDep
from app.errors import NotFound
from app.privacy import CURRENT, VERSIONS
from app.queries.companies import company_by_id
from app.web.service import ServiceDep, WriteSession

router = APIRouter()

Field = Annotated[str, Form()]


@router.get("/privacy")
def privacy(visit: VisitDep, version: str = CURRENT) -> HTMLResponse:
    """The text, with the periods after which data is erased here."""
    if version not in VERSIONS:
        raise NotFound("There is no such version of the text.")
    return visit.page(
        "privacy.html", text=visit.privacy(version), current=CURRENT, versions=VERSIONS, settings=visit.settings
    )


@router.post("/me/consent")
def consent(visit: Firm, session: WriteSession, consent: Field = "") -> Response:
    """Consents to the present text, if its box was ticked."""
    if consent != CURRENT:
        return visit.go("/me/account?consent=missing#consent")
    ground = Ground("consent", "page", CURRENT, visit.language)
    actions.agree(session, visit.caller.company_id or "", ground, visit.settings.verification)
    return visit.go("/me/account?consent=given#consent")


@router.post("/me/consent/withdraw")
def withdraw(visit: Firm, session: WriteSession) -> Response:
    """Withdraws the consent."""
    actions.withdraw(session, visit.caller.company_id or "", "page")
    return visit.go("/me/account?consent=withdrawn#consent")


@router.post("/me/confirmation")
def ask_again(visit: Firm, session: WriteSession) -> Response:
    """Mails the link that confirms the address again."""
    company = company_by_id(session, visit.caller.company_id or "", lock=True)
    if company.email_confirmed_at is None:
        ask_to_confirm(session, company, visit.letter)
    return visit.go("/me/account?consent=sent")


@router.get("/sign-in/link/{secret}/confirm")
def confirmation(visit: VisitDep, secret: str) -> HTMLResponse:
    """Asks for a click: programs that look into mails open links, and would use this one up."""
    del secret
    return visit.page("sign_in/confirm.html", company=None)


@router.post("/sign-in/link/{secret}/confirm")
def confirm(visit: VisitDep, parts: ServiceDep, session: WriteSession, secret: str) -> HTMLResponse:
    """Confirms an address. It signs nobody in: the link lasts longer than one that does."""
    company = confirm_address(session, secret, parts.settings.verification)
    return visit.page("sign_in/confirm.html", company=company)
