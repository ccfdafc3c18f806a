"""The tables `[limits]` and `[retention]` of `syndicate.toml`: bounds on size, rate and age."""

from pydantic import Field

from syndicate.settings.field_types import Table


class LimitsTable(Table):
    """Limits for posts, clients and partners."""

    post_bytes: int = Field(
        default=1_048_576,
        ge=1024,
        le=16_777_216,
        description="Maximum size of a post file in bytes. A larger file is reported as a "
        "problem, and the last version within the limit stays in service.",
    )
    front_matter_bytes: int = Field(
        default=65_536,
        ge=1024,
        le=1_048_576,
        description="Maximum size of the front matter of a post in bytes.",
    )
    front_matter_levels: int = Field(
        default=32, ge=2, le=100, description="Maximum nesting depth of the front matter of a post."
    )
    categories: int = Field(
        default=100, ge=1, le=10_000, description="Maximum number of categories of a post."
    )
    asset_bytes: int = Field(
        default=20_000_000,
        ge=1024,
        le=100_000_000,
        description="Maximum size of a file served below `/assets` in bytes; larger files are "
        "answered `404`.",
    )
    subscriptions_per_token: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="Maximum number of webhook subscriptions of the tokens with the same name; "
        "more are answered `409`. Existing ones beyond the limit stay. The command "
        "line has no limit.",
    )
    old_secrets: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Number of replaced secrets of a subscription that still sign for 24 hours "
        "beside the current one; each rotation drops older ones.",
    )
    unauthenticated_posts_per_minute: int = Field(
        default=120,
        ge=0,
        le=1_000_000,
        description="Maximum number of POST requests per client and minute without valid "
        "credentials (`/hub`, `/v1/sources/{name}/refresh`); more are answered "
        "`429`. 0: no limit.",
    )
    failed_authentications_per_minute: int = Field(
        default=20,
        ge=0,
        le=1_000_000,
        description="Maximum number of invalid tokens per client and minute that are answered "
        "`401`; more are answered `429`. 0: no limit. Valid tokens are always "
        "accepted.",
    )
    connections: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Maximum number of open client connections. Reduced if the system limits the "
        "open files of the process: a quarter, at least 256, is reserved for git, "
        "the database and deliveries.",
    )
    head_seconds: float = Field(
        default=10,
        gt=0,
        le=3600,
        description="Timeout in seconds for the request head, from connecting or from its first "
        "byte.",
    )
    idle_seconds: int = Field(
        default=75,
        ge=1,
        le=3600,
        description="Time in seconds that an idle connection is kept open between two requests.",
    )
    stalled_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="Timeout in seconds without progress of a request body, or of a response "
        "that the client does not read.",
    )


class RetentionTable(Table):
    """How long the database keeps what nothing needs any more."""

    deliveries_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Days that delivered events are kept; those that could not be delivered are "
        "kept three times as long.",
    )
    attempts_days: int = Field(
        default=7,
        ge=1,
        le=3650,
        description="Days that the response bodies of delivery attempts are kept.",
    )
    audit_days: int = Field(
        default=913,
        ge=1,
        le=36500,
        description="Days that entries of the audit log are kept (the default is 30 months).",
    )
    client_addresses_days: int = Field(
        default=90,
        ge=0,
        le=36500,
        description="Days that entries of the audit log keep the IP address of the client.",
    )
