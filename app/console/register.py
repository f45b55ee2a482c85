"""The register: search as you type, and one company with all that is known of it."""

import json
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from app.actions import companies as actions
from app.actions.exports import show_contacts, take_along, with_contact
from app.console import words
from app.console.profile_form import PARTNERSHIPS
from app.console.visit import Officer, Reviewer, Visit
from app.errors import InputInvalid, NotFound
from app.queries import companies as queries
from app.queries import merges
from app.queries import register as views
from app.queries.search import CompanyFilter
from app.web.service import ReadSession, ServiceDep, Today, WriteSession
from matching import COUNTRIES, SECTORS
from schemas.companies import StatusIn

router = APIRouter()

HOME = "/console/companies"
SHOWN = 25
DEEPEST = 10_000
STATUS_CHOICES = ("verified", "submitted", "suspended")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as in its address."""

    q: str = ""
    country: str = ""
    status: str = ""
    sector: str = ""
    region: str = ""

    def address(self, page: int = 1) -> str:
        """The list's address; empty parts are left out."""
        parts = {name: getattr(self, name) for name in self.__slots__} | {"page": str(page) if page > 1 else ""}
        kept = {name: value for name, value in parts.items() if value}
        return HOME + (f"?{urlencode(kept)}" if kept else "")

    def wanted(self) -> CompanyFilter:
        """As the query takes it; a region of another country than the one that was chosen is left out."""
        region = self.region if not self.country or self.region.startswith(self.country) else ""
        return CompanyFilter(
            country=self.country or None,
            sector=self.sector or None,
            region=region or None,
            status=self.status or None,
            words=self.q or None,
        )


@router.get(HOME)
def companies(  # noqa: PLR0913  # the filters
    visit: Officer,
    session: ReadSession,
    q: Annotated[str, Query(max_length=200)] = "",
    country: str = "",
    status: str = "",
    sector: str = "",
    region: str = "",
    page: Annotated[int, Query(ge=1, le=DEEPEST)] = 1,
) -> Response:
    """The companies that are found, the best first."""
    filters = Filters(q, country, status, sector, region)
    found = views.found_list(session, filters.wanted(), limit=SHOWN, offset=(page - 1) * SHOWN)
    answer = visit.page(
        _template(visit),
        filters=filters,
        found=found,
        page=page,
        first=(page - 1) * SHOWN + 1,
        pages=-(-found.total // SHOWN),
        words=words,
        countries=COUNTRIES,
        sectors=SECTORS,
    )
    if visit.partial:
        answer.headers["HX-Replace-Url"] = filters.address(page)
    return answer


@router.get(HOME + "/{company_id}")
def company(visit: Officer, session: ReadSession, today: Today, company_id: str) -> Response:
    """One company, its contact hidden; one that was merged leads to the merge."""
    return _company(visit, session, today, company_id, revealed=False)


@router.get(HOME + "/{company_id}/contact")
def company_again(visit: Officer, company_id: str) -> Response:
    """The company again: its contact was shown for one visit."""
    return visit.go(f"{HOME}/{company_id}")


@router.post(HOME + "/{company_id}/contact")
def contact(visit: Officer, session: ReadSession, parts: ServiceDep, today: Today, company_id: str) -> Response:
    """A company with its contact, once the audit log has it that the officer saw it."""
    found = queries.company_by_id(session, company_id)
    show_contacts(parts.database, visit.caller.by, "company", *with_contact([found]))
    if visit.partial:
        return visit.page("register/contact.html", company=found, revealed=True)
    return _company(visit, session, today, company_id, revealed=True)


def _company(visit: Visit, session: ReadSession, today: Today, company_id: str, *, revealed: bool) -> Response:
    try:
        view = views.company_view(session, company_id, today=today, language=visit.language)
    except NotFound:
        merge = merges.taken_in_by(session, company_id)
        if merge is None:
            raise
        return visit.go(f"/console/merges/{merge.id}")
    return visit.page(
        "register/company.html",
        view=view,
        company=view.company,
        revealed=revealed,
        choices=STATUS_CHOICES,
        partnerships=PARTNERSHIPS,
        words=words,
        countries=COUNTRIES,
        done=visit.request.query_params.get("done", ""),
    )


@router.get(HOME + "/{company_id}/export")
def export(visit: Officer, session: ReadSession, parts: ServiceDep, company_id: str) -> Response:
    """A company as a file, in the form that an import takes."""
    found = queries.filled(queries.document(queries.company_by_id(session, company_id)))
    take_along(parts.database, visit.caller.by, "company", f"company:{company_id}", count=1)
    headers = {
        "Content-Disposition": f'attachment; filename="{company_id}.json"',
        "Cache-Control": "no-store",
    }
    return Response(json.dumps(found, ensure_ascii=False, indent=2), media_type="application/json", headers=headers)


@router.post(HOME + "/{company_id}/status")
def set_status(  # noqa: PLR0913  # the fields of the form
    visit: Reviewer,
    session: WriteSession,
    company_id: str,
    status: Annotated[str, Form()],
    version: Annotated[int, Form()],
    reason: Annotated[str, Form(max_length=5000)] = "",
) -> Response:
    """Changes a company's status, for a reason that others can read later."""
    if not reason.strip() or status not in STATUS_CHOICES:
        raise InputInvalid("Choose a status and write why it changes, so that others understand it later.")
    data = StatusIn.model_validate({"status": status, "reason": reason.strip()})
    actions.set_status(
        session,
        company_id,
        data.status,
        reason=data.reason,
        by=visit.caller.by,
        if_version=version,
        confirmed_only=visit.settings.confirm_email,
    )
    return visit.go(f"{HOME}/{company_id}?done=status")


def _template(visit: Visit) -> str:
    """The whole page, the form with what was found, or only that: a form must not change while one types in it."""
    if not visit.partial:
        return "register/companies.html"
    typing = visit.request.headers.get("hx-target") == "found"
    return "register/found.html" if typing else "register/search.html"
