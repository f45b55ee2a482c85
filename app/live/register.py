"""Each worker's copy of the register, brought up to date before it is asked."""

import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.changes import ALL_COMPANIES, Change, companies_changed, latest_change
from app.db.companies import Company
from app.db.profiles import AT_ONCE, profiles
from app.db.statistics import WordStatistics
from matching import Matcher, SnapshotUnusable, Statistics, saved_key

log = logging.getLogger("caravan.register")

NOTHING_READ = -1
SAVED_AFTER = 1000
"""Changes, or a twentieth of the firms, after which the saved register is replaced."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A matcher that knows every change up to and including ``change``."""

    matcher: Matcher
    change: int


class LiveRegister:
    """Holds a matcher; ``fresh`` reads the changes that were committed since and applies them.

    With a ``file`` the register is also kept there, so that the next process need not read every text again.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._held = Fresh(Matcher(), NOTHING_READ)
        self._reading = Lock()
        self._file = file
        self._saved = NOTHING_READ
        self._caretaker: Thread | None = None

    @property
    def change(self) -> int:
        """The newest change that it knows; -1 before anything was read."""
        return self._held.change

    @property
    def companies(self) -> int:
        """How many companies it holds."""
        return len(self._held.matcher)

    def fresh(self, session: Session) -> Fresh:
        """The matcher, with every change that was committed before this call."""
        number = latest_change(session)
        if self._held.change >= number:
            return self._held
        with self._reading:
            number = latest_change(session)
            if self._held.change < number:
                self._held = self._caught_up(session, number)
                self._look_after(session)
            return self._held

    def close(self) -> None:
        """Waits until what is being put in order or saved is done."""
        if self._caretaker is not None:
            self._caretaker.join()

    def _caught_up(self, session: Session, number: int) -> Fresh:
        held = self._held
        if held.change == NOTHING_READ:
            stored = self._stored(session, number)
            if stored is None:
                return Fresh(_everything(session), number)
            held = stored
            self._saved = held.change
        changed = companies_changed(session, held.change, number)
        if ALL_COMPANIES in changed:
            self._saved = NOTHING_READ
            return Fresh(_everything(session), number)
        ids = sorted(changed)
        for start in range(0, len(ids), 10 * AT_ONCE):
            batch = ids[start : start + 10 * AT_ONCE]
            put = profiles(session, batch)
            held.matcher.change(put=put, drop=sorted(set(batch) - {profile.id for profile in put}))
        return Fresh(held.matcher, number)

    def _stored(self, session: Session, number: int) -> Fresh | None:
        """What was saved, if it is of this database as it was at some change."""
        if self._file is None:
            return None
        try:
            key = saved_key(self._file)
            change = int(key["change"] or 0)
            if change > number or key != _key(session, change):
                return None
            return Fresh(Matcher.stored(self._file, key, _statistics(session)), change)
        except FileNotFoundError:
            return None
        except (SnapshotUnusable, OSError, KeyError, ValueError) as unusable:
            log.warning("The saved register cannot be used and is made anew: %s", unusable)
            return None

    def _look_after(self, session: Session) -> None:
        """Tidies and saves aside, one thing at a time."""
        if self._caretaker is not None and self._caretaker.is_alive():
            return
        held = self._held
        due = max(SAVED_AFTER, len(held.matcher) // 20)
        saves = self._file is not None and (self._saved == NOTHING_READ or held.change - self._saved >= due)
        if saves or held.matcher.untidy:
            key = _key(session, held.change) if saves else None
            self._caretaker = Thread(target=self._care, args=(held, key), name="register-keeper", daemon=True)
            self._caretaker.start()

    def _care(self, held: Fresh, key: dict[str, str | int | None] | None) -> None:
        held.matcher.tidy()
        if key is None or self._file is None:
            return
        with self._reading:
            if held is not self._held:  # it knows more by now than the key says; the next change saves it
                return
            snapshot = held.matcher.register.snapshot
        try:
            held.matcher.save(self._file, key, snapshot)
        except OSError as unwritable:  # a full disk is not tried again at each change
            log.warning("The register could not be saved; the next start takes longer: %s", unwritable)
        with self._reading:
            if held.matcher is self._held.matcher:  # else it was read anew meanwhile, and that is not saved yet
                self._saved = held.change


def _key(session: Session, change: int) -> dict[str, str | int | None]:
    """What tells one state of one database from all others, whatever backup it went on from."""
    return {"change": change, "mark": session.scalar(select(Change.mark).where(Change.number == change))}


def _everything(session: Session) -> Matcher:
    matcher = Matcher(statistics=_statistics(session))
    ids = list(session.scalars(select(Company.id).order_by(Company.id)))
    for start in range(0, len(ids), 10 * AT_ONCE):
        matcher.change(put=profiles(session, ids[start : start + 10 * AT_ONCE]))
    return matcher


def _statistics(session: Session) -> Statistics | None:
    row = session.scalar(select(WordStatistics).order_by(WordStatistics.number.desc()).limit(1))
    return None if row is None else Statistics(f"register-{row.number}", row.listings, row.used_by)
