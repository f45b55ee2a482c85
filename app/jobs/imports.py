"""Checks and imports officers' lists in the background."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from time import monotonic

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.actions.imports import BATCH, Entry, Key, Rejected, batches, foretell_batch, import_batch, read_entry
from app.actions.jobs import Claimed, claim_jobs, give_back, keep_claim, release_job
from app.actions.uploads import CHECK, IMPORT, forget_rejections, keep_rejections
from app.db import Database
from app.db.audit import PROGRAM, record_act
from app.db.faults import passes
from app.db.imports import Import
from app.errors import Failure, FileUnreadable
from app.files import Layout, Source, read_rows
from app.jobs.worker import work_on
from app.settings import Basis

log = logging.getLogger("caravan.imports")

MOST_ROWS = 200_000
MOST_TRIES = 20
"""Workers that a list may lose to a crash or a database that is away before it counts as one that stops the work."""
AT_ONCE = BATCH
PREVIEWED = 20
TOLD_SECONDS = 2.0
"""How often a check tells how far it is; that keeps its claim too."""
FAILED = "Something in this list stopped the work. Try again; if it happens again, tell your administrator."
Read = list[Entry | Rejected]


class _Left(Exception):
    """This worker ends."""


class _Lost(Exception):
    """The job is another worker's by now, or was taken back."""


@dataclass(frozen=True, slots=True)
class _List:
    """An import as a worker needs it."""

    id: str
    source: Source
    layout: Layout
    line: int
    verified: bool


@dataclass(slots=True)
class _Check:
    """What a check found so far."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)
    preview: list[dict[str, object]] = field(default_factory=list)
    last_line: int = 0

    def note(self, read: Read, outcomes: list[str | Rejected]) -> None:
        """Adds some rows."""
        for entry, outcome in zip(read, outcomes, strict=True):
            if isinstance(outcome, Rejected):
                self.rejected.append(outcome)
                self.counts["rejected"] += 1
            else:
                self.counts[outcome] += 1
                self._show(entry, outcome)
        self.last_line = _line(read[-1])

    @property
    def values(self) -> dict[str, object]:
        """As the import keeps them."""
        counts = self.counts
        return {"counts": dict(counts), "preview": self.preview, "rows": counts.total(), "last_line": self.last_line}

    def _show(self, entry: Entry | Rejected, outcome: str) -> None:
        if isinstance(entry, Entry) and len(self.preview) < PREVIEWED:
            company = entry.data.model_dump(mode="json")
            self.preview.append({"line": entry.row.line, "outcome": outcome, "company": company})


class Importer:
    """Works on the lists that wait, one after another. A claim is kept in each transaction, so two never write."""

    def __init__(self, database: Database, basis: Basis = "legitimate_interest") -> None:
        self._database = database
        self._basis = basis
        self._stopping = Event()

    def check(self) -> int:
        """Checks a waiting list; how many there were."""
        return self._work(CHECK)

    def run(self) -> int:
        """Imports a waiting list; how many there were."""
        return self._work(IMPORT)

    def stop(self) -> None:
        """Leaves the list at hand after its next rows; whoever starts next goes on with it."""
        self._stopping.set()

    def _work(self, kind: str) -> int:
        claimed = claim_jobs(self._database, kind, 1)
        work_on(self._database, claimed, partial(self._work_on, kind))
        return len(claimed)

    def _work_on(self, kind: str, job: Claimed) -> None:
        try:
            if kind == CHECK:
                self._check(job)
            else:
                self._import(job)
        except _Lost:
            log.info("Import %s was stopped or is another worker's.", job.key)
        except _Left:
            with self._database.writing() as session:
                give_back(session, job)
        except Exception as failed:  # a list that breaks the reading must not end the thread
            if passes(failed) and job.attempts < MOST_TRIES:
                raise
            log.warning("Import %s cannot go on.", job.key, exc_info=not isinstance(failed, Failure))
            self._fail(kind, job, failed)

    def _check(self, job: Claimed) -> None:
        found = self._opened(job, ("checking",))
        if found is None:
            return
        check = _Check()
        told = monotonic()
        for read in self._batches(found):
            with self._database.reading() as session:
                check.note(read, foretell_batch(session, read))
            if monotonic() - told > TOLD_SECONDS:
                told = monotonic()
                self._tell(job, check.last_line)
        with self._database.writing() as session:
            _keep(session, job)
            forget_rejections(session, found.id)
            keep_rejections(session, found.id, check.rejected)
            session.execute(update(Import).where(Import.id == found.id).values(state="checked", line=0, **check.values))
            release_job(session, CHECK, job.key, job.asked)

    def _import(self, job: Claimed) -> None:
        found = self._opened(job, ("waiting", "running"))
        if found is None:
            return
        for read in self._batches(found):
            new = [entry for entry in read if _line(entry) > found.line]
            with self._database.writing() as session:
                _keep(session, job)
                if new:
                    _record(
                        session, found.id, new, import_batch(session, new, verified=found.verified, basis=self._basis)
                    )
        with self._database.writing() as session:
            _keep(session, job)
            counts = session.scalar(select(Import.counts).where(Import.id == found.id)) or {}
            session.execute(update(Import).where(Import.id == found.id).values(state="done", content=None))
            record_act(session, PROGRAM, "import.run", f"import:{found.id}", **counts)
            release_job(session, IMPORT, job.key, job.asked)

    def _opened(self, job: Claimed, states: tuple[str, ...]) -> _List | None:
        """The list of a job; None when it is gone or there is nothing more to do, and the job ends."""
        with self._database.writing() as session:
            _keep(session, job)
            row = session.execute(
                select(Import, Import.content).where(Import.id == job.key, Import.state.in_(states))
            ).one_or_none()
            if row is None or row.content is None:
                release_job(session, CHECK if "checking" in states else IMPORT, job.key, job.asked)
                return None
            found: Import = row.Import
            if "waiting" in states:
                found.state = "running"
            source = Source.of(found.name, row.content)
            return _List(found.id, source, Layout.of_json(found.layout), found.line, found.verified)

    def _batches(self, found: _List) -> Iterator[Read]:
        """All rows, read in the order of the list: which row of a firm is its first depends on those before."""
        seen: set[Key] = set()
        count = 0
        for batch in batches(read_rows(found.source, found.layout), AT_ONCE):
            if self._stopping.is_set():
                raise _Left
            count += len(batch)
            if count > MOST_ROWS:
                raise FileUnreadable(
                    "{path} has more than {most} rows. Split it into smaller lists.",
                    path=found.source.name,
                    most=str(MOST_ROWS),
                )
            yield [read_entry(row, seen) for row in batch]

    def _tell(self, job: Claimed, line: int) -> None:
        with self._database.writing() as session:
            _keep(session, job)
            session.execute(update(Import).where(Import.id == job.key).values(line=line))

    def _fail(self, kind: str, job: Claimed, failed: Exception) -> None:
        told = failed if isinstance(failed, Failure) else FileUnreadable(FAILED)
        with self._database.writing() as session:
            if keep_claim(session, job):
                state = "uploaded" if kind == CHECK else "failed"
                failure = {"message": told.detail, "params": told.params}
                session.execute(update(Import).where(Import.id == job.key).values(state=state, failure=failure))
                release_job(session, kind, job.key, job.asked)


def _keep(session: Session, job: Claimed) -> None:
    if not keep_claim(session, job):
        raise _Lost


def _record(session: Session, import_id: str, read: Read, outcomes: list[str | Rejected]) -> None:
    """Notes what came of some rows, in the transaction that wrote them."""
    kept = session.get_one(Import, import_id)
    rejected = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    counts = Counter(kept.counts)
    counts.update("rejected" if isinstance(outcome, Rejected) else outcome for outcome in outcomes)
    keep_rejections(session, import_id, rejected)
    kept.counts, kept.line = dict(counts), _line(read[-1])


def _line(entry: Entry | Rejected) -> int:
    return entry.row.line
