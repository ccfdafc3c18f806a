"""Notices for people: by email over the operator's SMTP server, or as a POST to an https URL."""

import asyncio
import json
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from syndicate.channels.transport import Transport
from syndicate.model.contact import Notice, email_address

_TIMEOUT_SECONDS: Final = 30.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """An SMTP server and the address that mail is from.

    With ``is_tls`` the connection begins with TLS; otherwise STARTTLS is used where it is offered,
    and required if there is a ``user``. ``tls`` replaces the certificates of the system.
    """

    host: str
    port: int
    is_tls: bool
    sender: str
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None

    @classmethod
    def from_url(cls, url: str, sender: str, tls: ssl.SSLContext | None = None) -> Self | None:
        """Return the server of ``smtp://USER:PASSWORD@HOST:PORT`` or ``smtps://…``.

        None if ``url`` is empty: then no mail is sent.
        """
        if not url:
            return None
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            sender=sender,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
        )

    def send(self, message: EmailMessage) -> None:
        """Send ``message``; raises `OSError` or `smtplib.SMTPException`."""
        context = self.tls or ssl.create_default_context()
        connection = (
            smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_SECONDS, context=context)
            if self.is_tls
            else smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        )
        with connection:
            connection.ehlo()
            if not self.is_tls and connection.has_extn("starttls"):
                connection.starttls(context=context)
            elif not self.is_tls and self.user:
                raise smtplib.SMTPException("the server offers no TLS, which the password needs")
            if self.user:
                connection.login(self.user, self.password)
            connection.send_message(message)


class ContactNotifier:
    """Sends notices to contacts.

    Args:
        transport: Sends the requests to URLs, with its SSRF guard.
        mail_server: Sends mail; None if the operator has set none.
    """

    def __init__(self, transport: Transport, mail_server: MailServer | None) -> None:
        self._transport: Final = transport
        self._mail_server: Final = mail_server

    async def send(self, contact: str, notice: Notice) -> str:
        """Send ``notice`` to an email address or URL; return why that failed, "" if it did not."""
        address = email_address(contact)
        if not address:
            body = json.dumps(notice.data).encode()
            headers = {"content-type": "application/json"}
            return (await self._transport.send("POST", contact, headers, body)).error
        if self._mail_server is None:
            return "no mail server is set: [mail] smtp_url"
        message = _mail(address, self._mail_server.sender, notice)
        try:
            await asyncio.to_thread(self._mail_server.send, message)
        except UnicodeError:  # smtplib sends no password and no body with other characters
            return f"{self._mail_server.host}: a user, password or text that cannot be encoded"
        except (OSError, smtplib.SMTPException) as error:
            return f"{self._mail_server.host}: {error}"
        return ""


def _mail(address: str, sender: str, notice: Notice) -> EmailMessage:
    """Return the message, which asks programs not to answer (RFC 3834 section 5)."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    message["Subject"] = " ".join(notice.subject.split())  # a header field is one line
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text)
    return message
