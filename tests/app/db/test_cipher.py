"""Contacts are encrypted at rest where a key is set: nobody reads them in the database, and nothing else changes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import select, text

from app.actions.keys import clean_up, require_keys, rotate_keys
from app.actions.merges import undo_merge
from app.actions.passwords import new_totp_secret
from app.actions.sessions import ask_for_link
from app.actions.staff import add_staff, staff_member
from app.actions.uploads import read_columns, start_import, upload_list
from app.application import create_app
from app.db import Base, Database
from app.db.cipher import SIGN, new_key
from app.db.companies import Company
from app.db.keys import SecretKey
from app.db.staff import StaffMember
from app.errors import ContactsLocked, SecretUnreadable
from app.files import Layout
from app.jobs.imports import Importer
from app.jobs.mail import Postman
from app.queries.companies import companies_of_address, document, every_company
from app.queries.duplicates import duplicates_of, likely_duplicates
from app.queries.imports import import_by_id, rows_to_mend
from app.queries.search import CompanyFilter, search
from app.settings import Settings
from tests.app.actions.test_merges import add, merge
from tests.app.console.conftest import NOBODY
from tests.conftest import bearer
from tests.factories import OFFICER, Document, bin_number, kazakh_mill

MARKERS = ("Zulfiya", "Qanatova", "zq.mark@mark-private.example", "mark-private", "7019998877", "Chief Marker")
MORE = ("nurlan@list-private.example", "list-private", "Nurlan Marker", "nobody-at-marker")
CONTACT = {
    "name": "Zulfiya Qanatova",
    "role": "Chief Marker",
    "email": "zq.mark@mark-private.example",
    "phone": "+7 701 999 88 77",
}


def keyed(settings: Settings, *keys: str) -> Settings:
    return settings.model_copy(update={"contact_keys": SecretStr(", ".join(keys)) if keys else None})


@pytest.fixture
def key() -> str:
    return new_key()


Open = Callable[..., Database]


@pytest.fixture
def opened(settings: Settings) -> Iterator[Open]:
    """Opens the database with some keys, as the service does."""
    databases = []

    def found(*keys: str, writes_plain: bool = False) -> Database:
        databases.append(Database(keyed(settings, *keys), writes_plain=writes_plain))
        require_keys(databases[-1])
        return databases[-1]

    yield found
    for database in databases:
        database.dispose()


def held(database: Database) -> bytes:
    """Everything in the database as it stands on the disk, or in all rows of all tables."""
    if database.engine.dialect.name == "sqlite":
        file = Path(database.engine.url.database or "")
        return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))
    rows = []
    with database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(text(f"SELECT * FROM {table.name}")):  # noqa: S608  # our own tables
                rows += [bytes(one) if isinstance(one, memoryview | bytes) else str(one).encode() for one in row]
    return b"\n".join(rows)


def found_in(database: Database, markers: tuple[str, ...]) -> list[str]:
    kept = held(database).lower()
    return [marker for marker in markers if marker.lower().encode() in kept]


def fill(database: Database) -> dict[str, str]:
    """A register with contacts wherever they are kept; ids by name."""
    ids = {
        "one": add(database, kazakh_mill(contact=CONTACT)),
        "other": add(database, kazakh_mill(contact=CONTACT)),
        "third": add(database, kazakh_mill(contact={"email": "zq.mark2@mark-private.example"})),
    }
    ids["merge"] = merge(database, ids["one"], ids["other"])
    lines = [
        "Название компании,БИН,Страна,Сектор,Контактное лицо,E-mail",
        f"Ұн,{bin_number()},KZ,agriculture,Nurlan Marker,nurlan@list-private.example",
        f"Дән,{bin_number()},KZ,agriculture,Nurlan Marker,nobody-at-marker",
    ]
    kept = upload_list(database.writing, "list.csv", "\n".join(lines).encode(), by=OFFICER)
    ids["import"] = kept.id
    with database.writing() as session:
        read_columns(session, kept.id, Layout.of_json(kept.layout).targets, {}, by=OFFICER)
    Importer(database).check()
    with database.writing() as session:
        ids["officer"] = staff_member(session, "a@council.example", "admin").id
        session.get_one(StaffMember, ids["officer"]).totp_secret = TOTP
    return ids


TOTP = new_totp_secret()


def exported(database: Database) -> list[Document]:
    with database.reading() as session:
        return [document(company) for company in every_company(session)]


def hits(database: Database, words: str) -> int:
    with database.reading() as session:
        return search(session, CompanyFilter(words=words), limit=5).total


def check_everything_works(database: Database, ids: dict[str, str]) -> None:
    """What is read, found, compared, mailed, merged, parted and imported is what it is without a key."""
    contacts = [company["contact"] for company in exported(database)]
    assert CONTACT in contacts
    for words in ("zulf", "Зульфия", "qanatova kostanay", "zq.mark@mark-private.example", "+7 701 999 88 77", "7701"):
        assert hits(database, words) >= 1, words
    assert hits(database, "zulfiyanova") == 0
    with database.reading() as session:
        assert companies_of_address(session, " ZQ.Mark@mark-private.EXAMPLE") == [ids["one"]]
        assert companies_of_address(session, "nobody@mark-private.example") == []
        clues = {sign.clue for one in duplicates_of(session, ids["one"]) for sign in one.likeness.signs}
        assert "same_domain" in clues
        assert likely_duplicates(session, country="KZ")
        assert "Nurlan Marker" in rows_to_mend(session, ids["import"], workbook=False, language="en").decode("utf-8")
        assert import_by_id(session, ids["import"]).preview[0]["company"]["contact"]["name"] == "Nurlan Marker"
        assert session.get_one(StaffMember, ids["officer"]).totp_secret == TOTP


def test_nothing_of_a_contact_stands_in_the_database_and_everything_works(
    opened: Open, key: str, settings: Settings
) -> None:
    database = opened(key)
    ids = fill(database)
    assert found_in(database, (*MARKERS, *MORE, TOTP)) == []
    check_everything_works(database, ids)
    with database.writing() as session:
        ask_for_link(session, CONTACT["email"], language="en", base="http://a", browser=NOBODY)
        start_import(session, ids["import"], verified=False, by=OFFICER)
    assert Importer(database).run() == 1
    assert hits(database, "nurlan@list-private.example") == 1
    mail = Postman(database, keyed(settings, key))
    assert mail.work() == 1
    assert found_in(database, (*MARKERS, *MORE)) == []
    with database.writing() as session:
        undo_merge(session, ids["merge"], by=OFFICER)
    with database.reading() as session:
        assert companies_of_address(session, CONTACT["email"]) == [ids["one"], ids["other"]]
        clues = {sign.clue for one in duplicates_of(session, ids["one"]) for sign in one.likeness.signs}
        assert {"same_email", "same_phone"} <= clues
    assert hits(database, "7701 999 88 77") == 2
    assert found_in(database, MARKERS) == []


def test_markers_are_found_without_a_key(opened: Open) -> None:
    """The test above would see them."""
    database = opened()
    fill(database)
    assert found_in(database, (*MARKERS, *MORE[:-1], TOTP)) == [*MARKERS, *MORE[:-1], TOTP]


def test_register_is_encrypted_later_moved_to_a_new_key_and_decrypted(opened: Open, key: str, caplog: Any) -> None:  # noqa: ANN401
    ids = fill(opened())
    database = opened(key)
    assert "caravan keys rotate" in caplog.text
    check_everything_works(database, ids)  # while the one half is plain
    with database.writing() as session:
        company = session.get_one(Company, ids["third"])
        company.contact_name = "Half Encrypted"
    told: list[int] = []
    assert rotate_keys(database, told.append) == told[-1] > 4
    clean_up(database)
    assert found_in(database, (*MARKERS, *MORE, TOTP, "Half Encrypted")) == []
    check_everything_works(database, ids)

    newer = new_key()
    both = opened(newer, key)
    check_everything_works(both, ids)
    rotate_keys(both)
    only_new = opened(newer)
    check_everything_works(only_new, ids)
    with pytest.raises(ContactsLocked):
        opened(key)
    with only_new.writing() as session:
        undo_merge(session, ids["merge"], by=OFFICER)
    with only_new.reading() as session:
        assert companies_of_address(session, CONTACT["email"]) == [ids["one"], ids["other"]]

    plain = opened(newer, writes_plain=True)
    rotate_keys(plain)
    clean_up(plain)
    without = opened()
    assert found_in(without, MARKERS) == list(MARKERS)
    with without.reading() as session:
        assert companies_of_address(session, CONTACT["email"]) == [ids["one"], ids["other"]]
        assert session.scalars(select(SecretKey)).all() == []
    assert hits(without, "zulf") == 2


def test_interrupted_rotation_goes_on_where_it_was(opened: Open, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actions.keys.AT_ONCE", 1)
    ids = fill(opened())
    database = opened(key)
    whole = rotate_keys(database)
    newer = opened(new_key(), key)

    class Interrupted(Exception):
        pass

    def interrupt(count: int) -> None:
        if count == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        rotate_keys(newer, interrupt)
    check_everything_works(newer, ids)
    assert rotate_keys(newer) == whole - 2
    check_everything_works(newer, ids)


def test_database_is_refused_without_its_key(opened: Open, key: str, settings: Settings) -> None:
    fill(opened(key))
    for keys in ((), (new_key(),)):
        with pytest.raises(ContactsLocked, match="CARAVAN_CONTACT_KEYS"):
            opened(*keys)
        app = create_app(keyed(settings, *keys))
        with pytest.raises(ContactsLocked), TestClient(app):
            pass
        app.state.service.database.dispose()
    unchecked = Database(settings)  # a process that ran when the key was set
    with pytest.raises(ContactsLocked), unchecked.reading() as session:
        session.scalars(select(Company)).all()
    unchecked.dispose()
    assert opened(new_key(), key)


def test_changed_ciphertext_is_told_and_not_shown(opened: Open, key: str, settings: Settings) -> None:
    database = opened(key)
    one, other = (add(database, kazakh_mill(contact=CONTACT)) for _ in range(2))
    with database.engine.begin() as connection:
        kept = connection.scalar(text("SELECT contact_email FROM companies WHERE id = :id"), {"id": one})
        assert kept[0] == SIGN
        changed = kept[:-6] + ("A" if kept[-6] != "A" else "B") + kept[-5:]
        set_email = text("UPDATE companies SET contact_email = :kept WHERE id = :id")
        for wrong in (changed, kept[:-4], kept[:20], kept[:9] + "ключ"):
            connection.execute(set_email, {"kept": wrong, "id": one})
            with pytest.raises(SecretUnreadable):
                connection.execute(select(Company.contact_email).where(Company.id == one)).all()
        connection.execute(text("UPDATE companies SET contact_name = contact_email"))  # not where it belongs
    with pytest.raises(SecretUnreadable), database.reading() as session:
        session.get(Company, other)
    with TestClient(create_app(keyed(settings, key)), raise_server_exceptions=False) as client:
        with database.writing() as session:
            token = add_staff(session, "b@council.example", "viewer")
        answer = client.get(f"/v1/companies/{other}", headers=bearer(token))
        assert answer.status_code == 500
        assert answer.json()["type"] == "urn:caravan:problem:secret-unreadable"
        assert SIGN not in answer.text


@pytest.mark.parametrize("keys", ["short", "A" * 40, f"{'A' * 43}=,x", "ключ"])
def test_key_that_is_none_is_told_and_not_shown(keys: str) -> None:
    with pytest.raises(ValidationError, match="caravan keys new") as refused:
        Settings(contact_keys=SecretStr(keys))
    assert keys not in str(refused.value)


def test_key_stands_in_no_print_of_the_settings(key: str) -> None:
    assert key not in repr(Settings(contact_keys=SecretStr(key)))
    assert Settings(contact_keys=SecretStr(" , ")).contact_keys is None
