"""A firm's own profile, to read and to change."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from app.actions.companies import change_company
from app.console.forms import (
    Errors,
    Fields,
    document_of,
    errors_of,
    errors_told,
    fields_of,
    in_order_of,
    numbers_of,
    renumbered,
    typed,
    with_listing,
    without_blank_listings,
)
from app.console.profile_form import ProfileForm
from app.console.visit import Firm, FormDep, Visit, field_of
from app.errors import Failure, InputInvalid, RegistrationNumberTaken, VersionStale
from app.queries.companies import company_by_id, document, warnings_of
from app.texts import translate
from app.web.service import Service, ServiceDep
from matching import Status
from schemas.companies import CompanyIn

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Saved:
    """A profile as it is kept."""

    status: Status
    version: int
    fields: Fields
    notes: Errors


@router.get("/me/profile")
def profile(visit: Firm, parts: ServiceDep, saved: str = "") -> HTMLResponse:
    """The form with what is kept."""
    held = _saved(visit, parts)
    return _form(visit, held, held.fields, done=bool(saved))


@router.post("/me/profile")
def save(visit: Firm, parts: ServiceDep, form: FormDep) -> Response:
    """Saves the profile, or adds or removes a listing of the form."""
    fields, go, version = renumbered(typed(form)), field_of(form, "go"), field_of(form, "version")
    if go.startswith("add-"):
        return _form(visit, _saved(visit, parts), with_listing(fields, go.removeprefix("add-")), version=version)
    if go.startswith("remove-") and go.removeprefix("remove-").isdecimal():
        fields = renumbered(fields, without=int(go.removeprefix("remove-")))
        return _form(visit, _saved(visit, parts), fields, version=version)
    fields = in_order_of(without_blank_listings(fields), _saved(visit, parts).fields)
    try:
        _change(visit, parts, fields, version)
    except ValidationError:
        return _form(visit, _saved(visit, parts), fields, errors_of(fields, visit.language), version=version)
    except (InputInvalid, RegistrationNumberTaken) as failed:
        return _refused(visit, parts, fields, failed, version)
    except VersionStale:
        return _conflict(visit, parts, fields)
    return visit.go("/me/profile?saved=1")


def _change(visit: Visit, parts: Service, fields: Fields, version: str) -> None:
    data = CompanyIn.model_validate(document_of(fields))
    known = int(version) if version.isdecimal() else 0
    with parts.database.writing() as session:
        change_company(
            session,
            _own(visit),
            data,
            if_version=known,
            by=visit.caller.by,
            verification=visit.settings.verification,
            letter=visit.letter if visit.settings.confirm_email else None,
        )


def _refused(visit: Visit, parts: Service, fields: Fields, failed: Failure, version: str) -> HTMLResponse:
    lead = translate(failed.detail, visit.language, failed.params)
    errors = errors_told(failed, visit.language)
    return _form(visit, _saved(visit, parts), fields, errors, version=version, lead=lead)


def _conflict(visit: Visit, parts: Service, fields: Fields) -> HTMLResponse:
    """Shows what is kept beside what was typed; the next try is for the version that is kept."""
    held = _saved(visit, parts)
    names = [*dict.fromkeys([*held.fields, *fields])]
    form = ProfileForm(visit.language)
    changes = [
        (form.label(name), "\n".join(held.fields.get(name, [])), "\n".join(fields.get(name, [])))
        for name in names
        if held.fields.get(name) != fields.get(name) and not name.endswith("-id")
    ]
    return _form(visit, held, _of_present_listings(fields, held.fields), changes=changes, status=409)


def _of_present_listings(fields: Fields, held: Fields) -> Fields:
    """What was typed; a listing that has ended meanwhile would be a new one."""
    present = {held.get(f"listings-{number}-id", [""])[0] for number in numbers_of(held)}
    ended = {name for name, texts in fields.items() if name.endswith("-id") and texts[0] not in present}
    return {name: texts for name, texts in fields.items() if name not in ended}


def _own(visit: Visit) -> str:
    assert visit.caller.company_id  # noqa: S101  # a firm's visit
    return visit.caller.company_id


def _saved(visit: Visit, parts: Service) -> Saved:
    with parts.database.reading() as session:
        company = company_by_id(session, _own(visit))
        kept = document(company)
        warned = warnings_of(kept["listings"], visit.language)
        notes = {one.pointer.removeprefix("/").replace("/", "-"): one.message for one in warned}
        return Saved(company.status, company.version, fields_of(kept), notes)


def _form(  # noqa: PLR0913  # what the page shows beside the fields
    visit: Visit,
    held: Saved,
    fields: Fields,
    errors: Errors | None = None,
    *,
    version: str = "",
    status: int = 200,
    lead: str = "",
    changes: list[tuple[str, str, str]] | None = None,
    done: bool = False,
) -> HTMLResponse:
    form = ProfileForm(visit.language, fields, errors or {}, held.notes if fields == held.fields else {})
    return visit.page(
        "firm/profile.html",
        status=422 if form.errors or lead else status,
        form=form,
        fixed_country=True,
        version=version or held.version,
        company_status=held.status,
        lead=lead,
        changes=changes or [],
        done=done,
    )
