"""Problem documents (RFC 9457)."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.texts import TEMPLATE, Outgoing

MESSAGES: dict[str, str] = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field: check its spelling or leave it out.",
    "string_type": "Write a text in quotes.",
    "string_unicode": "This text is not valid Unicode.",
    "string_too_long": "Write at most {max_length} characters.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_pattern_mismatch": "This does not have the form {pattern}.",
    "literal_error": "Use one of {expected}.",
    "list_type": "Write a list.",
    "too_long": "At most {max_length} are possible; here are {actual_length}.",
    "too_short": "At least {min_length} is needed.",
    "model_attributes_type": "Write an object.",
    "model_type": "Write an object.",
    "dict_type": "Write an object.",
    "int_type": "Write a whole number.",
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "float_type": "Write a number.",
    "float_parsing": "Write a number.",
    "bool_parsing": "Write true or false.",
    "finite_number": "Write a finite number.",
    "greater_than": "Write a number above {gt}.",
    "greater_than_equal": "Write a number of at least {ge}.",
    "less_than_equal": "Write a number of at most {le}.",
    "date_from_datetime_parsing": "There is no such date.",
    "date_parsing": "There is no such date.",
    "json_invalid": "This is not valid JSON.",
}
"""Our sentence for each kind of error that Pydantic finds by itself."""


class ProblemField(Outgoing):
    """One wrong field: JSON Pointer into the body (or ``?name`` for a query parameter), stable code, sentence."""

    pointer: str
    code: str
    message: str


class Problem(Outgoing):
    """An error document. ``request_id`` stands in those of 500 and above, to be told to the council."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemField] = []
    request_id: str | None = None


def pointer(path: Iterable[str | int]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def sentence(error: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The template and values for an error as Pydantic reports it."""
    context = {name: str(value) for name, value in (error.get("ctx") or {}).items()}
    template = context.pop(TEMPLATE, None) or MESSAGES.get(str(error["type"]))
    return (template, context) if template else (str(error["msg"]), {})
