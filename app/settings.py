"""The settings, read from the environment once."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024

Verification = Literal["staff", "email", "none"]
Basis = Literal["consent", "legitimate_interest", "public_task", "published"]


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

    @model_validator(mode="after")
    def _links_lead_here(self) -> Self:
        if self.smtp_url and not self.public_url:
            raise ValueError("Set CARAVAN_PUBLIC_URL too: it stands in the links of the mails.")
        if self.smtp_url and not self.smtp_url.startswith(("smtp://", "smtps://")):
            raise ValueError("CARAVAN_SMTP_URL begins with smtp:// or smtps://.")
        return self

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
