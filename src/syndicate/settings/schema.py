"""The tables of `syndicate.toml`: type, default and description of every key."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from syndicate.model.post import IdRule
from syndicate.settings.delivery_schema import DeliveryTable, MailTable, WebSubTable
from syndicate.settings.field_types import (
    Authority,
    CategorySlug,
    Contact,
    DatabaseUrl,
    Dialect,
    FeedName,
    FieldName,
    Folders,
    Host,
    Language,
    ListOrText,
    Name,
    OptionalWebUrl,
    PreviewRef,
    RedirectTarget,
    Ref,
    Table,
    Text,
    TimeZone,
    UrlPath,
)
from syndicate.settings.limits_schema import LimitsTable, RetentionTable
from syndicate.settings.pages_schema import AgencyTable, PagesTable


class ServiceTable(Table):
    """The service."""

    title: Text = Field(
        default="Syndicate", description="Name of the service in feeds and on pages."
    )
    public_url: OptionalWebUrl = Field(
        default="",
        description="Public URL of the service; every URL in feeds begins with this value. "
        "Empty: `http://HOST:PORT` from the two keys below.",
    )
    host: Text = Field(
        default="127.0.0.1",
        description="IP address or host name to listen on; `0.0.0.0` listens on all interfaces.",
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port to listen on; 0 selects a free port."
    )
    contact: str = Field(default="", description="Contact address for readers and partners.")
    secret_key: str = Field(
        repr=False,
        default="",
        description="Key that encrypts subscribers' secrets at rest. Default: the environment "
        "variable `SYNDICATE_SECRET_KEY`; without either, secrets are stored "
        "unencrypted.",
    )
    previous_secret_keys: Annotated[tuple[Text, ...], ListOrText] = Field(
        repr=False, default=(), description="Other keys that decrypt: see `syndicate keys rotate`."
    )
    metrics_token: str = Field(
        repr=False, default="", description="Bearer token required by `/metrics`. Empty: no token."
    )
    data: Text = Field(default="var", description="Folder for mirrors, the cache and other data.")
    cache_seconds: int = Field(
        default=300,
        ge=0,
        le=86400,
        description="Time in seconds that readers and caches may store a feed (`max-age`).",
    )
    stale_while_revalidate: int = Field(
        default=600,
        ge=0,
        le=604800,
        description="Additional seconds that a cache may serve a stale feed while revalidating.",
    )
    stale_if_error: int = Field(
        default=86400,
        ge=0,
        le=2592000,
        description="Additional seconds that a cache may serve a stale feed while the service is "
        "unavailable.",
    )
    requests_per_minute: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Maximum number of requests per client and minute; more are answered `429`. "
        "0: no limit.",
    )
    proxies: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Number of trusted reverse proxies; the client is that many entries from the "
        "right of `X-Forwarded-For`. Set only if clients cannot bypass the proxies.",
    )
    log: Literal["auto", "console", "json"] = Field(
        default="auto",
        description="Log format: `console`, `json`, or `auto` (`console` on a terminal, `json` "
        "elsewhere).",
    )
    workers: int = Field(default=2, ge=1, le=64, description="Maximum number of render processes.")


class DatabaseTable(Table):
    """The database of subscriptions and deliveries."""

    url: DatabaseUrl = Field(
        repr=False,
        default="sqlite:///var/syndicate.db",
        description="`sqlite:///FILE`, or `postgresql://USER@HOST/NAME` for more than one machine.",
    )


class SourceTable(Table):
    """A source: folders of posts in a git repository."""

    name: Name = Field(description="Unique name; part of feed URLs and post IDs.")
    repository: Text = Field(
        description="Path of a repository (bare or not), or an https or ssh URL, which is mirrored."
    )
    ref: Ref = Field(default="main", description="Published ref: a branch, tag or other ref.")
    folders: Folders = Field(
        default=(),
        description="Folders with posts, relative to the root of the repository. Not set: those "
        "that the site publishes as posts.",
    )
    dialect: Dialect = Field(
        default="",
        description="Conventions of the front matter, such as `news-and-blog`. Not set: those of "
        "the engine that the repository is made for.",
    )
    site_url: OptionalWebUrl = Field(
        default="",
        description="URL of the site that publishes the posts. Not set: the one in the site's own "
        "configuration.",
    )
    id_authority: Authority = Field(
        default="",
        description="Part of the post IDs: never change this value. Empty: the host of `site_url`, "
        "which then is required.",
    )
    title: str = Field(default="", description="Display name. Empty: the name.")
    timezone: TimeZone = Field(
        default="UTC",
        description="Time zone of dates without a time zone. Not set: the one in the site's own "
        "configuration, else UTC.",
    )
    language: Language = Field(
        default="en",
        description="Language of posts without a language. Not set: the one in the site's own "
        "configuration, else English.",
    )
    permalink: str = Field(
        default="",
        description="URL pattern of posts without a permalink, such as `/news/:year/:slug/`. "
        "Empty: the pattern of the site's own configuration, else that of its engine.",
    )
    permalinks: dict[str, Text] = Field(
        default={}, description="URL patterns by folder; they win over `permalink`."
    )
    ids: IdRule = Field(
        default="tag",
        description="IDs of posts in feeds: `tag` stays when a post moves; `url` and `jekyll-feed` "
        "are for a feed taken over, whose readers know posts by their URL or by the IDs of "
        "jekyll-feed. A post's own `guid` wins.",
    )
    categories: Annotated[tuple[Text, ...], ListOrText] = Field(
        default=(), description="Categories added to every post of the source."
    )
    markdown: Literal["", "kramdown", "commonmark"] = Field(
        default="",
        description="Flavour of Markdown: `kramdown` (as Jekyll reads it) or `commonmark` (as Hugo "
        "and Eleventy do). Empty: that of the site's engine, with the options of its "
        "configuration.",
    )
    rights: str = Field(default="", description="License or terms of use of the posts.")
    rights_url: OptionalWebUrl = Field(
        default="", description="URL of the license or terms of use."
    )
    icon: OptionalWebUrl = Field(
        default="",
        description="URL of a small square image for feeds of this source alone. Neither this nor "
        "`logo`: those of `[agency]`.",
    )
    logo: OptionalWebUrl = Field(
        default="", description="URL of a larger image for feeds of this source alone."
    )
    poll_seconds: float = Field(
        default=15,
        ge=1,
        le=86400,
        description="Polling interval of a remote repository in seconds; a local repository is "
        "watched.",
    )
    preview: Annotated[tuple[PreviewRef, ...], ListOrText] = Field(
        default=(),
        description="Branches of a remote repository that `/explain` and `/check` show before they "
        "are published, such as `refs/heads/*` or `refs/pull/*/head`; at most 100. Of a local "
        "repository, every branch is shown.",
    )
    notify: Annotated[tuple[Contact, ...], ListOrText] = Field(
        repr=False,
        default=(),
        description="Email addresses and https URLs of editors, who are notified when a post "
        "breaks and when it is fixed.",
    )
    hook_secret: str = Field(
        repr=False,
        default="",
        description="Secret of push hooks from the git host. Empty: only tokens are accepted.",
    )
    credentials_expire: date | None = Field(
        default=None,
        description="Last day on which the token or deploy key in use is valid, such as "
        "`2027-01-31`: `syndicate doctor` names the source from 30 days before.",
    )
    require_signed: bool = Field(
        default=False, description="Serve only commits that one of `signers` has signed."
    )
    signers: str = Field(
        default="",
        description="File of allowed signers (ssh) or OpenPGP public keys, for `require_signed`.",
    )
    keys: dict[FieldName, Annotated[tuple[Text, ...], ListOrText]] = Field(
        default={},
        description="Front-matter keys that differ from the dialect: a field and the keys to try "
        'in order, such as `summary = ["teaser"]`.',
    )
    replacements: dict[str, str] = Field(
        default={}, description="Template tags of the site and their replacement text."
    )
    authors: dict[str, str] = Field(
        default={}, description="Author slugs and the corresponding names."
    )
    embeds: Annotated[tuple[Host, ...], ListOrText] = Field(
        default=(), description="Hosts whose iframes are kept; all others become links."
    )
    assets: Literal["link", "serve"] = Field(
        default="link",
        description="`link` to images on the site, or `serve` images from the repository.",
    )

    @model_validator(mode="after")
    def _names_its_signers(self) -> Self:
        if self.require_signed and not self.signers:
            raise ValueError('expected signers = "FILE" beside require_signed = true')
        return self


class CategoryTable(Table):
    """A category and its alternative spellings."""

    slug: CategorySlug = Field(description="Identifier in URLs.")
    title: Text = Field(description="Display name.")
    aliases: Annotated[tuple[Text, ...], ListOrText] = Field(
        default=(), description="Alternative spellings; case, spaces and hyphens are ignored."
    )


class FeedTable(Table):
    """A custom feed, in addition to the automatic feeds."""

    name: FeedName = Field(description="Unique name; part of the feed URL.")
    title: str = Field(default="", description="Display name. Empty: the name.")
    description: str = Field(
        default="", description="Description for readers, in one or two sentences."
    )
    categories: Annotated[tuple[Text, ...], ListOrText] = Field(
        default=(), description="Only posts with these categories: slugs, titles or aliases."
    )
    match: Literal["any", "all"] = Field(
        default="any",
        description="`any`: posts with at least one of the categories; `all`: posts with every "
        "category.",
    )
    carousel: bool | None = Field(
        default=None,
        description="Only posts in the carousel (`true`) or not in the carousel (`false`). Not "
        "set: all posts.",
    )
    sources: Annotated[tuple[Name, ...], ListOrText] = Field(
        default=(), description="Only posts from these sources."
    )
    languages: Annotated[tuple[Language, ...], ListOrText] = Field(
        default=(), description="Only posts in these languages; `es` includes `es-PR`."
    )


class RedirectTable(Table):
    """A path that has moved."""

    previous: UrlPath = Field(alias="from", description="Previous path.")
    to: RedirectTarget = Field(default="", description="New path or URL.")
    gone: bool = Field(
        default=False,
        description="Whether the path is withdrawn without replacement (answered `410`).",
    )

    @model_validator(mode="after")
    def _has_target_or_is_gone(self) -> Self:
        if bool(self.to) == self.gone:
            raise ValueError('expected either to = "…" or gone = true')
        return self


class Tables(Table):
    """The settings file."""

    service: ServiceTable = ServiceTable()
    agency: AgencyTable = AgencyTable()
    pages: PagesTable = PagesTable()
    database: DatabaseTable = DatabaseTable()
    sources: tuple[SourceTable, ...] = ()
    categories: tuple[CategoryTable, ...] = ()
    feeds: tuple[FeedTable, ...] = ()
    delivery: DeliveryTable = DeliveryTable()
    websub: WebSubTable = WebSubTable()
    limits: LimitsTable = LimitsTable()
    retention: RetentionTable = RetentionTable()
    mail: MailTable = MailTable()
    redirects: tuple[RedirectTable, ...] = ()
