"""The tables of `syndicate.toml` about what is sent: webhooks, WebSub, and mail to people."""

import re
from contextlib import suppress
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from syndicate.errors import UsageError
from syndicate.model.contact import check_contact, email_address
from syndicate.settings.field_types import (
    ListOrText,
    Network,
    NoticesUrl,
    Proxy,
    RetryDelays,
    Table,
)

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


class DeliveryTable(Table):
    """Delivery to subscribers."""

    allow_networks: Annotated[tuple[Network, ...], ListOrText] = Field(
        default=(),
        description="Non-public networks (CIDR) in which subscriber endpoints are allowed.",
    )
    allow_http: bool = Field(
        default=False, description="Whether subscriber endpoints may use http without TLS."
    )
    proxy: Proxy = Field(
        repr=False, default="", description="URL of the proxy for all outgoing deliveries."
    )
    retry_seconds: RetryDelays = Field(
        default=(0, 5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="Delay in seconds before each attempt; after the last attempt, the delivery "
        "fails.",
    )
    timeout_seconds: float = Field(
        default=15,
        gt=0,
        le=300,
        description="Timeout of one attempt in seconds, from connecting to the end of the "
        "response.",
    )
    egress: Annotated[tuple[Network, ...], ListOrText] = Field(
        default=(),
        description="Networks (CIDR) that deliveries come from; shown to partners, whose firewalls "
        "may need them.",
    )
    notices_url: NoticesUrl = Field(
        repr=False,
        default="",
        description="URL that receives a POST when a subscription fails, recovers or ends.",
    )


class LeaseTable(Table):
    """Lease of a WebSub subscription in seconds."""

    minimum: int = Field(
        default=3600,
        ge=1,
        description="Shortest lease; shorter requests are extended to this value.",
    )
    default: int = Field(
        default=864000, ge=1, description="Lease if the request does not specify one."
    )
    maximum: int = Field(
        default=2592000,
        ge=1,
        description="Longest lease; longer requests are shortened to this value.",
    )

    @model_validator(mode="after")
    def _is_ascending(self) -> Self:
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError("expected minimum ≤ default ≤ maximum")
        return self


class WebSubTable(Table):
    """The WebSub hub."""

    lease_seconds: LeaseTable = Field(
        default=LeaseTable(), description="Lease of a WebSub subscription in seconds until renewal."
    )
    max_pending_per_host: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="Maximum number of hub requests per callback host that wait for "
        "verification; more are answered `429`.",
    )
    max_pending: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Maximum number of hub requests in total that wait for verification; more "
        "are answered `429`.",
    )
    max_subscriptions: int = Field(
        default=10_000,
        ge=0,
        le=1_000_000,
        description="Maximum number of verified WebSub subscriptions. New ones beyond the limit "
        "are answered `429`; existing ones stay and can be renewed.",
    )
