"""The pages as an application beside the API."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.console import (
    account,
    duplicates,
    front,
    imports,
    overview,
    own_account,
    own_matches,
    own_profile,
    register,
    registration,
    review,
    sign_in,
    staff,
    tokens,
    weights,
)
from app.console.language import text
from app.console.static_files import FOLDER, Assets
from app.console.visit import LANGUAGE_COOKIE, Visit
from app.errors import CredentialsInvalid, CredentialsMissing, Failure
from app.texts import language_asked_for, translate
from app.web.body_limit import BodyLimit
from app.web.headers import PageHeaders, SameOrigin
from app.web.service import Service
from matching import LANGUAGES

PARTS = (
    front,
    sign_in,
    registration,
    own_matches,
    own_profile,
    own_account,
    review,
    register,
    duplicates,
    overview,
    imports,
    account,
    staff,
    tokens,
    weights,
)
SMALLEST_ZIPPED = 500


def create_pages(service: Service) -> ASGIApp:
    """The pages. What goes wrong becomes a page that says what to do."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.service = service
    for part in PARTS:
        app.include_router(part.router)
    app.mount("/assets", Assets(directory=FOLDER))
    app.add_exception_handler(Failure, _failure)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _wrong_address)
    app.add_exception_handler(DataError, _wrong_address)  # a NUL, which PostgreSQL takes in no text
    app.add_exception_handler(OperationalError, _busy)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(SameOrigin, refusal=_foreign)
    app.add_middleware(BodyLimit, most=service.settings.max_upload_bytes, refusal=_too_large)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_ZIPPED)
    return PageHeaders(app)


class Fork:
    """An ASGI layer that gives the API's addresses to the API and all others to the pages."""

    def __init__(self, app: ASGIApp, pages: ASGIApp, own: tuple[str, ...]) -> None:
        self._app = app
        self._pages = pages
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        api = scope["type"] != "http" or any(
            scope["path"] == own or scope["path"].startswith(own + "/") for own in self._own
        )
        await (self._app if api else self._pages)(scope, receive, send)


def _visit(request: Request) -> Visit:
    visit = Visit(request, "en")
    kept = request.query_params.get("lang") or visit.cookie_named(LANGUAGE_COOKIE)
    asked = language_asked_for(request.headers.get("accept-language"))
    visit.language = next((language for language in LANGUAGES if language == kept), asked)
    return visit


def _page(request: Request, status: int, title: str, detail: str) -> HTMLResponse:
    visit = _visit(request)
    return visit.page("problem.html", status=status, title=title, detail=detail)


async def _failure(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, Failure)  # noqa: S101  # it is installed for these
    visit = _visit(request)
    if isinstance(failed, CredentialsMissing | CredentialsInvalid):
        door = "/console/sign-in" if request.url.path.startswith("/console") else "/sign-in"
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        onward = visit.sign_in_address(door, here if request.method == "GET" else None)
        if visit.partial:
            return Response(status_code=401, headers={"HX-Redirect": onward})
        return RedirectResponse(onward, status_code=303)
    title = translate(failed.title, visit.language)
    return _page(request, failed.status, title, translate(failed.detail, visit.language, failed.params))


async def _http(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, HTTPException)  # noqa: S101  # it is installed for these
    language = _visit(request).language
    if failed.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        title, detail = "Method not allowed", "This address does not take this method."
    else:
        title, detail = "Not found", "There is nothing at this address."
    return _page(request, failed.status_code, translate(title, language), translate(detail, language))


async def _wrong_address(request: Request, _: Exception) -> Response:
    language = _visit(request).language
    if request.method == "GET":
        return _page(
            request, 404, translate("Not found", language), translate("There is nothing at this address.", language)
        )
    return _page(
        request,
        422,
        text(language, "The form is not complete"),
        text(language, "Nothing was saved. Go back, fill in what is missing and send it again."),
    )


async def _busy(request: Request, _: Exception) -> Response:
    language = _visit(request).language
    title = translate("The database cannot be reached", language)
    answer = _page(request, 503, title, translate("Nothing was saved. Try again in a moment.", language))
    answer.headers["Retry-After"] = "2"
    return answer


async def _unexpected(request: Request, _: Exception) -> Response:
    language = _visit(request).language
    title = translate("Something went wrong on our side", language)
    detail = translate("Nothing was saved. Try again; if it happens again, tell the council.", language)
    return _page(request, 500, title, detail)


def _foreign(request: Request) -> Response:
    language = _visit(request).language
    return _page(
        request,
        403,
        text(language, "This form was sent from another site"),
        text(language, "Nothing was done. Open the page here and send it again."),
    )


def _too_large(request: Request) -> Response:
    language = _visit(request).language
    return _page(
        request,
        413,
        text(language, "The file is too large"),
        text(language, "Nothing was saved. Split it into smaller files, or ask your administrator."),
    )
