"""Adding companies: a firm registers itself, or a list brings many at once.

Both ways write plain rows, many a statement: the unit of work of the ORM costs ten times as much.
"""

from asyncio import Future, Task, create_task, get_running_loop, to_thread
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.actions.companies import kept_listings, number_taken, require_identity
from app.actions.letters import Letter, send_confirmation
from app.actions.profiles import company_columns, declared_codes, keys_of, listing_columns, search_columns
from app.actions.queue import ask_for_ranking
from app.actions.repeats import at_work, is_repeat, keep_answers
from app.actions.tokens import digest_of, new_token
from app.db.base import Base, new_id, now
from app.db.changes import lock_changes, record_change
from app.db.cipher import Cipher, marking
from app.db.companies import Company, CompanySector, ListingCode, ListingRow
from app.db.consents import Consent, Way
from app.db.faults import undone
from app.db.profiles import as_profile
from app.db.search import LikenessKey, SearchText
from app.db.staff import COMPANY_DAYS, HINT_LENGTH, Token
from app.errors import Failure, TooManyAttempts
from app.settings import Basis, Verification
from app.watch.figures import REGISTRATIONS
from matching import Language, Profile, Status
from schemas.companies import CompanyIn

KeptAnswer = Callable[["Newcomer"], dict[str, Any]]
MOST_TRIES = 3
"""Of a transaction that lost against another one (a deadlock) and left nothing."""


@dataclass(frozen=True, slots=True)
class Ground:
    """By what a firm's data is held: its consent to a version of the text, or what the council says instead."""

    basis: Basis
    way: Way
    version: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A company that is about to be added, or was.

    Attributes:
        data: its profile.
        status: what it begins with.
        token: the firm's own, if it registered itself.
        token_days: how long that lives.
        ground: by what its data is held, if that is known already.
        letter: how the mail is written by which it confirms its address, if it must.
        kept_answer: makes the row that keeps the answer to its request, should that come again; added with the company.
    """

    data: CompanyIn
    status: Status
    token: str | None = None
    token_days: int = COMPANY_DAYS
    ground: Ground | None = None
    letter: Letter | None = None
    kept_answer: "KeptAnswer | None" = None
    version: int = field(default=1, init=False)
    id: str = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)
    listing_ids: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "listing_ids", [new_id() for _ in self.data.listings])

    def document(self) -> dict[str, Any]:
        """The company in the form of the wire contract, as it reads once it was added."""
        fields = self.data.model_dump(mode="json", include=set(CompanyIn.model_fields))
        for listing, listing_id in zip(fields["listings"], self.listing_ids, strict=True):
            listing["id"] = listing_id
        return fields | {"contact": fields["contact"] if any((fields["contact"] or {}).values()) else None}

    def profile(self) -> Profile:
        """The company as the engine will read it once it was added, from the rows that it brings."""
        rows = rows_of([self])
        codes: dict[str, list[ListingCode]] = defaultdict(list)
        for row in rows[ListingCode]:
            codes[row["listing_id"]].append(ListingCode(**row))
        company = Company(**rows[Company][0])
        company.sector_rows = [CompanySector(**row) for row in rows[CompanySector]]
        company.listing_rows = [ListingRow(**row, code_rows=codes[row["id"]]) for row in rows[ListingRow]]
        return as_profile(company)


class Registrations:
    """Where firms register themselves, on one event loop.

    Those that arrive while another transaction runs share the next one, and with it one wait for the disk. Each is
    answered once the transaction that it is part of was committed.
    """

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[Session]],
        *,
        token_days: int = COMPANY_DAYS,
        verification: Verification = "staff",
        confirm_email: bool = False,
    ) -> None:
        """``writing`` opens a session that is committed at its end; the firms' tokens live for ``token_days``."""
        self._writing = writing
        self._token_days = token_days
        self._status: Status = "verified" if verification == "none" else "submitted"
        self._confirm_email = confirm_email
        self._waiting: list[tuple[Newcomer, Future[None]]] = []
        self._work: Task[None] | None = None

    async def register(
        self,
        data: CompanyIn,
        *,
        ground: Ground | None = None,
        letter: Letter | None = None,
        kept_answer: KeptAnswer | None = None,
    ) -> tuple[Newcomer, str]:
        """The new company, ``submitted`` unless firms are verified at once, and its bearer token.

        Where addresses are to be confirmed, the ``letter`` does that.

        Raises:
            InputInvalid: its number or e-mail address is missing, or a listing carries an id.
            RegistrationNumberTaken: another company of the country has the number.
            RequestAtWork: the same request was done in the meantime; its answer is kept.
        """
        require_identity(data)
        kept_listings(data.listings, held=())
        token = new_token()
        newcomer = Newcomer(
            data,
            self._status,
            token,
            token_days=self._token_days,
            ground=ground,
            letter=letter if self._confirm_email else None,
            kept_answer=kept_answer,
        )
        added: Future[None] = get_running_loop().create_future()
        self._waiting.append((newcomer, added))
        if self._work is None:
            self._work = create_task(self._add_waiting())
        await added
        REGISTRATIONS.inc()
        return newcomer, token

    async def _add_waiting(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                failures = await self._added([newcomer for newcomer, _ in together])
                for (_, added), failure in zip(together, failures, strict=True):
                    if added.done():  # nobody waits for it any more
                        continue
                    if failure is None:
                        added.set_result(None)
                    else:
                        added.set_exception(failure)
        finally:
            self._work = None

    async def _added(self, newcomers: Sequence[Newcomer]) -> Sequence[Exception | None]:
        try:
            return await to_thread(self._add, newcomers)
        except Exception as failed:  # noqa: BLE001  # whatever it was, it is each one's answer
            return [failed] * len(newcomers)

    def _add(self, newcomers: Sequence[Newcomer]) -> list[Failure | None]:
        for _ in range(MOST_TRIES - 1):
            try:
                return self._add_once(newcomers)
            except DBAPIError as failed:
                if not undone(failed):
                    raise
        return self._add_once(newcomers)

    def _add_once(self, newcomers: Sequence[Newcomer]) -> list[Failure | None]:
        with self._writing() as session:
            failures = add_companies(session, newcomers)
            for newcomer, failure in zip(newcomers, failures, strict=True):
                if failure is None and newcomer.letter is not None:
                    _ask_to_confirm(session, newcomer, newcomer.letter)
            return failures


def _ask_to_confirm(session: Session, newcomer: Newcomer, letter: Letter) -> None:
    """Strangers must not be able to fill a mailbox by registering firms with its address."""
    address = newcomer.data.contact.email if newcomer.data.contact else None
    if address is not None:
        with suppress(TooManyAttempts), session.begin_nested():
            send_confirmation(session, newcomer.id, address, letter)


def add_companies(session: Session, newcomers: Sequence[Newcomer]) -> list[Failure | None]:
    """Adds the companies whose number (or, without one, name) is free in their country; for the others, why not."""
    if not newcomers:
        return []
    lock_changes(session)  # first, or two writers of one number could wait for each other
    try:
        with session.begin_nested():
            _insert(session, newcomers)
    except IntegrityError as refused:
        if len(newcomers) == 1:
            return [at_work() if is_repeat(refused) else number_taken(refused)]
    else:
        return [None] * len(newcomers)
    middle = len(newcomers) // 2
    return add_companies(session, newcomers[:middle]) + add_companies(session, newcomers[middle:])


def rows_of(newcomers: Sequence[Newcomer], cipher: Cipher | None = None) -> dict[type[Base], list[dict[str, Any]]]:
    """The rows that newcomers bring, by table, in the order in which they can be inserted."""
    rows: dict[type[Base], list[dict[str, Any]]] = {
        table: []
        for table in (Company, SearchText, LikenessKey, CompanySector, ListingRow, ListingCode, Token, Consent)
    }
    for newcomer in newcomers:
        own = {"company_id": newcomer.id}
        rows[Company].append(_company_row(newcomer))
        rows[SearchText].append(own | search_columns(newcomer.data, cipher))
        rows[LikenessKey] += [own | {"key": key} for key in keys_of(newcomer.data, cipher)]
        rows[CompanySector] += [
            own | {"sector": sector, "position": position} for position, sector in enumerate(newcomer.data.sectors)
        ]
        for position, (listing_id, listing) in enumerate(
            zip(newcomer.listing_ids, newcomer.data.listings, strict=True)
        ):
            rows[ListingRow].append(listing_columns(listing, position) | own | {"id": listing_id, "ended_at": None})
            rows[ListingCode] += [
                {"listing_id": listing_id, "scheme": scheme, "position": at, "code": code}
                for scheme, at, code in declared_codes(listing)
            ]
        if newcomer.token is not None:
            rows[Token].append(own | _token_row(newcomer.token, newcomer))
        if newcomer.ground is not None:
            # the company's first one has its id: drawing another would cost more than writing the row
            rows[Consent].append(
                own | asdict(newcomer.ground) | {"id": newcomer.id, "at": newcomer.created_at, "withdrawn_at": None}
            )
    return rows


def _token_row(token: str, newcomer: Newcomer) -> dict[str, Any]:
    return {
        "digest": digest_of(token),
        "staff_id": None,
        "hint": token[-HINT_LENGTH:],
        "days": newcomer.token_days,
        "created_at": newcomer.created_at,
        "expires_at": newcomer.created_at + timedelta(days=newcomer.token_days),
    }


def _company_row(newcomer: Newcomer) -> dict[str, Any]:
    return company_columns(newcomer.data) | {
        "id": newcomer.id,
        "version": newcomer.version,
        "status": newcomer.status,
        "status_reason": None,
        "email_asked_at": newcomer.created_at if newcomer.letter else None,
        "created_at": newcomer.created_at,
        "changed_at": newcomer.created_at,
    }


def _insert(session: Session, newcomers: Sequence[Newcomer]) -> None:
    connection = session.connection()
    for table, rows in rows_of(newcomers, marking(session)).items():
        if rows:
            connection.execute(insert(table), rows)
    keep_answers(session, [one.kept_answer(one) for one in newcomers if one.kept_answer is not None])
    ids = [newcomer.id for newcomer in newcomers]
    record_change(session, *ids)
    ask_for_ranking(session, *ids)
