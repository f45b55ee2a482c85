"""The OpenAPI document: what FastAPI finds out by itself, and what only we know of our answers."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from app.api import repeats
from app.api.problems import DESCRIPTIONS, MEDIA_TYPE
from app.errors import MediaTypeUnknown
from schemas.problems import Problem

Node = dict[str, Any]

DESCRIPTION = """\
Bodies are JSON in UTF-8; another `Content-Type` is answered 415. Whatever `Accept` says, answers are JSON, and problems
`application/problem+json`. `HEAD` is answered wherever `GET` is, `OPTIONS` everywhere; a method that an address does
not take is answered 405 with `Allow`. Query parameters that are not named here are ignored; fields of a body that are
not named here are refused.
"""
PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PLACE = "#/components/schemas/{model}"
LEFTOVERS = ("HTTPValidationError", "ValidationError")
"""FastAPI's own error documents, which nobody gets."""
ID = "0192f1c3a4b50123456789abcdef0123"
EXAMPLES = {"company_id": ID, "match_id": f"{ID}-{ID}", "accept-language": "ru", "if-match": '"1"'}
"""Of parameters, by their names."""
ANYONE = {("/v1/companies", "post")}
"""Operations below what is signed in for that anyone may use too."""
SIGNED_IN = ("/v1/companies", "/v1/matches")

TAG = {
    "description": "The version, for If-Match and If-None-Match.",
    "required": True,
    "schema": {"type": "string", "pattern": '^(W/)?"[^"]*"$'},
}
HEADERS: dict[str, Node] = {
    "401": {
        "WWW-Authenticate": {
            "description": "How to sign in.",
            "required": True,
            "schema": {"type": "string", "examples": ["Bearer"]},
        }
    },
    "429": {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 0}}},
    "503": {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 0}}},
}
"""That every answer with a status carries."""
VERSIONED = frozenset({"change_company"})
"""Operations that always want If-Match."""
TAGGED = {
    ("/v1/companies", "post"),
    ("/v1/companies/{company_id}", "get"),
    ("/v1/companies/{company_id}", "put"),
    ("/v1/companies/{company_id}/status", "put"),
    ("/v1/companies/{company_id}/matches", "get"),
    ("/v1/matches/{match_id}", "get"),
    ("/v1/matches/{match_id}/review", "put"),
}
"""Operations whose answers carry an ETag."""
LOCATION = {
    "description": "The new one's address.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}
IDENTITY = {
    "required": ["registration_number", "contact"],
    "properties": {
        "registration_number": {"type": "string"},
        "contact": {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}},
        "listings": {"items": {"properties": {"id": {"type": "null"}}}},
    },
}
"""What a firm that registers itself says beside what an imported one does."""

COMPANY, MATCH = "/v1/companies/{company_id}", "/v1/matches/{match_id}"
LINKS: list[tuple[tuple[str, str], str, str, str]] = [
    *(
        (("/v1/companies", "post"), path, method, "$response.body#/id")
        for path, method in (
            (COMPANY, "get"),
            (COMPANY, "put"),
            (COMPANY, "delete"),
            (f"{COMPANY}/status", "put"),
            (f"{COMPANY}/matches", "get"),
        )
    ),
    *(((COMPANY, "get"), path, "put", "$response.body#/id") for path in (COMPANY, f"{COMPANY}/status")),
    ((COMPANY, "get"), f"{COMPANY}/matches", "get", "$response.body#/id"),
    ((f"{COMPANY}/status", "put"), f"{COMPANY}/matches", "get", "$response.body#/id"),
    (("/v1/companies", "get"), COMPANY, "get", "$response.body#/items/0/id"),
    *(
        ((listed, "get"), path, method, "$response.body#/items/0/id")
        for listed in (f"{COMPANY}/matches", "/v1/matches")
        for path, method in ((MATCH, "get"), (f"{MATCH}/review", "put"))
    ),
    ((MATCH, "get"), f"{MATCH}/review", "put", "$response.body#/id"),
]
"""Which answer's id leads on to which operation."""


def document_of(app: FastAPI) -> Node:
    """The application's OpenAPI document."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        document["info"]["description"] = f"{app.description}\n\n{DESCRIPTION}"
        parts = document["components"]
        parts["schemas"] |= models_json_schema([(Problem, "validation")], ref_template=PLACE)[1]["$defs"]
        parts.setdefault("securitySchemes", {})["token"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "The token that a firm was shown when it registered, or that staff were given: `caravan_…`",
        }
        for leftover in LEFTOVERS:
            parts["schemas"].pop(leftover, None)
        for path, method, operation in _operations(document):
            _complete(path, method, operation)
            if method == "post":
                repeats.document(operation)
        _link(document)
        app.openapi_schema = document
    return app.openapi_schema


def _operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def _complete(path: str, method: str, operation: Node) -> None:
    if path.startswith(SIGNED_IN):
        signed_in: Node = {"token": []}
        operation.setdefault("security", [{}, signed_in] if (path, method) in ANYONE else [signed_in])
    for parameter in operation.get("parameters", []):
        _tell_parameter(parameter, versioned=operation["operationId"] in VERSIONED)
    if not operation.get("parameters") and "requestBody" not in operation:
        operation["responses"].pop("422", None)
    elif "422" in operation["responses"]:
        operation["responses"]["422"]["description"] = DESCRIPTIONS[422]
    _tell_body(path, method, operation)
    _tell_answers(path, method, operation)


def _tell_parameter(parameter: Node, *, versioned: bool) -> None:
    """An optional parameter is left out, never null; none holds a NUL."""
    schema = parameter["schema"]
    choices = [one for one in schema.pop("anyOf", []) if one.get("type") != "null"]
    if len(choices) == 1:
        schema |= choices[0]
    elif choices:
        schema["anyOf"] = choices
    plain = schema.get("type") == "string" and "enum" not in schema and "pattern" not in schema
    if plain and parameter["in"] == "query":
        schema["pattern"] = "^[^\\u0000]*$"
    if parameter["name"] in EXAMPLES:
        parameter.setdefault("example", EXAMPLES[parameter["name"]])
    if versioned and parameter["name"] == "if-match":
        parameter["required"] = True


def _tell_body(path: str, method: str, operation: Node) -> None:
    body = operation.get("requestBody")
    if body is None:
        return
    operation["responses"].setdefault(
        str(MediaTypeUnknown.status), {"description": MediaTypeUnknown.title, "content": PROBLEM}
    )
    if (path, method) in ANYONE:
        media = body["content"]["application/json"]
        media["schema"] = {"allOf": [media["schema"], IDENTITY]}


def _tell_answers(path: str, method: str, operation: Node) -> None:
    for status, answer in operation["responses"].items():
        if status == "422":
            answer["content"] = PROBLEM
        headers = dict(HEADERS.get(status, {}))
        if (path, method) in TAGGED and status in {"200", "201", "304"}:
            headers["ETag"] = TAG
        if (path, method) in ANYONE and status == "201":
            headers["Location"] = LOCATION
        if headers:
            answer["headers"] = answer.get("headers", {}) | headers


def _link(document: Node) -> None:
    paths = document["paths"]
    for (path, method), target, verb, place in LINKS:
        operation_id = paths[target][verb]["operationId"]
        (name,) = (one["name"] for one in paths[target][verb]["parameters"] if one["in"] == "path")
        link = {"operationId": operation_id, "parameters": {name: place}}
        answers = paths[path][method]["responses"]
        answers["201" if "201" in answers else "200"].setdefault("links", {})[operation_id] = link
