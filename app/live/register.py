"""Each worker's copy of the register, brought up to date before it is asked."""

from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.changes import ALL_COMPANIES, companies_changed, latest_change
from app.db.companies import Company
from app.db.profiles import AT_ONCE, profiles
from app.db.statistics import WordStatistics
from matching import Matcher, Statistics

NOTHING_READ = -1


@dataclass(frozen=True, slots=True)
class Fresh:
    """A matcher that knows every change up to and including ``change``."""

    matcher: Matcher
    change: int


class LiveRegister:
    """Holds a matcher; ``fresh`` reads the changes that were committed since and applies them."""

    def __init__(self) -> None:
        self._held = Fresh(Matcher(), NOTHING_READ)
        self._reading = Lock()

    def fresh(self, session: Session) -> Fresh:
        """The matcher, with every change that was committed before this call."""
        number = latest_change(session)
        if self._held.change >= number:
            return self._held
        with self._reading:
            number = latest_change(session)
            if self._held.change < number:
                self._held = self._caught_up(session, number)
            return self._held

    def _caught_up(self, session: Session, number: int) -> Fresh:
        held = self._held
        if held.change == NOTHING_READ:
            return Fresh(_everything(session), number)
        changed = companies_changed(session, held.change, number)
        if ALL_COMPANIES in changed:
            return Fresh(_everything(session), number)
        put = profiles(session, sorted(changed))
        held.matcher.change(put=put, drop=sorted(changed - {profile.id for profile in put}))
        return Fresh(held.matcher, number)


def _everything(session: Session) -> Matcher:
    matcher = Matcher(statistics=_statistics(session))
    ids = list(session.scalars(select(Company.id).order_by(Company.id)))
    for start in range(0, len(ids), 10 * AT_ONCE):
        matcher.change(put=profiles(session, ids[start : start + 10 * AT_ONCE]))
    return matcher


def _statistics(session: Session) -> Statistics | None:
    row = session.scalar(select(WordStatistics).order_by(WordStatistics.number.desc()).limit(1))
    return None if row is None else Statistics(f"register-{row.number}", row.listings, row.used_by)
