"""Posts, rendered posts, and the sources they come from."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, NewType
from zoneinfo import ZoneInfo

from syndicate.model.category import Category
from syndicate.model.markdown_options import MarkdownEngine

PostId = NewType("PostId", str)
"""``tag:AUTHORITY,DATE:KEY`` (RFC 4151), or what readers knew a post by before it moved here.

The same in every format, API and event.
"""

PostKey = NewType("PostKey", str)
"""Last part of a tag URI, the only part used in URLs: 16 hex digits, possibly with ``~2``."""

BlobId = NewType("BlobId", str)
"""Git object name of a blob, 40 (SHA-1) or 64 (SHA-256) hex digits."""

CommitId = NewType("CommitId", str)
"""Git object name of a commit, 40 or 64 hex digits."""

Path = NewType("Path", str)
"""Path from the root of a repository, with ``/``; bytes that are not UTF-8 are surrogates."""

SafeHtml = NewType("SafeHtml", str)
"""HTML that passed the sanitizer; only `syndicate.render.sanitize` creates it."""

MARKDOWN_EXTENSIONS: Final = (".md", ".markdown", ".mkdown", ".mkdn", ".mkd", ".mdown", ".mdx")
"""Extensions of pages in Markdown, regardless of the engine."""
PAGE_EXTENSIONS: Final = (*MARKDOWN_EXTENSIONS, ".html", ".htm")
"""Extensions of files that can be posts, in lower case."""

DatePrecision = Literal["day", "second"]

IdRule = Literal["tag", "url", "jekyll-feed"]
"""What the ID of a post without a ``guid`` of its own is: its tag URI, its URL, or what jekyll-feed
writes: the URL with the slug in place of the last part."""

_MAX_TITLE_CHARACTERS: Final = 80
"""Characters of a title that is made of the text of a post."""


_NO_TIME: Final = timedelta(0)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Author of a post by name; ``url`` may be empty."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image by its absolute URL.

    ``alt`` is None if there is no alternative text, and empty only if the image is declared
    decorative. ``file_bytes`` is the size where the file is in the repository.
    """

    url: str
    alt: str | None = None
    file_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A recording or another file of a post, by its absolute URL and media type.

    ``length`` is the size in bytes that the post declares; ``file_bytes`` is that of the file where
    it is in the repository, which may change without the post.
    """

    url: str
    type: str
    title: str = ""
    length: int | None = None
    file_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarouselCard:
    """A post in a carousel; complete, since gaps are filled from the post."""

    title: str
    summary: str
    image: str
    image_alt: str | None
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Post folders of a git repository, as the settings describe them."""

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
    icon_url: str = ""
    logo_url: str = ""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Front-matter keys that differ from the dialect's: (field, keys in order of precedence)."""
    replacements: tuple[tuple[str, str], ...] = ()
    """Template tags of the site: (literal text or tag name, replacement)."""
    authors: tuple[tuple[str, str], ...] = ()
    """Author slugs and their names."""
    author_urls: tuple[tuple[str, str], ...] = ()
    """Author slugs and their URLs, as the site's own configuration has them."""
    embeds: tuple[str, ...] = ()
    """Hosts whose iframes are kept, besides the well-known ones."""
    assets: Literal["link", "serve"] = "link"
    permalinks: tuple[tuple[Path, str], ...] = ()
    """URL patterns by folder; those of other folders follow ``permalink``."""
    ids: IdRule = "tag"
    markdown: MarkdownEngine | None = None
    """What reads the Markdown of the posts; None where the dialect decides."""
    signers: str = ""
    """The file of those who may sign commits, empty if commits need no signature."""
    derived: tuple[str, ...] = ()
    """The settings that the operator left out and the site's own configuration decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Metadata of a post for order, selection and caching; `RenderedPost` has the content."""

    id: PostId
    tag: PostId = PostId("")
    """The tag URI of the post where ``id`` is another one, empty if ``id`` is the tag URI."""
    source: str
    path: Path
    blob: BlobId
    url: str
    title: str
    """Plain text, never empty."""
    published: datetime
    """With the UTC offset of the source's time zone, or as written where its site shows it so."""
    precision: DatePrecision
    updated: datetime
    """With the UTC offset of the source's time zone; never before ``published``."""
    language: str
    categories: tuple[Category, ...] = ()
    carousel: bool = False
    day: date
    """Day that orders a carousel: of the file name, else of ``published``."""
    expires: datetime | None = None
    translation: str = ""
    """Equal for the translations of one post, empty if there is only one language."""
    digests: str = ""
    """Digests of inputs besides the file; see `syndicate.model.ledger`."""
    is_named_after_file: bool = False
    """Whether the post has no title of its own, so that ``title`` is that of its file."""

    @property
    def own_title(self) -> str:
        """The title that its author gave it, empty if it has none."""
        return "" if self.is_named_after_file else self.title

    @property
    def tag_id(self) -> PostId:
        """The tag URI, which never changes and decides the order of posts."""
        return self.tag or self.id

    @property
    def key(self) -> PostKey:
        """Part of the tag URI that URLs use."""
        return tag_key(self.tag_id)

    def is_live(self, now: datetime) -> bool:
        """Return whether readers may see the post at ``now``: published ≤ now < expires."""
        return self.published <= now and (self.expires is None or now < self.expires)


def in_zone(time: datetime, zone: ZoneInfo) -> datetime:
    """Return ``time`` in ``zone`` if the offset is the same there, up to seconds, else as it is."""
    local = time.astimezone(zone)
    difference = abs((local.utcoffset() or _NO_TIME) - (time.utcoffset() or _NO_TIME))
    return local if difference < _MINUTE else time


def tag_key(tag: PostId) -> PostKey:
    """Return the part of a tag URI that URLs use."""
    return PostKey(tag.rpartition(":")[2])


def title_from_text(text: str) -> str:
    """Return the beginning of plain ``text`` as a title for a post that has none."""
    beginning = " ".join(text[: 10 * _MAX_TITLE_CHARACTERS].split("\n\n", 1)[0].split())
    if len(beginning) <= _MAX_TITLE_CHARACTERS:
        return beginning
    cut = beginning[:_MAX_TITLE_CHARACTERS]
    return f"{cut.rpartition(' ')[0] or cut}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPost:
    """A post with its content, as readers get it."""

    post: Post
    content: SafeHtml
    text: str
    """The content as plain text."""
    summary: str
    """Plain text."""
    image: Image | None = None
    attachments: tuple[Attachment, ...] = ()
    """Those that the front matter names, then the recordings in the content."""
    authors: tuple[Author, ...] = ()
    external_url: str = ""
    """Where the post was first published, if not here."""
    reading_minutes: int
    card: CarouselCard | None = None
    """Only for posts in the carousel."""
    translations: tuple[tuple[str, str], ...] = field(default=())
    """(language, URL) of the same post in other languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPosts:
    """Posts as far as they were rendered within a time limit.

    ``items`` are in the requested order. Posts in ``outdated`` are rendered from an earlier version
    or by an earlier renderer; posts in ``unrendered`` have no content, text, image and card.
    """

    items: tuple[RenderedPost, ...]
    outdated: frozenset[PostId] = frozenset()
    unrendered: frozenset[PostId] = frozenset()

    @property
    def is_current(self) -> bool:
        """Whether every post is rendered in its current version."""
        return not self.outdated and not self.unrendered
