"""The settings, read from the environment once."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
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
        kept_answer_bytes: memory of each process for finished answers; 0 keeps none.
        queue_size: pairs of each firm that are kept for review.
        busy_seconds: how long a write waits for another one on SQLite.
        background_jobs: whether this process works on jobs beside serving.
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
    kept_answer_bytes: int = Field(64 * MIB, ge=0)
    queue_size: int = Field(20, gt=0, le=200)
    busy_seconds: float = Field(10.0, gt=0)
    background_jobs: bool = True
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


def wrong_settings(failed: ValidationError) -> list[str]:
    """What is wrong with the settings, a sentence for each, without what they hold."""
    lines = []
    for error in failed.errors(include_input=False, include_url=False, include_context=False):
        name = PREFIX + "_".join(str(part) for part in error["loc"]).upper() if error["loc"] else ""
        said = error["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {said}" if name else said)
    return lines
