"""Puts the service together."""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.types import ASGIApp

from app.actions.keys import require_keys
from app.actions.registration import Registrations
from app.api import catalogue, companies, consents, docs, document, health, matches, metrics, problems, repeats, tokens
from app.api.answers import Answers
from app.api.methods import Addresses, Methods
from app.api.rules import require_rules
from app.checks import Readiness, Sampler
from app.console.application import Fork, create_pages
from app.db import Database
from app.jobs.crew import Crew
from app.layers import Layer, is_api, layers_of, shared_counters
from app.live import LiveRegister
from app.settings import Settings
from app.web.service import Service
from matching import warm_up

VERSION = version("caravan")
DESCRIPTION = (
    "Firms of two countries register what they offer and need; the engine ranks each firm's counterparts,"
    " both ways, with reasons; the council's staff decide."
)


class Application(FastAPI):
    """FastAPI inside layers that everything passes, its own answers to failures too; outermost first."""

    layers: Sequence[Layer] = ()

    def build_middleware_stack(self) -> ASGIApp:
        """The layers around what FastAPI is."""
        app = super().build_middleware_stack()
        for layer in reversed(self.layers):
            app = layer(app)
        return app


def create_app(settings: Settings) -> Application:
    """The service. Its lifespan migrates the embedded database and refuses any other one that is behind."""
    database = Database(settings)
    live = LiveRegister(settings.register_file)
    counters = shared_counters(settings)
    crew = Crew(database, live, settings)
    readiness = Readiness(database, live, settings, lambda: crew.dead)
    sampler = Sampler(database, live, wanted=settings.tells_metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = settings.threads
        if settings.embedded:
            database.migrate()
        database.require_migrated()
        require_keys(database)
        with database.reading() as session:
            live.fresh(session)
        await database.moment()  # opens its connection now, not while requests wait for one
        warm_up()  # now, not while the first person waits
        crew.start()
        sampler.start()
        gc.freeze()  # the register and the vocabulary stay: walking them for garbage costs more than a ranking
        yield
        gc.unfreeze()
        sampler.stop()
        crew.stop()
        live.close()
        counters.close()
        database.dispose()

    app = Application(
        title="Caravan",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    registrations = Registrations(
        database.writing,
        token_days=settings.token_days,
        verification=settings.verification,
        confirm_email=settings.confirm_email,
    )
    service = Service(
        settings, database, live, registrations, crew.token_uses, lambda: _drain(crew), readiness, sampler
    )
    app.state.service = service
    for part in (companies, consents, matches, tokens, catalogue, health, metrics, docs):
        app.router.routes.extend(part.router.routes)  # as they are: to include a router builds all of it once more
    require_rules(app)
    app.mount("/static", docs.STATIC)
    problems.install(app)
    app.add_middleware(Answers, database=database, among=matches.RANKING, most=settings.kept_answer_bytes)
    app.add_middleware(repeats.Repeats, database=database, refusal=problems.refused)
    app.state.addresses = Addresses(app)
    app.add_middleware(Methods, addresses=app.state.addresses, refusal=problems.refused)
    app.add_middleware(Fork, pages=create_pages(service), is_api=is_api)
    app.layers = layers_of(settings, counters)
    app.openapi = lambda: document.document_of(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _drain(crew: Crew) -> None:
    crew.keeper.work()
