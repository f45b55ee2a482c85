"""Importing lists: upload, columns, check, and the import itself with its progress."""

import re

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from app.actions import uploads as actions
from app.actions.exports import show_contacts, take_along
from app.console import words
from app.console.visit import FormDep, Reviewer, Visit, field_of
from app.db.imports import Import
from app.errors import FileUnreadable
from app.files import COMPANY_COLUMNS, LISTING_COLUMNS, SEVERAL, Layout
from app.queries import imports as queries
from app.texts import translate
from app.web.service import ReadSession, ServiceDep, WriteSession
from matching import COUNTRIES

router = APIRouter(prefix="/console/imports")

HOME = "/console/imports"
SHOWN = 200
CONSTANTS = ("country", "sectors", "kind")
"""What the page offers to set for all rows."""
CONTACT = tuple(name for name in COMPANY_COLUMNS if name.startswith("contact_"))
GROUPS = (
    (words.N_("The firm"), tuple(name for name in COMPANY_COLUMNS if name not in CONTACT)),
    (words.N_("Contact, seen by the firm and the council only"), CONTACT),
    (words.N_("Many listings in a cell"), tuple(SEVERAL)),
    (words.N_("One listing a row"), LISTING_COLUMNS),
)
"""The columns as a list to choose from."""
KINDS_OF_FILE = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
CONTACT_LIKE = re.compile(r"@|\+\d|\(\d{3}\)")
"""What e-mail addresses and most telephone numbers have, in whatever column they stand."""
BUSY = frozenset({"checking", "waiting", "running"})


@router.get("")
def all_imports(visit: Reviewer, session: ReadSession, parts: ServiceDep) -> HTMLResponse:
    """The latest lists, and where one is uploaded."""
    return _list(visit, session, parts, wrong="")


@router.post("")
def upload(visit: Reviewer, form: FormDep, session: ReadSession, parts: ServiceDep) -> Response:
    """Takes a list."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _list(visit, session, parts, wrong=visit.say("Choose a file."))
    try:
        kept = actions.upload_list(parts.database.writing, file.filename, file.file.read(), by=visit.caller.by)
    except FileUnreadable as failed:
        return _list(visit, session, parts, wrong=translate(failed.detail, visit.language, failed.params))
    return visit.go(f"{HOME}/{kept.id}")


@router.get("/{import_id}")
def one_import(visit: Reviewer, session: ReadSession, import_id: str, after: int = 0) -> HTMLResponse:
    """The step at hand: columns, check, progress or result."""
    return _one(visit, session, queries.import_by_id(session, import_id), after=after, revealed=False)


@router.get("/{import_id}/contact")
def one_again(visit: Reviewer, import_id: str) -> Response:
    """The step at hand again: contacts were shown for one visit."""
    return visit.go(f"{HOME}/{import_id}")


@router.post("/{import_id}/contact")
def contacts(visit: Reviewer, form: FormDep, session: ReadSession, parts: ServiceDep, import_id: str) -> HTMLResponse:
    """The step at hand with the contacts of the list, and with what was chosen already."""
    kept = queries.import_by_id(session, import_id)
    show_contacts(parts.database, visit.caller.by, "import", f"import:{import_id}")
    if "column-0" not in form:
        return _one(visit, session, kept, after=0, revealed=True)
    targets, constants = _typed(form, kept)
    return _columns(visit, kept, targets=targets, constants=constants, revealed=True)


def _one(visit: Visit, session: ReadSession, kept: Import, *, after: int, revealed: bool) -> HTMLResponse:
    if kept.state == "uploaded":
        return _columns(visit, kept)
    refused = queries.refused_rows(session, kept, visit.language, after=after, limit=SHOWN + 1)
    return visit.page(
        "imports/one.html",
        kept=kept,
        busy=kept.state in BUSY,
        refused=refused[:SHOWN],
        revealed=revealed,
        after=after,
        following=refused[SHOWN - 1].line if len(refused) > SHOWN else None,
        words=words,
    )


@router.get("/{import_id}/columns")
def columns(visit: Reviewer, session: ReadSession, import_id: str) -> Response:
    """How the columns are read; to be corrected until the import has begun."""
    kept = queries.import_by_id(session, import_id)
    return _columns(visit, kept) if kept.state in actions.IDLE else visit.go(f"{HOME}/{import_id}")


@router.post("/{import_id}/columns")
def read_columns(visit: Reviewer, form: FormDep, session: WriteSession, import_id: str) -> Response:
    """Sets how the columns are read, and lets the list be checked."""
    targets, constants = _typed(form, queries.import_by_id(session, import_id))
    try:
        actions.read_columns(session, import_id, targets, constants, by=visit.caller.by)
    except FileUnreadable:
        kept = queries.import_by_id(session, import_id)
        return _columns(visit, kept, targets=targets, constants=constants, refused=True)
    return visit.go(f"{HOME}/{import_id}")


@router.get("/{import_id}/progress")
def progress(visit: Reviewer, session: ReadSession, import_id: str) -> Response:
    """How far it is, asked for again and again; at the end the whole page is shown anew."""
    kept = queries.import_by_id(session, import_id)
    answer = visit.page("imports/progress.html", kept=kept, words=words)
    if kept.state not in BUSY:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/{import_id}/start")
def start(visit: Reviewer, form: FormDep, session: WriteSession, import_id: str) -> Response:
    """Begins, or goes on after a stop."""
    actions.start_import(session, import_id, verified=bool(field_of(form, "verified")), by=visit.caller.by)
    return visit.go(f"{HOME}/{import_id}")


@router.post("/{import_id}/stop")
def stop(visit: Reviewer, session: WriteSession, import_id: str) -> Response:
    """Stops it after the rows at hand."""
    actions.stop_import(session, import_id, by=visit.caller.by)
    return visit.go(f"{HOME}/{import_id}")


@router.post("/{import_id}/forget")
def forget(visit: Reviewer, session: WriteSession, import_id: str) -> Response:
    """Removes the list with its faulty rows."""
    actions.forget_import(session, import_id, by=visit.caller.by)
    return visit.go(HOME)


@router.get("/{import_id}/faulty.{ending}")
def faulty(visit: Reviewer, session: ReadSession, parts: ServiceDep, import_id: str, ending: str) -> Response:
    """The faulty rows as a list to mend."""
    workbook = ending != "csv"
    count = queries.count_rejections(session, import_id)
    content = queries.rows_to_mend(session, import_id, workbook=workbook, language=visit.language)
    take_along(parts.database, visit.caller.by, "faulty_rows", f"import:{import_id}", count=count)
    name = "faulty." + ("xlsx" if workbook else "csv")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=KINDS_OF_FILE["xlsx" if workbook else "csv"], headers=headers)


def _list(visit: Visit, session: ReadSession, parts: ServiceDep, *, wrong: str) -> HTMLResponse:
    most = parts.settings.max_upload_bytes // 2**20
    found = queries.recent_imports(session)
    return visit.page(
        "imports/list.html", status=422 if wrong else 200, imports=found, wrong=wrong, most=most, words=words
    )


def _typed(form: FormDep, kept: Import) -> tuple[list[str], dict[str, str]]:
    """What each column holds, and what holds for all rows, as an officer chose it."""
    targets = [field_of(form, f"column-{at}") for at in range(len(kept.layout["headings"]))]
    return targets, {name: field_of(form, f"all-{name}") for name in CONSTANTS}


def _columns(  # noqa: PLR0913  # what the page shows beside the list
    visit: Visit,
    kept: Import,
    *,
    targets: list[str] | None = None,
    constants: dict[str, str] | None = None,
    refused: bool = False,
    revealed: bool = False,
) -> HTMLResponse:
    """The columns as they are kept, or as an officer just chose them, with what is missing."""
    layout = Layout.of_json(kept.layout)
    if targets is not None and constants is not None:
        values = {name: value for name, value in constants.items() if value}
        layout = Layout(layout.line, layout.headings, tuple(targets), values)
    samples = kept.layout["samples"]
    shown = [
        (heading, layout.targets[at], at in layout.doubtful, [cells[at] for cells in samples if at < len(cells)])
        for at, heading in enumerate(layout.headings)
    ]
    choices: dict[str, list[tuple[str, str]]] = {
        "country": [(code, country.names[visit.language]) for code, country in COUNTRIES.items()],
        "sectors": [(code, visit.say(name)) for code, name in words.SECTORS.items()],
        "kind": [(code, visit.say(name)) for code, name in words.KINDS.items() if code != "goods"],
    }
    return visit.page(
        "imports/columns.html",
        status=422 if refused else 200,
        kept=kept,
        revealed=revealed,
        is_contact=is_contact,
        layout=layout,
        columns=shown,
        groups=GROUPS,
        missing=_named(visit, layout.missing),
        repeated=_named(visit, layout.repeated),
        choices=choices,
        asked=refused,
        words=words,
    )


def is_contact(target: str, cell: str) -> bool:
    """Whether a cell is part of a contact, or looks as if it were."""
    return target.startswith("contact_") or CONTACT_LIKE.search(cell) is not None


def _named(visit: Visit, columns: list[str]) -> str:
    return ", ".join(visit.say(words.COLUMNS[name]) for name in columns)
