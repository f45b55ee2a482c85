"""Who may do what in the API: one table, and the one place where it is enforced."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute, iter_route_contexts

from app.api.problems import responses
from app.auth import ANYONE, SIGN_IN, Caller, Party, authenticate
from app.db.staff import ROLES, Role
from app.errors import CredentialsMissing, NotAllowed, NotFound
from app.web.service import Service, request_id

OWNED = "company_id"
"""The part of an address that says whose it is."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use an operation.

    Attributes:
        parties: who may; None is anyone, even without a token.
        own: a company may only where the address names it; other companies do not exist for it.
        asks: whether a token is looked at at all.
    """

    parties: frozenset[Party | None]
    own: bool = False
    asks: bool = True

    @property
    def answers(self) -> tuple[int, ...]:
        """The refusals that are possible."""
        if not self.asks:
            return ()
        known = {"company", "integration", *ROLES}
        refused = (403,) if known - self.parties else ()
        return (401, *refused, *((404,) if self.own else ()))

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """The same for the OpenAPI document."""
        token: dict[str, list[str]] = {"token": []}
        if not self.asks:
            return []
        return [{}, token] if None in self.parties else [token]

    def admit(self, caller: Caller, company_id: str | None) -> None:
        """Lets a caller pass.

        Raises:
            CredentialsMissing: nobody is known.
            NotAllowed: it is nothing for this caller.
            NotFound: it is another company's.
        """
        if caller.party not in self.parties:
            raise _refusal(caller)
        if self.own and caller.company_id is not None and caller.company_id != company_id:
            raise NotFound("There is no such company.")


def _staff(role: Role, *more: Party) -> frozenset[Party | None]:
    return frozenset({*ROLES[ROLES.index(role) :], *more})


EVERYBODY: frozenset[Party | None] = frozenset({None, "company", "integration", *ROLES})
OPEN = Rule(EVERYBODY, asks=False)

RULES: dict[str, Rule] = {
    "register_company": Rule(EVERYBODY),
    "search_companies": Rule(_staff("viewer", "integration")),
    "read_company": Rule(_staff("viewer", "integration", "company"), own=True),
    "change_company": Rule(_staff("reviewer", "company"), own=True),
    "delete_company": Rule(_staff("admin", "company"), own=True),
    "set_company_status": Rule(_staff("reviewer")),
    "rank_counterparts": Rule(_staff("viewer", "integration", "company"), own=True),
    "read_queue": Rule(_staff("viewer", "integration")),
    "read_match": Rule(_staff("viewer", "integration")),
    "review_match": Rule(_staff("reviewer")),
    "give_consent": Rule(frozenset({"company"}), own=True),
    "withdraw_consent": Rule(frozenset({"company"}), own=True),
    "ask_for_confirmation": Rule(frozenset({"company"}), own=True),
    "read_held_data": Rule(_staff("admin", "company"), own=True),
    "read_consent_text": OPEN,
    "list_tokens": Rule(_staff("viewer", "integration", "company")),
    "issue_token": Rule(_staff("admin", "company")),
    "read_token": Rule(_staff("viewer", "integration", "company")),
    "rotate_token": Rule(_staff("viewer", "company")),
    "end_token": Rule(_staff("viewer", "company")),
    "list_sectors": OPEN,
    "find_concepts": OPEN,
    "understand_text": OPEN,
    "check_life": OPEN,
    "check_readiness": OPEN,
    "read_metrics": OPEN,  # it has a token of its own, from the settings
    "read_documentation": OPEN,
}
"""Each operation of the API. Whose tokens the last ones reach, ``Caller.reach`` says."""


class RuledRoute(APIRoute):
    """A route that lets nobody in whom the table does not name, before anything of the body is read.

    Its operation must have a rule; the document of the API says what the rule says.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401  # FastAPI's
        operation = options["operation_id"] = options.get("operation_id") or f"{endpoint.__module__}.{path}"
        if operation not in RULES:
            raise LookupError(f"{operation} has no rule: write into app.api.rules who may use it.")
        self.rule = RULES[operation]
        refusals = responses(*self.rule.answers) if self.rule.answers else {}
        options["responses"] = refusals | (options.get("responses") or {})
        options["openapi_extra"] = {"security": self.rule.security}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, behind the rule."""
        handler = super().get_route_handler()

        async def ruled(request: Request) -> Response:
            caller = await _caller(request) if self.rule.asks else ANYONE
            request.state.caller = caller
            self.rule.admit(caller, request.path_params.get(OWNED))
            return await handler(request)

        return ruled


def require_rules(app: FastAPI) -> None:
    """Refuses to serve a route that is none of ours.

    Raises:
        LookupError: there is one.
    """
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        ruled = isinstance(route, RuledRoute) or not isinstance(route, APIRoute)
        if not ruled:
            raise LookupError(f"{context.path} is outside the table of rules: give its router route_class=RuledRoute.")


async def _caller(request: Request) -> Caller:
    authorization = request.headers.get("authorization")
    if authorization is None:
        return ANYONE
    parts: Service = request.app.state.service
    caller = replace(await run_in_threadpool(_known, parts, authorization), request=request_id(request))
    if caller.token is not None:
        parts.token_uses.note(caller.token.id, caller.token.last_used_at)
        request.state.answer_until = caller.token.expires_at
    return caller


def _known(parts: Service, authorization: str) -> Caller:
    with parts.database.reading() as session:
        return authenticate(session, authorization)


def _refusal(caller: Caller) -> CredentialsMissing | NotAllowed:
    if caller.anonymous:
        return CredentialsMissing(SIGN_IN)
    if caller.integration:
        return NotAllowed("A token of an integration only reads companies and matches.")
    if caller.role is None:
        return NotAllowed("Only staff of the council may do this.")
    return NotAllowed("Your role does not allow this. Ask an administrator of the council.")
