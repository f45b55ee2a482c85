"""Puts the service together."""

import gc
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from secrets import token_bytes
from time import monotonic

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Scope

from app.actions.keys import require_keys
from app.actions.registration import Registrations
from app.actions.tokens import TokenUses
from app.api import catalogue, companies, consents, docs, document, health, matches, metrics, problems, repeats, tokens
from app.api.answers import Answers
from app.api.methods import Addresses, Methods
from app.api.rules import require_rules
from app.checks import Readiness, Sampler
from app.console.application import Fork, create_pages, failure_page
from app.console.visit import SESSION_COOKIE
from app.db import Database
from app.errors import Failure
from app.jobs.audit import HeadTeller
from app.jobs.imports import Importer
from app.jobs.mail import Postman
from app.jobs.queue import PAUSE, QueueKeeper
from app.jobs.tidying import Tidier
from app.jobs.worker import Worker
from app.live import LiveRegister
from app.settings import Settings
from app.web.admission import Admission
from app.web.bodies import Bodies
from app.web.cors import CrossOrigin
from app.web.counters import Counters
from app.web.headers import API_HEADERS, ASKED_AGAIN, NOT_KEPT, PAGE_HEADERS, SecurityHeaders
from app.web.heads import Heads
from app.web.proxies import behind_proxies
from app.web.rates import RateLimits
from app.web.service import Service
from app.web.watching import Watching
from matching import search_concepts
from schemas.problems import Problem

API = ("/v1", "/docs", "/openapi.json", "/static", "/healthz", "/readyz", "/metrics")
"""Addresses that are not pages."""
BELOW_API = tuple(f"{own}/" for own in API)
HEADERS = {"pages": PAGE_HEADERS | NOT_KEPT, "api": API_HEADERS | NOT_KEPT, "docs": PAGE_HEADERS | ASKED_AGAIN}
ALWAYS = ("/healthz", "/readyz", "/metrics")
"""Addresses for those who watch over the service: asked by any name, not counted, answered however busy it is."""
UPLOADS = "/console/imports"
FORM_TIMES = 4
"""A form of a page spells letters longer than JSON does."""
KINDS = re.compile(
    "(?P<registrations>POST /v1/companies)"
    "|(?P<forms>POST /register)"
    "|(?P<searches>GET /v1/(companies|concepts)|POST /v1/understand|GET /console/companies"
    "|POST /register/(number|concepts|understood/[^/]+))"
    "|(?P<rankings>GET /v1/companies/[^/]+/matches|GET /me)"
)
"""Requests that have a rate of their own."""
JOBS_STOP_SECONDS = 5.0
"""How long a job at hand may take to come to a place where it can be left; after that it is as after a crash."""
FILES = ("/static", "/assets")
"""Addresses that are answered from files."""
VERSION = version("caravan")
DESCRIPTION = (
    "Firms of two countries register what they offer and need; the engine ranks each firm's counterparts,"
    " both ways, with reasons; the council's staff decide."
)


class Application(FastAPI):
    """FastAPI inside layers that everything passes, its own answers to failures too; outermost first."""

    layers: Sequence[Callable[[ASGIApp], ASGIApp]] = ()

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
    counters = Counters(settings.counters_file, _secret(settings))
    keeper = QueueKeeper(database, live, settings.queue_size)
    importer = Importer(database, settings.import_basis)
    token_uses = TokenUses(database)
    accountant = Worker("token-uses", token_uses.work)
    workers = [
        Worker("queue-keeper", lambda: keeper.work(1), pause=PAUSE),
        Worker("checker", importer.check),
        Worker("importer", importer.run),
        Worker("postman", Postman(database, settings).work),
        Worker("tidier", Tidier(database, settings).work),
        Worker("head-teller", HeadTeller(database).work),
    ]

    readiness = Readiness(database, live, settings, lambda: _dead(workers) if settings.background_jobs else [])
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
        search_concepts("a", 1)  # reads the names now, not at the first person's first letter
        for worker in (accountant, *(workers if settings.background_jobs else ())):
            worker.start()
        sampler.start()
        gc.freeze()  # the register and the vocabulary stay: walking them for garbage costs more than a ranking
        yield
        gc.unfreeze()
        importer.stop()
        sampler.stop()
        working = (accountant, *workers)
        for worker in working:
            worker.ask_to_stop()
        until = monotonic() + JOBS_STOP_SECONDS
        for worker in working:
            worker.stop(max(0.0, until - monotonic()))
        with suppress(SQLAlchemyError):  # when tokens were used is not worth a failure
            token_uses.write()
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
        responses={422: {"model": Problem}},
    )
    registrations = Registrations(
        database.writing,
        token_days=settings.token_days,
        verification=settings.verification,
        confirm_email=settings.confirm_email,
    )
    service = Service(settings, database, live, registrations, token_uses, lambda: _drain(keeper), readiness, sampler)
    app.state.service = service
    for part in (companies, consents, matches, tokens, catalogue, health, metrics, docs):
        app.include_router(part.router)
    require_rules(app)
    app.mount("/static", docs.STATIC)
    problems.install(app)
    app.add_middleware(Answers, database=database, among=matches.RANKING, most=settings.kept_answer_bytes)
    app.add_middleware(repeats.Repeats, database=database, refusal=problems.refused)
    app.state.addresses = Addresses(app)
    app.add_middleware(Methods, addresses=app.state.addresses, refusal=problems.refused)
    app.add_middleware(Fork, pages=create_pages(service), is_api=_is_api)
    app.layers = _layers(settings, counters)
    app.openapi = lambda: document.document_of(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _layers(settings: Settings, counters: Counters) -> list[Callable[[ASGIApp], ASGIApp]]:
    """What a request passes before FastAPI sees it, outermost first.

    Every answer gets its headers; who asks is known before anything depends on it; what is refused for what it is, or
    for who asks so much, takes nobody's place; and only what has arrived waits for its turn.
    """
    limits: list[Callable[[ASGIApp], ASGIApp]] = [
        partial(Watching, trusting=settings.trust_request_ids, route_of=_unrouted),
        partial(behind_proxies, trusted=settings.trusted_proxies),
        partial(SecurityHeaders, kind_of=_kind_of, headers=HEADERS),
        partial(Heads, hosts=settings.hosts, exempt=ALWAYS, refusal=_refusal),
    ]
    if settings.cors_origins:
        limits.append(partial(CrossOrigin, origins=settings.cors_origins, concerns=_is_api))
    if settings.rate_limits:
        limits.append(_rate_limits(settings, counters))
    return [
        *limits,
        partial(
            Bodies,
            most=lambda path: _most_bytes(settings, path),
            whole=FORM_TIMES * settings.max_body_bytes,
            seconds=settings.request_seconds,
            is_json=_is_api,
            refusal=_refusal,
        ),
        partial(
            Admission,
            at_work=settings.most_at_work,
            waiting=settings.most_waiting,
            waiting_seconds=settings.waiting_seconds,
            exempt=ALWAYS,
            refusal=_refusal,
        ),
    ]


def _rate_limits(settings: Settings, counters: Counters) -> Callable[[ASGIApp], ASGIApp]:
    return partial(
        RateLimits,
        counters=counters,
        rates={
            "requests": settings.rate_requests,
            "registrations": settings.rate_registrations,
            "forms": settings.rate_forms,
            "searches": settings.rate_searches,
            "rankings": settings.rate_rankings,
        },
        staff_times=settings.staff_rates_times,
        kinds=KINDS,
        exempt=ALWAYS,
        is_api=_is_api,
        cookie=SESSION_COOKIE,
        refusal=_refusal,
    )


def _secret(settings: Settings) -> bytes:
    given = settings.rate_secret
    return token_bytes() if given is None else given.get_secret_value().encode()


def _is_api(path: str) -> bool:
    return path in API or path.startswith(BELOW_API)


def _kind_of(path: str) -> str:
    if path == "/docs" or path.startswith("/static/"):
        return "docs"
    return "api" if _is_api(path) else "pages"


def _most_bytes(settings: Settings, path: str) -> int:
    if path == UPLOADS:
        return settings.max_upload_bytes
    return settings.max_body_bytes * (1 if _is_api(path) else FORM_TIMES)


def _refusal(scope: Scope, failed: Failure) -> Response:
    """The answer to a failure that happens outside of both sides."""
    request = Request(scope)
    return (problems.failure_document if _is_api(scope["path"]) else failure_page)(request, failed)


def _dead(workers: Sequence[Worker]) -> list[str]:
    return [worker.name for worker in workers if not worker.alive]


def _unrouted(path: str) -> str | None:
    """The template of addresses that are answered without a route: from memory, or from files."""
    if matches.RANKING.fullmatch(path):
        return matches.RANKING_TEMPLATE
    return next((folder for folder in FILES if path.startswith(folder + "/")), None)


def _drain(keeper: QueueKeeper) -> None:
    keeper.work()
