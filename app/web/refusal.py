"""How layers refuse: with the answer to a failure, a problem document or a page."""

from collections.abc import Callable

from fastapi import Response
from starlette.types import Scope

from app.errors import Failure

Refusal = Callable[[Scope, Failure], Response]


def headers_of(failed: Failure) -> dict[str, str]:
    """The headers that go with every answer to a failure, whatever form it has."""
    return {} if failed.retry_after is None else {"Retry-After": str(failed.retry_after)}
