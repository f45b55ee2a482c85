"""Nothing that a firm ever said is found anywhere once it is erased."""

import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook
from sqlalchemy import LargeBinary, select
from sqlalchemy.orm import Session

from app.actions.companies import delete_company
from app.actions.letters import Letter, ask_to_confirm
from app.actions.merges import merge_companies
from app.actions.sessions import Browser, send_link, sign_in_company
from app.actions.statistics import refresh_statistics
from app.actions.uploads import read_columns, start_import, upload_list
from app.application import create_app
from app.db import Base, Database
from app.db.companies import Company
from app.db.consents import ErasedCompany
from app.db.imports import Import
from app.db.matches import Review
from app.errors import ImportNotReady
from app.jobs.imports import Importer
from app.jobs.queue import QueueKeeper
from app.jobs.tidying import Tidier
from app.live import LiveRegister
from app.queries.overview import months
from app.settings import Settings
from tests.conftest import Registered
from tests.factories import OFFICER, bin_number, kazakh_mill, listing, nigerian_trader

MARK = "tridakon"
"""Stands in every text of the firm."""
HEADINGS = ("Country", "Legal name", "Registration number", "Sectors", "Offers", "Contact e-mail", "About the firm")


def everything(session: Session) -> Iterator[tuple[str, str]]:
    """Every text in every table, with its table; files as bytes are written."""
    for table in Base.metadata.sorted_tables:
        for row in session.execute(select(table)).mappings():
            for column in table.columns:
                held = row[column.name]
                if held is not None:
                    text = (
                        held.decode("latin-1")
                        if isinstance(column.type, LargeBinary)
                        else json.dumps(held, default=str)
                    )
                    yield f"{table.name}.{column.name}", text.lower()


def found(session: Session) -> list[str]:
    return [f"{place}: {text[:200]}" for place, text in everything(session) if MARK in text]


def marked(word: str) -> str:
    return f"{MARK}{word} {word}"


def firm(number: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any field of the contract
    return (
        kazakh_mill(
            legal_name=marked("legal"),
            trading_name=marked("trading"),
            registration_number=number,
            city=marked("city"),
            website=f"https://{MARK}.example/page",
            summary=marked("summary"),
            contact={
                "name": marked("person"),
                "role": marked("role"),
                "email": f"{MARK}@firm.example",
                "phone": "+77142000000",
            },
            listings=[
                listing("offer", f"Мука пшеничная {MARK}flour", text=marked("text"), certificates=[marked("paper")]),
                listing(
                    "need", f"Какао-порошок {MARK}cocoa", volume={"amount": 5, "unit": f"t {MARK}", "per": "month"}
                ),
            ],
        )
        | fields
    )


def rows(number: str) -> list[list[str]]:
    """A list with the firm twice, the second row faulty, and another firm."""
    contact = f"{MARK}@firm.example"
    about = marked("about")
    return [
        list(HEADINGS),
        ["KZ", marked("legal"), number, "agriculture", marked("listed"), contact, about],
        ["KZ", marked("legal"), number, "nonsense", marked("refused"), contact, about],
        ["KZ", "ТОО «Другая»", bin_number(), "agriculture", "Пшеница", "other@firm.example", ""],
    ]


def as_csv(number: str) -> bytes:
    return "\n".join(";".join(cells) for cells in rows(number)).encode()


def as_workbook(number: str) -> bytes:
    book = Workbook()
    for cells in rows(number):
        book.active.append(cells)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def upload(database: Database, name: str, content: bytes, *, to_the_end: bool) -> str:
    importer = Importer(database)
    kept = upload_list(database.writing, name, content, by=OFFICER)
    with database.writing() as session:
        read_columns(session, kept.id, kept.layout["targets"], {}, by=OFFICER)
    while importer.check():
        pass
    if to_the_end:
        with database.writing() as session:
            start_import(session, kept.id, verified=False, by=OFFICER)
        while importer.run():
            pass
    return str(kept.id)


@pytest.fixture
def decided(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database, settings: Settings
) -> dict[str, str]:
    """A firm with a history: imported, merged, decided on, signed in, written to."""
    number = bin_number()
    mill, trader = register(firm(number)), register(nigerian_trader())
    upload(database, "done.csv", as_csv(number), to_the_end=True)
    pending = [
        upload(database, "waiting.csv", as_csv(number), to_the_end=False),
        upload(database, "waiting.xlsx", as_workbook(number), to_the_end=False),
    ]
    twin = register(firm(bin_number(), legal_name=marked("twin")), verified=False)
    match_id = f"{mill['id']}.{trader['id']}"
    review = {"decision": "rejected", "reason": "other", "note": marked("note")}
    assert client.put(f"/v1/matches/{match_id}/review", json=review, headers=staff).status_code == 200
    reason = {"status": "verified", "reason": marked("reason")}
    assert client.put(f"/v1/companies/{mill['id']}/status", json=reason, headers=staff).status_code == 200
    with database.writing() as session:
        merge_companies(session, mill["id"], twin["id"], by=OFFICER)
        sign_in_company(session, mill["id"], Browser("203.0.113.1", marked("browser")))
        send_link(session, mill["id"], language="en", base=f"http://{MARK}.example/")
        company = session.get_one(Company, mill["id"])
        ask_to_confirm(session, company, Letter("en", f"http://{MARK}.example/"))
        refresh_statistics(session, by=OFFICER)
    live = LiveRegister()
    QueueKeeper(database, live, settings.queue_size).work_off()
    live.close()
    return {"mill": mill["id"], "match": match_id, "csv": pending[0], "xlsx": pending[1]}


def test_nothing_of_an_erased_firm_is_left(
    client: TestClient, staff: dict[str, str], database: Database, settings: Settings, decided: dict[str, str]
) -> None:
    with database.reading() as session:
        places = {one.partition(":")[0] for one in found(session)}
        assert places >= {
            "companies.legal_name", "listings.text", "status_changes.reason", "pairs.picture", "reviews.note",
            "merges.rows", "merges.kept_before", "imports.content", "imports.preview", "imports.layout",
            "import_rejections.cells", "search_texts.words", "likeness_keys.key", "sessions.browser", "jobs.payload",
            "word_statistics.used_by",
        }  # fmt: skip
    assert client.delete(f"/v1/companies/{decided['mill']}", headers=staff | {"If-Match": "*"}).status_code == 204
    with database.reading() as session:
        assert found(session) == []
        assert not [text for _, text in everything(session) if "+77142000000" in text]
    assert Tidier(database, settings).work() == 1, "an erasure asks for it"
    for file in settings.data_dir.glob("*"):
        assert MARK.encode() not in file.read_bytes().lower(), file.name


def test_counts_stay_and_name_nobody(
    client: TestClient, staff: dict[str, str], database: Database, decided: dict[str, str]
) -> None:
    today = date.today()  # noqa: DTZ011  # the month at hand
    with database.reading() as session:
        before = months(session, today)[-1]
    client.delete(f"/v1/companies/{decided['mill']}", headers=staff | {"If-Match": "*"})
    with database.reading() as session:
        (kept,) = session.scalars(select(ErasedCompany))
        assert (kept.country, kept.region, kept.sectors, kept.verified) == ("KZ", "KZ-39", ["agriculture"], True)
        assert (kept.decisions, list(kept.found.values())) == ({"rejected": 1}, [1])
        assert decided["mill"] not in json.dumps([text for place, text in everything(session) if "erased" in place])
        after = months(session, today)[-1]
        assert (after.found, after.decisions) == (before.found, before.decisions)
        (review,) = session.scalars(select(Review))
        assert (review.decision, review.note) == ("rejected", None)


def test_lists_that_still_wait_do_not_bring_an_erased_firm_back(
    database: Database, decided: dict[str, str], client: TestClient
) -> None:
    with database.writing() as session:
        delete_company(session, decided["mill"], if_version="*", by=OFFICER)
    for name in ("csv", "xlsx"):
        with database.reading() as session:
            kept = session.get_one(Import, decided[name])
            assert kept.state == "failed"
            assert kept.failure is not None
            assert "erased" in kept.failure["message"]
        with database.writing() as session, pytest.raises(ImportNotReady, match="not kept any more"):
            start_import(session, decided[name], verified=False, by=OFFICER)
    del client


def test_other_firms_lists_stay(database: Database, register: Registered) -> None:
    mill = register(firm(bin_number()))
    number = bin_number()
    line = ["KZ", "ТОО «Другая»", number, "agriculture", "Пшеница", "other@firm.example", ""]
    content = "\n".join([";".join(HEADINGS), ";".join(line)]).encode()
    waiting = upload(database, "other.csv", content, to_the_end=False)
    with database.writing() as session:
        delete_company(session, mill["id"], if_version="*", by=OFFICER)
    with database.reading() as session:
        kept = session.get_one(Import, waiting)
        assert kept.state == "checked"
        assert [one["company"]["registration_number"] for one in kept.preview] == [number]


def test_start_overwrites_what_is_deleted(sqlite_settings: Settings) -> None:
    with TestClient(create_app(sqlite_settings)):
        database = Database(sqlite_settings)
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        database.dispose()
