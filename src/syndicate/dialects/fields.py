"""The fields of one file, as plain values, independent of history and clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from syndicate.model.category import Category
from syndicate.model.edition import ProblemLevel
from syndicate.model.post import DatePrecision

FILE_NAME_ORIGIN: Final = "file name"
"""The origin of a value that is made of the name of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """A problem of a file; line and column count from 1, 0 means unknown."""

    level: ProblemLevel
    rule: str
    line: int = 0
    column: int = 0
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReferences:
    """What the texts of a post name, as written, each once.

    ``names`` are pages and files of the site in the body; ``tags`` the names by which settings may
    replace the template tags of the body, ``preview_tags`` those of the summary and of the card;
    ``frame_hosts`` the hosts of embedded frames. ``pages`` are those of ``names`` in tags that
    link to pages; ``values`` are words in tags that may be names of values of the site.
    """

    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    preview_tags: tuple[str, ...] = ()
    frame_hosts: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


NO_REFERENCES: Final = TextReferences()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that front matter attaches to a post, as written; its type and length if declared."""

    url: str
    type: str = ""
    title: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of one file; absent text is empty, other absent values are None."""

    title: str
    """Plain text."""
    summary: str = ""
    """Markdown or HTML, as written; if empty, the first words of the body are used."""
    published: datetime | None = None
    """With the source zone's offset; if None, the time of the first commit is used."""
    precision: DatePrecision = "second"
    day: date | None = None
    """The date prefix of the file name."""
    expires: datetime | None = None
    """With the source zone's offset."""
    hidden_reason: str = ""
    """The reason why the post is not public, empty if it is."""
    permalink: str = ""
    """The post's own path or pattern with a leading slash, or absolute URL."""
    slug: str = ""
    guid: str = ""
    """What readers know the post by, where it had a feed before."""
    redirects: tuple[str, ...] = ()
    """Previous paths and URLs of the post, as written."""
    categories: tuple[Category, ...] = ()
    """The categories of the file, then the defaults of its source."""
    permalink_categories: tuple[str, ...] = ()
    """The values of ``:categories`` in permalinks, from the keys for it only."""
    carousel: bool = False
    card_title: str = ""
    """Plain text."""
    card_summary: str = ""
    """Markdown or HTML, as written."""
    card_image: str = ""
    card_image_alt: str | None = None
    image: str = ""
    """A path from the root of the site or relative to the page, or an absolute URL."""
    image_alt: str | None = None
    attachments: tuple[AttachedFile, ...] = ()
    authors: tuple[str, ...] = ()
    """Display names."""
    author_entries: tuple[tuple[str, str, str], ...] = ()
    """(author as written, name, URL) in the source's tables of authors, empty if there is none."""
    author_urls: tuple[tuple[str, str], ...] = ()
    """(display name, URL or path as written) of authors that have one."""
    external_url: str = ""
    language: str
    """A language tag (BCP 47)."""
    translation: str
    """The same key for all translations of a post; a post without translations has one as well."""
    reading_minutes: int | None = None
    word_digest: bytes
    """Digest of the words of title, summary and body, without markup and URLs: a change of it
    changes *updated*."""
    word_count: int
    published_as_written: str = ""
    """``published`` in the offset it was written with (RFC 3339), empty without a date."""
    url_meta: Mapping[str, object] = field(default_factory=dict)
    """The front matter that the site's engine makes the URL of."""
    references: TextReferences = NO_REFERENCES
    site_fields: tuple[str, ...] = ()
    """The fields that the site's configuration gives, not the front matter of the post."""
    origins: tuple[tuple[str, str], ...] = ()
    """(field, origin of its value), such as "key carousel_title, line 8" or "file name"."""
    problems: tuple[FieldProblem, ...] = ()

    @property
    def is_named_after_file(self) -> bool:
        """Whether the file has neither a title nor a heading, so that ``title`` is its name."""
        return ("title", FILE_NAME_ORIGIN) in self.origins
