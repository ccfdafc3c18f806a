"""A dialect built from data: keys, defaults and options."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict
from urllib.parse import urlsplit

from syndicate.dialects.document.parser import Document
from syndicate.dialects.document.plain_values import displayable_path
from syndicate.dialects.fields import (
    FILE_NAME_ORIGIN,
    FieldKeys,
    FieldReader,
    Fields,
    VersionFields,
    as_bool,
    as_guid,
    as_minutes,
    as_people,
    as_plain_text,
    as_text,
    as_texts,
    collapse_spaces,
    is_url,
    person_name,
)
from syndicate.dialects.front_matter import permalink
from syndicate.dialects.front_matter.categories import (
    FiledInLine,
    find_filed_in_line,
    read_categories,
    read_url_categories,
)
from syndicate.dialects.front_matter.dates import (
    PLAIN_DATES,
    DatedInstant,
    DateRules,
    hidden_reason,
    read_expires,
    read_published,
)
from syndicate.dialects.front_matter.media import NO_IMAGE, read_attachments, read_image
from syndicate.dialects.front_matter.permalink import (
    PostPath,
    parse_post_path,
    split_at_folder,
)
from syndicate.dialects.front_matter.title import read_title
from syndicate.dialects.front_matter.value_checks import (
    check_author,
    check_permalink,
    check_values,
    read_language_tag,
)
from syndicate.dialects.front_matter.words import digest_words
from syndicate.model.category import Vocabulary
from syndicate.model.languages import LANGUAGES
from syndicate.model.markdown_options import KRAMDOWN, MarkdownEngine
from syndicate.model.post import PAGE_EXTENSIONS, Path, Source
from syndicate.model.url_patterns import PERMALINK_STYLES
from syndicate.render.messages import CommentSyntax

_TEMPLATE: Final = re.compile(r"\{[{%]")
_ABSOLUTE: Final = re.compile("https?://", re.IGNORECASE)


LANGUAGE_SUFFIX: Final = re.compile(
    rf"\.((?:{'|'.join(sorted(LANGUAGES))})(?:[-_][A-Za-z0-9]{{2,8}})?)$"
)
"""The language in a file name of Hugo and of Zola: ``page.fr.md``, ``index.pt-BR.md``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarativeDialect:
    """A `Dialect` built from data.

    ``default_permalink`` is the pattern if neither post nor source has one;
    ``placeholder_values`` adds or replaces values of placeholders. ``language_suffix`` matches
    the language at the end of a file name. ``split_at_spaces``: a text of ``categories`` is a
    list of words. ``allowed_names`` are path parts that may start with an underscore.
    ``has_leaf_bundles``: all other files in the folder of an ``index`` page are its resources.
    ``markdown`` reads bodies where neither settings nor site say what does.
    ``comment_syntaxes`` are those of comments in bodies, in addition to Liquid's.
    ``has_unpadded_days``: ``2024-1-9-name`` starts with a date as well.
    ``has_permalink_templates``: permalinks are templates, which the engine of the site fills.
    """

    name: str
    default_permalink: Callable[[PostPath], str]
    keys: FieldKeys
    placeholder_values: Callable[[VersionFields, PostPath], Mapping[str, str]] = lambda *_: {}
    language_suffix: re.Pattern[str] = re.compile(r"\._([a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?)$")
    markdown: MarkdownEngine = KRAMDOWN
    split_at_spaces: bool = False
    allowed_names: frozenset[str] = frozenset()
    has_leaf_bundles: bool = False
    comment_syntaxes: tuple[CommentSyntax, ...] = ("kramdown",)
    has_unpadded_days: bool = False
    has_permalink_templates: bool = False
    dates: DateRules = PLAIN_DATES

    def skip_reason(self, path: Path, source: Source) -> str:
        """Return the reason why the file at ``path`` is not read, "" if it may be a post."""
        parts = split_at_folder(path, source)[1]
        stem, dot, suffix = parts[-1].rpartition(".")
        for part in parts:
            if part.startswith(("_", ".")) and part not in self.allowed_names:
                return f"{part} begins with {part[0]}"
        if f"{dot}{suffix}".lower() not in PAGE_EXTENSIONS:
            return "not a Markdown or HTML file"
        return "README" if stem.lower() == "readme" else ""

    def bundle_folder(self, path: Path) -> Path | None:
        """Return the folder whose other files are resources of the page at ``path``, else None.

        The root of a repository is never a bundle.
        """
        folder, slash, name = path.rpartition("/")
        stem, dot, suffix = name.lower().rpartition(".")
        if not self.has_leaf_bundles or not slash or f"{dot}{suffix}" not in PAGE_EXTENSIONS:
            return None
        return Path(folder) if self.language_suffix.sub("", stem) == "index" else None

    def read_fields(self, document: Document, source: Source, vocabulary: Vocabulary) -> Fields:
        """Return the fields of ``document``; its mistakes become problems, never exceptions."""
        reader = FieldReader(document, source, self.keys)
        path = self._parse_path(document.path, source)
        filed_in, spaces = find_filed_in_line(document.body), self.split_at_spaces
        title, summary = read_title(reader, path), reader.find("summary", as_text) or ""
        published, images = read_published(reader, path.day, self.dates), _read_images(reader, path)
        check_values(reader)
        words = digest_words((title, summary, _remove_line(filed_in, document.body)))
        return Fields(
            title=title,
            summary=summary,
            published=published.instant if published else None,
            precision=published.precision if published else "second",
            day=path.day,
            expires=read_expires(reader),
            hidden_reason=hidden_reason(reader),
            permalink=_read_permalink(reader, path, are_templates=self.has_permalink_templates),
            slug=reader.find("slug", as_text) or "",
            guid=reader.find("guid", as_guid) or "",
            redirects=reader.find("redirects", as_texts) or (),
            categories=read_categories(reader, filed_in, vocabulary, split_at_spaces=spaces),
            permalink_categories=read_url_categories(reader, vocabulary, split_at_spaces=spaces),
            carousel=reader.find("carousel", as_bool) or False,
            card_title=reader.find("card_title", as_plain_text) or "",
            card_summary=reader.find("card_summary", as_text) or "",
            **images,
            attachments=read_attachments(reader, path),
            **_read_authors(reader),
            external_url=_read_external_url(reader),
            language=_written_language(reader, path) or source.language,
            translation=_read_translation(reader, path),
            reading_minutes=reader.find("reading_minutes", as_minutes),
            word_digest=words.digest,
            word_count=words.count,
            published_as_written=_as_written(published),
            is_language_in_name=reader.origins.get("language") == FILE_NAME_ORIGIN,
            origins=tuple(sorted(reader.origins.items())),
            problems=tuple(reader.problems),
        )

    def read_version(
        self, document: Document, source: Source, vocabulary: Vocabulary
    ) -> VersionFields:
        """Return what counts of ``document`` if it is an older version of a file."""
        reader = FieldReader(document, source, self.keys)
        path = self._parse_path(document.path, source)
        filed_in, spaces = find_filed_in_line(document.body), self.split_at_spaces
        title, summary = read_title(reader, path), reader.find("summary", as_text) or ""
        published = read_published(reader, path.day, self.dates)
        return VersionFields(
            published=published.instant if published else None,
            day=path.day,
            expires=read_expires(reader),
            hidden_reason=hidden_reason(reader),
            categories=read_categories(reader, filed_in, vocabulary, split_at_spaces=spaces),
            carousel=reader.find("carousel", as_bool) or False,
            language=_written_language(reader, path),
            word_digest=digest_words(
                (title, summary, _remove_line(filed_in, document.body))
            ).digest,
            title=title,
            permalink=_read_permalink(reader, path, are_templates=self.has_permalink_templates),
            slug=reader.find("slug", as_text) or "",
            permalink_categories=read_url_categories(reader, vocabulary, split_at_spaces=spaces),
            published_as_written=_as_written(published),
            is_language_in_name=reader.origins.get("language") == FILE_NAME_ORIGIN,
        )

    def _parse_path(self, path: Path, source: Source) -> PostPath:
        unpadded = self.has_unpadded_days
        return parse_post_path(path, source, self.language_suffix, has_unpadded_days=unpadded)

    def text_to_render(self, document: Document) -> str:
        """Return the text to render, with the line numbers of ``document.body``."""
        return _remove_line(find_filed_in_line(document.body), document.body)

    def post_url(
        self, fields: VersionFields, path: Path, source: Source, published: datetime
    ) -> str:
        """Return the absolute, percent-encoded URL of the post."""
        post_path = parse_post_path(path, source, self.language_suffix)
        pattern = fields.permalink or _with_language(
            source.permalink or self.default_permalink(post_path), post_path, source
        )
        placeholders = {
            **permalink.placeholder_values(fields, post_path, published.astimezone(source.zone)),
            **self.placeholder_values(fields, post_path),
        }
        return permalink.build_url(pattern, placeholders, source.site_url)


def _with_language(pattern: str, path: PostPath, source: Source) -> str:
    """Return ``pattern`` below the language of the file name, if it is not the source's."""
    if path.language in ("", source.language):
        return pattern
    return f"/{path.language}/{PERMALINK_STYLES.get(pattern, pattern)}"


def _as_written(published: DatedInstant | None) -> str:
    """Return the instant of publication in the offset it was written with, empty without one."""
    return (published.as_written or published.instant).isoformat() if published else ""


def _remove_line(line: FiledInLine | None, body: str) -> str:
    return body if line is None else body[: line.start] + body[line.end :]


def _read_permalink(reader: FieldReader, path: PostPath, *, are_templates: bool) -> str:
    permalink_text = reader.find("permalink", as_text) or ""
    if not permalink_text and not path.name.isascii():
        reader.report(
            "non-ascii-name",
            f"the URL contains a non-ASCII file name: {displayable_path(path.name)}",
            "Rename the file, or give the post a permalink.",
            level="notice",
        )
    if are_templates and _TEMPLATE.search(permalink_text):
        return ""
    if _TEMPLATE.search(permalink_text):
        reader.report(
            "permalink-template",
            f"the permalink contains template code and is ignored: {permalink_text}"[:200],
            "Set the pattern as permalink of the source in the settings.",
            line=reader.line(reader.keys["permalink"]),
        )
        del reader.origins["permalink"]
        return ""
    if _ABSOLUTE.match(permalink_text) and not is_url(permalink_text):
        reader.report(
            "broken-scheme",
            f"the permalink is not a valid URL: {permalink_text}"[:200],
            "Begin the permalink with / for a page of the site.",
            line=reader.line(reader.keys["permalink"]),
            level="error",
        )
        del reader.origins["permalink"]
        return ""
    check_permalink(reader, permalink_text)
    if (
        not permalink_text
        or permalink_text.startswith("/")
        or permalink_text in PERMALINK_STYLES
        or _ABSOLUTE.match(permalink_text)
    ):
        return permalink_text
    return f"/{permalink_text}"


class _Images(TypedDict):
    """The images of card and post as fields."""

    card_image: str
    card_image_alt: str | None
    image: str
    image_alt: str | None


def _read_images(reader: FieldReader, path: PostPath) -> _Images:
    """Return the images of card and post; the image of the card is preferred for both."""
    card = read_image(reader, "card_image", path)
    image = card if card != NO_IMAGE else read_image(reader, "image", path)
    return {
        "card_image": card.url,
        "card_image_alt": card.alt,
        "image": image.url,
        "image_alt": image.alt,
    }


def _read_translation(reader: FieldReader, path: PostPath) -> str:
    """Return the key that all translations of the post share: a front-matter key, or the path."""
    return reader.find("translation", as_text) or displayable_path(path.repository_path)


class _Authors(TypedDict):
    authors: tuple[str, ...]
    author_urls: tuple[tuple[str, str], ...]
    author_entries: tuple[tuple[str, str, str], ...]


def _read_authors(reader: FieldReader) -> _Authors:
    """Return names and URLs of the authors, and the entries of the source's tables that count."""
    byline = reader.find("byline", as_text)
    if byline is not None:
        names = (collapse_spaces(byline),)
        return {"authors": names, "author_urls": (), "author_entries": ()}
    names_by_word, urls_by_word = dict(reader.source.authors), dict(reader.source.author_urls)
    authors: dict[str, str] = {}
    entries = []
    for word, url in reader.find("authors", as_people) or ():
        if word not in names_by_word:
            check_author(reader, word)
        authors.setdefault(person_name(word, names_by_word), url or urls_by_word.get(word, ""))
        entries.append((word, names_by_word.get(word, ""), urls_by_word.get(word, "")))
    return {
        "authors": tuple(authors),
        "author_urls": tuple((name, url) for name, url in authors.items() if url),
        "author_entries": tuple(entries),
    }


def _read_external_url(reader: FieldReader) -> str:
    """Return the post's URL on another site, "" if it has none."""
    own_host = urlsplit(reader.source.site_url).hostname

    def parse_external_url(value: object) -> str | None:
        url = as_text(value) or ""
        try:
            host = urlsplit(url).hostname
        except ValueError:
            return None
        return url if _ABSOLUTE.match(url) and host != own_host else None

    return reader.find("external_url", parse_external_url) or ""


def _written_language(reader: FieldReader, path: PostPath) -> str:
    """Return the language that front matter or file name say, empty if neither does."""
    found = read_language_tag(reader)
    if found is None and path.language:
        reader.origins["language"] = FILE_NAME_ORIGIN
    return found or path.language
