import logging
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlalchemy import select, update

from app.actions.letters import MAIL
from app.actions.sessions import Browser, send_invitation, send_link, use_company_link
from app.actions.staff import disable_staff, staff_member
from app.db import Database
from app.db.audit import COMMAND_LINE
from app.db.base import now
from app.db.companies import Company
from app.db.jobs import Job
from app.jobs.mail import Postman
from app.jobs.worker import WAITS
from app.settings import Settings
from tests.conftest import Registered
from tests.factories import kazakh_mill

PUBLIC = "https://caravan.example/"
BASE = "http://wherever"


@dataclass
class Mailbox:
    """What a mail server took, and whether it takes any."""

    port: int
    taking: bool = True
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # its name there
        del server, session
        if not self.taking:
            return "451 Try again later"
        mail = message_from_bytes(envelope.content or b"", policy=default)  # type: ignore[arg-type]  # bytes here
        assert isinstance(mail, EmailMessage)
        assert envelope.rcpt_tos == [mail["To"]]
        self.mails.append(mail)
        return "250 OK"

    def authenticated(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: object) -> AuthResult:
        del server, session, envelope, how
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = Mailbox(port)
    controller = Controller(
        kept, hostname="127.0.0.1", port=port, authenticator=kept.authenticated, auth_require_tls=False
    )
    controller.start()
    yield kept
    controller.stop()


def postman(database: Database, settings: Settings, port: int, login: str = "") -> Postman:
    changes = {
        "smtp_url": f"smtp://{login}127.0.0.1:{port}",
        "public_url": PUBLIC,
        "mail_from": "Caravan <c@d.example>",
    }
    return Postman(database, settings.model_copy(update=changes))


def waiting(database: Database) -> list[Job]:
    with database.reading() as session:
        return list(session.scalars(select(Job).where(Job.kind == MAIL)))


def ask(database: Database, company_id: str, language: str = "en") -> None:
    with database.writing() as session:
        send_link(session, company_id, language=language, base=BASE)


@pytest.fixture
def company_id(register: Registered) -> str:
    return str(register(kazakh_mill(contact={"email": "export@mill.example"}))["id"])


def text_of(mail: EmailMessage) -> str:
    content: str = mail.get_content()
    return content


@pytest.mark.parametrize(
    ("language", "subject"), [("en", "Sign in to Caravan"), ("ru", "Вход в Caravan"), ("kk", "Caravan")]
)
def test_link_arrives_in_the_reader_s_language_and_signs_in(  # noqa: PLR0913  # fixtures
    database: Database, settings: Settings, mailbox: Mailbox, company_id: str, language: str, subject: str
) -> None:
    ask(database, company_id, language)
    ask(database, company_id, language)
    assert postman(database, settings, mailbox.port).work() == 1
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == ("export@mill.example", "Caravan <c@d.example>")
    assert subject in mail["Subject"]
    found = re.search(r"https://caravan\.example/sign-in/link/([\w-]+)", text_of(mail))
    assert found
    assert BASE not in text_of(mail)
    with database.writing() as session:
        assert use_company_link(session, found[1], Browser("", ""))
    assert waiting(database) == []
    assert postman(database, settings, mailbox.port).work() == 0


def test_invitation_leads_to_the_choice_of_a_password(database: Database, settings: Settings, mailbox: Mailbox) -> None:
    with database.writing() as session:
        member = staff_member(session, "new@council.example", "viewer")
        send_invitation(session, member.id, language="kk", base=BASE, by=COMMAND_LINE)
    postman(database, settings, mailbox.port, "user%40d:p%3Aw@").work()
    (mail,) = mailbox.mails
    assert mail["To"] == "new@council.example"
    assert "https://caravan.example/console/password/" in text_of(mail)
    assert mailbox.logins == [(b"user@d", b"p:w")]


def test_mail_that_fails_is_sent_later(
    database: Database, settings: Settings, mailbox: Mailbox, company_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.taking = False
    ask(database, company_id)
    carrier = postman(database, settings, mailbox.port)
    assert carrier.work() == 1
    assert carrier.work() == 0, "not at once"
    (job,) = waiting(database)
    assert job.error == "SMTPDataError"
    assert job.claimed_until is not None
    assert timedelta(0) < job.claimed_until - now() <= timedelta(minutes=WAITS[0])
    assert "export@mill.example" not in caplog.text
    mailbox.taking = True
    with database.writing() as session:
        session.execute(update(Job).values(claimed_until=now() - timedelta(seconds=1)))
    assert carrier.work() == 1
    assert len(mailbox.mails) == 1
    assert waiting(database) == []


def test_asking_again_does_not_wait_for_the_next_try(
    database: Database, settings: Settings, mailbox: Mailbox, company_id: str
) -> None:
    mailbox.taking = False
    ask(database, company_id)
    carrier = postman(database, settings, mailbox.port)
    carrier.work()
    mailbox.taking = True
    ask(database, company_id)
    assert carrier.work() == 1
    assert len(mailbox.mails) == 1


def test_mail_is_given_up_after_the_last_try(database: Database, settings: Settings, company_id: str) -> None:
    ask(database, company_id)
    carrier = postman(database, settings, 1)
    for _ in WAITS:
        assert carrier.work() == 1
        assert len(waiting(database)) == 1
        with database.writing() as session:
            session.execute(update(Job).values(claimed_until=None))
    assert carrier.work() == 1
    assert waiting(database) == []


def test_mail_to_nobody_is_dropped(database: Database, settings: Settings, mailbox: Mailbox, company_id: str) -> None:
    with database.writing() as session:
        session.get_one(Company, company_id).contact_email = None
        staff_member(session, "head@council.example", "admin")
        member = staff_member(session, "gone@council.example", "viewer")
        send_link(session, company_id, language="en", base=BASE)
        send_invitation(session, member.id, language="en", base=BASE, by=COMMAND_LINE)
        disable_staff(session, member.id, by=COMMAND_LINE)
    assert postman(database, settings, mailbox.port).work() == 2
    assert mailbox.mails == []
    assert waiting(database) == []


def test_address_that_is_none_stops_nobody_else_s_mail(
    database: Database, settings: Settings, mailbox: Mailbox, register: Registered, company_id: str
) -> None:
    other = register(kazakh_mill())["id"]
    with database.writing() as session:
        session.get_one(Company, other).contact_email = "a@b.example\nBcc: everyone@c.example"
    ask(database, company_id)
    ask(database, other)
    assert postman(database, settings, mailbox.port).work() == 2
    assert [mail["To"] for mail in mailbox.mails] == ["export@mill.example"]


def test_without_a_server_mails_stand_in_the_log(
    database: Database, settings: Settings, company_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    ask(database, company_id)
    with caplog.at_level(logging.WARNING, "caravan.mail"):
        Postman(database, settings).work()
    assert "http://wherever/sign-in/link/" in caplog.text
    assert "export@mill.example" in caplog.text
    assert waiting(database) == []
