"""The pages as an application beside the API."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.console import (
    account,
    audit,
    duplicates,
    front,
    imports,
    overview,
    own_account,
    own_matches,
    own_profile,
    privacy,
    register,
    registration,
    review,
    sign_in,
    staff,
    tokens,
    weights,
)
from app.console.static_files import FOLDER, Assets
from app.console.visit import visit_of
from app.errors import BodyTooLarge, CredentialsInvalid, CredentialsMissing, Failure
from app.texts import translate
from app.watch.requests import request_id
from app.web.headers import SameOrigin
from app.web.refusal import headers_of
from app.web.service import Service
from app.web.unavailable import RETRY_SECONDS, unavailable

PARTS = (
    front,
    privacy,
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
    audit,
)
SMALLEST_ZIPPED = 500
NOWHERE = ("Not found", "There is nothing at this address.")


def create_pages(service: Service) -> ASGIApp:
    """The pages. What goes wrong becomes a page that says what to do."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.service = service
    for part in PARTS:
        app.router.routes.extend(part.router.routes)  # as ``create_app`` does
    app.mount("/assets", Assets(directory=FOLDER))
    app.add_exception_handler(Failure, _failure)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _wrong_address)
    app.add_exception_handler(DataError, _wrong_address)  # a NUL, which PostgreSQL takes in no text
    app.add_exception_handler(SQLAlchemyError, _passing)
    app.add_exception_handler(OSError, _passing)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(SameOrigin, refusal=_foreign)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_ZIPPED)
    return app


class Fork:
    """An ASGI layer that gives the API's addresses to the API and all others to the pages."""

    def __init__(self, app: ASGIApp, pages: ASGIApp, is_api: Callable[[str], bool]) -> None:
        self._app = app
        self._pages = pages
        self._is_api = is_api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        api = scope["type"] != "http" or self._is_api(scope["path"])
        await (self._app if api else self._pages)(scope, receive, send)


def _page(request: Request, status: int, title: str, detail: str, **params: str) -> HTMLResponse:
    """A page that says what to do, in sentences that the API says too."""
    visit = visit_of(request)
    said = {"title": translate(title, visit.language), "detail": translate(detail, visit.language, params)}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        said["number"] = request_id() or ""
    return visit.page("problem.html", status=status, **said)


def failure_page(request: Request, failed: Failure) -> Response:
    """The page that answers a failure."""
    if isinstance(failed, CredentialsMissing | CredentialsInvalid):
        return _to_the_door(request)
    if isinstance(failed, BodyTooLarge):
        return _too_large(request)
    answer = _page(request, failed.status, failed.title, failed.detail, **failed.params)
    answer.headers.update(headers_of(failed))
    return answer


async def _failure(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, Failure)  # noqa: S101  # it is installed for these
    return failure_page(request, failed)


def _to_the_door(request: Request) -> Response:
    """Where to sign in, and to go on from there."""
    door = "/console/sign-in" if request.url.path.startswith("/console") else "/sign-in"
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    onward = f"{door}?{urlencode({'to': here})}" if request.method == "GET" else door
    visit = visit_of(request)
    return Response(status_code=401, headers={"HX-Redirect": onward}) if visit.partial else visit.go(onward)


async def _http(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, HTTPException)  # noqa: S101  # it is installed for these
    if failed.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _page(request, 405, "Method not allowed", "This address does not take this method.")
    return _page(request, failed.status_code, *NOWHERE)


async def _wrong_address(request: Request, _: Exception) -> Response:
    if request.method == "GET":
        return _page(request, 404, *NOWHERE)
    visit = visit_of(request)
    return visit.page(
        "problem.html",
        status=422,
        title=visit.say("The form is not complete"),
        detail=visit.say("Nothing was saved. Go back, fill in what is missing and send it again."),
    )


async def _passing(request: Request, failed: Exception) -> Response:
    said = unavailable(failed)
    answer = _page(request, 503, said.title, said.detail)
    answer.headers["Retry-After"] = RETRY_SECONDS
    return answer


async def _unexpected(request: Request, _: Exception) -> Response:
    return _page(
        request,
        500,
        "Something went wrong on our side",
        "Nothing was saved. Try again; if it happens again, tell the council.",
    )


def _foreign(request: Request) -> Response:
    visit = visit_of(request)
    return visit.page(
        "problem.html",
        status=403,
        title=visit.say("This form was sent from another site"),
        detail=visit.say("Nothing was done. Open the page here and send it again."),
    )


def _too_large(request: Request) -> Response:
    visit = visit_of(request)
    return visit.page(
        "problem.html",
        status=413,
        title=visit.say("The file is too large"),
        detail=visit.say("Nothing was saved. Split it into smaller files, or ask your administrator."),
    )
