"""Nothing is done as staff without a row in the audit log; a route or command that is added is held to it at once."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
import typer
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.actions.links import new_link
from app.actions.passwords import code_step
from app.actions.sessions import Browser, sign_in_staff
from app.actions.tokens import Grant, issue_token
from app.cli import app as commands
from app.console.visit import SESSION_COOKIE
from app.db import Database
from app.db.audit import COMMAND_LINE, AuditRow
from app.db.cipher import new_key
from app.db.sessions import BrowserSession
from app.db.staff import StaffMember, Token
from app.jobs.imports import Importer
from app.queries.audit import verify_log
from app.settings import Settings
from tests.app.console import conftest as console
from tests.app.console.conftest import PASSWORD, Member, NewBrowser, SignIn
from tests.app.console.test_roles import addresses
from tests.conftest import Registered
from tests.factories import company, kazakh_mill, nigerian_trader

browser, officer, signed_in = console.browser, console.officer, console.signed_in
"""The fixtures of the console's tests."""
CONTACT = {"name": "Айгүл Сәрсен", "role": "Director", "email": "aigul.private@mill.example", "phone": "+77012345678"}
LIST = "Фирма;Страна;Отрасль;Почта;Предлагает\nТОО «Проба»;Казахстан;сельское хозяйство;x@list.example;мука\n;;;;\n"


@dataclass
class World:
    """Somebody who does everything once, on fresh things."""

    database: Database
    client: TestClient
    staff: dict[str, str]
    register: Registered
    console: TestClient
    officer: Callable[..., Member]
    made: int = 0
    rows_before: int = 0
    """Rows of the log when the last request began."""

    def __post_init__(self) -> None:
        for asking in (self.client, self.console):
            asking.event_hooks["request"].append(self._count)

    def _count(self, _: object) -> None:
        self.rows_before = rows_of(self.database)

    def new_company(self) -> dict[str, Any]:
        return self.register(kazakh_mill(contact=CONTACT))

    def new_pair(self) -> str:
        return f"{self.new_company()['id']}.{self.register(nigerian_trader(contact=CONTACT))['id']}"

    def new_officer(self) -> Member:
        self.made += 1
        return self.officer(f"officer{self.made}@council.example")

    def twins(self) -> str:
        return f"{self.new_company()['id']}/{self.new_company()['id']}"

    def merge(self) -> Response:
        return self.post(f"/console/duplicates/{self.twins()}/merge", kept_version="2", merged_version="2")

    def merged(self) -> str:
        return place(self.merge())

    def upload(self) -> Response:
        return self.console.post("/console/imports", files={"file": ("list.csv", LIST.encode())})

    def set_columns(self) -> Response:
        columns = {f"column-{at}": name for at, name in enumerate(COLUMNS)}
        return self.post(f"{place(self.upload())}/columns", **columns)

    def checked(self) -> str:
        address = place(self.set_columns())
        Importer(self.database).check()
        return address

    def start(self) -> Response:
        return self.post(f"{self.checked()}/start")

    def staff_session(self) -> str:
        member = self.new_officer()
        assert sign_in_staff(self.database, member.email, PASSWORD, "", Browser("", ""))
        with self.database.reading() as session:
            return str(session.scalar(select(BrowserSession.id).where(BrowserSession.staff_id == member.id)))

    def own_session(self) -> str:
        with self.database.reading() as session:
            owner = select(StaffMember.id).where(StaffMember.email == "admin@council.example").scalar_subquery()
            first = select(BrowserSession.id).where(BrowserSession.staff_id == owner).order_by(BrowserSession.id)
            return str(session.scalars(first).first())

    def token(self) -> str:
        member = self.new_officer()
        with self.database.writing() as session:
            issue_token(session, Grant(staff_id=member.id), by=COMMAND_LINE)
            return str(session.scalar(select(Token.id).where(Token.staff_id == member.id)))

    def secret(self) -> dict[str, str]:
        secret = pyotp.random_base32()
        code = pyotp.TOTP(secret).now()
        assert code_step(secret, code)
        return {"secret": secret, "code": code}

    def link(self) -> str:
        with self.database.writing() as session:
            return new_link(session, staff_id=self.new_officer().id)

    def post(self, address: str, **form: str) -> Response:
        return self.console.post(address, data=form)


COLUMNS = ("legal_name", "country", "sectors", "contact_email", "offers")
STAFF, SETTINGS = "/console/settings/staff", "/console/settings"
POSTS: dict[str, Callable[[World], Response]] = {
    "/console/account/code": lambda w: w.post("/console/account/code", **w.secret()),
    "/console/account/code/off": lambda w: w.post("/console/account/code/off", present=PASSWORD),
    "/console/account/password": lambda w: w.post(
        "/console/account/password", present=PASSWORD, password="another fine password"
    ),
    "/console/account/sessions/{session_id}/end": lambda w: w.post(f"/console/account/sessions/{w.own_session()}/end"),
    "/console/companies/{company_id}/contact": lambda w: w.post(f"/console/companies/{w.new_company()['id']}/contact"),
    "/console/companies/{company_id}/status": lambda w: w.post(
        f"/console/companies/{w.new_company()['id']}/status", status="suspended", version="2", reason="Причина a@b.kz"
    ),
    "/console/decisions": lambda w: w.post("/console/decisions", decision="deferred", pick=f"{w.new_pair()}:0"),
    "/console/duplicates/{kept_id}/{merged_id}/contact": lambda w: w.post(f"/console/duplicates/{w.twins()}/contact"),
    "/console/duplicates/{kept_id}/{merged_id}/merge": lambda w: w.merge(),
    "/console/duplicates/{one_id}/{other_id}/again": lambda w: w.post(f"/console/duplicates/{w.twins()}/again"),
    "/console/duplicates/{one_id}/{other_id}/apart": lambda w: w.post(f"/console/duplicates/{w.twins()}/apart"),
    "/console/imports": lambda w: w.upload(),
    "/console/imports/{import_id}/columns": lambda w: w.set_columns(),
    "/console/imports/{import_id}/contact": lambda w: w.post(f"{w.checked()}/contact"),
    "/console/imports/{import_id}/forget": lambda w: w.post(f"{place(w.upload())}/forget"),
    "/console/imports/{import_id}/start": lambda w: w.start(),
    "/console/imports/{import_id}/stop": lambda w: w.post(f"{place(w.start())}/stop"),
    "/console/matches/{match_id}/decision": lambda w: w.post(
        f"/console/matches/{w.new_pair()}/decision", decision="approved", note="Позвонить Айгүл Сәрсен"
    ),
    "/console/merges/{merge_id}/contact": lambda w: w.post(f"{w.merged()}/contact"),
    "/console/merges/{merge_id}/undo": lambda w: w.post(f"{w.merged()}/undo"),
    "/console/settings/sessions/{session_id}/end": lambda w: w.post(f"{SETTINGS}/sessions/{w.staff_session()}/end"),
    "/console/settings/staff": lambda w: w.post(STAFF, email="invited@council.example", role="viewer"),
    "/console/settings/staff/{staff_id}/forget-code": lambda w: w.post(f"{STAFF}/{w.new_officer().id}/forget-code"),
    "/console/settings/staff/{staff_id}/keep-out": lambda w: w.post(f"{STAFF}/{w.new_officer().id}/keep-out"),
    "/console/settings/staff/{staff_id}/let-in": lambda w: w.post(f"{STAFF}/{w.new_officer().id}/let-in"),
    "/console/settings/staff/{staff_id}/link": lambda w: w.post(f"{STAFF}/{w.new_officer().id}/link"),
    "/console/settings/staff/{staff_id}/role": lambda w: w.post(f"{STAFF}/{w.new_officer().id}/role", role="viewer"),
    "/console/settings/tokens": lambda w: w.post(
        f"{SETTINGS}/tokens", owner=w.new_officer().id, label="Для Айгүл Сәрсен"
    ),
    "/console/settings/tokens/{token_id}/exchange": lambda w: w.post(f"{SETTINGS}/tokens/{w.token()}/exchange"),
    "/console/settings/tokens/{token_id}/end": lambda w: w.post(f"{SETTINGS}/tokens/{w.token()}/end"),
    "/console/undo": lambda w: w.post("/console/undo"),
}
"""What makes each changing route of the console succeed. A new route needs its line here."""
GETS: dict[str, Callable[[World], Response]] = {
    "/console/companies/{company_id}/export": lambda w: w.console.get(
        f"/console/companies/{w.new_company()['id']}/export"
    ),
    "/console/imports/{import_id}/faulty.{ending}": lambda w: w.console.get(f"{w.checked()}/faulty.csv"),
    "/console/overview/{name}.csv": lambda w: w.console.get("/console/overview/funnel.csv"),
    "/console/settings/audit.csv": lambda w: w.console.get("/console/settings/audit.csv"),
}
"""The downloads."""
OPERATIONS: dict[tuple[str, str], Callable[[World], Response]] = {
    ("GET", "/v1/companies"): lambda w: w.client.get(
        f"/v1/companies?q={w.new_company()['registration_number']}", headers=w.staff
    ),
    ("GET", "/v1/companies/{company_id}"): lambda w: w.client.get(
        f"/v1/companies/{w.new_company()['id']}", headers=w.staff
    ),
    ("PUT", "/v1/companies/{company_id}"): lambda w: w.client.put(
        f"/v1/companies/{w.new_company()['id']}", json=company(contact=CONTACT), headers=w.staff | {"If-Match": '"2"'}
    ),
    ("DELETE", "/v1/companies/{company_id}"): lambda w: w.client.delete(
        f"/v1/companies/{w.new_company()['id']}", headers=w.staff | {"If-Match": "*"}
    ),
    ("GET", "/v1/companies/{company_id}/data"): lambda w: w.client.get(
        f"/v1/companies/{w.new_company()['id']}/data", headers=w.staff
    ),
    ("POST", "/v1/tokens"): lambda w: w.client.post("/v1/tokens", json={"scope": "viewer"}, headers=w.staff),
    ("POST", "/v1/tokens/{token_id}/rotate"): lambda w: w.client.post(
        f"/v1/tokens/{w.token()}/rotate", headers=w.staff
    ),
    ("DELETE", "/v1/tokens/{token_id}"): lambda w: w.client.delete(f"/v1/tokens/{w.token()}", headers=w.staff),
    ("PUT", "/v1/companies/{company_id}/status"): lambda w: w.client.put(
        f"/v1/companies/{w.new_company()['id']}/status", json={"status": "suspended"}, headers=w.staff
    ),
    ("PUT", "/v1/matches/{match_id}/review"): lambda w: w.client.put(
        f"/v1/matches/{w.new_pair()}/review", json={"decision": "approved"}, headers=w.staff
    ),
}
"""Operations of the API that change something as staff, or that answer with contacts."""
NOT_OF_STAFF = {
    ("POST", "/v1/companies"): "a firm registers itself",
    ("POST", "/v1/companies/{company_id}/confirmation"): "a firm's own",
    ("PUT", "/v1/companies/{company_id}/consent"): "a firm's own",
    ("DELETE", "/v1/companies/{company_id}/consent"): "a firm's own",
    ("POST", "/v1/understand"): "changes nothing",
}
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
RUNS: dict[str, list[str]] = {
    "migrate": ["migrate"],
    "import": ["import", "{list}"],
    "export": ["export", "{out}"],
    "refresh": ["refresh"],
    "staff add": ["staff", "add", "new@council.example", "--role", "admin"],
    "staff link": ["staff", "link", "new@council.example"],
    "staff token": ["staff", "token", "new@council.example"],
    "staff rotate-token": ["staff", "rotate-token", "{token}"],
    "staff end-token": ["staff", "end-token", "{token}"],
    "tidy": ["tidy"],
    "backup": ["backup", "{backup}"],
    "restore": ["restore", "{backup}", "--replace", "--yes"],
    "keys rotate": ["keys", "rotate"],
}
"""Commands that change or export something, in an order in which they work."""
READS = {
    "serve": "its requests are held to it above",
    "demo": "import and staff add, by the same actions",
    "openapi": "reads nothing",
    "evaluate": "reads no register",
    "rank": "shows no contact",
    "staff list": "shows no contact",
    "staff tokens": "shows no contact",
    "health": "asks a server only",
    "doctor": "changes nothing, shows no contact",
    "keys new": "makes a key, of nothing yet",
    "audit verify": "shows no contact",
    "audit list": "shows no contact",
}


@pytest.fixture
def world(  # noqa: PLR0913  # all that it takes
    database: Database,
    client: TestClient,
    staff: dict[str, str],
    register: Registered,
    signed_in: SignIn,
    officer: Callable[..., Member],
) -> World:
    console = signed_in("admin")
    return World(database, client, staff, register, console, officer)


def rows_of(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditRow)) or 0


def place(answer: Response) -> str:
    """Where an answer leads to, without its query."""
    return str(answer.headers["location"]).partition("?")[0]


def operations(app: FastAPI) -> set[tuple[str, str]]:
    """Operations that change something, and those whose answer holds contacts, from the document itself."""
    found = set()
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            answer = json.dumps(operation["responses"])
            shows = path.endswith("/data") or re.search(r"/Company(Out|Page)\"", answer)
            if method.upper() in CHANGING or shows:
                found.add((method.upper(), path))
    return found - set(NOT_OF_STAFF)


def names(group: typer.Typer, before: str = "") -> set[str]:
    found = {f"{before}{one.name or one.callback.__name__}" for one in group.registered_commands if one.callback}
    for inner in group.registered_groups:
        assert inner.typer_instance
        found |= names(inner.typer_instance, f"{inner.name} ")
    return found


def test_everything_that_is_done_as_staff_leaves_a_row(world: World) -> None:
    downloads = {path for path in addresses("GET", "/console") if path.endswith((".csv", "/export", ".{ending}"))}
    assert set(POSTS) == set(addresses("POST", "/console")), "Say in POSTS how the new route succeeds."
    assert set(GETS) == downloads, "Say in GETS how the new download succeeds."
    app = world.client.app
    assert isinstance(app, FastAPI)
    assert set(OPERATIONS) == operations(app), "Say in OPERATIONS how the new operation succeeds."
    late = ("/console/account/password", "/console/account/sessions/{session_id}/end", "/console/account/code/off")
    ordered = {**{path: call for path, call in POSTS.items() if path not in late}, **GETS}
    ordered |= {late[2]: POSTS[late[2]], late[0]: POSTS[late[0]], late[1]: POSTS[late[1]]}
    for what, call in [*OPERATIONS.items(), *ordered.items()]:
        answer = call(world)
        assert (what, answer.status_code < 400) == (what, True), answer.text
        assert (what, rows_of(world.database) > world.rows_before) == (what, True)
    with world.database.reading() as session:
        assert verify_log(session).broken is None
        written = "\n".join(
            f"{row.subject} {row.details} {row.request or ''}" for row in session.scalars(select(AuditRow))
        )
    for personal in (*CONTACT.values(), "Причина", "Айгүл", "list.csv", "invited@", PASSWORD):
        assert personal not in written
    assert "@" not in written


def test_every_command_that_changes_or_exports_leaves_a_row(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names(commands) == set(RUNS) | set(READS), "Say in RUNS how the new command succeeds."
    monkeypatch.setenv("CARAVAN_DATA_DIR", str(settings.data_dir))
    if settings.database_url:
        monkeypatch.setenv("CARAVAN_DATABASE_URL", settings.database_url)
    path = tmp_path / "firms.jsonl"
    path.write_text(json.dumps(kazakh_mill(contact=CONTACT)) + "\n", encoding="utf-8")
    for name, arguments in RUNS.items():
        before = rows_of(database)
        with database.reading() as session:
            token = session.scalars(select(Token.id).order_by(Token.created_at.desc())).first()
        named = {"list": path, "out": tmp_path / "out.jsonl", "backup": tmp_path / "backup.zip", "token": token}
        given = [part.format(**named) for part in arguments]
        if name == "keys rotate":
            monkeypatch.setenv("CARAVAN_CONTACT_KEYS", new_key())
        ended = CliRunner().invoke(commands, given)
        assert (name, ended.exit_code) == (name, 0), ended.output
        assert (name, rows_of(database) > before) == (name, True)
    ended = CliRunner().invoke(commands, ["audit", "verify"])
    assert (ended.exit_code, ended.stdout.split(":")[0]) == (0, "Intact")
    noted = ended.stdout.split()[-1]
    assert CliRunner().invoke(commands, ["audit", "verify", "--expect", noted]).exit_code == 0
    gone = CliRunner().invoke(commands, ["audit", "verify", "--expect", "0" * 64])
    assert (gone.exit_code, "not among them" in gone.output) == (1, True)
    listed = CliRunner().invoke(commands, ["audit", "list", "--json", "--by", "command line", "--act", "export.made"])
    (made,) = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (made["details"]["count"], made["subject"]) == (1, ["register"])
    assert CliRunner().invoke(commands, ["audit", "list", "--since", "2999-01-01"]).output == ""
    assert "token.issued" in CliRunner().invoke(commands, ["audit", "list", "--limit", "20"]).output


def test_firms_leave_rows_of_their_access_only(world: World, browser: NewBrowser) -> None:
    firm = world.new_company()
    before = rows_of(world.database)
    url = f"/v1/companies/{firm['id']}"
    assert world.client.get(url, headers=firm["headers"]).status_code == 200
    assert world.client.get(f"{url}/matches", headers=firm["headers"]).status_code == 200
    changed = world.client.put(url, json=kazakh_mill(), headers=firm["headers"] | {"If-Match": '"2"'})
    assert changed.status_code == 200
    assert rows_of(world.database) == before
    opened = browser()
    assert opened.post("/sign-in/token", data={"token": firm["token"]}).status_code == 303
    assert opened.cookies[SESSION_COOKIE]
    assert opened.get("/me/account/data.json").status_code == 200
    assert opened.post("/me/account/tokens").status_code == 200
    assert opened.post("/sign-out").status_code == 303
    assert world.client.delete(url, headers=firm["headers"]).status_code == 204
    with world.database.reading() as session:
        found = session.execute(select(AuditRow.act, AuditRow.by, AuditRow.role).order_by(AuditRow.number)).all()
    who = f"company:{firm['id']}", "company"
    assert [tuple(one) for one in found[before:]] == [
        (act, *who) for act in ("sign_in", "token.issued", "sign_out", "company.deleted")
    ]
