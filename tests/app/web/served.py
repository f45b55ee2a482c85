"""The service with limits of its own, as clients at several network addresses see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient

from app.application import create_app
from app.db import Database
from app.settings import Settings

At = Callable[..., TestClient]
Opened = Callable[[Settings], Database]


@contextmanager
def served(settings: Settings, **changes: Any) -> Iterator[At]:  # noqa: ANN401  # any setting
    """The service with some settings changed; gives clients by their network address."""
    app = create_app(Settings.model_validate(settings.model_dump() | changes))
    with TestClient(app):

        def at(address: str = "192.0.2.1", **more: Any) -> TestClient:  # noqa: ANN401  # what TestClient takes
            options: dict[str, Any] = {"client": (address, 50000), "raise_server_exceptions": False}
            return TestClient(app, follow_redirects=False, **options | more)

        yield at
