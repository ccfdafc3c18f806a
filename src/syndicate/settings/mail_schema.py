"""The table `[mail]` of `syndicate.toml`: the server that sends notices to people."""

import re
from contextlib import suppress
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from syndicate.errors import UsageError
from syndicate.model.contact import check_contact, email_address
from syndicate.settings.field_types import Table

_MAX_PORT: Final = 65_535


def _smtp_url(text: str) -> str:
    """Return ``text``, which is empty or the URL of an SMTP server; raises `ValueError`."""
    match = re.fullmatch(r"smtps?://([^/?#@\[\]\s]+@)?[^/?#@:\[\]\s]+(:([0-9]{1,5}))?/?", text)
    if not text or (match and 0 < int(match[3] or 1) <= _MAX_PORT):
        return text
    raise ValueError(
        "expected smtp://USER:PASSWORD@HOST:PORT or smtps://…, with / ? # @ [ ] of user and "
        "password percent-encoded, such as %40 for @"
    )


def _email(text: str) -> str:
    """Return the email address ``text``, without ``mailto:``; raises `ValueError`."""
    with suppress(UsageError):
        check_contact(text)
        if not text or email_address(text):
            return email_address(text)
    raise ValueError("expected an email address such as feeds@example.gov")


class MailTable(Table):
    """Mail to partners and editors."""

    smtp_url: Annotated[str, AfterValidator(_smtp_url)] = Field(
        repr=False,
        default="",
        description="SMTP server: `smtp://USER:PASSWORD@HOST:PORT` (port 587, with STARTTLS where "
        "offered) or `smtps://…` (port 465). Empty: no mail is sent.",
    )
    sender: Annotated[str, AfterValidator(_email)] = Field(
        alias="from", default="", description="Email address that mail is from."
    )

    @model_validator(mode="after")
    def _has_sender(self) -> Self:
        if self.smtp_url and not self.sender:
            raise ValueError('expected from = "…" beside smtp_url')
        return self
