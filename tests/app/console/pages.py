"""Pages as a browser without scripts sees them."""

from collections.abc import Iterable
from html.parser import HTMLParser

from fastapi.testclient import TestClient
from httpx2 import Response

from app.actions.sessions import Browser, sign_in_company
from app.console.visit import SESSION_COOKIE
from app.db import Database

ORIGIN = {"Origin": "http://testserver"}
Pairs = list[tuple[str, str]]


class _Form(HTMLParser):
    """Reads what the last form of a page would send."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: Pairs = []
        self._select: str | None = None
        self._area: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.pairs = []
        elif tag == "input" and "name" in held:
            box = held.get("type") in {"checkbox", "radio"}
            if not box or "checked" in held:
                self.pairs.append((held["name"], held.get("value", "")))
        elif tag == "select":
            self._select = held["name"]
        elif tag == "option" and self._select and "selected" in held:
            self.pairs.append((self._select, held["value"]))
        elif tag == "textarea":
            self._area, self._text = held["name"], ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.pairs.append((self._area, self._text))
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data


def form_in(page: str, action: str) -> Pairs:
    """The fields of the form of a page that goes to an address, as they stand."""
    start = page.index(f'action="{action}"')
    reader = _Form()
    reader.feed(page[page.rindex("<form", 0, start) : page.index("</form>", start)])
    return reader.pairs


def filled(pairs: Pairs, **changes: str | list[str]) -> Pairs:
    """Fields with some of them written anew; ``__`` in a name stands for ``-``."""
    written = {name.replace("__", "-"): value for name, value in changes.items()}
    kept = [pair for pair in pairs if pair[0] not in written]
    return kept + [(name, one) for name, value in written.items() for one in _each(value)]


def _each(value: str | list[str]) -> Iterable[str]:
    return [value] if isinstance(value, str) else value


def send(client: TestClient, address: str, pairs: Pairs, go: str = "") -> Response:
    """Sends a form with one of its buttons."""
    body: dict[str, list[str]] = {}
    for name, value in [*pairs, ("go", go)]:
        body.setdefault(name, []).append(value)
    return client.post(address, data=body, headers=ORIGIN)


def sign_in(client: TestClient, database: Database, company_id: str) -> None:
    """Signs the client's browser in as a company."""
    with database.writing() as session:
        client.cookies.set(SESSION_COOKIE, sign_in_company(session, company_id, Browser("", "a test")))
