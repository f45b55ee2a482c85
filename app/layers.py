"""What a request passes before the application sees it."""

import re
from collections.abc import Callable
from functools import partial
from secrets import token_bytes

from fastapi import Request, Response
from starlette.types import ASGIApp, Scope

from app.api import matches, problems
from app.console.application import failure_page
from app.console.visit import SESSION_COOKIE
from app.errors import Failure
from app.settings import Settings
from app.web.admission import Admission
from app.web.bodies import Bodies
from app.web.cors import CrossOrigin
from app.web.counters import Counters
from app.web.headers import API_HEADERS, ASKED_AGAIN, NOT_KEPT, PAGE_HEADERS, SecurityHeaders
from app.web.heads import Heads
from app.web.proxies import behind_proxies
from app.web.rates import RateLimits
from app.web.watching import Watching

Layer = Callable[[ASGIApp], ASGIApp]

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
FILES = ("/static", "/assets")
"""Addresses that are answered from files."""


def layers_of(settings: Settings, counters: Counters) -> list[Layer]:
    """What a request passes before FastAPI sees it, outermost first.

    Every answer gets its headers; who asks is known before anything depends on it; what is refused for what it is, or
    for who asks so much, takes nobody's place; and only what has arrived waits for its turn.
    """
    limits: list[Layer] = [
        partial(Watching, trusting=settings.trust_request_ids, route_of=_unrouted),
        partial(behind_proxies, trusted=settings.trusted_proxies),
        partial(SecurityHeaders, kind_of=_kind_of, headers=HEADERS),
        partial(Heads, hosts=settings.hosts, exempt=ALWAYS, refusal=_refusal),
    ]
    if settings.cors_origins:
        limits.append(partial(CrossOrigin, origins=settings.cors_origins, concerns=is_api))
    if settings.rate_limits:
        limits.append(_rate_limits(settings, counters))
    return [
        *limits,
        partial(
            Bodies,
            most=lambda path: _most_bytes(settings, path),
            whole=FORM_TIMES * settings.max_body_bytes,
            seconds=settings.request_seconds,
            is_json=is_api,
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


def _rate_limits(settings: Settings, counters: Counters) -> Layer:
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
        is_api=is_api,
        cookie=SESSION_COOKIE,
        refusal=_refusal,
    )


def is_api(path: str) -> bool:
    """Whether an address is the API's, and none of the pages."""
    return path in API or path.startswith(BELOW_API)


def _kind_of(path: str) -> str:
    if path == "/docs" or path.startswith("/static/"):
        return "docs"
    return "api" if is_api(path) else "pages"


def _most_bytes(settings: Settings, path: str) -> int:
    if path == UPLOADS:
        return settings.max_upload_bytes
    return settings.max_body_bytes * (1 if is_api(path) else FORM_TIMES)


def _refusal(scope: Scope, failed: Failure) -> Response:
    """The answer to a failure that happens outside of both sides."""
    request = Request(scope)
    return (problems.failure_document if is_api(scope["path"]) else failure_page)(request, failed)


def shared_counters(settings: Settings) -> Counters:
    """Where the worker processes of this machine count requests together."""
    given = settings.rate_secret
    return Counters(settings.counters_file, token_bytes() if given is None else given.get_secret_value().encode())


def _unrouted(path: str) -> str | None:
    """The template of addresses that are answered without a route: from memory, or from files."""
    if matches.RANKING.fullmatch(path):
        return matches.RANKING_TEMPLATE
    return next((folder for folder in FILES if path.startswith(folder + "/")), None)
