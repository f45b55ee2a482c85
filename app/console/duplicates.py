"""Likely duplicates, side by side; merging them and parting them again."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.actions import duplicates as actions
from app.actions.exports import show_contacts, with_contact
from app.actions.merges import merge_companies, undo_merge
from app.console import words
from app.console.profile_form import FIELD_NAMES
from app.console.visit import FormDep, Officer, Reviewer, field_of
from app.errors import InputInvalid
from app.queries import duplicates as queries
from app.queries import merges as views
from app.web.service import ReadSession, ServiceDep, WriteSession
from matching import COUNTRIES

router = APIRouter()

HOME = "/console/duplicates"
MERGES = "/console/merges"
SHOWN = 100
CHOICES: tuple[views.Choice, ...] = ("kept", "merged", "both")
FIELDS = {name: FIELD_NAMES[name.replace(".", "-")] for name in (*views.SINGLE, *views.MOST_OF)} | {
    "languages": words.N_("Languages")
}
Id = Annotated[str, Query(max_length=40)]


@router.get(HOME)
def duplicates(  # noqa: PLR0913  # each is a part of the address
    visit: Officer, session: ReadSession, country: str = "", done: str = "", one: Id = "", other: Id = ""
) -> Response:
    """Pairs of companies that may be one, the likeliest first."""
    return visit.page(
        "register/duplicates.html",
        pairs=queries.likely_duplicates(session, country=country or None, limit=SHOWN + 1),
        shown=SHOWN,
        country=country,
        done=done,
        one=one,
        other=other,
        **_names(),
    )


@router.get(HOME + "/{kept_id}/{merged_id}")
def pair(visit: Officer, session: ReadSession, kept_id: str, merged_id: str) -> Response:
    """Two companies side by side, and what merging the second into the first would make."""
    view = views.pair_view(session, kept_id, merged_id)
    return visit.page("register/pair.html", view=view, revealed=False, chosen={}, **_names())


@router.get(HOME + "/{kept_id}/{merged_id}/contact")
def pair_again(visit: Officer, kept_id: str, merged_id: str) -> Response:
    """The two companies again: their contacts were shown for one visit."""
    return visit.go(f"{HOME}/{kept_id}/{merged_id}")


@router.post(HOME + "/{kept_id}/{merged_id}/contact")
def pair_contacts(  # noqa: PLR0913  # each is a part of the request
    visit: Officer, session: ReadSession, parts: ServiceDep, kept_id: str, merged_id: str, form: FormDep
) -> Response:
    """The same with their contacts, and with what was chosen already."""
    view = views.pair_view(session, kept_id, merged_id)
    show_contacts(parts.database, visit.caller.by, "duplicates", *with_contact([view.kept, view.merged]))
    return visit.page("register/pair.html", view=view, revealed=True, chosen=_choices(form), **_names())


@router.post(HOME + "/{kept_id}/{merged_id}/merge")
def merge(visit: Reviewer, session: WriteSession, kept_id: str, merged_id: str, form: FormDep) -> Response:
    """Merges the second company into the first, each field as it was chosen."""
    versions = [field_of(form, name) for name in ("kept_version", "merged_version")]
    if not all(version.isdecimal() for version in versions):
        raise InputInvalid("The form is not complete. Open the two companies again.")
    made = merge_companies(
        session,
        kept_id,
        merged_id,
        by=visit.caller.by,
        choices=_choices(form),
        if_versions=(int(versions[0]), int(versions[1])),
        tokens_move=field_of(form, "tokens") == "move",
    )
    return visit.go(f"{MERGES}/{made.id}?done=merged")


@router.post(HOME + "/{one_id}/{other_id}/apart")
def say_apart(visit: Reviewer, session: WriteSession, one_id: str, other_id: str) -> Response:
    """Remembers that the two are two."""
    actions.say_not_duplicates(session, one_id, other_id, by=visit.caller.by)
    return visit.go(f"{HOME}?done=apart&one={one_id}&other={other_id}")


@router.post(HOME + "/{one_id}/{other_id}/again")
def ask_again(visit: Reviewer, session: WriteSession, one_id: str, other_id: str) -> Response:
    """Takes it back that the two are two."""
    actions.forget_not_duplicates(session, one_id, other_id, by=visit.caller.by)
    return visit.go(f"{HOME}/{one_id}/{other_id}")


@router.get(MERGES)
def merges(visit: Officer, session: ReadSession) -> Response:
    """The last merges, newest first."""
    return visit.page("register/merges.html", merges=views.latest_merges(session), limit=views.LISTED)


@router.get(MERGES + "/{merge_id}")
def one_merge(visit: Officer, session: ReadSession, merge_id: str, done: str = "") -> Response:
    """One merge: what it changed, and whether it can be undone."""
    view = views.merge_view(session, merge_id)
    return visit.page("register/merge.html", view=view, done=done, revealed=False, **_names())


@router.get(MERGES + "/{merge_id}/contact")
def merge_again(visit: Officer, merge_id: str) -> Response:
    """The merge again: its contacts were shown for one visit."""
    return visit.go(f"{MERGES}/{merge_id}")


@router.post(MERGES + "/{merge_id}/contact")
def merge_contacts(visit: Officer, session: ReadSession, parts: ServiceDep, merge_id: str) -> Response:
    """The same with the contacts of both companies."""
    view = views.merge_view(session, merge_id)
    if view.contacts:
        ids = f"company:{view.merge.kept_id}", f"company:{view.merge.merged_id}"
        show_contacts(parts.database, visit.caller.by, "merge", *ids)
    return visit.page("register/merge.html", view=view, done="", revealed=True, **_names())


@router.post(MERGES + "/{merge_id}/undo")
def undo(visit: Reviewer, session: WriteSession, merge_id: str) -> Response:
    """Parts the two companies again."""
    undo_merge(session, merge_id, by=visit.caller.by)
    return visit.go(f"{MERGES}/{merge_id}?done=undone")


def _choices(form: FormDep) -> dict[str, views.Choice]:
    return {name: choice for name in FIELDS for choice in CHOICES if field_of(form, name) == choice}


def _names() -> dict[str, Any]:
    return {"words": words, "countries": COUNTRIES, "fields": FIELDS}
