"""Likely duplicates, side by side; merging them and parting them again."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.actions import duplicates as actions
from app.actions.merges import merge_companies, undo_merge
from app.console import words
from app.console.profile_form import FIELD_NAMES
from app.console.visit import FormDep, Officer, Reviewer, field_of
from app.errors import InputInvalid
from app.queries import duplicates as queries
from app.queries import merges as views
from app.web.service import ReadSession, WriteSession
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
    return visit.page("register/pair.html", view=views.pair_view(session, kept_id, merged_id), **_names())


@router.post(HOME + "/{kept_id}/{merged_id}/merge")
def merge(visit: Reviewer, session: WriteSession, kept_id: str, merged_id: str, form: FormDep) -> Response:
    """Merges the second company into the first, each field as it was chosen."""
    choices = {name: choice for name in FIELDS for choice in CHOICES if field_of(form, name) == choice}
    versions = [field_of(form, name) for name in ("kept_version", "merged_version")]
    if not all(version.isdecimal() for version in versions):
        raise InputInvalid("The form is not complete. Open the two companies again.")
    made = merge_companies(
        session,
        kept_id,
        merged_id,
        by=visit.caller.by,
        choices=choices,
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
    return visit.page("register/merge.html", view=views.merge_view(session, merge_id), done=done, **_names())


@router.post(MERGES + "/{merge_id}/undo")
def undo(visit: Reviewer, session: WriteSession, merge_id: str) -> Response:
    """Parts the two companies again."""
    undo_merge(session, merge_id, by=visit.caller.by)
    return visit.go(f"{MERGES}/{merge_id}?done=undone")


def _names() -> dict[str, Any]:
    return {"words": words, "countries": COUNTRIES, "fields": FIELDS}
