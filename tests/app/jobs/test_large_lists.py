"""Lists of a million rows are refused in memory that does not grow with them."""

import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import openpyxl
import pytest

from app.actions.uploads import read_columns, upload_list
from app.db import Database
from app.errors import FileUnreadable
from app.files import Layout, Source, first_rows
from app.jobs import imports as jobs
from app.jobs.imports import Importer
from app.queries.imports import import_by_id
from app.settings import MIB, Settings
from tests.factories import OFFICER

ROWS = 1_000_000
HEADINGS = ("country", "legal_name", "sectors")
MOST_MIB = 48


def csv_list() -> bytes:
    return (",".join(HEADINGS) + "\n").encode() + b"KZ,Mill,it\n" * ROWS


def workbook_list() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    small, out = BytesIO(), BytesIO()
    book.save(small)
    row = (
        b"<row>"
        + b"".join(b'<c t="inlineStr"><is><t>%s</t></is></c>' % one for one in (b"KZ", b"Mill", b"it"))
        + b"</row>"
    )
    with zipfile.ZipFile(small) as parts, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name in parts.namelist():
            with made.open(name, "w") as part:
                before, end, after = parts.read(name).partition(b"</sheetData>")
                part.write(before)
                for _ in range(ROWS // 10_000 if end else 0):
                    part.write(row * 10_000)
                part.write(end + after)
    return out.getvalue()


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST_MIB * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("name", "made"), [("list.csv", csv_list), ("list.xlsx", workbook_list)])
def test_million_rows_are_refused_in_little_memory(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, made: Callable[[], bytes]
) -> None:
    assert jobs.MOST_ROWS < ROWS
    monkeypatch.setattr(jobs, "MOST_ROWS", 2_000)  # the same way, without checking 200,000 rows first
    content = made()
    assert len(content) < sqlite_settings.max_upload_bytes
    database = Database(sqlite_settings)
    kept = upload_list(database.writing, name, content, by=OFFICER)
    with database.writing() as session:
        read_columns(session, kept.id, Layout.of_json(kept.layout).targets, {}, by=OFFICER)
    with little_memory():
        assert Importer(database).check() == 1
    with database.reading() as session:
        found = import_by_id(session, kept.id)
        assert (found.state, found.counts) == ("uploaded", {})
        assert "has more than {most} rows" in str(found.failure)
    database.dispose()


def test_workbook_with_too_many_texts_is_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    out = BytesIO()
    book.save(out)
    with zipfile.ZipFile(out, "a") as parts:
        parts.writestr("xl/sharedStrings.xml", b"<sst>" + b" " * 200_000 + b"</sst>")
    source = Source.of("list.xlsx", out.getvalue())
    assert first_rows(source, 1)
    monkeypatch.setattr("app.files.tables.MOST_SHARED", 100_000)
    with pytest.raises(FileUnreadable, match="holds more text"):
        first_rows(source, 1)
