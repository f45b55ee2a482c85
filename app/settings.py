"""The settings, read from the environment once."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
KEY = re.compile("[A-Za-z0-9+/_-]{43}=?")
"""32 bytes in base64."""


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
        contact_keys: one or more keys of 32 bytes in base64 with commas between (``caravan keys new`` makes one), with
            which contacts are encrypted in the database: the first encrypts, all decrypt. Without one nothing is.
        background_jobs: whether this process works on jobs beside serving.
    """

    model_config = SettingsConfigDict(env_prefix="CARAVAN_", frozen=True, extra="ignore", hide_input_in_errors=True)

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
    contact_keys: SecretStr | None = None
    background_jobs: bool = True

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
