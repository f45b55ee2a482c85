"""A firm registers: company, offers and needs, preview, done. All that was typed travels in the form."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.actions.registration import Ground, Newcomer
from app.actions.repeats import LONGEST_KEY, SHORTEST_KEY, KeyedRequest, kept_answer
from app.actions.sessions import COMPANY_STAYS, send_link, sign_in_company
from app.console.forms import (
    Errors,
    Fields,
    document_of,
    errors_of,
    errors_told,
    renumbered,
    typed,
    with_listing,
    without_blank_listings,
)
from app.console.profile_form import ProfileForm
from app.console.visit import SESSION_COOKIE, FormDep, Visit, VisitDep, field_of
from app.console.words import BANDS, SECTORS
from app.db.companies import Company
from app.errors import Failure, InputInvalid, RegistrationNumberTaken, RequestAtWork
from app.privacy import CURRENT
from app.queries.catalogue import concepts
from app.queries.preview import first_matches
from app.texts import translate
from app.web.rates import count_as
from app.web.service import Service, ServiceDep, Today
from matching import COUNTRIES
from schemas.companies import CompanyIn

router = APIRouter()

STEPS = ("company", "listings", "preview")
MOST_OFFERED = 8
MISSING = "This field is required."
NEEDED = ("registration_number", "contact-email")
"""What a firm that registers itself must give, beside what every profile needs."""


@router.get("/register")
def start(visit: VisitDep) -> HTMLResponse:
    """The first step, with nothing in it."""
    return _step(visit, "company", {}, fresh=True)


@router.post("/register")
async def go_on(visit: VisitDep, parts: ServiceDep, form: FormDep, today: Today) -> HTMLResponse:
    """Goes a step on or back, adds or removes a listing, or registers."""
    fields, go, step = renumbered(typed(form)), field_of(form, "go"), field_of(form, "step")
    step = step if step in STEPS else STEPS[0]
    once = field_of(form, "once")
    if SHORTEST_KEY <= len(once) <= LONGEST_KEY:
        visit.once = once
    if go == "send":
        agreed = visit.caller.role is not None or field_of(form, "consent") == CURRENT
        return await _register(visit, parts, fields, today, agreed=agreed)
    return await run_in_threadpool(_moved, visit, parts, fields, (step, go), today)


@router.post("/register/number")
def check_number(visit: VisitDep, form: FormDep) -> HTMLResponse:
    """What is wrong with a registration number, while it is typed."""
    fields = {name: texts for name, texts in typed(form).items() if name in {"country", "registration_number"}}
    complete = len(fields) > 1
    wrong = errors_of(fields, visit.language).get("registration_number", "") if complete else ""
    return visit.page("registration/number.html", wrong=wrong, right=complete and not wrong)


@router.post("/register/understood/{number}")
def understand(visit: VisitDep, form: FormDep, number: int) -> HTMLResponse:
    """What the engine makes of a listing, while it is typed."""
    return visit.page("profile/understood.html", form=ProfileForm(visit.language, typed(form)), number=number)


@router.post("/register/concepts")
def offer_concepts(visit: VisitDep, form: FormDep) -> HTMLResponse:
    """Goods and services whose names begin as typed."""
    found = concepts(field_of(form, "typed")[:100], visit.language, limit=MOST_OFFERED)
    return visit.page("registration/concepts.html", items=found.items)


def _moved(visit: Visit, parts: Service, fields: Fields, where: tuple[str, str], today: date) -> HTMLResponse:
    step, go = where
    if go == "back":
        return _step(visit, STEPS[max(0, STEPS.index(step) - 1)], fields)
    if go.startswith("add-"):
        return _step(visit, "listings", with_listing(fields, go.removeprefix("add-")))
    if go.startswith("remove-") and go.removeprefix("remove-").isdecimal():
        return _step(visit, "listings", renumbered(fields, without=int(go.removeprefix("remove-"))))
    if go != "next":
        return _shown(visit, parts, step, fields, today)
    errors = _errors(visit, fields if step == "company" else without_blank_listings(fields))
    if step == "company":
        here = {name: said for name, said in errors.items() if not name.startswith("listings")}
        return _step(visit, "company" if here else "listings", fields, here)
    return _checked(visit, parts, fields, today)


def _shown(visit: Visit, parts: Service, step: str, fields: Fields, today: date) -> HTMLResponse:
    """A step as it was left, with nothing said about what is missing still."""
    return _checked(visit, parts, fields, today) if step == "preview" else _step(visit, step, fields)


def _checked(visit: Visit, parts: Service, fields: Fields, today: date, *, unticked: bool = False) -> HTMLResponse:
    """The preview, or the first step with something wrong."""
    fields = without_blank_listings(fields)
    errors = _errors(visit, fields)
    if not any(name.startswith("listings-") for name in fields):
        errors.setdefault("listings", visit.say("Say at least one thing that you offer or need."))
    if errors:
        inside = all(name.startswith("listings") for name in errors)
        return _step(visit, "listings" if inside else "company", fields, errors)
    return _preview(visit, parts, fields, today, unticked=unticked)


def _errors(visit: Visit, fields: Fields) -> Errors:
    missing = {name: translate(MISSING, visit.language) for name in NEEDED if name not in fields}
    return missing | errors_of(fields, visit.language)


def _step(visit: Visit, step: str, fields: Fields, errors: Errors | None = None, **more: object) -> HTMLResponse:
    if step == "listings" and not any(name.startswith("listings-") for name in fields):
        fields = with_listing(with_listing(fields, "offer"), "need")
    values = {"step": step, "steps": STEPS, "fresh": False, "lead": "", "taken": False, "unticked": False} | more
    form = ProfileForm(visit.language, fields, errors or {})
    status = 422 if form.errors or values["unticked"] else 200
    return visit.page(f"registration/{step}.html", status=status, form=form, fixed_country=False, **values)


def _preview(visit: Visit, parts: Service, fields: Fields, today: date, *, unticked: bool) -> HTMLResponse:
    newcomer = Newcomer(CompanyIn.model_validate(document_of(fields)), "submitted")
    with parts.database.reading() as session:
        found = first_matches(parts.live.fresh(session), newcomer.profile(), today=today, language=visit.language)
    shown: dict[str, Any] = {"found": found, "countries": COUNTRIES, "bands": BANDS, "sector_names": SECTORS}
    return _step(visit, "preview", fields, unticked=unticked, **shown)


async def _register(visit: Visit, parts: Service, fields: Fields, today: date, *, agreed: bool) -> HTMLResponse:
    count_as(visit.request, "registrations")
    fields = without_blank_listings(fields)
    if not agreed:
        return await run_in_threadpool(_checked, visit, parts, fields, today, unticked=True)
    try:
        data = CompanyIn.model_validate(document_of(fields))
    except ValidationError:
        return await run_in_threadpool(_checked, visit, parts, fields, today)
    request = _request(visit, fields)
    try:
        firm, token = await parts.registrations.register(
            data,
            ground=_ground(visit),
            letter=visit.letter,
            kept_answer=lambda firm: request.sealed(_kept(firm.id, firm.token)),
        )
        company_id = firm.id
    except (InputInvalid, RegistrationNumberTaken, RequestAtWork) as failed:
        done = await run_in_threadpool(_done_before, parts, request)
        if done is None:
            return await run_in_threadpool(_refused, visit, fields, failed)
        company_id, token = done
    email = data.contact.email if data.contact else None
    return await run_in_threadpool(_welcomed, visit, parts, (company_id, token), email or "")


def _request(visit: Visit, fields: Fields) -> KeyedRequest:
    """The form as a request that may come again; with something else in it, it is another one."""
    body = json.dumps(fields, sort_keys=True).encode()
    return KeyedRequest(visit.once, "page", f"/register {hashlib.sha256(body).hexdigest()}", body)


def _kept(company_id: str, token: str | None) -> bytes:
    return json.dumps([company_id, token]).encode()


def _done_before(parts: Service, request: KeyedRequest) -> tuple[str, str] | None:
    """The company that the same form registered, with its token, if it is still there."""
    with parts.database.reading() as session:
        kept = kept_answer(session, request)
        if kept is None:
            return None
        company_id, token = json.loads(kept)
        return (company_id, token) if session.get(Company, company_id) else None


def _ground(visit: Visit) -> Ground:
    """The firm's consent; an officer who enters a firm cannot consent for it."""
    if visit.caller.role is not None:
        return Ground(visit.settings.import_basis, "page")
    return Ground("consent", "page", CURRENT, visit.language)


def _refused(visit: Visit, fields: Fields, failed: Failure) -> HTMLResponse:
    lead = translate(failed.detail, visit.language, failed.params)
    told = errors_told(failed, visit.language)
    return _step(visit, "company", fields, told, lead=lead, taken=isinstance(failed, RegistrationNumberTaken))


def _welcomed(visit: Visit, parts: Service, registered: tuple[str, str], email: str) -> HTMLResponse:
    company_id, token = registered
    with parts.database.writing() as session:
        if not visit.settings.confirm_email:
            send_link(session, company_id, language=visit.language, base=visit.base)
        if visit.caller.role is None:  # staff stay signed in as themselves
            cookie = sign_in_company(session, company_id, visit.browser)
            visit.keep(SESSION_COOKIE, cookie, int(COMPANY_STAYS.total_seconds()))
            visit.caller = replace(visit.caller, company_id=company_id)
    return visit.page("registration/done.html", token=token, email=email, staff=visit.caller.role is not None)
