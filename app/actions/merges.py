"""Two entries of one firm become one, and can be parted again."""

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions.companies import number_taken, require_version, settle, write_profile, write_search
from app.actions.inherited import give_back_decisions, take_decisions
from app.actions.queue import ask_for_ranking, forget_pending, lock_queue
from app.db.audit import By, record_act
from app.db.base import new_id, now
from app.db.changes import lock_changes, record_change
from app.db.companies import Company, ListingRow
from app.db.merges import Merge
from app.db.rows import Rows, put_back, rows_of_company
from app.db.staff import Token
from app.errors import FieldError, NotMergeable, NotUndoable
from app.queries.companies import company_by_id, document
from app.queries.merges import Choice, merge_by_id, merged_profile, parted_profile, taken_in_by
from schemas.companies import MOST_LISTINGS, CompanyIn

CHANGED_SINCE = "This was changed since the merge."


def merge_companies(  # noqa: PLR0913  # both, by whom, and what of each
    session: Session,
    kept_id: str,
    merged_id: str,
    *,
    by: By,
    choices: Mapping[str, Choice] | None = None,
    if_versions: tuple[int, int] | None = None,
    tokens_move: bool | None = None,
) -> Merge:
    """Makes one company of two: ``kept_id`` takes in ``merged_id``, which is gone for everyone afterwards.

    What the kept company left blank is filled, its other fields stay unless ``choices`` says otherwise for a field;
    listings move with their ids, and a listing that both have becomes one. Decisions on the merged company's matches
    become the kept company's where it has none of its own.

    The merged company's tokens sign in to the kept one only if the council had verified it, or if ``tokens_move``
    says so: whoever copied a firm's name must not come to hold its profile by an officer's tidying up.

    Raises:
        NotFound: there is no such company.
        VersionStale: one was changed since ``if_versions``.
        NotMergeable: they are of two countries, or the kept one is less certain than the other, or together they
            have too many listings.
        RegistrationNumberTaken: a third company has the number that was chosen.
    """
    kept, merged = _both(session, kept_id, merged_id, if_versions)
    _require_mergeable(kept, merged)
    before, other = document(kept), document(merged)
    profile, joined = merged_profile(before, other, choices or {})
    if len(profile["listings"]) > MOST_LISTINGS:
        raise NotMergeable(
            "Together they would have {count} listings; at most {most} are possible. End some of them first.",
            count=str(len(profile["listings"])),
            most=str(MOST_LISTINGS),
        )
    lock_changes(
        session
    )  # before a number is written, or a registration of the same one could wait for us and we for it
    forget_pending(session, merged_id)
    merge = Merge(
        id=new_id(),
        kept_id=kept_id,
        kept_name=kept.legal_name,
        merged_id=merged_id,
        merged_name=merged.legal_name,
        country=merged.country,
        registration_number=merged.registration_number,
        normal_name=merged.normal_name,
        merged_version=merged.version,
        kept_before=before,
        merged=other,
        rows=rows_of_company(session, merged_id),
        joined=joined,
        tokens_moved=merged.status == "verified" if tokens_move is None else tokens_move,
        by=by.who,
    )
    merge.decisions = take_decisions(session, merge)
    _take_belongings(session, merge)
    kept = company_by_id(session, kept_id)
    data = CompanyIn.model_validate(profile)
    write_profile(kept, data)
    settle(session, kept, data)
    record_change(session, merged_id)
    merge.kept_version = kept.version
    merge.kept_after = document(kept)
    session.add(merge)
    session.flush()
    _record(session, by, "merge.made", merge)
    return merge


def undo_merge(session: Session, merge_id: str, *, by: By) -> Merge:
    """Parts two companies again; both are as they were, with what was changed since in other fields.

    Versions go on growing, so that nobody overwrites what he has not seen. What the merge kept of both is erased.

    Raises:
        NotFound: there is no such merge.
        NotUndoable: it was undone, or something that it changed was changed since.
    """
    lock_queue(session)
    merge = merge_by_id(session, merge_id, lock=True)
    if merge.undone_at is not None or merge.rows is None:
        raise NotUndoable("This merge was undone already.")
    later = taken_in_by(session, merge.kept_id)
    if later is not None:
        raise NotUndoable(
            "“{kept}” itself was merged into “{later}” since. Undo that merge first.",
            kept=merge.kept_name,
            later=later.kept_name,
        )
    kept = company_by_id(session, merge.kept_id, lock=True)
    lock_changes(session)
    profile, conflicts = parted_profile(merge, document(kept))
    if conflicts:
        raise NotUndoable(
            "“{kept}” was changed since the merge where the merge had changed it. Set these fields right by hand.",
            errors=tuple(FieldError(pointer, "changed_since", CHANGED_SINCE) for pointer in conflicts),
            kept=merge.kept_name,
        )
    data = CompanyIn.model_validate(profile)
    give_back_decisions(session, merge)
    moved = [row["id"] for row in merge.rows["listings"]]
    session.execute(delete(ListingRow).where(ListingRow.id.in_(moved), ListingRow.company_id == merge.kept_id))
    session.expire(kept)
    kept = company_by_id(session, merge.kept_id)
    write_profile(kept, data)
    try:
        with session.begin_nested():
            session.flush()
            _give_back_belongings(session, merge, merge.rows)
    except IntegrityError as refused:
        number_taken(refused)
        raise NotUndoable(
            "Another company has taken the number or name of “{merged}” since. Settle that first.",
            merged=merge.merged_name,
        ) from refused
    settle(session, kept, data)
    record_change(session, merge.merged_id)
    if merge.rows["companies"][0]["status"] != "suspended":
        ask_for_ranking(session, merge.merged_id)
    merge.undone_by, merge.undone_at = by.who, now()
    merge.kept_before = merge.kept_after = merge.merged = merge.rows = None
    session.flush()
    _record(session, by, "merge.undone", merge)
    return merge


def _record(session: Session, by: By, act: Literal["merge.made", "merge.undone"], merge: Merge) -> None:
    subjects = f"merge:{merge.id}", f"company:{merge.kept_id}", f"company:{merge.merged_id}"
    record_act(session, by, act, *subjects, tokens_moved=merge.tokens_moved)


def _both(
    session: Session, kept_id: str, merged_id: str, if_versions: tuple[int, int] | None
) -> tuple[Company, Company]:
    """The two companies, locked; always in the same order, so that two officers never wait for each other."""
    if kept_id == merged_id:
        raise NotMergeable("This is one company already.")
    lock_queue(session)
    found = {one: company_by_id(session, one, lock=True) for one in sorted((kept_id, merged_id))}
    kept, merged = found[kept_id], found[merged_id]
    for company, version in zip((kept, merged), if_versions or (), strict=False):
        require_version(company, version)
    return kept, merged


def _require_mergeable(kept: Company, merged: Company) -> None:
    if kept.country != merged.country:
        raise NotMergeable("Companies of two countries cannot be merged.")
    if merged.status == "verified" and kept.status != "verified":
        raise NotMergeable(
            "“{merged}” is verified and “{kept}” is not. Keep the verified one, or verify the other first.",
            merged=merged.legal_name,
            kept=kept.legal_name,
        )


def _take_belongings(session: Session, merge: Merge) -> None:
    session.execute(update(ListingRow).where(ListingRow.company_id == merge.merged_id).values(company_id=merge.kept_id))
    if merge.tokens_moved:
        session.execute(update(Token).where(Token.company_id == merge.merged_id).values(company_id=merge.kept_id))
    session.execute(delete(Company).where(Company.id == merge.merged_id))
    session.expire_all()


def _give_back_belongings(session: Session, merge: Merge, rows: Rows) -> None:
    tokens = [row["id"] for row in rows["tokens"]]
    put_back(session, {"companies": rows["companies"]})
    if merge.tokens_moved:  # one that was revoked since stays revoked
        still = Token.id.in_(tokens), Token.company_id == merge.kept_id
        session.execute(update(Token).where(*still).values(company_id=merge.merged_id))
    done = {"companies", "tokens"} if merge.tokens_moved else {"companies"}
    put_back(session, {table: held for table, held in rows.items() if table not in done})
    if merge.merged is not None:  # what stands for its contact may have been written with a key that is gone
        write_search(session, merge.merged_id, CompanyIn.model_validate(merge.merged))
