import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO
from itertools import count
from threading import Barrier

import openpyxl
import pytest
from sqlalchemy import select, update

from app.actions.imports import Entry, Key, Rejected, read_entry
from app.actions.uploads import forget_import, read_columns, start_import, stop_import, upload_list
from app.db import Database
from app.db.audit import By
from app.db.base import now
from app.db.companies import Company
from app.db.imports import Import
from app.db.jobs import Job
from app.errors import FileUnreadable, ImportNotReady, NotFound
from app.files import Layout, Row
from app.jobs import imports as jobs
from app.jobs.imports import Importer
from app.queries.companies import document, every_company, filled
from app.queries.imports import import_by_id, rejections, rows_to_mend
from app.settings import Settings
from tests.factories import bin_number

STAFF = By("officer@council.example", "reviewer")


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in book.active.iter_rows():
        for cell in cells:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a text, even where it begins with =
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def russian_list(firms: int = 3) -> bytes:
    rows = [
        (at, f"ТОО «Ұн {at}»", int(bin_number()), "АПК", "Мука; Отруби", f"a{at}@firm.example") for at in range(firms)
    ]
    faulty = (firms, "=1+1", "100140000004", "Рыболовство", "Рыба", "не почта")
    return workbook(
        ("Члены палаты, 2025 год",),
        (),
        ("№", "Название компании", "БИН", "Сектор", "Что предлагает", "E-mail"),
        *rows,
        faulty,
    )


def uploaded(database: Database, content: bytes, name: str = "Список.xlsx") -> Import:
    return upload_list(database.writing, name, content, by=STAFF)


def checked(database: Database, content: bytes, name: str = "Список.xlsx", **constants: str) -> str:
    kept = uploaded(database, content, name)
    with database.writing() as session:
        layout = Layout.of_json(kept.layout)
        read_columns(session, kept.id, layout.targets, {**layout.constants, **constants}, by=STAFF)
    assert Importer(database).check() == 1
    return kept.id


def started(database: Database, import_id: str, *, verified: bool = False) -> str:
    with database.writing() as session:
        start_import(session, import_id, verified=verified, by=STAFF)
    return import_id


def state(database: Database, import_id: str) -> Import:
    with database.reading() as session:
        return import_by_id(session, import_id)


def firms(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.scalars(select(Company.legal_name)))


def test_check_tells_everything_and_writes_nothing(database: Database) -> None:
    import_id = checked(database, russian_list(), country="Казахстан")
    found = state(database, import_id)
    assert (found.state, found.counts, found.rows) == ("checked", {"added": 3, "rejected": 1}, 4)
    assert firms(database) == []
    assert found.preview[0]["company"]["sectors"] == ["agriculture"]
    assert [one["title"] for one in found.preview[0]["company"]["listings"]] == ["Мука", "Отруби"]
    with database.reading() as session:
        (refused,) = rejections(session, import_id)
    assert refused.line == 7
    assert [error["column"] for error in refused.errors] == ["registration_number", "sectors", "contact_email"]


def test_import_runs_and_is_done(database: Database) -> None:
    import_id = started(database, checked(database, russian_list(), country="KZ"), verified=True)
    assert Importer(database).run() == 1
    found = state(database, import_id)
    assert (found.state, found.counts) == ("done", {"added": 3, "rejected": 1})
    assert firms(database) == ["ТОО «Ұн 0»", "ТОО «Ұн 1»", "ТОО «Ұн 2»"]
    with database.reading() as session:
        assert session.scalar(select(Import.content)) is None
        assert set(session.scalars(select(Company.status))) == {"verified"}
    assert Importer(database).run() == 0


@pytest.mark.parametrize("workbooks", [True, False])
def test_mended_rows_are_imported_with_the_same_understanding(database: Database, *, workbooks: bool) -> None:
    import_id = started(database, checked(database, russian_list(), country="KZ"))
    Importer(database).run()
    with database.reading() as session:
        content = rows_to_mend(session, import_id, workbook=workbooks, language="ru")
    if workbooks:
        sheet = openpyxl.load_workbook(BytesIO(content)).active
        assert sheet["B2"].data_type == "s"
        rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    else:
        rows = list(csv.reader(StringIO(content.decode("utf-8-sig")), delimiter=";"))
        assert rows[1][1] == "'=1+1"
    head, faulty = rows
    assert head == ["№", "Название компании", "БИН", "Сектор", "Что предлагает", "E-mail", "Почему не принято"]
    assert faulty[2:6] == ["100140000004", "Рыболовство", "Рыба", "не почта"]
    assert "БИН: Последняя цифра" in faulty[6]
    mended = [faulty[0], faulty[1], bin_number(), "Сельское хозяйство", faulty[4], "a@b.example", faulty[6]]
    if workbooks:
        again = checked(database, workbook(tuple(head), tuple(mended)), "Исправлено.xlsx")
    else:
        out = StringIO()
        csv.writer(out, delimiter=";").writerows([head, mended])
        again = checked(database, out.getvalue().encode("cp1251"), "Исправлено.csv")
    assert state(database, again).counts == {"added": 1}
    started(database, again)
    Importer(database).run()
    assert "=1+1" in firms(database)


def test_second_import_of_a_list_changes_nothing_and_the_check_says_so(database: Database) -> None:
    content = russian_list()
    started(database, checked(database, content, country="KZ"))
    Importer(database).run()
    with database.reading() as session:
        before = [filled(document(one)) for one in every_company(session)]
    again = checked(database, content)
    assert state(database, again).counts == {"unchanged": 3, "rejected": 1}
    started(database, again)
    Importer(database).run()
    assert state(database, again).counts == {"unchanged": 3, "rejected": 1}
    with database.reading() as session:
        assert [filled(document(one)) for one in every_company(session)] == before


def at_row(monkeypatch: pytest.MonkeyPatch, number: int, happens: Callable[[], object]) -> None:
    """Lets something happen, once, when a worker reads its ``number``-th row."""
    rows = count(1)

    def counted(row: Row, seen: set[Key]) -> Entry | Rejected:
        if next(rows) == number:
            happens()
        return read_entry(row, seen)

    monkeypatch.setattr(jobs, "read_entry", counted)


def let_claim_run_out(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Job).where(Job.kind == "import").values(claimed_until=now() - database.claim))


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 1)


@pytest.mark.usefixtures("one_by_one")
def test_another_worker_goes_on_after_a_crash(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed() -> None:
        raise Killed

    import_id = started(database, checked(database, russian_list(5), country="KZ"))
    at_row(monkeypatch, 3, killed)
    with pytest.raises(Killed):
        Importer(database).run()
    found = state(database, import_id)
    assert (found.state, found.line, found.counts) == ("running", 5, {"added": 2})
    assert Importer(database).run() == 0, "the claim of the dead worker still holds"
    let_claim_run_out(database)
    assert Importer(database).run() == 1
    found = state(database, import_id)
    assert (found.state, found.counts) == ("done", {"added": 5, "rejected": 1})
    assert len(firms(database)) == 5


@pytest.mark.usefixtures("one_by_one")
def test_worker_that_was_given_up_writes_nothing_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_worker() -> None:
        let_claim_run_out(database)
        assert Importer(database).run() == 1
        assert state(database, import_id).state == "done"

    import_id = started(database, checked(database, russian_list(5), country="KZ"))
    at_row(monkeypatch, 3, another_worker)
    assert Importer(database).run() == 1
    assert state(database, import_id).counts == {"added": 5, "rejected": 1}


@pytest.mark.usefixtures("one_by_one")
def test_stopped_import_goes_on_where_it_was(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        with database.writing() as session:
            stop_import(session, import_id, by=STAFF)

    import_id = started(database, checked(database, russian_list(5), country="KZ"))
    at_row(monkeypatch, 3, stopped)
    Importer(database).run()
    found = state(database, import_id)
    assert (found.state, found.counts) == ("stopped", {"added": 2})
    assert Importer(database).run() == 0
    started(database, import_id)
    assert Importer(database).run() == 1
    found = state(database, import_id)
    assert (found.state, found.counts) == ("done", {"added": 5, "rejected": 1})


def test_worker_that_ends_gives_its_list_back_at_once(database: Database) -> None:
    import_id = started(database, checked(database, russian_list(), country="KZ"))
    leaving = Importer(database)
    leaving.stop()
    leaving.run()
    assert state(database, import_id).state == "running"
    assert Importer(database).run() == 1
    assert state(database, import_id).state == "done"


def test_two_workers_at_once_import_a_list_once(database: Database) -> None:
    import_id = started(database, checked(database, russian_list(), country="KZ"))
    ready = Barrier(2)

    def work() -> int:
        ready.wait()
        return Importer(database).run()

    with ThreadPoolExecutor(2) as threads:
        assert sum(one.result() for one in [threads.submit(work), threads.submit(work)]) == 1
    assert state(database, import_id).counts == {"added": 3, "rejected": 1}


def test_list_with_too_many_rows_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_ROWS", 3)
    found = state(database, checked(database, russian_list(), country="KZ"))
    assert found.state == "uploaded"
    assert found.failure is not None
    assert found.failure["params"]["most"] == "3"


def test_list_that_breaks_the_reading_fails_and_the_worker_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    import_id = started(database, checked(database, russian_list(), country="KZ"))
    at_row(monkeypatch, 1, broken)
    assert Importer(database).run() == 1
    assert state(database, import_id).state == "failed"
    started(database, import_id)
    Importer(database).run()
    assert state(database, import_id).state == "done"


def test_what_does_not_fit_the_state_is_refused(database: Database) -> None:
    kept = uploaded(database, russian_list())
    layout = Layout.of_json(kept.layout)
    with pytest.raises(ImportNotReady), database.writing() as session:
        start_import(session, kept.id, verified=False, by=STAFF)
    with pytest.raises(ImportNotReady), database.writing() as session:
        stop_import(session, kept.id, by=STAFF)
    with pytest.raises(FileUnreadable, match="Missing: country"), database.writing() as session:
        read_columns(session, kept.id, layout.targets, {}, by=STAFF)
    with database.writing() as session:
        forget_import(session, kept.id, by=STAFF)
    with pytest.raises(NotFound), database.writing() as session:
        start_import(session, kept.id, verified=False, by=STAFF)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("list.pdf", b"%PDF", "should be an Excel workbook"),
        ("list.jsonl", b"{}", "should be an Excel workbook"),
        ("list.xlsx", b"PK\x03\x04 cut", "is not a whole Excel workbook"),
        ("list.csv", b"Company name;Sector", "has no rows"),
        ("list.csv", b"", "has no rows"),
    ],
)
def test_upload_that_is_no_list_says_why(sqlite_settings: Settings, name: str, content: bytes, says: str) -> None:
    database = Database(sqlite_settings)
    with pytest.raises(FileUnreadable, match=says):
        uploaded(database, content, name)
    database.dispose()
