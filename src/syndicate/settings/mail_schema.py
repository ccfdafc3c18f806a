"""The table `[mail]` of `syndicate.toml`: the server that sends notices to people."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from syndicate.errors import UsageError
from syndicate.model.contact import check_contact
from syndicate.settings.field_types import Table


def _smtp_url(text: str) -> str:
    if not text or re.fullmatch(r"smtps?://([^/@\s]+@)?[^/@:\s]+(:[0-9]{1,5})?/?", text):
        return text
    raise ValueError("expected smtp://USER:PASSWORD@HOST:PORT or smtps://…")


def _email(text: str) -> str:
    try:
        check_contact(text)
    except UsageError:
        text = "://"
    if "://" in text:
        raise ValueError("expected an email address such as feeds@example.gov")
    return text


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
