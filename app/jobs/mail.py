"""Sends the mails that wait: sign-in links of firms, invitations of staff."""

import logging
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from smtplib import SMTPException

from sqlalchemy.orm import Session

from app.actions.jobs import Claimed, claim_jobs, postpone_job, release_job
from app.actions.letters import MAIL
from app.actions.links import new_link
from app.db import Database
from app.db.companies import Company
from app.db.staff import StaffMember
from app.jobs.smtp import mail_server
from app.jobs.worker import WAITS, work_on
from app.settings import Settings
from app.texts import translate
from app.watch.figures import MAILS
from matching import Language

log = logging.getLogger("caravan.mail")

AT_ONCE = 5

UNSENT = {"public": "A mail was not sent, because no mail server is set (CARAVAN_SMTP_URL)."}
"""What is told instead of the mail where logs are collected."""

SIGN_IN = (
    "Sign in to Caravan",
    "Open this link to sign in as {name}:\n\n{link}\n\nIt works once, within 15 minutes. Did not ask? Do nothing.",
)
CONFIRMATION = (
    "Confirm your e-mail address for Caravan",
    (
        "{name} is registered in Caravan with this address. Open this link to confirm it:\n\n{link}\n\n"
        "It works once, within 3 days. Is the firm not yours? Do nothing."
    ),
)
WARNING = (
    "Your registration in Caravan will be removed",
    (
        "{name} is registered in Caravan with this address, which was never confirmed. In {days} days the registration"
        " will be removed. Open this link to keep it:\n\n{link}\n\n"
        "It works once, within 3 days; after that ask for a new one on the pages. Is the firm not yours? Do nothing."
    ),
)
INVITATION = (
    "Your access to the council's console",
    "Open this link to choose a password:\n\n{link}\n\nIt works once, within 3 days.",
)

ABOUT = {"sign-in": SIGN_IN, "confirm": CONFIRMATION, "warning": WARNING}
"""The mails to a firm, by what their jobs say they are about."""


class Postman:
    """Sends waiting mails, one after another."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def work(self) -> int:
        """Sends some waiting mails; how many there were."""
        claimed = claim_jobs(self._database, MAIL, AT_ONCE)
        work_on(self._database, claimed, self._deliver)
        return len(claimed)

    def _deliver(self, job: Claimed) -> None:
        try:
            with self._database.writing() as session:
                mail = self._written(session, job.payload)
            if mail is not None:
                self._sent(mail)
        except (OSError, SMTPException, MessageError, ValueError) as failed:
            self._not_sent(job, failed)
            return
        MAILS.labels("sent").inc()
        with self._database.writing() as session:
            release_job(session, MAIL, job.key, job.asked)

    def _written(self, session: Session, payload: dict[str, str]) -> EmailMessage | None:
        """The mail with a new link; None where its reader is gone."""
        company_id, staff_id, language = payload.get("company_id"), payload.get("staff_id"), payload["language"]
        company = session.get(Company, company_id) if company_id else None
        member = session.get(StaffMember, staff_id) if staff_id else None
        base = (self._settings.public_url or payload["base"]).rstrip("/")
        if company is not None and company.contact_email:
            text = ABOUT[payload.get("about", "sign-in")]
            confirms = text is not SIGN_IN
            secret = new_link(session, company_id=company.id, address=company.contact_email, confirms=confirms)
            link = f"{base}/sign-in/link/{secret}" + ("/confirm" if confirms else "")
            values = {"link": link, "name": company.legal_name, "days": payload.get("days", "")}
            return self._mail(company.contact_email, text, language, **values)
        if member is not None and member.disabled_at is None:
            link = f"{base}/console/password/{new_link(session, staff_id=member.id)}"
            return self._mail(member.email, INVITATION, language, link=link)
        return None

    def _mail(self, to: str, text: tuple[str, str], language: str, **values: str) -> EmailMessage:
        spoken: Language = "ru" if language == "ru" else "kk" if language == "kk" else "en"
        mail = EmailMessage()
        mail["From"] = self._settings.mail_from
        mail["To"] = Address(addr_spec=to)  # one reader, whatever commas stand in the address
        mail["Subject"] = translate(text[0], spoken)
        mail.set_content(translate(text[1], spoken, values))
        return mail

    def _sent(self, mail: EmailMessage) -> None:
        if self._settings.smtp_url is None:
            log.warning(
                "No mail server is set; this would be sent to %s:\n%s", mail["To"], mail.get_content(), extra=UNSENT
            )
            return
        with mail_server(self._settings.smtp_url) as smtp:
            smtp.send_message(mail)

    def _not_sent(self, job: Claimed, failed: Exception) -> None:
        last = job.attempts > len(WAITS)  # then it is given up
        MAILS.labels("given up" if last else "failed").inc()
        log.warning("A mail could not be sent%s: %s", "; it is given up" if last else "", type(failed).__name__)
        with self._database.writing() as session:
            if last:
                release_job(session, MAIL, job.key, job.asked)
            else:
                wait = timedelta(minutes=WAITS[job.attempts - 1])
                postpone_job(session, MAIL, job.key, type(failed).__name__, wait)
