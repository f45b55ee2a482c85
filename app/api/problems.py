"""Failures as problem documents (RFC 9457), in the language asked for."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from app.api.methods import written
from app.errors import CredentialsInvalid, CredentialsMissing, Failure, InputInvalid
from app.texts import language_asked_for, translate
from app.watch.requests import request_id
from app.web.refusal import headers_of
from app.web.unavailable import RETRY_SECONDS, unavailable
from schemas.problems import Problem, ProblemField, pointer, sentence

MEDIA_TYPE = "application/problem+json"
URN = "urn:caravan:problem:"

DESCRIPTIONS = {
    304: "Nothing has changed since the ETag in If-None-Match",
    400: "The request cannot be read",
    401: "No token, or one that is not known",
    403: "Not for this caller",
    404: "It does not exist, or is not the caller's to see",
    408: "The body took too long to arrive",
    409: "As things are now it cannot be done; the problem's type says why",
    412: "Changed since the ETag in If-Match",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "Some fields are wrong",
    428: "If-Match is missing, and somebody else's change could be overwritten",
    429: "More than the caller's or its network's share; see Retry-After",
    503: "Too much is asked for, or the database cannot be reached; see Retry-After",
}

SENTENCES: dict[int, tuple[str, str]] = {
    400: ("The body cannot be read", "The body cannot be read as JSON in UTF-8."),
    404: ("Not found", "There is nothing at this address."),
    405: ("Method not allowed", "This address does not take this method."),
}
"""Title and detail of what the framework refuses by itself."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem answers of a route, for the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": DESCRIPTIONS[status]}
        | ({"content": content} if status >= HTTPStatus.BAD_REQUEST else {})
        for status in sorted({400, 408, 413, 422, 429, 503, *statuses})
    }


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem document."""
    app.add_exception_handler(Failure, _failure)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _passing)
    app.add_exception_handler(OSError, _passing)
    app.add_exception_handler(Exception, _unexpected)


def problem(  # noqa: PLR0913  # the members of the document
    request: Request,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: list[ProblemField] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer that says what went wrong."""
    document = Problem(
        type=URN + code,
        title=title,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=errors or [],
        request_id=request_id() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None,
    )
    return Response(
        document.model_dump_json(exclude_none=True),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


async def refused(request: Request, failed: Exception) -> Response:
    """The answer to a failure in a layer around the application, whose own handlers do not see it."""
    return failure_document(request, failed) if isinstance(failed, Failure) else await _passing(request, failed)


def failure_document(request: Request, failed: Failure) -> Response:
    """The problem document that answers a failure."""
    language = language_asked_for(request.headers.get("accept-language"))
    fields = [
        ProblemField(pointer=one.pointer, code=one.code, message=translate(one.message, language, one.params))
        for one in failed.errors
    ]
    unauthorised = isinstance(failed, CredentialsMissing | CredentialsInvalid)
    return problem(
        request,
        status=failed.status,
        code=failed.code,
        title=translate(failed.title, language),
        detail=translate(failed.detail, language, failed.params),
        errors=fields,
        headers=headers_of(failed) | ({"WWW-Authenticate": "Bearer"} if unauthorised else {}),
    )


async def _failure(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, Failure)  # noqa: S101  # it is installed for these
    return failure_document(request, failed)


async def _invalid(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, RequestValidationError)  # noqa: S101  # it is installed for these
    language = language_asked_for(request.headers.get("accept-language"))
    fields = []
    for error in failed.errors():
        message, params = sentence(error)
        place, *path = error["loc"]
        where = pointer(path) if place == "body" else "?" + ".".join(str(part) for part in path)
        fields.append(
            ProblemField(pointer=where, code=str(error["type"]), message=translate(message, language, params))
        )
    broken = any(error["type"] == "json_invalid" for error in failed.errors())
    return problem(
        request,
        status=400 if broken else InputInvalid.status,
        code="json-invalid" if broken else InputInvalid.code,
        title=translate("The body is not valid JSON" if broken else InputInvalid.title, language),
        detail=translate("Correct the fields named under errors and send it again.", language),
        errors=fields,
    )


async def _http(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, HTTPException)  # noqa: S101  # it is installed for these
    language = language_asked_for(request.headers.get("accept-language"))
    title, detail = SENTENCES.get(failed.status_code, SENTENCES[HTTPStatus.NOT_FOUND])
    return problem(
        request,
        status=failed.status_code,
        code=title.lower().replace(" ", "-"),
        title=translate(title, language),
        detail=translate(detail, language),
        headers=_headers(request, failed),
    )


def _headers(request: Request, failed: HTTPException) -> dict[str, str]:
    """The framework's headers; it knows the methods of one route only, an address may have several."""
    headers = dict(failed.headers or {})
    if failed.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = written(request.app.state.addresses.allowed(request.url.path))
    return headers


async def _passing(request: Request, failed: Exception) -> Response:
    said = unavailable(failed)
    language = language_asked_for(request.headers.get("accept-language"))
    return problem(
        request,
        status=503,
        code=said.code,
        title=translate(said.title, language),
        detail=translate(said.detail, language),
        headers={"Retry-After": RETRY_SECONDS},
    )


async def _unexpected(request: Request, _: Exception) -> Response:
    language = language_asked_for(request.headers.get("accept-language"))
    return problem(
        request,
        status=500,
        code="unexpected",
        title=translate("Something went wrong on our side", language),
        detail=translate("Nothing was saved. Try again; if it happens again, tell the council.", language),
    )
