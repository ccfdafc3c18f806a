"""The tables of `syndicate.toml`: every key with its kind, its default and what it does."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from syndicate.settings.kinds import (
    Authority,
    CategorySlug,
    DatabaseUrl,
    Dialect,
    FeedName,
    FieldName,
    Folders,
    Host,
    Language,
    Listed,
    Name,
    Network,
    NoticesUrl,
    OptionalWebUrl,
    Path,
    Proxy,
    Ref,
    Retries,
    Target,
    Text,
    WebUrl,
    Zone,
)


class Table(BaseModel):
    """What holds for every table: no other keys than its own, and no change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ServiceTable(Table):
    """The service itself."""

    title: Text = Field(
        default="Syndicate", description="What the service is called in feeds and pages."
    )
    public_url: OptionalWebUrl = Field(
        default="",
        description="Where readers reach the service; every address in feeds begins with it. "
        "Empty: `http://HOST:PORT` of the two keys below.",
    )
    host: Text = Field(
        default="127.0.0.1", description="Address to listen on; `0.0.0.0` is every one."
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    contact: str = Field(default="", description="Whom readers and partners can write to.")
    secret_key: str = Field(
        repr=False,
        default="",
        description="Encrypts subscribers' secrets at rest. Not given: what the variable "
        "`SYNDICATE_SECRET_KEY` holds; where that is not set either, they are stored readable.",
    )
    metrics_token: str = Field(
        repr=False, default="", description="When given, `/metrics` wants it as a bearer token."
    )
    data: Text = Field(default="var", description="Folder for mirrors, cache and the like.")
    cache_seconds: int = Field(
        default=300,
        ge=0,
        le=86400,
        description="How long readers and caches may keep a feed (`max-age`).",
    )
    stale_while_revalidate: int = Field(
        default=600,
        ge=0,
        le=604800,
        description="Seconds more that a cache may serve while it asks anew.",
    )
    stale_if_error: int = Field(
        default=86400,
        ge=0,
        le=2592000,
        description="Seconds more that a cache may serve while the service cannot be reached.",
    )
    requests_per_minute: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="How many requests of one client are answered (`429` to more); 0: any number.",
    )
    proxies: int = Field(
        default=0,
        ge=0,
        le=10,
        description="How many proxies in front add to `X-Forwarded-For` whom they were asked by: "
        "so many from the right stands the client. Only where nobody can go around them.",
    )
    log: Literal["auto", "console", "json"] = Field(
        default="auto",
        description="How the log looks: `console`, `json`, or `auto`, which is `console` on a "
        "terminal and `json` elsewhere.",
    )
    workers: int = Field(default=2, ge=1, le=64, description="Processes that render, at most.")


class DatabaseTable(Table):
    """Where subscriptions and deliveries are kept."""

    url: DatabaseUrl = Field(
        repr=False,
        default="sqlite:///var/syndicate.db",
        description="`sqlite:///FILE`, or `postgresql://USER@HOST/NAME` beyond one machine.",
    )


class SourceTable(Table):
    """One folder of posts in a git repository."""

    name: Name = Field(description="Unique; stands in addresses and in the ids of posts.")
    repository: Text = Field(
        description="Path of a repository, bare or not, or an https or ssh URL, which is mirrored."
    )
    ref: Ref = Field(default="main", description="What is published: a branch, tag or other ref.")
    folders: Folders = Field(description="Folders with posts, from the root of the repository.")
    dialect: Dialect = Field(
        description="The house style of the front matter, such as `news-and-blog`."
    )
    site_url: WebUrl = Field(description="The site on which the posts are published.")
    id_authority: Authority = Field(
        default="",
        description="Stands in the ids of posts: never change it. Empty: the host of `site_url`.",
    )
    title: str = Field(default="", description="For people. Empty: the name.")
    timezone: Zone = Field(default="UTC", description="The zone of dates that name none.")
    language: Language = Field(default="en", description="Of posts that name none.")
    permalink: str = Field(
        default="",
        description="Pattern of the address of a post that has none of its own, such as "
        "`/news/:year/:slug/`. Empty: that of the dialect.",
    )
    categories: Annotated[tuple[Text, ...], Listed] = Field(
        default=(), description="Categories that every post of this source has."
    )
    rights: str = Field(default="", description="Under which terms the posts may be used.")
    rights_url: OptionalWebUrl = Field(default="", description="Where these terms are explained.")
    poll_seconds: float = Field(
        default=15,
        ge=1,
        le=86400,
        description="How often a remote is asked for news; a repository by path is watched.",
    )
    hook_secret: str = Field(
        repr=False,
        default="",
        description="Secret of push hooks from the git host; empty: tokens only.",
    )
    keys: dict[FieldName, Annotated[tuple[Text, ...], Listed]] = Field(
        default={},
        description="Front-matter keys that differ from those of the dialect: a field and the "
        'keys to try in order, such as `summary = ["teaser"]`.',
    )
    replacements: dict[str, str] = Field(
        default={}, description="Template tags of the site and what to put in their place."
    )
    authors: dict[str, str] = Field(
        default={}, description="Author slugs and the names they stand for."
    )
    embeds: Annotated[tuple[Host, ...], Listed] = Field(
        default=(), description="Hosts whose iframes are kept; others become links."
    )
    assets: Literal["link", "serve"] = Field(
        default="link",
        description="`link` to images at the site, or `serve` them from the repository.",
    )


class CategoryTable(Table):
    """A category with the spellings it answers to."""

    slug: CategorySlug = Field(description="Stands in addresses.")
    title: Text = Field(description="For people.")
    aliases: Annotated[tuple[Text, ...], Listed] = Field(
        default=(), description="Other spellings; case, spaces and hyphens make no difference."
    )


class FeedTable(Table):
    """A feed with a name, beside those that every service, source and category has."""

    name: FeedName = Field(description="Unique; stands in addresses.")
    title: str = Field(default="", description="For people. Empty: the name.")
    description: str = Field(default="", description="One or two sentences for people.")
    categories: Annotated[tuple[Text, ...], Listed] = Field(
        default=(), description="Only posts with these categories: slugs, titles or aliases."
    )
    match: Literal["any", "all"] = Field(
        default="any",
        description="`any`: one of the categories is enough; `all`: every one is needed.",
    )
    carousel: bool | None = Field(
        default=None,
        description="Only posts that are in the carousel (`true`) or are not (`false`). "
        "Not given: both.",
    )
    sources: Annotated[tuple[Name, ...], Listed] = Field(
        default=(), description="Only posts of these sources."
    )
    languages: Annotated[tuple[Language, ...], Listed] = Field(
        default=(), description="Only posts in these languages; `es` covers `es-PR`."
    )


class RedirectTable(Table):
    """An address of former times."""

    former: Path = Field(alias="from", description="The path that readers may still ask for.")
    to: Target = Field(default="", description="The path or URL that took its place.")
    gone: bool = Field(default=False, description="Whether nothing did, and never will.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.to) == self.gone:
            raise ValueError('needs either to = "…" or gone = true')
        return self


class DeliveryTable(Table):
    """How subscribers are told."""

    allow_networks: Annotated[tuple[Network, ...], Listed] = Field(
        default=(),
        description="Networks (CIDR) that subscribers may be in although they are not public.",
    )
    allow_http: bool = Field(default=False, description="Whether subscribers may do without TLS.")
    proxy: Proxy = Field(
        repr=False, default="", description="Proxy through which everything is sent."
    )
    retry_seconds: Retries = Field(
        default=(0, 5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="Seconds to wait before each attempt; after the last one it is given up.",
    )
    timeout_seconds: float = Field(
        default=15,
        gt=0,
        le=300,
        description="How long one attempt may take, from connecting to the end.",
    )
    notices_url: NoticesUrl = Field(
        repr=False,
        default="",
        description="Where you are told, by POST, that a subscription fails, recovers or ends.",
    )


class LeaseTable(Table):
    """How long a WebSub subscription lives, in seconds."""

    minimum: int = Field(default=3600, ge=1, description="Shorter wishes are lengthened to it.")
    default: int = Field(default=864000, ge=1, description="For those who wish nothing.")
    maximum: int = Field(default=2592000, ge=1, description="Longer wishes are shortened to it.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError("must hold minimum ≤ default ≤ maximum")
        return self


class WebSubTable(Table):
    """The WebSub hub."""

    lease_seconds: LeaseTable = Field(
        default=LeaseTable(), description="How long a subscription lives until it is renewed."
    )
    max_pending_per_host: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="Requests to the hub that may wait for verification, for one callback host; "
        "`429` to more.",
    )
    max_pending: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Requests to the hub that may wait for verification in all; `429` to more.",
    )
    max_subscriptions: int = Field(
        default=10_000,
        ge=0,
        le=1_000_000,
        description="Verified WebSub subscriptions in all. New ones over it are refused (`429`); "
        "existing ones stay and can be renewed.",
    )


class LimitsTable(Table):
    """Limits on posts, clients and partners."""

    post_bytes: int = Field(
        default=1_048_576,
        ge=1024,
        le=16_777_216,
        description="Bytes of a post file; a larger one is a problem of that file, and its last "
        "version that could be read stays in service.",
    )
    front_matter_bytes: int = Field(
        default=65_536, ge=1024, le=1_048_576, description="Bytes of the front matter of a post."
    )
    front_matter_levels: int = Field(
        default=32, ge=2, le=100, description="Levels of nesting in the front matter of a post."
    )
    categories: int = Field(default=100, ge=1, le=10_000, description="Categories of one post.")
    asset_bytes: int = Field(
        default=20_000_000,
        ge=1024,
        le=100_000_000,
        description="Bytes of a file served below `/assets`; a larger one is not found.",
    )
    subscriptions_per_token: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="Webhook subscriptions that the tokens of one name may have; `409` to more. "
        "Existing ones over it stay. The command line is not limited.",
    )
    old_secrets: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Replaced secrets of a subscription that sign beside the current one (for 24 "
        "hours); each rotation drops older ones.",
    )
    unauthenticated_posts_per_minute: int = Field(
        default=120,
        ge=0,
        le=1_000_000,
        description="POST requests of one client without valid credentials (`/hub`, "
        "`/v1/sources/{name}/refresh`); `429` to more; 0: any number.",
    )
    failed_authentications_per_minute: int = Field(
        default=20,
        ge=0,
        le=1_000_000,
        description="Wrong tokens of one client that are answered `401`; `429` to more; "
        "0: any number. Valid tokens are always accepted.",
    )
    connections: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Open connections of clients. Fewer where the system allows the process fewer "
        "open files: a quarter, at least 256, is kept for git, the database and deliveries.",
    )
    head_seconds: float = Field(
        default=10,
        gt=0,
        le=3600,
        description="Seconds for the head of a request, from its first byte or from connecting.",
    )
    idle_seconds: int = Field(
        default=75,
        ge=1,
        le=3600,
        description="Seconds that a connection is kept open between two requests.",
    )
    stalled_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="Seconds without progress of a request body or of an answer that the client "
        "does not read.",
    )


class Tables(Table):
    """The whole file."""

    service: ServiceTable = ServiceTable()
    database: DatabaseTable = DatabaseTable()
    sources: tuple[SourceTable, ...] = ()
    categories: tuple[CategoryTable, ...] = ()
    feeds: tuple[FeedTable, ...] = ()
    delivery: DeliveryTable = DeliveryTable()
    websub: WebSubTable = WebSubTable()
    limits: LimitsTable = LimitsTable()
    redirects: tuple[RedirectTable, ...] = ()
