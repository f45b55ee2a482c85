"""The settings, read from the environment once."""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024 * 1024
LOOPBACK = ("127.0.0.1", "::1")
HERE = ("localhost", *LOOPBACK)
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
HOST = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:]+")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds; all at once if need be."""

    quota: int
    seconds: int

    def times(self, factor: int) -> "Rate":
        """So many times as much."""
        return Rate(self.quota * factor, self.seconds)


def _rate(value: object) -> object:
    """A rate as it is written: 30/hour."""
    if not isinstance(value, str):
        return value
    quota, _, unit = value.replace(" ", "").partition("/")
    if not quota.isdecimal() or not 0 < int(quota) <= 10**9 or unit not in SECONDS:
        raise ValueError("Write it as 30/hour; second, minute and day are known too.")
    return Rate(int(quota), SECONDS[unit])


def _listed(value: object) -> object:
    """A list as it is written: one, other."""
    return tuple(part for part in re.split(r"[,\s]+", value) if part) if isinstance(value, str) else value


def _networks(value: object) -> object:
    for one in found if isinstance(found := _listed(value), tuple | list) else ():
        try:
            ip_network(str(one))
        except ValueError:
            raise ValueError(f"Write addresses and networks, as in 10.0.0.0/8, 2001:db8::7; not {one}.") from None
    return found


def _hosts(value: object) -> object:
    found = _listed(value)
    if not isinstance(found, tuple | list):
        return found
    hosts = tuple(str(one).lower() for one in found)
    for one in hosts:
        if not HOST.fullmatch(one):
            raise ValueError(f"Write host names without scheme and port, as in caravan.example; not {one}.")
    return hosts


def _origins(value: object) -> object:
    for one in found if isinstance(found := _listed(value), tuple | list) else ():
        parts = urlsplit(str(one))
        if one != f"{parts.scheme}://{parts.netloc}" or parts.scheme not in {"http", "https"} or "*" in str(one):
            raise ValueError(f"Write whole origins, as in https://portal.example, without a path; not {one}.")
    return found


RateSetting = Annotated[Rate, NoDecode, BeforeValidator(_rate)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]


class Settings(BaseSettings):
    """Everything that can be set, each as ``CARAVAN_<NAME>``.

    Attributes:
        data_dir: where the embedded database lives, and the register as the engine holds it.
        database_url: SQLAlchemy URL of a PostgreSQL database; without it the embedded SQLite is used.
        max_body_bytes: a larger request body is answered 413.
        max_upload_bytes: the same for files that staff import.
        public_url: where the pages are reached, for the links in mails, as in https://caravan.example.
        smtp_url: the mail server, as in smtp://user:password@mail.example:587 (STARTTLS where offered) or smtps://…;
            without it mails are printed in the log.
        mail_from: the sender of mails.
        kept_answer_bytes: memory of each process for finished answers; 0 keeps none.
        queue_size: pairs of each firm that are kept for review.
        busy_seconds: how long a write waits for another one on SQLite.
        background_jobs: whether this process works on jobs beside serving.
        trusted_proxies: addresses and networks of the proxies whose X-Forwarded-For and -Proto are believed.
        allowed_hosts: the names this service is asked by (``*.example`` takes all below); others are answered 400.
            Without it any, or with public_url that one and this machine's own.
        cors_origins: the sites whose scripts may ask the API, as in https://portal.example; none by default.
        rate_limits: whether requests are counted; off for load tests.
        rate_requests: what one network address, or one company, may ask for.
        rate_registrations: the registrations among them.
        rate_forms: steps of the page for registering, with its preview.
        rate_searches: searches and what is asked for while somebody types.
        rate_rankings: rankings.
        staff_rates_times: staff may do so many times as much.
        rate_secret: with what worker processes that count together make keys; ``caravan serve`` gives them one.
        request_seconds: how long a request may take to arrive; a larger one has longer.
        threads: how many of them read, rank and render; fewer than the database has connections, and few, since they
            take turns with the one that answers.
        most_at_work: requests that a process works on at once; registrations among them are written together.
        most_waiting: requests that wait for their turn; more are answered 503.
        waiting_seconds: how long one waits before it is answered 503.
        most_connections: connections that a process holds; more are closed.
    """

    model_config = SettingsConfigDict(env_prefix="CARAVAN_", frozen=True, extra="ignore")

    data_dir: Path = Path("var")
    database_url: str | None = None
    max_body_bytes: int = Field(256 * 1024, gt=0)
    max_upload_bytes: int = Field(20 * MIB, gt=0)
    public_url: str | None = None
    smtp_url: str | None = None
    mail_from: str = "caravan@localhost"
    kept_answer_bytes: int = Field(64 * MIB, ge=0)
    queue_size: int = Field(20, gt=0, le=200)
    busy_seconds: float = Field(10.0, gt=0)
    background_jobs: bool = True
    trusted_proxies: Networks = LOOPBACK
    allowed_hosts: Hosts = ()
    cors_origins: Origins = ()
    rate_limits: bool = True
    rate_requests: RateSetting = Rate(600, 60)
    rate_registrations: RateSetting = Rate(30, 3600)
    rate_forms: RateSetting = Rate(60, 60)
    rate_searches: RateSetting = Rate(300, 60)
    rate_rankings: RateSetting = Rate(120, 60)
    staff_rates_times: int = Field(20, gt=0)
    rate_secret: SecretStr | None = None
    request_seconds: float = Field(20.0, gt=0)
    threads: int = Field(12, gt=0)
    most_at_work: int = Field(64, gt=0)
    most_waiting: int = Field(256, ge=0)
    waiting_seconds: float = Field(2.0, gt=0)
    most_connections: int = Field(800, gt=0)

    @model_validator(mode="after")
    def _links_lead_here(self) -> Self:
        if self.smtp_url and not self.public_url:
            raise ValueError("Set CARAVAN_PUBLIC_URL too: it stands in the links of the mails.")
        if self.smtp_url and not self.smtp_url.startswith(("smtp://", "smtps://")):
            raise ValueError("CARAVAN_SMTP_URL begins with smtp:// or smtps://.")
        return self

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names this service is asked by; none means any."""
        if self.allowed_hosts or not self.public_url:
            return () if "*" in self.allowed_hosts else self.allowed_hosts
        return ((urlsplit(self.public_url).hostname or "").lower(), *HERE)

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded SQLite file, which migrates itself."""
        return self.database_url is None

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'caravan.sqlite3').absolute()}"

    @property
    def register_file(self) -> Path:
        """Where the register is kept as the engine holds it, so that a start need not read every text again."""
        return self.data_dir / "register.index"

    @property
    def counters_file(self) -> Path:
        """Where worker processes count requests together."""
        return self.data_dir / "rates.counters"
