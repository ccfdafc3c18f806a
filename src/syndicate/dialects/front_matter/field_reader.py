"""The front-matter keys of each field, and a reader that finds the values of fields by them."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final, TypeVar

from syndicate.dialects.document.parser import Document
from syndicate.dialects.fields import FieldProblem
from syndicate.model.edition import ProblemLevel
from syndicate.model.post import Source

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
