"""Changing and removing companies. Each records a change and asks for a new ranking."""

from collections.abc import Container
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions.erasure import erase_traces
from app.actions.letters import Letter, confirm_if_possible
from app.actions.profiles import company_columns, declared_codes, keys_of, listing_columns, search_columns
from app.actions.queue import ask_for_ranking, forget_pending, lock_queue
from app.db.audit import Act, By, record_act
from app.db.base import Base, IfVersion, new_id, now
from app.db.changes import record_change
from app.db.cipher import marking
from app.db.companies import Company, CompanySector, ListingCode, ListingRow, StatusChange
from app.db.search import LikenessKey, SearchText
from app.errors import (
    AddressUnconfirmed,
    ConsentWithdrawn,
    FieldError,
    InputInvalid,
    RegistrationNumberTaken,
    VersionMissing,
    VersionStale,
)
from app.queries.companies import company_by_id, document, status_history
from app.queries.consents import withdrawn
from app.settings import Verification
from matching import Status
from schemas.companies import CompanyIn
from schemas.listings import ListingIn

STATUS_ACTS: dict[Status, Act] = {
    "submitted": "company.submitted",
    "verified": "company.verified",
    "unclaimed": "company.unclaimed",
    "suspended": "company.suspended",
}
REQUIRED = "This field is required."
LISTING_UNKNOWN = "Use the id of one of the company's present listings, each once, or leave it out for a new one."


def change_company(  # noqa: PLR0913  # who, what, and under which rules
    session: Session,
    company_id: str,
    data: CompanyIn,
    *,
    if_version: IfVersion,
    by: By,
    verification: Verification = "staff",
    letter: Letter | None = None,
) -> Company:
    """Replaces a company's profile; listings that are left out end.

    A firm that changes what it was verified by must be verified again: its legal name or number where staff verify,
    its e-mail address where that does. With a ``letter`` a new address is asked to be confirmed.

    Raises:
        NotFound: there is no such company.
        VersionMissing: nothing was said of the version.
        VersionStale: it was changed since ``if_version``.
        InputInvalid: another country, a listing id that is not one of the company's, or no number or e-mail.
        RegistrationNumberTaken: another company of the country has the number.
    """
    company = company_by_id(session, company_id, lock=True)
    require_version(company, if_version, needed=True)
    if data.country != company.country:
        raise InputInvalid(
            "A company cannot move to another country; register it there.",
            errors=(FieldError("/country", "country_fixed", "Keep the country that the company is registered in."),),
        )
    if not by.staff:
        require_identity(data)
    before, address = _verified_by(company, verification), company.contact_email
    write_profile(company, data)
    if not by.staff and company.status == "verified" and before != _verified_by(company, verification):
        change_status(session, company, "submitted", reason=None, by=None)
    settle(session, company, data)
    if letter is not None and not same_address(address, company.contact_email):
        confirm_if_possible(session, company, letter)
    if by.staff:
        record_act(session, by, "company.changed", f"company:{company_id}", version=company.version)
    return company


def _verified_by(company: Company, verification: Verification) -> tuple[str | None, ...]:
    """What a company is verified by: it must be verified again when that changes."""
    if verification == "none":
        return ()
    if verification == "email":
        return ((company.contact_email or "").lower(),)
    return company.legal_name, company.registration_number


def same_address(one: str | None, other: str | None) -> bool:
    """Whether two e-mail addresses, or none, are the same one."""
    return (one or "").strip().lower() == (other or "").strip().lower()


def delete_company(session: Session, company_id: str, *, if_version: IfVersion, by: By) -> None:
    """Erases a company with all that is held on it; counts stay, and decisions on its matches, without notes.

    What merges kept of it, and of companies that became part of it, goes too, and its rows in lists.

    Raises:
        NotFound: there is no such company.
        VersionMissing: staff said nothing of the version; the firm itself need not.
        VersionStale: it was changed since ``if_version``.
    """
    lock_queue(session)
    company = company_by_id(session, company_id, lock=True)
    require_version(company, if_version, needed=by.staff)
    erase_traces(session, company)
    session.delete(company)
    session.flush()
    record_change(session, company_id)
    record_act(session, by, "company.deleted", f"company:{company_id}")


def set_status(  # noqa: PLR0913  # who, what, why
    session: Session,
    company_id: str,
    status: Status,
    *,
    reason: str | None,
    by: By,
    if_version: IfVersion = None,
    confirmed_only: bool = False,
) -> Company:
    """Staff verify, suspend or reopen a company.

    Raises:
        NotFound: there is no such company.
        AddressUnconfirmed: only firms with a confirmed address are verified, and it was asked to confirm its own.
        ConsentWithdrawn: the firm withdrew its consent; it stays suspended until it consents anew.
        VersionMissing: nothing was said of the version, and it would undo what somebody else did last.
        VersionStale: it was changed since ``if_version``.
    """
    if status == "suspended":
        lock_queue(session)
    company = company_by_id(session, company_id, lock=True)
    before = company.status
    changes = (before, company.status_reason) != (status, reason)
    needed = changes and if_version is None and _set_by_another(session, company_id, by.who)
    _require_showable(session, company, status, confirmed_only=confirmed_only)
    require_version(company, if_version, needed=needed)
    if changes:
        change_status(session, company, status, reason=reason, by=by.who)
    if status == "suspended":
        forget_pending(session, company_id)
    settle(session, company)
    record_act(session, by, STATUS_ACTS[status], f"company:{company_id}", before=before, version=company.version)
    return company


def _require_showable(session: Session, company: Company, status: Status, *, confirmed_only: bool) -> None:
    if status == "suspended":
        return
    if withdrawn(session, company.id):
        raise ConsentWithdrawn("This firm withdrew its consent. It stays suspended until it consents anew.")
    asked = company.email_asked_at is not None and company.email_confirmed_at is None
    if status == "verified" and confirmed_only and asked:
        raise AddressUnconfirmed(
            "This firm has not confirmed its e-mail address yet. It can ask for the link again on its pages."
        )


def merge_company(session: Session, company: Company, data: CompanyIn, *, only_blanks: bool) -> bool:
    """Adds what a list says to a company and takes nothing away; whether that changed anything.

    A firm that withdrew its consent is left as it is.

    A listing that is there already (same side and title) is brought up to date, others are added. With
    ``only_blanks`` filled fields of the company stay as they are.
    """
    merged = _merged(company, data, only_blanks=only_blanks)
    if not _tells_more(merged, company) or (company.status == "suspended" and withdrawn(session, company.id)):
        return False
    write_profile(company, merged)
    settle(session, company, merged)
    return True


def would_change(company: Company, data: CompanyIn, *, only_blanks: bool) -> bool:
    """Whether ``merge_company`` would change anything; nothing is written.

    Raises:
        ValidationError: the two together are more than a company may have.
    """
    return _tells_more(_merged(company, data, only_blanks=only_blanks), company)


def require_identity(data: CompanyIn) -> None:
    """Raises InputInvalid unless a firm could register itself with this."""
    missing = []
    if data.registration_number is None:
        missing.append(FieldError("/registration_number", "missing", REQUIRED))
    if data.contact is None or data.contact.email is None:
        missing.append(FieldError("/contact/email", "missing", REQUIRED))
    if missing:
        raise InputInvalid(
            "A firm registers with its registration number and an e-mail address.", errors=tuple(missing)
        )


def require_version(company: Company, version: IfVersion, *, needed: bool = False) -> None:
    """Lets a change pass if the company is as it was at ``version``.

    Raises:
        VersionMissing: nothing is said of the version and it is ``needed``.
        VersionStale: it has another one.
    """
    if version is None and needed:
        raise VersionMissing("Send the ETag that you read as If-Match, so that nobody's change is overwritten.")
    if version not in {None, "*", company.version}:
        raise VersionStale("Someone changed this company since you read it. Read it again and repeat your change.")


def number_taken(refused: IntegrityError) -> RegistrationNumberTaken:
    """What a broken constraint means: that the number (or, without one, the name) is taken.

    Raises:
        IntegrityError: it means something else.
    """
    if not any(column in str(refused.orig) for column in ("registration_number", "normal_name")):
        raise refused
    return RegistrationNumberTaken(
        "A company with this registration number is in the register already. If it is yours,"
        " sign in with its token or write to the council.",
        errors=(FieldError("/registration_number", "registration_number_taken", "Check the number."),),
    )


def settle(session: Session, company: Company, data: CompanyIn | None = None) -> None:
    """Makes a change of a company known; ``data`` is its profile, if that is what changed.

    Raises:
        RegistrationNumberTaken: another company of the country has the number.
    """
    company.version += 1
    company.changed_at = now()
    try:
        session.flush()
    except IntegrityError as refused:
        raise number_taken(refused) from refused
    if data is not None:
        write_search(session, company.id, data)
    record_change(session, company.id)
    if company.status != "suspended":
        ask_for_ranking(session, company.id)


def write_profile(company: Company, data: CompanyIn) -> None:
    """Puts a profile in the place of a company's; ``settle`` makes it known.

    Raises:
        InputInvalid: a listing's id is not one of the company's.
    """
    address = company.contact_email
    _set(company, company_columns(data))
    if not same_address(address, company.contact_email):
        company.email_asked_at = company.email_warned_at = company.email_confirmed_at = None
    _write_sectors(company, data)
    _write_listings(company, data.listings)


def _set_by_another(session: Session, company_id: str, by: str | None) -> bool:
    last = next(iter(status_history(session, company_id)), None)
    return last is not None and last.by != by


def change_status(session: Session, company: Company, status: Status, *, reason: str | None, by: str | None) -> None:
    """Changes a status and notes it in the history; ``settle`` makes it known."""
    session.add(StatusChange(company_id=company.id, before=company.status, after=status, reason=reason, by=by))
    company.status = status
    company.status_reason = reason


def write_search(session: Session, company_id: str, data: CompanyIn) -> None:
    """Writes what a company is found by."""
    cipher = marking(session)
    columns = search_columns(data, cipher)
    session.execute(update(SearchText).where(SearchText.company_id == company_id).values(**columns))
    held = set(session.scalars(select(LikenessKey.key).where(LikenessKey.company_id == company_id)))
    wanted = set(keys_of(data, cipher))
    if held - wanted:
        session.execute(
            delete(LikenessKey).where(LikenessKey.company_id == company_id, LikenessKey.key.in_(held - wanted))
        )
    if wanted - held:
        rows = [{"company_id": company_id, "key": key} for key in sorted(wanted - held)]
        session.connection().execute(insert(LikenessKey), rows)


def _set(row: Base, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)


def _write_sectors(company: Company, data: CompanyIn) -> None:
    held = {row.sector: row for row in company.sector_rows}
    company.sector_rows = [held.get(sector) or CompanySector(sector=sector) for sector in data.sectors]
    for position, row in enumerate(company.sector_rows):
        row.position = position


def _write_listings(company: Company, listings: list[ListingIn]) -> None:
    held = {row.id: row for row in company.listing_rows if row.ended_at is None}
    kept = kept_listings(listings, held=held)
    for row in held.values():
        if row.id not in kept:
            row.ended_at = now()
    for position, data in enumerate(listings):
        if data.id is None:
            row = ListingRow(id=new_id(), code_rows=[])
            company.listing_rows.append(row)
        else:
            row = held[data.id]
        _write_listing(row, data, position)


def kept_listings(listings: list[ListingIn], *, held: Container[str]) -> set[str]:
    """The ids that listings carry, each of them one of ``held``.

    Raises:
        InputInvalid: one is not, or stands there twice.
    """
    kept: set[str] = set()
    errors: list[FieldError] = []
    for position, data in enumerate(listings):
        if data.id is None:
            continue
        if data.id not in held or data.id in kept:
            errors.append(FieldError(f"/listings/{position}/id", "listing_unknown", LISTING_UNKNOWN))
        kept.add(data.id)
    if errors:
        raise InputInvalid("A listing's id is wrong.", errors=tuple(errors))
    return kept


def _write_listing(row: ListingRow, data: ListingIn, position: int) -> None:
    _set(row, listing_columns(data, position))
    wanted = declared_codes(data)
    if [(code.scheme, code.position, code.code) for code in row.code_rows] != wanted:
        held = {(code.scheme, code.position): code for code in row.code_rows}
        row.code_rows = [held.get((scheme, at)) or ListingCode(scheme=scheme, position=at) for scheme, at, _ in wanted]
        for code_row, (_, _, code) in zip(row.code_rows, wanted, strict=True):
            code_row.code = code


def _merged(company: Company, data: CompanyIn, *, only_blanks: bool) -> CompanyIn:
    """The company's profile with the given one laid over it (or under it)."""
    held: dict[str, Any] = document(company)
    given = data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    listings = _merged_listings(held.pop("listings"), data.listings)
    contact = (held.pop("contact") or {}, given.pop("contact", {}))
    given.pop("listings", None)
    under, over = (given, held) if only_blanks else (held, given)
    fields = under | {name: value for name, value in over.items() if value not in (None, [])}
    if only_blanks:
        contact = contact[1], contact[0]
    fields["sectors"] = list(dict.fromkeys([*held["sectors"], *data.sectors]))
    fields["contact"] = contact[0] | {name: value for name, value in contact[1].items() if value is not None}
    return CompanyIn.model_validate(fields | {"listings": listings})


def _tells_more(merged: CompanyIn, company: Company) -> bool:
    return _told(merged) != _told(CompanyIn.model_validate(document(company)))


def _told(data: CompanyIn) -> dict[str, Any]:
    told = data.model_dump(exclude_none=True, exclude_defaults=True)
    return {name: value for name, value in told.items() if value != {}}


def _merged_listings(held: list[dict[str, Any]], given: list[ListingIn]) -> list[dict[str, Any]]:
    merged = [dict(listing) for listing in held]
    free = list(range(len(held)))
    added: list[dict[str, Any]] = []
    for listing in given:
        fields = listing.model_dump(mode="json", exclude={"id"})
        same = [at for at in free if _same_words(held[at], fields)]
        exact = [at for at in same if {**held[at], "id": None} == {**fields, "id": None}]
        if same:
            at = (exact or same)[0]
            free.remove(at)
            merged[at] |= {name: value for name, value in fields.items() if value not in (None, [])}
        else:
            added.append(fields)
    return merged + added


def _same_words(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("side", "title"))
