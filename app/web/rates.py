"""How much one network address, or one caller, may ask for in a time."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from math import ceil

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.actions.attempts import network_of
from app.auth import Caller
from app.errors import TooManyRequests
from app.settings import Rate
from app.web.counters import Counters, Verdict
from app.web.refusal import Refusal

REQUESTS = "requests"
"""What every request is, beside what kind it is of."""
TOGETHER = "together"
TOGETHER_TIMES = 10
"""All companies of one address may ask for so many times as much as one: it could register any number of them."""
REMEMBERED = 10_000
Wanted = list[tuple[bytes, Rate]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is counted: a network address, a company, or an officer."""

    name: str
    times: int = 1
    wanted: dict[str, tuple[list[str], Wanted]] = field(default_factory=dict, compare=False)
    """The names and keys of what is counted for each kind of request, once they were made."""


class RateLimits:
    """An ASGI layer that answers 429 to whoever asks for more than its share.

    Who is known is counted as who it is, however many tokens and sessions it has; everybody else by network address. A
    caller is known from the first answer on that was made for its token or cookie (``request.state.caller``), so that
    nothing is looked up here, and an invented token counts for the address that it comes from.

    Args:
        app: what answers otherwise.
        counters: what was asked for.
        rates: how much of each kind; ``requests`` is everything.
        staff_times: officers may ask for so many times as much.
        kinds: tells the kind of "METHOD /path" by the name of its group.
        exempt: paths that are not counted.
        is_api: whether a path takes tokens, or else the cookie.
        cookie: the cookie's name.
        refusal: the answer to a failure.
    """

    def __init__(  # noqa: PLR0913  # what it is about
        self,
        app: ASGIApp,
        *,
        counters: Counters,
        rates: Mapping[str, Rate],
        staff_times: int,
        kinds: re.Pattern[str],
        exempt: Iterable[str],
        is_api: Callable[[str], bool],
        cookie: str,
        refusal: Refusal,
    ) -> None:
        self._app = app
        self._counters = counters
        self._rates = dict(rates) | {TOGETHER: rates[REQUESTS].times(TOGETHER_TIMES)}
        self._staff_times = staff_times
        self._kinds = kinds
        self._exempt = frozenset(exempt)
        self._is_api = is_api
        self._cookie = re.compile(rb"(?:^|;)\s*(?:__Host-)?" + re.escape(cookie).encode() + rb"=([^;]+)")
        self._refusal = refusal
        self._key_of = lru_cache(maxsize=REMEMBERED)(lambda value: counters.key("credential", value.decode("latin-1")))
        self._known: OrderedDict[bytes, Asker] = OrderedDict()
        self._at = lru_cache(maxsize=REMEMBERED)(lambda host: Asker(f"address {network_of(host)}"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        api = self._is_api(scope["path"])
        credential = self._credential(scope, api=api)
        asker = self._asker(scope, credential)
        kind = self._kinds.fullmatch(f"{scope['method']} {scope['path']}")
        names, verdict = self._count(scope, asker, kind.lastgroup or REQUESTS if kind else REQUESTS)
        told = [] if verdict is None or not api else self._told(names[verdict.at], asker, verdict)
        if verdict is not None and verdict.wait:
            answer = self._refusal(scope, _too_many(verdict))
            answer.raw_headers.extend(told)
            await answer(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["counted"] = lambda kind: self._count(scope, asker, kind, alone=True)[1]
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if told:
                    message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        await self._app(scope, receive, noted)
        if credential is not None:
            self._learn(credential, state.get("caller"), status)

    def _credential(self, scope: Scope, *, api: bool) -> bytes | None:
        """The key of the token or cookie that a request brings."""
        wanted = b"authorization" if api else b"cookie"
        value = next((value for name, value in scope["headers"] if name == wanted), None)
        if value is None:
            return None
        if not api:
            found = self._cookie.search(value)
            if found is None:
                return None
            value = found[1]
        return self._key_of(value)

    def _asker(self, scope: Scope, credential: bytes | None) -> Asker:
        asker = None if credential is None else self._known.get(credential)
        if asker is None or credential is None:
            client = scope.get("client")
            return self._at(client[0] if client else "")
        self._known.move_to_end(credential)
        return asker

    def _learn(self, credential: bytes, caller: Caller | None, status: int) -> None:
        if caller is None or caller.anonymous:
            if caller is not None or status == HTTPStatus.UNAUTHORIZED:
                self._known.pop(credential, None)
            return
        if caller.company_id is not None:
            asker = Asker(f"company {caller.company_id}")
        else:
            asker = Asker(f"staff {caller.staff_id or credential.hex()}", self._staff_times)
        if self._known.get(credential) != asker:
            self._known[credential] = asker
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _count(self, scope: Scope, asker: Asker, kind: str, *, alone: bool = False) -> tuple[list[str], Verdict | None]:
        """Counts a request of a kind, or (``alone``) that it turned out to be of another kind too."""
        slot = f"{kind} alone" if alone else kind
        if slot not in asker.wanted:
            names = [kind] if alone else [*dict.fromkeys((REQUESTS, kind))]
            asker.wanted[slot] = names, [self._wanted(asker, name) for name in names]
        names, wanted = asker.wanted[slot]
        if asker.name.startswith("company ") and not alone:
            client = scope.get("client")
            address = self._at(client[0] if client else "")
            names, wanted = [*names, TOGETHER], [*wanted, self._share(address)]
        return names, self._counters.take(wanted)

    def _share(self, address: Asker) -> tuple[bytes, Rate]:
        """What all companies of an address have together."""
        if TOGETHER not in address.wanted:
            address.wanted[TOGETHER] = [TOGETHER], [self._wanted(address, TOGETHER)]
        return address.wanted[TOGETHER][1][0]

    def _wanted(self, asker: Asker, name: str) -> tuple[bytes, Rate]:
        return self._counters.key(name, asker.name), self._rates[name].times(asker.times)

    def _told(self, name: str, asker: Asker, verdict: Verdict) -> list[tuple[bytes, bytes]]:
        """The fields of draft-ietf-httpapi-ratelimit-headers."""
        rate = self._rates[name].times(asker.times if name != TOGETHER else 1)
        policy = f'"{name}";q={rate.quota};w={rate.seconds}'
        left = f'"{name}";r={verdict.remaining};t={ceil(verdict.reset)}'
        return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


def count_as(request: Request, kind: str) -> None:
    """Counts a request that turned out to be of a kind that its address does not tell.

    Raises:
        TooManyRequests: the caller has made as many.
    """
    count: Callable[[str], Verdict | None] | None = getattr(request.state, "counted", None)
    verdict = None if count is None else count(kind)
    if verdict is not None and verdict.wait:
        raise _too_many(verdict)


def _too_many(verdict: Verdict) -> TooManyRequests:
    seconds = ceil(verdict.wait)
    return TooManyRequests(
        "Too many requests from you or your network. Try again in {seconds} s.", seconds=str(seconds)
    ).again_after(seconds)
