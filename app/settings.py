"""The settings, read from the environment once."""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
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

Verification = Literal["staff", "email", "none"]
Basis = Literal["consent", "legitimate_interest", "public_task", "published"]
KEY = re.compile("[A-Za-z0-9+/_-]{43}=?")
"""32 bytes in base64."""
LogFormat = Literal["plain", "json"]


PREFIX = "CARAVAN_"


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
        token_days: how long the token of a firm lives that registers, or makes a new one.
        kept_answer_bytes: memory of each process for finished answers; 0 keeps none.
        queue_size: pairs of each firm that are kept for review.
        busy_seconds: how long a write waits for another one (PostgreSQL: for any lock) before it is answered 503.
        statement_seconds: how long PostgreSQL may work on one statement before it is answered 503.
        database_connections: connections of each process to the database at most.
        connection_seconds: how long a request waits for one of them, or for PostgreSQL to take a new one, before it is
            answered 503.
        claim_seconds: how long a job waits for its worker after a crash before another one takes it.
        stop_seconds: how long a server that was told to stop (SIGTERM, Ctrl-C) works on requests that it took before.
        contact_keys: one or more keys of 32 bytes in base64 with commas between (``caravan keys new`` makes one), with
            which contacts are encrypted in the database: the first encrypts, all decrypt. Without one nothing is.
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
        most_at_work: requests that a process works on at once; fewer than the database has connections, or they wait
            for one another.
        most_waiting: requests that wait for their turn; more are answered 503.
        waiting_seconds: how long one waits before it is answered 503.
        most_connections: connections that a process holds; more are closed.
        confirm_email: whether a firm that registers must confirm its contact's e-mail address by a mailed link.
        verification: what makes a new firm visible to others: ``staff`` verify it, ``email`` as soon as its address is
            confirmed (needs confirm_email), or ``none``: it is verified at once.
        controller_name: who holds the personal data, as the privacy text names it.
        controller_contact: where to write about personal data: an e-mail address, perhaps a postal one.
        require_consent: whether a registration over the API must carry the firm's consent; on the page it always must.
        unconfirmed_days: a registration whose address was not confirmed for so many days is removed; 0 keeps it, as
            with all of these.
        warning_days: so many days before, a mail warns of that.
        import_file_days: lists that officers uploaded, with the rows that were refused, are erased so many days after
            their last step; firms that were imported stay.
        ended_listing_days: listings are erased so many days after they ended.
        suspended_contact_days: contacts of suspended firms are erased after so many days.
        import_basis: what the council may hold the data of imported firms by, recorded with each of them.
        log_format: ``plain`` for people at a terminal, ``json`` for programs that collect logs, a line for each record.
        trust_request_ids: whether a request's ``X-Request-ID`` is taken over; only where the proxy in front sets it.
        metrics_port: where ``caravan serve`` tells its figures (Prometheus) at ``/metrics``; without it nowhere.
        metrics_host: the address of that port; nothing guards it, so it is for this machine or a private network.
        metrics_token: with it, ``/metrics`` is also told on the service's own port, as ``Authorization: Bearer``; it
            opens the details of ``/readyz`` too. 20 letters at least: python -c "import secrets;
            print(secrets.token_urlsafe(32))".
        slow_database_seconds: a round trip to the database that takes longer makes ``/readyz`` answer 503.
        low_disk_bytes: less free space in the data directory makes ``/readyz`` answer 503.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Path("var")
    database_url: str | None = None
    max_body_bytes: int = Field(256 * 1024, gt=0)
    max_upload_bytes: int = Field(20 * MIB, gt=0)
    public_url: str | None = None
    smtp_url: str | None = None
    mail_from: str = "caravan@localhost"
    token_days: int = Field(365, gt=0, le=1095)
    kept_answer_bytes: int = Field(64 * MIB, ge=0)
    queue_size: int = Field(20, gt=0, le=200)
    busy_seconds: float = Field(10.0, gt=0)
    statement_seconds: float = Field(30.0, gt=0)
    database_connections: int = Field(15, gt=0, le=500)
    connection_seconds: float = Field(5.0, gt=0)
    claim_seconds: float = Field(120.0, ge=1)
    stop_seconds: int = Field(15, gt=0)
    contact_keys: SecretStr | None = None
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
    most_at_work: int = Field(12, gt=0)
    most_waiting: int = Field(256, ge=0)
    waiting_seconds: float = Field(2.0, gt=0)
    most_connections: int = Field(800, gt=0)
    confirm_email: bool = False
    verification: Verification = "staff"
    controller_name: str | None = None
    controller_contact: str | None = None
    require_consent: bool = False
    import_basis: Basis = "legitimate_interest"
    unconfirmed_days: int = Field(30, ge=0)
    warning_days: int = Field(7, ge=1)
    import_file_days: int = Field(30, ge=0)
    ended_listing_days: int = Field(730, ge=0)
    suspended_contact_days: int = Field(365, ge=0)
    log_format: LogFormat = "plain"
    trust_request_ids: bool = False
    metrics_port: int | None = Field(None, gt=0, lt=65536)
    metrics_host: str = "127.0.0.1"
    metrics_token: SecretStr | None = Field(None, min_length=20)
    slow_database_seconds: float = Field(1.0, gt=0)
    low_disk_bytes: int = Field(64 * MIB, ge=0)

    @model_validator(mode="after")
    def _links_lead_here(self) -> Self:
        if self.smtp_url and not self.public_url:
            raise ValueError("Set CARAVAN_PUBLIC_URL too: it stands in the links of the mails.")
        if self.smtp_url and not self.smtp_url.startswith(("smtp://", "smtps://")):
            raise ValueError("CARAVAN_SMTP_URL begins with smtp:// or smtps://.")
        return self

    @field_validator("contact_keys")
    @classmethod
    def _whole_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        for at, text in enumerate((keys.get_secret_value() if keys else "").replace(",", " ").split(), start=1):
            if not KEY.fullmatch(text):
                raise ValueError(f"Key {at} is not 32 bytes in base64. Make one: caravan keys new")
        return keys if keys is not None and keys.get_secret_value().strip(" ,") else None

    @model_validator(mode="after")
    def _verified_by_what_is_asked(self) -> Self:
        if self.verification == "email" and not self.confirm_email:
            raise ValueError(
                "Set CARAVAN_CONFIRM_EMAIL=true too: with CARAVAN_VERIFICATION=email a firm is verified by confirming"
                " its address."
            )
        if self.verification == "none" and self.confirm_email:
            raise ValueError(
                "CARAVAN_VERIFICATION=none verifies firms before they can confirm an address: set it to email or staff,"
                " or CARAVAN_CONFIRM_EMAIL=false."
            )
        return self

    @model_validator(mode="after")
    def _warns_before(self) -> Self:
        if 0 < self.unconfirmed_days <= self.warning_days:
            raise ValueError(
                "CARAVAN_WARNING_DAYS must be fewer than CARAVAN_UNCONFIRMED_DAYS: firms are warned before they are"
                " removed."
            )
        return self

    @model_validator(mode="after")
    def _consent_names_who_asks(self) -> Self:
        if self.require_consent and not (self.controller_name and self.controller_contact):
            raise ValueError(
                "Set CARAVAN_CONTROLLER_NAME and CARAVAN_CONTROLLER_CONTACT: who consents must know who holds the data"
                " and where to write."
            )
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
        return self.database_url or f"sqlite:///{self.database_file.absolute()}"

    @property
    def tells_metrics(self) -> bool:
        """Whether the figures of the service are told anywhere."""
        return self.metrics_port is not None or self.metrics_token is not None

    @property
    def database_file(self) -> Path:
        """Where the embedded database is."""
        return self.data_dir / "caravan.sqlite3"

    @property
    def register_file(self) -> Path:
        """Where the register is kept as the engine holds it, so that a start need not read every text again."""
        return self.data_dir / "register.index"

    @property
    def counters_file(self) -> Path:
        """Where worker processes count requests together."""
        return self.data_dir / "rates.counters"


def wrong_settings(failed: ValidationError) -> list[str]:
    """What is wrong with the settings, a sentence for each, without what they hold."""
    lines = []
    for error in failed.errors(include_input=False, include_url=False, include_context=False):
        name = PREFIX + "_".join(str(part) for part in error["loc"]).upper() if error["loc"] else ""
        said = error["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {said}" if name else said)
    return lines
