"""The mail server of the settings."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import SMTP, SMTP_SSL, SMTPNotSupportedError
from urllib.parse import unquote, urlsplit

SECONDS = 20.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@contextmanager
def mail_server(url: str) -> Iterator[SMTP]:
    """A connection that is encrypted, where the server can, and signed in, where the address says as whom.

    Raises:
        OSError: it cannot be reached.
        SMTPException: it does not take us, or the password would be sent where others can read it.
    """
    server = urlsplit(url)
    host, port = server.hostname or "localhost", server.port or 0
    trusted = ssl.create_default_context()
    if host in LOOPBACK:  # a mail server on the same machine has a certificate of its own making
        trusted.check_hostname = False
        trusted.verify_mode = ssl.CERT_NONE
    with (
        SMTP_SSL(host, port, timeout=SECONDS, context=trusted)
        if server.scheme == "smtps"
        else SMTP(host, port, timeout=SECONDS)
    ) as smtp:
        smtp.ehlo()
        if server.scheme != "smtps" and smtp.has_extn("starttls"):
            smtp.starttls(context=trusted)
            smtp.ehlo()
        elif server.scheme != "smtps" and server.username and host not in LOOPBACK:
            raise SMTPNotSupportedError("The password would be sent where others can read it.")
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
        yield smtp
