"""Who visits a page: language, session, and what comes with a form."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from app.actions.letters import Letter
from app.actions.sessions import Browser
from app.actions.tokens import new_secret
from app.auth import ANYONE, Caller, signed_in
from app.console.language import NAMES, environment, text
from app.console.static_files import address_of
from app.errors import CredentialsMissing
from app.privacy import CURRENT, ConsentText, consent_text
from app.queries.consents import Asked, asked_of
from app.settings import Settings
from app.texts import language_asked_for
from app.web.service import ServiceDep, request_id
from matching import LANGUAGES, Language

LANGUAGE_COOKIE = "caravan-language"
SESSION_COOKIE = "caravan-session"
YEAR_SECONDS = 365 * 24 * 3600
SEE_OTHER = 303
Answer = TypeVar("Answer", HTMLResponse, RedirectResponse)
MOST_FIELDS = 5000
MOST_FIELD_BYTES = 64 * 1024


@dataclass(slots=True)
class Visit:
    """One request for a page, and who makes it."""

    request: Request
    language: Language
    caller: Caller = ANYONE
    cookie: str | None = None
    once: str = field(default_factory=new_secret)
    """Travels with a form that is sent in several steps, so that what it does is done once."""
    asked: Asked | None = None
    """What a firm is asked for, on a page of its own."""
    _cookies: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The service's settings."""
        found: Settings = self.request.app.state.service.settings
        return found

    def privacy(self, version: str = CURRENT) -> ConsentText:
        """What firms consent to, in the visitor's language."""
        settings = self.settings
        return consent_text(version, self.language, settings.controller_name, settings.controller_contact)

    @property
    def letter(self) -> Letter:
        """How a mail is written that this visit lets be sent."""
        return Letter(self.language, self.base)

    @property
    def browser(self) -> Browser:
        """What asks."""
        client = self.request.client
        name = self.request.headers.get("user-agent", "")
        return Browser(client.host if client else "", name, request_id(self.request))

    @property
    def partial(self) -> bool:
        """Whether htmx asks for a part of the page."""
        return self.request.headers.get("hx-request") == "true" and "hx-boosted" not in self.request.headers

    @property
    def base(self) -> str:
        """Where this service is reached, as the browser sees it."""
        return str(self.request.base_url)

    def say(self, message: str, **values: str) -> str:
        """A sentence in the visitor's language."""
        return text(self.language, message, **values)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401  # whatever the template shows
        """A rendered template."""
        found = environment(self.language).get_template(template)
        html = found.render(visit=self, languages=NAMES, asset=address_of, with_query=self.with_query, **values)
        answer = HTMLResponse(html, status_code=status)
        return self.finish(answer)

    def go(self, to: str) -> RedirectResponse:
        """Sends the browser to another page of ours."""
        return self.finish(RedirectResponse(to, status_code=SEE_OTHER))

    def finish(self, answer: Answer) -> Answer:
        """Sets the cookies that changed in this visit."""
        for name, (value, seconds) in self._cookies.items():
            answer.set_cookie(
                self._named(name),
                value,
                max_age=seconds,
                httponly=True,
                samesite="lax",
                secure=self._secure,
            )
        return answer

    def keep(self, name: str, value: str, seconds: int) -> None:
        """Sets a cookie with the answer; with an empty value it ends."""
        self._cookies[name] = (value, seconds)

    def with_query(self, **changes: str | None) -> str:
        """This page's address with some of its query changed; None leaves one out."""
        query = [(name, value) for name, value in self.request.query_params.multi_items() if name not in changes]
        query += [(name, value) for name, value in changes.items() if value is not None]
        return self.request.url.path + ("?" + urlencode(query) if query else "")

    @property
    def _secure(self) -> bool:
        return self.request.url.scheme == "https"

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self._secure else name

    def cookie_named(self, name: str) -> str | None:
        """The value of one of our cookies."""
        return self.request.cookies.get(self._named(name))


def visit_of(request: Request) -> Visit:
    """The visit that a request is part of; nobody's where it failed before anyone looked."""
    found: Visit | None = getattr(request.state, "visit", None)
    if found is not None:
        return found
    visit = request.state.visit = Visit(request, language_asked_for(request.headers.get("accept-language")))
    chosen, kept = request.query_params.get("lang"), visit.cookie_named(LANGUAGE_COOKIE)
    for language in LANGUAGES:
        if language == (chosen if chosen in LANGUAGES else kept):
            visit.language = language
    if chosen in LANGUAGES:
        visit.keep(LANGUAGE_COOKIE, visit.language, YEAR_SECONDS)
    return visit


def _visit(request: Request, parts: ServiceDep) -> Visit:
    visit = visit_of(request)
    visit.cookie = visit.cookie_named(SESSION_COOKIE)
    if visit.cookie:
        with parts.database.reading() as session:
            visit.caller = replace(signed_in(session, visit.cookie), request=request_id(request))
        request.state.caller = visit.caller
    return visit


async def _form(request: Request) -> AsyncIterator[FormData]:
    async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES) as form:
        yield form


VisitDep = Annotated[Visit, Depends(_visit)]
FormDep = Annotated[FormData, Depends(_form)]


def _officer(visit: VisitDep) -> Visit:
    visit.caller.require_staff()
    return visit


def _reviewer(visit: VisitDep) -> Visit:
    visit.caller.require_staff("reviewer")
    return visit


def _admin(visit: VisitDep) -> Visit:
    visit.caller.require_staff("admin")
    return visit


def _firm(visit: VisitDep, parts: ServiceDep) -> Visit:
    if visit.caller.company_id is None:
        raise CredentialsMissing("Sign in with your firm's e-mail address or token.")
    with parts.database.reading() as session:
        visit.asked = asked_of(session, visit.caller.company_id, confirm_email=parts.settings.confirm_email)
    return visit


Officer = Annotated[Visit, Depends(_officer)]
"""A visit of staff of any role; nobody else passes."""
Reviewer = Annotated[Visit, Depends(_reviewer)]
"""A visit of staff who may decide."""
Admin = Annotated[Visit, Depends(_admin)]
"""A visit of staff who may change settings."""
Firm = Annotated[Visit, Depends(_firm)]
"""A visit of a company: ``visit.caller.company_id`` is set."""


def field_of(form: FormData, name: str) -> str:
    """A text field of a form, without spaces around it; empty when it is missing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def inner_path(path: str, default: str) -> str:
    """A path of ours to go on to; anything else becomes the default."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else default
