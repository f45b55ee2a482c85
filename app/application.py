"""Puts the service together."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from time import monotonic
from typing import Any

from fastapi import FastAPI

from app.actions.registration import Registrations
from app.api import catalogue, companies, docs, health, matches, problems
from app.api.answers import Answers
from app.console.application import Fork, create_pages
from app.db import Database
from app.jobs.imports import Importer
from app.jobs.mail import Postman
from app.jobs.queue import PAUSE, QueueKeeper
from app.jobs.worker import Worker
from app.live import LiveRegister
from app.settings import Settings
from app.web.body_limit import BodyLimit
from app.web.service import Service
from matching import search_concepts
from schemas.problems import Problem

API = ("/v1", "/docs", "/openapi.json", "/static", "/healthz", "/readyz")
"""Addresses that are not pages."""
JOBS_STOP_SECONDS = 5.0
"""How long a job at hand may take to come to a place where it can be left; after that it is as after a crash."""
VERSION = version("caravan")
DESCRIPTION = (
    "Firms of two countries register what they offer and need; the engine ranks each firm's counterparts,"
    " both ways, with reasons; the council's staff decide."
)


def create_app(settings: Settings) -> FastAPI:
    """The service. Its lifespan migrates the embedded database and refuses any other one that is behind."""
    database = Database(settings)
    live = LiveRegister(settings.register_file)
    keeper = QueueKeeper(database, live, settings.queue_size)
    importer = Importer(database)
    workers = [
        Worker("queue-keeper", lambda: keeper.work(1), pause=PAUSE),
        Worker("checker", importer.check),
        Worker("importer", importer.run),
        Worker("postman", Postman(database, settings).work),
    ]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if settings.embedded:
            database.migrate()
        database.require_migrated()
        with database.reading() as session:
            live.fresh(session)
        await database.moment()  # opens its connection now, not while requests wait for one
        search_concepts("a", 1)  # reads the names now, not at the first person's first letter
        if settings.background_jobs:
            for worker in workers:
                worker.start()
        gc.freeze()  # the register and the vocabulary stay: walking them for garbage costs more than a ranking
        yield
        gc.unfreeze()
        importer.stop()
        for worker in workers:
            worker.ask_to_stop()
        until = monotonic() + JOBS_STOP_SECONDS
        for worker in workers:
            worker.stop(max(0.0, until - monotonic()))
        live.close()
        database.dispose()

    app = FastAPI(
        title="Caravan",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses={422: {"model": Problem}},
    )
    service = Service(settings, database, live, Registrations(database.writing), lambda: _drain(keeper))
    app.state.service = service
    for part in (companies, matches, catalogue, health, docs):
        app.include_router(part.router)
    app.mount("/static", docs.STATIC)
    problems.install(app)
    app.add_middleware(Answers, database=database, among=matches.RANKING, most=settings.kept_answer_bytes)
    app.add_middleware(
        BodyLimit,
        most=settings.max_body_bytes,
        refusal=lambda request: problems.too_large(request, settings.max_body_bytes),
    )
    app.add_middleware(Fork, pages=create_pages(service), own=API)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _drain(keeper: QueueKeeper) -> None:
    keeper.work()


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the bearer token and problem documents for what FastAPI calls errors."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        parts = document["components"]
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for leftover in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(leftover, None)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if path.startswith(("/v1/companies", "/v1/matches")):
                    operation["security"] = [{"token": []}]
                wrong = operation["responses"].get("422")
                if wrong is not None:
                    schema = {"$ref": "#/components/schemas/Problem"}
                    wrong["content"] = {problems.MEDIA_TYPE: {"schema": schema}}
        app.openapi_schema = document
    return app.openapi_schema
