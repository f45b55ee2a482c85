import asyncio
import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event

from app.actions.imports import Report, import_companies, write_rejected
from app.actions.registration import Newcomer, Registrations, add_companies
from app.db import Database
from app.files import as_line, read_rows
from app.queries.companies import document, every_company, filled
from schemas.companies import CompanyIn
from tests.conftest import SHARED
from tests.factories import Document, bin_number, company, kazakh_mill, listing, nigerian_trader


def written(path: Path, *documents: Document) -> Path:
    path.write_text("".join(as_line(one) + "\n" for one in documents), encoding="utf-8")
    return path


def imported(database: Database, path: Path, *, verified: bool = False) -> Report:
    return import_companies(database.writing, read_rows(path), verified=verified)


def exported(database: Database) -> list[dict[str, Any]]:
    with database.reading() as session:
        return [filled(document(one)) for one in every_company(session)]


def test_export_gives_back_what_was_imported(database: Database, tmp_path: Path) -> None:
    documents = [kazakh_mill(summary="«Ұн» – 200 т/күн", founded=2009, size="medium"), nigerian_trader()]
    report = imported(database, written(tmp_path / "in.jsonl", *documents))
    assert (dict(report.counts), report.rejected) == ({"added": 2}, [])
    assert [one | {"listings": one["listings"]} for one in exported(database)] == [
        _without_blanks(d) for d in documents
    ]


def _without_blanks(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value not in (None, [])}


def test_second_import_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", kazakh_mill(), nigerian_trader(), company("NG", registration_number=None))
    assert dict(imported(database, path).counts) == {"added": 3}
    before = exported(database)
    assert dict(imported(database, path).counts) == {"unchanged": 3}
    assert exported(database) == before


def test_good_rows_are_kept_and_faulty_ones_told(database: Database, tmp_path: Path) -> None:
    path = written(
        tmp_path / "in.jsonl",
        kazakh_mill(),
        company("KZ", registration_number="100140000004"),
        company("NG", sectors=["fishing"], colour="red"),
        company("KZ", listings=[listing("offer", "x", hs_codes=["7799"])]),
    )
    with path.open("a", encoding="utf-8") as file:
        file.write("{not json\n\n[1]\n")
    report = imported(database, path)
    assert dict(report.counts) == {"added": 1}
    assert [row.line for row in report.rejected] == [2, 3, 4, 5, 7]
    assert report.rejected[0].reasons[0].startswith("/registration_number: The last digit of this BIN")
    assert {reason.partition(":")[0] for reason in report.rejected[1].reasons} == {"/sectors/0", "/colour"}
    assert "7799" in report.rejected[2].reasons[0]
    lines = [
        json.loads(line)
        for line in write_rejected(report, tmp_path / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [line["line"] for line in lines] == [2, 3, 4, 5, 7]
    assert json.loads(lines[0]["row"])["registration_number"] == "100140000004"


def test_firm_without_a_number_is_told_apart_by_name(database: Database, tmp_path: Path) -> None:
    rows = [
        company("NG", legal_name="Abuja Grains Nig. Ltd", registration_number=None, contact=None),
        company("NG", legal_name="ABUJA GRAINS NIGERIA LIMITED", registration_number=None, contact=None),
    ]
    rows[1]["listings"] = [listing("offer", "Sesame seeds")]
    assert dict(imported(database, written(tmp_path / "in.jsonl", *rows)).counts) == {"added": 1, "changed": 1}
    (found,) = exported(database)
    assert found["legal_name"] == "Abuja Grains Nig. Ltd"
    assert [one["title"] for one in found["listings"]] == ["Sesame seeds"]


def test_status_of_an_imported_firm(database: Database, tmp_path: Path) -> None:
    bare = company("KZ", contact=None)
    path = written(tmp_path / "in.jsonl", kazakh_mill(), bare)
    imported(database, path)
    vouched = written(tmp_path / "vouched.jsonl", nigerian_trader())
    imported(database, vouched, verified=True)
    with database.reading() as session:
        assert [one.status for one in every_company(session)] == ["submitted", "unclaimed", "verified"]


def test_list_does_not_overwrite_what_a_firm_wrote_itself(database: Database, tmp_path: Path) -> None:
    own = kazakh_mill(city="Qostanay")
    asyncio.run(Registrations(database.writing).register(CompanyIn.model_validate(own)))
    from_list = own | {"city": "Rudny", "summary": "From a list", "listings": [listing("offer", "Макароны")]}
    assert dict(imported(database, written(tmp_path / "in.jsonl", from_list)).counts) == {"changed": 1}
    (found,) = exported(database)
    assert (found["city"], found["summary"]) == ("Qostanay", "From a list")
    assert [one["title"] for one in found["listings"]][-1] == "Макароны"
    assert len(found["listings"]) == 3


def test_faulty_and_repeated_rows_in_the_middle_of_a_batch(database: Database, tmp_path: Path) -> None:
    first, nameless = kazakh_mill(), company("NG", registration_number=None)
    more = [listing("offer", "Отруби пшеничные")]
    path = written(
        tmp_path / "in.jsonl",
        first,
        company("KZ", registration_number="100140000004"),
        nameless,
        first | {"listings": more, "city": "Rudny"},
        nigerian_trader(),
        nameless,
        first | {"listings": [listing("need", f"Сахар {at}") for at in range(100)]},
        company("NG"),
    )
    report = imported(database, path)
    assert dict(report.counts) == {"added": 4, "changed": 1, "unchanged": 1}
    assert [row.line for row in report.rejected] == [2, 7]
    found = {one.get("registration_number"): one for one in exported(database)}
    assert len(found) == 4
    mill = found[first["registration_number"]]
    assert mill["city"] == "Rudny"
    assert mill["listings"] == first["listings"] + more


def test_number_taken_between_look_up_and_insert_is_refused(database: Database, tmp_path: Path) -> None:
    """PostgreSQL lets another writer come between; SQLite makes it wait, and then it is the one to be refused."""
    number = bin_number()
    refused: list[str] = []

    def another_writer() -> None:
        data = CompanyIn.model_validate(kazakh_mill(registration_number=number))
        with database.writing() as session:
            failures = add_companies(session, [Newcomer(data, "submitted")])
        refused.extend(str(failure) for failure in failures if failure)

    other = Thread(target=another_writer)

    def after_look_up(*happening: object) -> None:
        if "registration_number IN" in str(happening[2]) and other.ident is None:
            other.start()
            other.join(timeout=1.0)

    event.listen(database.engine, "after_cursor_execute", after_look_up)
    path = written(tmp_path / "in.jsonl", kazakh_mill(), kazakh_mill(registration_number=number), kazakh_mill())
    report = imported(database, path)
    other.join()
    (sentence,) = [*refused, *(reason for row in report.rejected for reason in row.reasons)]
    assert sentence.startswith("A company with this registration number is in the register already.")
    assert bool(report.rejected) == (database.engine.dialect.name == "postgresql")
    firms = exported(database)
    assert len(firms) == 3
    assert [len(one["listings"]) for one in firms if one["registration_number"] == number] == [2]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public lists are not beside the repository")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["kz_exporters.jsonl", "ng_contractors.jsonl"])
def test_real_list_imports_unmodified_and_again(database: Database, name: str) -> None:
    path = SHARED / name
    first = imported(database, path)
    rows = len(path.read_text(encoding="utf-8").splitlines())
    assert sum(first.counts.values()) + len(first.rejected) == rows
    assert first.counts["added"] > 0.9 * rows
    again = imported(database, path)
    assert set(again.counts) == {"unchanged"}
    assert len(again.rejected) == len(first.rejected)
