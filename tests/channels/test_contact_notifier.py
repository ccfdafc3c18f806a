"""Notices by email, over a real SMTP server, and to URLs."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from ipaddress import ip_network

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from syndicate.channels.contact_notifier import ContactNotifier, MailServer
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.contact import Notice
from tests import samples
from tests.channels.certificates import CertificateAuthority
from tests.channels.receiver import respond, run_receiver

pytestmark = pytest.mark.anyio

NOTICE = Notice(
    subject="Your webhook endpoint works again",
    text="Events that waited are being sent.\n",
    data={"type": "endpoint.working"},
)


@dataclass(slots=True)
class Mailbox:
    """The received messages, and the passwords that clients logged in with."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 — the name that aiosmtpd calls
        self, _server: SMTP, _session: object, envelope: Envelope
    ) -> str:
        """Keep a message."""
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def log_in(
        self,
        _server: SMTP,
        _session: Session,
        _envelope: Envelope,
        _method: str,
        login: LoginPassword,
    ) -> AuthResult:
        """Accept any password."""
        self.passwords.append(login.password)
        return AuthResult(success=True)


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[Mailbox]:
    """Run an SMTP server on loopback, with TLS, STARTTLS or neither."""
    mailbox = Mailbox()
    make = partial(
        SMTP,
        mailbox,
        hostname="localhost",
        tls_context=starttls,
        authenticator=mailbox.log_in,
        auth_require_tls=False,
    )
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    mailbox.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mailbox


@asynccontextmanager
async def notifier(server: MailServer | None) -> AsyncIterator[ContactNotifier]:
    """Return a notifier that may send requests to this host."""
    guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    async with Transport(guard, samples.SERVICE_INFO, timeout_seconds=5) as transport:
        yield ContactNotifier(transport, server)


async def test_notice_is_mailed() -> None:
    """With a subject, and marked as automatic."""
    async with mail_server() as mailbox:
        server = MailServer.from_url(f"smtp://127.0.0.1:{mailbox.port}", "feeds@example.gov")
        async with notifier(server) as contacts:
            assert await contacts.send("mailto:web@example.gov", NOTICE) == ""
    (message,) = mailbox.messages
    assert (message["To"], message["From"]) == ("web@example.gov", "feeds@example.gov")
    assert message["Subject"] == NOTICE.subject
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == NOTICE.text


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_password_is_sent_over_tls(
    scheme: str, certificate_authority: CertificateAuthority
) -> None:
    """From the first byte, or after STARTTLS."""
    context = certificate_authority.server_context("localhost")
    is_tls = scheme == "smtps"
    server = mail_server(tls=context if is_tls else None, starttls=None if is_tls else context)
    async with server as mailbox:
        url = f"{scheme}://feeds:p%40ss@localhost:{mailbox.port}"
        trusted = certificate_authority.client_context()
        client = MailServer.from_url(url, "feeds@example.gov", trusted)
        async with notifier(client) as contacts:
            assert await contacts.send("web@example.gov", NOTICE) == ""
    assert mailbox.passwords == [b"p@ss"]
    assert len(mailbox.messages) == 1


async def test_password_is_not_sent_without_tls() -> None:
    """Anyone on the way could read it."""
    async with mail_server() as mailbox:
        url = f"smtp://feeds:pass@127.0.0.1:{mailbox.port}"
        async with notifier(MailServer.from_url(url, "feeds@example.gov")) as contacts:
            assert "offers no TLS" in await contacts.send("web@example.gov", NOTICE)
    assert (mailbox.passwords, mailbox.messages) == ([], [])


async def test_unreachable_mail_server_is_an_error() -> None:
    """With its host; so is a missing one."""
    server = MailServer.from_url("smtp://127.0.0.1:9", "feeds@example.gov")
    async with notifier(server) as contacts:
        assert (await contacts.send("web@example.gov", NOTICE)).startswith("127.0.0.1: ")
    async with notifier(MailServer.from_url("", "")) as contacts:
        assert "[mail] smtp_url" in await contacts.send("web@example.gov", NOTICE)


def test_default_ports_are_those_of_submission() -> None:
    """RFC 6409 and RFC 8314."""
    for scheme, port in (("smtp", 587), ("smtps", 465)):
        server = MailServer.from_url(f"{scheme}://mail.example", "feeds@example.gov")
        assert server
        assert server.port == port


async def test_notice_is_posted_to_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the guarded client; the error names what went wrong."""
    monkeypatch.setattr("syndicate.channels.contact_notifier.email_address", lambda _: "")
    async with run_receiver(respond(204), respond(500)) as receiver, notifier(None) as contacts:
        assert await contacts.send(receiver.url(), NOTICE) == ""
        assert await contacts.send(receiver.url(), NOTICE) == "the response status was 500"
    assert json.loads(receiver.requests[0].body) == NOTICE.data


async def test_subject_is_one_line() -> None:
    """A title with line breaks adds no header field, and does not stop the notifier."""
    async with mail_server() as mailbox:
        server = MailServer.from_url(f"smtp://127.0.0.1:{mailbox.port}", "feeds@example.gov")
        notice = replace(NOTICE, subject="Agency\r\nBcc: all@example.gov")
        async with notifier(server) as contacts:
            assert await contacts.send("web@example.gov", notice) == ""
    (message,) = mailbox.messages
    assert message["Subject"] == "Agency Bcc: all@example.gov"
    assert message["Bcc"] is None


async def test_password_beyond_ascii_is_an_error(
    certificate_authority: CertificateAuthority,
) -> None:
    """SMTP programs disagree how to encode it; the error does not show it."""
    context = certificate_authority.server_context("localhost")
    async with mail_server(tls=context) as mailbox:
        url = f"smtps://feeds:p%C3%A4ss@localhost:{mailbox.port}"
        trusted = certificate_authority.client_context()
        server = MailServer.from_url(url, "feeds@example.gov", trusted)
        async with notifier(server) as contacts:
            error = await contacts.send("web@example.gov", NOTICE)
    assert error == "localhost: a user, password or text that cannot be encoded"
    assert mailbox.messages == []
