"""What a post is: light in an edition, whole as an item, and the sources it comes from."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NewType
from zoneinfo import ZoneInfo

from syndicate.model.category import Category

PostId = NewType("PostId", str)
"""``tag:AUTHORITY,DATE:KEY`` (RFC 4151); the same in every format, API and event."""

PostKey = NewType("PostKey", str)
"""The last part of a post's id, the only part used in addresses: 16 hex digits, perhaps ``~2``."""

BlobId = NewType("BlobId", str)
"""A git object name of a blob, 40 (SHA-1) or 64 (SHA-256) hex digits."""

CommitId = NewType("CommitId", str)
"""A git object name of a commit, 40 or 64 hex digits."""

Path = NewType("Path", str)
"""A path inside a repository, from its root, with ``/``; bytes that are not UTF-8 as surrogates."""

SafeHtml = NewType("SafeHtml", str)
"""HTML that `syndicate.render.sanitizer.sanitizer` let through; only that module makes one."""

DatePrecision = Literal["day", "second"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a post, by name; ``url`` is empty where nobody gave one."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture by its absolute address.

    ``alt`` is None if nobody wrote one, empty only if the picture is declared decorative.
    """

    url: str
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarouselCard:
    """How a post is shown in a carousel; complete, gaps are filled from the post."""

    title: str
    summary: str
    image: str
    image_alt: str | None
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A folder of posts in a git repository, as an operator described it."""

    name: str
    title: str
    repository: str
    ref: str = "main"
    folders: tuple[Path, ...]
    dialect: str
    site_url: str
    id_authority: str
    zone: ZoneInfo
    language: str = "en"
    permalink: str = ""
    categories: tuple[Category, ...] = ()
    rights: str = ""
    rights_url: str = ""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Front-matter keys that differ from the dialect's: (field, keys to try in order)."""
    replacements: tuple[tuple[str, str], ...] = ()
    """Template tags of this site: (literal text or tag name, what stands for it)."""
    authors: tuple[tuple[str, str], ...] = ()
    """Author slugs and the names they stand for."""
    embeds: tuple[str, ...] = ()
    """Hosts whose iframes are kept, beside the well-known ones."""
    assets: Literal["link", "serve"] = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What order, selection and caching need to know of a post; `RenderedPost` is the rest."""

    id: PostId
    source: str
    path: Path
    blob: BlobId
    url: str
    title: str
    published: datetime
    """With the source zone's offset."""
    precision: DatePrecision
    updated: datetime
    """With the source zone's offset; never before ``published``."""
    language: str
    categories: tuple[Category, ...] = ()
    carousel: bool = False
    day: date
    """The day that orders a carousel: of the file name, else of ``published``."""
    expires: datetime | None = None
    translation: str = ""
    """Equal for the translations of one post, empty where there is one language only."""

    @property
    def key(self) -> PostKey:
        """The part of the id that addresses use."""
        return post_key(self.id)

    def is_live(self, now: datetime) -> bool:
        """Tell whether readers may see the post at ``now``: published ≤ now < expires."""
        return self.published <= now and (self.expires is None or now < self.expires)


def post_key(post_id: PostId) -> PostKey:
    """Return the part of an id that addresses use."""
    return PostKey(post_id.rpartition(":")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPost:
    """A post as readers get it."""

    post: Post
    content: SafeHtml
    text: str
    """The content as plain text."""
    summary: str
    """Plain text."""
    image: Image | None = None
    authors: tuple[Author, ...] = ()
    external_url: str = ""
    """Where the post was first published, if not here."""
    reading_minutes: int
    card: CarouselCard | None = None
    """Only of posts that are in the carousel."""
    translations: tuple[tuple[str, str], ...] = field(default=())
    """(language, address) of the other languages of the same post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPosts:
    """Posts as items, as far as they were rendered when the time allowed for that was over.

    ``items`` are in the order that was asked for. Those in ``outdated`` are of an earlier version
    of the post or of the renderer; those in ``unrendered`` have no content, text, image and card.
    """

    items: tuple[RenderedPost, ...]
    outdated: frozenset[PostId] = frozenset()
    unrendered: frozenset[PostId] = frozenset()

    @property
    def is_current(self) -> bool:
        """Whether every item is the post as it is now."""
        return not self.outdated and not self.unrendered
