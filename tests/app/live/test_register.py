import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import select

from app.actions.companies import delete_company, set_status
from app.actions.registration import Newcomer, add_companies
from app.actions.statistics import refresh_statistics
from app.db import Database
from app.db.audit import COMMAND_LINE
from app.db.companies import Company
from app.live import LiveRegister
from app.settings import Settings
from matching import Listing, Matcher, Relevance, Status, Wanted
from matching.relevance import Vectors
from schemas.companies import CompanyIn
from tests.factories import Document, company, kazakh_mill, listing, nigerian_trader

TODAY = date(2026, 7, 1)
EVERYBODY = Wanted(statuses=("verified", "submitted", "unclaimed", "suspended"))


@pytest.fixture
def file(settings: Settings) -> Path:
    return settings.register_file


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Titles of the listings whose texts were read."""
    titles: list[str] = []
    vectors = Relevance.vectors

    def counted(relevance: Relevance, listings: Sequence[Listing]) -> Vectors:
        titles.extend(one.title for one in listings)
        return vectors(relevance, listings)

    monkeypatch.setattr(Relevance, "vectors", counted)
    return titles


def add(database: Database, *documents: Document) -> list[str]:
    newcomers = [Newcomer(CompanyIn.model_validate(one), "verified") for one in documents]
    with database.writing() as session:
        assert add_companies(session, newcomers) == [None] * len(newcomers)
    return [newcomer.id for newcomer in newcomers]


def set_to(database: Database, company_id: str, status: Status) -> None:
    with database.writing() as session:
        set_status(session, company_id, status, reason=None, by=COMMAND_LINE)


def remove(database: Database, company_id: str) -> None:
    with database.writing() as session:
        delete_company(session, company_id, if_version="*", by=COMMAND_LINE)


def refresh(database: Database) -> None:
    with database.writing() as session:
        refresh_statistics(session, by=COMMAND_LINE)


def catch_up(live: LiveRegister, database: Database) -> Matcher:
    """The register as it is asked for now; when this returns, it is saved if it was due."""
    with database.reading() as session:
        matcher = live.fresh(session).matcher
    live.close()
    return matcher


def started(database: Database, file: Path | None) -> Matcher:
    """The register of a process that just started."""
    return catch_up(LiveRegister(file), database)


def known(matcher: Matcher, ids: Sequence[str]) -> list[object]:
    """All that the given firms are told of each other."""
    rankings = [matcher.rank(one, today=TODAY, limit=100, wanted=EVERYBODY).matches for one in ids]
    return [[(match.probability, match.theirs, match.evidence) for match in ranking] for ranking in rankings]


def assert_right(matcher: Matcher, database: Database) -> None:
    """It answers as one does that reads everything from the database."""
    with database.reading() as session:
        ids = list(session.scalars(select(Company.id).order_by(Company.id)))
    assert len(matcher) == len(ids)
    assert known(matcher, ids) == known(started(database, None), ids)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def written(file: Path) -> tuple[int, int]:
    """Tells one writing of a file from another."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns


def test_second_start_reads_only_what_changed_since(
    database: Database, file: Path, read: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    mill, trader, gone = add(database, kazakh_mill(), nigerian_trader(), company("NG"))
    started(database, file)
    assert len(read) == 4
    before = written(file)
    read.clear()
    assert_right(started(database, file), database)
    assert len(read) == 4  # by the one that it is held against

    set_to(database, trader, "suspended")
    remove(database, gone)
    add(database, nigerian_trader(listings=[listing("offer", "Sesame seeds")]))
    read.clear()
    matcher = started(database, file)
    assert sorted(read) == ["Cocoa powder, alkalised 10/12", "Sesame seeds", "Wheat flour for bakeries"]
    assert_right(matcher, database)
    seen = {match.theirs.status for match in matcher.rank(mill, today=TODAY, limit=9, wanted=EVERYBODY).matches}
    assert seen == {"verified", "suspended"}
    with pytest.raises(KeyError):
        matcher.rank(gone, today=TODAY, limit=1)
    assert written(file) == before
    assert warnings(caplog) == []


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 8
    file.write_bytes(content)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def of_another_program(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" * 100)


def of_another_engine(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"engine": "', b'"engine": "0', 1))


@pytest.mark.parametrize("damage", [flipped, cut, emptied, of_another_program, of_another_engine])
def test_unusable_file_is_told_once_and_made_anew(
    database: Database,
    file: Path,
    read: list[str],
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
) -> None:
    add(database, kazakh_mill(), nigerian_trader())
    started(database, file)
    damage(file)
    assert_right(started(database, file), database)
    assert len(warnings(caplog)) == 1
    read.clear()
    assert_right(started(database, file), database)
    assert len(read) == 4
    assert len(warnings(caplog)) == 1


def test_file_of_an_older_engine_is_made_anew(
    database: Database, file: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, kazakh_mill(), nigerian_trader())
    with monkeypatch.context() as older:
        older.setattr("matching.index.stored.engine_version", lambda: "older")
        started(database, file)
    assert_right(started(database, file), database)
    started(database, file)
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("refreshed", [False, True])
def test_file_of_another_database_is_not_used(  # noqa: PLR0913  # fixtures
    database: Database,
    file: Path,
    sqlite_template: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    refreshed: bool,
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "caravan.sqlite3")
    other = Database(Settings(data_dir=folder))
    for one in (other, database):
        add(one, kazakh_mill(), nigerian_trader())
        if refreshed:
            refresh(one)
    started(other, file)
    theirs = file.read_bytes()
    other.dispose()
    assert_right(started(database, file), database)
    assert file.read_bytes() != theirs
    assert warnings(caplog) == []


@dataclass
class Restored:
    """An embedded database that can be set back to what it was."""

    settings: Settings
    database: Database

    @property
    def _files(self) -> tuple[Path, Path]:
        return self.settings.data_dir / "caravan.sqlite3", self.settings.data_dir / "backup"

    def back_up(self) -> None:
        self.database.dispose()  # the last connection writes the log into the file
        shutil.copy(*self._files)

    def restore(self) -> None:
        self.database.dispose()
        shutil.copy(*reversed(self._files))


@pytest.fixture
def restored(sqlite_settings: Settings) -> Iterator[Restored]:
    found = Restored(sqlite_settings, Database(sqlite_settings))
    yield found
    found.database.dispose()


Course = Callable[[Database, str], object]


def nothing(_: Database, __: str) -> None:
    """Nothing happens."""


def another_firm(database: Database, _: str) -> None:
    add(database, nigerian_trader())


def many_firms(database: Database, _: str) -> None:
    add(database, *(nigerian_trader() for _ in range(5)))


def suspension(database: Database, company_id: str) -> None:
    set_to(database, company_id, "suspended")


def submission(database: Database, company_id: str) -> None:
    set_to(database, company_id, "submitted")


def firm_and_refresh(database: Database, _: str) -> None:
    add(database, nigerian_trader())
    refresh(database)


@pytest.mark.parametrize(
    ("course", "other_course"),
    [
        (another_firm, nothing),
        (another_firm, another_firm),
        (another_firm, many_firms),
        (another_firm, suspension),
        (suspension, nothing),
        (firm_and_refresh, another_firm),
        (suspension, submission),
        (firm_and_refresh, firm_and_refresh),
    ],
)
def test_file_of_a_course_that_was_taken_back_is_not_used(
    restored: Restored, course: Course, other_course: Course
) -> None:
    database, file = restored.database, restored.settings.register_file
    mill, _ = add(database, kazakh_mill(), nigerian_trader())
    restored.back_up()
    course(database, mill)
    started(database, file)
    restored.restore()
    other_course(database, mill)
    assert_right(started(database, file), database)
    assert_right(started(database, file), database)


def test_refreshed_statistics_make_the_file_anew(
    database: Database, file: Path, read: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    add(database, kazakh_mill(), nigerian_trader())
    live = LiveRegister(file)
    catch_up(live, database)
    refresh(database)
    for one in (live, LiveRegister(file)):
        before = written(file)
        read.clear()
        matcher = catch_up(one, database)
        assert len(read) == 4
        assert matcher.relevance.statistics.version.startswith("register-")
        assert_right(matcher, database)
        assert written(file) != before
        read.clear()
        assert_right(started(database, file), database)
        assert len(read) == 4
        refresh(database)
    assert warnings(caplog) == []


@contextmanager
def meanwhile(monkeypatch: pytest.MonkeyPatch, method: str, live: LiveRegister, database: Database) -> Iterator[None]:
    """The block happens while the live register is held up in tidying or saving; it catches up and then goes on."""
    begun, goes_on = Event(), Event()
    done: Callable[..., None] = getattr(Matcher, method)

    def done_late(*arguments: object) -> None:
        begun.set()
        assert goes_on.wait(10)
        done(*arguments)

    with monkeypatch.context() as slow:
        slow.setattr(Matcher, method, done_late)
        with database.reading() as session:
            live.fresh(session)
        try:
            assert begun.wait(10)
            yield
            with database.reading() as session:
                live.fresh(session)
        finally:
            goes_on.set()
            live.close()


@pytest.mark.parametrize("method", ["tidy", "save"])
def test_refresh_during_a_saving_is_saved_with_the_next_change(
    database: Database, file: Path, read: list[str], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    mill, _ = add(database, kazakh_mill(), nigerian_trader())
    live = LiveRegister(file)
    with meanwhile(monkeypatch, method, live, database):
        refresh(database)
    set_to(database, mill, "submitted")
    catch_up(live, database)
    read.clear()
    assert_right(started(database, file), database)
    assert len(read) == 4


@pytest.mark.parametrize("method", ["tidy", "save"])
def test_file_knows_no_later_change_than_it_says(
    restored: Restored, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    database, file = restored.database, restored.settings.register_file
    mill, _ = add(database, kazakh_mill(), nigerian_trader())
    restored.back_up()
    live = LiveRegister(file)
    with meanwhile(monkeypatch, method, live, database):
        set_to(database, mill, "suspended")
    assert file.exists() == (method == "save")
    restored.restore()
    assert_right(started(database, file), database)


def test_file_is_made_anew_after_enough_changes(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.register.SAVED_AFTER", 3)
    add(database, kazakh_mill(), nigerian_trader())
    live = LiveRegister(file)
    catch_up(live, database)
    anew = []
    for _ in range(7):
        before = written(file)
        add(database, nigerian_trader())
        catch_up(live, database)
        anew.append(written(file) != before)
    assert anew == [False, False, True, False, False, True, False]
    assert_right(started(database, file), database)


def test_start_with_many_changes_since_makes_the_file_anew(
    database: Database, file: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.register.SAVED_AFTER", 3)
    add(database, kazakh_mill())
    started(database, file)
    add(database, *(nigerian_trader() for _ in range(3)))
    before = written(file)
    assert_right(started(database, file), database)
    assert written(file) != before
    read.clear()
    started(database, file)
    assert read == []


def test_folder_that_cannot_be_written_costs_one_warning(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path / "nowhere")
    live = LiveRegister(folder / "register.index")
    for _ in range(3):
        add(database, kazakh_mill(), nigerian_trader())
        assert_right(catch_up(live, database), database)
    assert len(warnings(caplog)) == 1


def test_firms_deleted_since_are_gone(database: Database, file: Path) -> None:
    ids = add(database, kazakh_mill(), nigerian_trader(), nigerian_trader())
    started(database, file)
    remove(database, ids[1])
    matcher = started(database, file)
    assert [match.theirs.id for match in matcher.rank(ids[0], today=TODAY, limit=9).matches] == [ids[2]]
    for company_id in (ids[0], ids[2]):
        remove(database, company_id)
    assert len(started(database, file)) == 0


def test_file_of_an_empty_database_fits_it(
    database: Database, file: Path, read: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    started(database, file)
    before = written(file)
    assert len(started(database, file)) == 0
    assert written(file) == before
    add(database, kazakh_mill(), nigerian_trader())
    assert_right(started(database, file), database)
    assert warnings(caplog) == []


def missing(file: Path) -> None:
    file.unlink()


def untouched(_: Path) -> None:
    """The file is as it was saved, some changes ago."""


@pytest.mark.parametrize("state", [missing, untouched, flipped])
def test_workers_that_start_at_once_are_all_right(
    database: Database,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    state: Callable[[Path], None],
) -> None:
    monkeypatch.setattr("app.live.register.SAVED_AFTER", 2)
    add(database, kazakh_mill(), nigerian_trader())
    started(database, file)
    add(database, *(nigerian_trader() for _ in range(4)))
    state(file)
    together = Barrier(4)

    def start() -> Matcher:
        together.wait()
        return started(database, file)

    with ThreadPoolExecutor(4) as pool:
        starting = [pool.submit(start) for _ in range(4)]
    for one in starting:
        assert_right(one.result(), database)
    caplog.clear()
    assert_right(started(database, file), database)
    assert warnings(caplog) == []
    assert [entry.name for entry in file.parent.glob(f"{file.name}*")] == [file.name]


def test_without_a_file_nothing_is_kept(database: Database, settings: Settings) -> None:
    add(database, kazakh_mill(), nigerian_trader())
    assert_right(started(database, None), database)
    assert not settings.register_file.exists()
