"""The fields of one file, as plain values, and how they are read from keys of front matter.

They do not depend on history and clock.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from syndicate.dialects.document.parser import Document, FieldProblem
from syndicate.model.category import Category
from syndicate.model.edition import ProblemLevel
from syndicate.model.post import DatePrecision, Source
from syndicate.render.html_tokens import unescape_entities

FILE_NAME_ORIGIN: Final = "file name"
"""The origin of a value that is made of the name of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReferences:
    """What the texts of a post name, as written, each once.

    ``names`` are pages and files of the site in the body; ``tags`` the names by which settings may
    replace the template tags of the body, ``preview_tags`` those of the summary and of the card;
    ``frame_hosts`` the hosts of embedded frames. ``pages`` are those of ``names`` in tags that
    link to pages; ``values`` are words in tags that may be names of values of the site.
    ``comments`` are syntaxes that the texts may have comments in, see `CommentSyntax`.
    """

    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    preview_tags: tuple[str, ...] = ()
    frame_hosts: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


NO_REFERENCES: Final = TextReferences()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that front matter attaches to a post, as written; its type and length if declared."""

    url: str
    type: str = ""
    title: str = ""
    length: int | None = None


class VersionFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that count of an older version of a file: its feeds, its URL, and its words.

    Absent text is empty, other absent values are None. A struct: a first start makes 20,000 of
    them, and a frozen dataclass takes ten times as long.
    """

    title: str
    """Plain text."""
    published: datetime | None = None
    """With the source zone's offset; if None, the time of the first commit is used."""
    published_as_written: str = ""
    """``published`` in the offset it was written with (RFC 3339), empty without a date."""
    day: date | None = None
    """The date prefix of the file name."""
    expires: datetime | None = None
    """With the source zone's offset."""
    hidden_reason: str = ""
    """The reason why the post is not public, empty if it is."""
    permalink: str = ""
    """The post's own path or pattern with a leading slash, or absolute URL."""
    permalink_categories: tuple[str, ...] = ()
    """The values of ``:categories`` in permalinks, from the keys for it only."""
    slug: str = ""
    url_meta: Mapping[str, object] = {}
    """The front matter that the site's engine makes the URL of."""
    categories: tuple[Category, ...] = ()
    """The categories of the file, then the defaults of its source."""
    carousel: bool = False
    language: str
    """A language tag (BCP 47); empty in an older version until something says it."""
    is_language_in_name: bool = False
    """Whether the language is that of the file name."""
    word_digest: bytes
    """Digest of the words of title, summary and body, without markup and URLs: a change of it
    changes *updated*."""


class Fields(VersionFields, frozen=True, kw_only=True):
    """The fields of one file."""

    summary: str = ""
    """Markdown or HTML, as written; if empty, the first words of the body are used."""
    precision: DatePrecision = "second"
    guid: str = ""
    """What readers know the post by, where it had a feed before."""
    redirects: tuple[str, ...] = ()
    """Previous paths and URLs of the post, as written."""
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
    translation: str
    """The same key for all translations of a post; a post without translations has one as well."""
    reading_minutes: int | None = None
    word_count: int
    references: TextReferences = NO_REFERENCES
    site_fields: tuple[str, ...] = ()
    """The fields that the site's configuration gives, not the front matter of the post."""
    origins: tuple[tuple[str, str], ...] = ()
    """(field, origin of its value), such as "key carousel_title, line 8" or "file name"."""
    problems: tuple[FieldProblem, ...] = ()

    @property
    def as_version(self) -> "VersionFields":
        """The fields that count of an older version."""
        names = VersionFields.__struct_fields__
        return VersionFields(**{name: getattr(self, name) for name in names})

    @property
    def is_named_after_file(self) -> bool:
        """Whether the file has neither a title nor a heading, so that ``title`` is its name."""
        return ("title", FILE_NAME_ORIGIN) in self.origins


_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--(?:(?!<!--).)*?-->", re.DOTALL)
_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)+")
_LINK: Final = re.compile(r"\[([^\[\]]+)\]\([^()]*\)")
_LINK_WITH_URL: Final = re.compile(r"\[[^\[\]]+\]\(([^()\s]+)\)")
_NUMBER: Final = re.compile(r"\d{1,4}")
_NAME_KEYS: Final = (
    *("name", "display_name", "title", "label", "tag", "category", "topic", "author", "value"),
    *("text", "slug", "id"),
)
"""Keys of the name in an object of a list, as a CMS writes them, in order of precedence."""
_PERSON_URL_KEYS: Final = ("url", "website", "homepage", "link", "web", "uri")
_YES: Final = frozenset({"true", "yes", "on"})
_NO: Final = frozenset({"false", "no", "off"})
_MAX_GUID: Final = 500


def as_text(value: object) -> str | None:
    """Return ``value`` as text without surrounding white space."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, date) else None


def as_plain_text(value: object) -> str | None:
    """Return ``value`` as plain text: without tags and entities, white space collapsed."""
    text = as_text(value)
    return None if text is None else collapse_spaces(unescape_entities(_TAG.sub("", text))) or None


def collapse_spaces(words: str) -> str:
    """Return ``words`` with one space for each run of white space."""
    return " ".join(words.split())


def has_html(value: object) -> bool:
    """Return whether ``value`` is text with HTML tags."""
    return isinstance(value, str) and _TAG.search(value) is not None


def as_declared_text(value: object) -> str | None:
    """Return ``value`` as text with collapsed white space; empty text counts, null does not."""
    return collapse_spaces(value) if isinstance(value, str) else as_text(value)


def as_texts(value: object) -> tuple[str, ...] | None:
    """Return the texts of a list, or of a single value."""
    values = value if isinstance(value, list) else [value]
    texts = tuple(text for entry in values if (text := _name_of(entry)) is not None)
    return texts or None


def as_people(value: object) -> tuple[tuple[str, str], ...] | None:
    """Return (name or handle, URL) of each person of a list, or of a single one.

    The URL is empty where there is none; that of a Markdown link counts. A URL alone is no person.
    """
    entries = value if isinstance(value, list) else [value]
    named = ((_name_of(entry), _url_of(entry)) for entry in entries)
    people = tuple((name, url) for name, url in named if name and name != url)
    return people or None


def as_bool(value: object) -> bool | None:
    """Return ``value`` as a boolean, which may be a word of YAML 1.1 such as yes or off."""
    if isinstance(value, bool):
        return value
    word = (as_text(value) or "").lower()
    return True if word in _YES else False if word in _NO else None


def as_guid(value: object) -> str | None:
    """Return ``value`` as the ID of a feed entry: one line of at most 500 characters."""
    guid = collapse_spaces(as_text(value) or "")
    return guid if 0 < len(guid) <= _MAX_GUID else None


def as_minutes(value: object) -> int | None:
    """Return the first number in ``value``, such as "4 min", unless it is 0."""
    found = _NUMBER.search(as_text(value) or "")
    return (int(found[0]) or None) if found else None


def is_url(reference: str) -> bool:
    """Return whether ``reference`` can be parsed as a URL (RFC 3986), unlike ``//[a``."""
    try:
        urlsplit(reference)
    except ValueError:
        return False
    return True


def person_name(word: str, names: Mapping[str, str]) -> str:
    """Return the author ``word`` as in ``names``; other slugs become capitalized words.

    A slug of a single word is a handle and stays unchanged; of a Markdown link, the text counts.
    """
    if word in names or not _SLUG.fullmatch(word):
        return names.get(word, collapse_spaces(_LINK.sub(r"\1", word)))
    return " ".join(part.capitalize() for part in re.split("[-_.]", word))


def _url_of(entry: object) -> str:
    """Return the URL of a person, as written; empty if there is none."""
    if isinstance(entry, dict):
        texts = (as_text(entry.get(key)) for key in _PERSON_URL_KEYS)
        return next((text for text in texts if text and is_url(text)), "")
    link = _LINK_WITH_URL.fullmatch(as_text(entry) or "")
    return link[1] if link and is_url(link[1]) else ""


def _name_of(entry: object) -> str | None:
    """Return the text ``entry``, or the name in an object; its only text is its name as well."""
    if not isinstance(entry, dict):
        return as_text(entry)
    named = (name for key in _NAME_KEYS if (name := as_text(entry.get(key))) is not None)
    texts = [text for each in entry.values() if (text := as_text(each)) is not None]
    return next(named, texts[0] if len(texts) == 1 else None)


FieldKeys = Mapping[str, tuple[str, ...]]
"""The front-matter keys of each field, first match wins; "a.b" is the key b of the mapping a."""

DEFAULT_KEYS: Final[FieldKeys] = {
    "title": ("title", "carousel_title"),
    "summary": ("carousel_summary", "preview", "excerpt", "summary", "description", "deck"),
    "published": ("date", "publish_date", "pubDate", "date_published"),
    "dateline": ("dateline_str", "dateline"),
    "expires": ("expiryDate", "expiry_date", "expires", "unpublishDate"),
    "draft": ("draft", "eleventyExcludeFromCollections"),
    "public": ("published",),
    "permalink": ("permalink",),
    "slug": ("slug",),
    "guid": ("guid",),
    "redirects": ("redirect_from", "aliases"),
    "categories": ("category", "categories", "tag", "tags", "topic", "topics"),
    "permalink_categories": ("category", "categories"),
    "carousel": ("carousel_show",),
    "card_title": ("carousel_title",),
    "card_summary": ("carousel_summary",),
    "card_image": ("carousel_image",),
    "card_image_alt": ("carousel_image_alt_text", "carousel_image_alt"),
    "image": (
        *("image", "image.path", "image.src", "image.url", "images"),
        *("featured_image", "cover.image", "thumbnail"),
    ),
    "image_alt": (
        *("image_alt", "image_alt_text", "image.alt", "featured_image_alt", "cover.alt"),
        *("thumbnail_alt",),
    ),
    "attachments": ("audio", "podcast", "enclosure"),
    "byline": ("byline_str", "byline"),
    "authors": ("authors", "author"),
    "external_url": ("source_url", "canonical", "canonical_url", "redirectto", "redirect_to"),
    "language": ("lang", "locale", "language"),
    "translation": ("translation_key", "translationKey"),
    "reading_minutes": ("readtime_str", "reading_time", "readtime", "read_time"),
}

_T = TypeVar("_T")


@cache
def _split_key_path(path: str) -> tuple[str, str, str]:
    """Return the first key of ``path``, the same in lower case, and the rest."""
    key, _, rest = path.partition(".")
    return key, key.lower(), rest


class FieldReader:
    """Reads the fields of one document; records the origin of each value and the problems.

    ``keys`` are those of the dialect; the source's own keys for a field replace them. The case
    of keys matters only if a document has both spellings. ``origins`` has the origin of each
    field read so far, ``keys`` the key if the origin is one.
    """

    def __init__(self, document: Document, source: Source, keys: FieldKeys) -> None:
        self.document = document
        self.source = source
        self.origins: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.problems: list[FieldProblem] = list(document.problems)
        self._keys = {**keys, **dict(source.keys)} if source.keys else keys
        self._keys_by_lowercase = {key.lower(): key for key in document.meta}

    def values(self, field: str, *, with_blank: bool = False) -> Iterator[tuple[str, object]]:
        """Yield (key, value) for the keys of ``field`` that have a value.

        Blank text counts as a value only with ``with_blank``, null never.
        """
        for path in self._keys.get(field, ()):
            key, lower, rest = _split_key_path(path)
            if lower not in self._keys_by_lowercase:  # most documents lack most keys
                continue
            spelling = key if key in self.document.meta else self._keys_by_lowercase[lower]
            value = self.document.meta[spelling]
            if rest:
                value = value.get(rest) if isinstance(value, dict) else None
            is_blank = isinstance(value, str) and not value.strip()
            if value is not None and (with_blank or not is_blank):
                yield spelling, value

    def find(self, field: str, parse: Callable[[object], _T | None]) -> _T | None:
        """Return the first value of ``field`` for which ``parse`` does not return None."""
        for key, value in self.values(field):
            found = parse(value)
            if found is not None:
                self.record_origin(field, key)
                return found
        return None

    def record_origin(self, field: str, key: str) -> None:
        """Record that ``field`` was read from the front-matter ``key`` (shown by `explain`)."""
        self.keys[field] = key
        self.origins[field] = f"key {key}, line {self.line(key)}"

    def first_key(self, field: str) -> str:
        """Return the preferred key of ``field``."""
        return next(iter(self._keys.get(field, ())), field)

    def line(self, key: str) -> int:
        """Return the line of ``key`` in the file, 0 if unknown."""
        return self.document.key_lines.get(key, 0)

    def report(
        self, rule: str, message: str, hint: str, *, line: int = 0, level: ProblemLevel = "warning"
    ) -> None:
        """Add a problem for the editor: what is wrong, and what to do."""
        self.problems.append(
            FieldProblem(level=level, rule=rule, line=line, message=message, hint=hint)
        )
