"""A house style as data: the keys, defaults and quirks from which a dialect is put together."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from syndicate.dialects.document import Document
from syndicate.dialects.document.plain import readable
from syndicate.dialects.fields import Fields
from syndicate.dialects.mapping import permalink
from syndicate.dialects.mapping.filing import Filing, filing
from syndicate.dialects.mapping.keys import Keys, Reading
from syndicate.dialects.mapping.pictures import NONE, picture
from syndicate.dialects.mapping.place import SUFFIXES, Place, below, place
from syndicate.dialects.mapping.publication import expires, hidden, published
from syndicate.dialects.mapping.subjects import categories, shelves
from syndicate.dialects.mapping.titles import title
from syndicate.dialects.mapping.values import (
    flag,
    fold,
    is_address,
    minutes,
    person,
    plain_text,
    text,
    texts,
)
from syndicate.dialects.mapping.words import words
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path, Source
from syndicate.render.job import CommentSyntax

_TEMPLATE: Final = re.compile(r"\{[{%]")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_ABSOLUTE: Final = re.compile("https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A `Dialect` put together from data.

    ``permalink`` is the pattern for posts and sources without one; ``tokens`` adds to or changes
    what placeholders stand for. ``languages`` finds the language at the end of a file name.
    ``spaces``: a text of ``categories`` is a list of words. ``exempt`` names path parts that may
    begin with an underscore. ``leaf_bundles``: a page called ``index`` owns all of its folder.
    ``comments`` are the syntaxes of comments in bodies, beside those of Liquid.
    """

    name: str
    permalink: Callable[[Place], str]
    keys: Keys
    tokens: Callable[[Fields, Place], Mapping[str, str]] = lambda _fields, _place: {}
    languages: re.Pattern[str] = re.compile(r"\._([a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?)$")
    hard_breaks: bool = False
    spaces: bool = False
    exempt: frozenset[str] = frozenset()
    leaf_bundles: bool = False
    comments: tuple[CommentSyntax, ...] = ("kramdown",)

    def skips(self, path: Path, source: Source) -> str:
        """Return why the file at ``path`` is not even looked at, empty if it may be a post."""
        parts = below(path, source)[1]
        stem, dot, suffix = parts[-1].rpartition(".")
        for part in parts:
            if part.startswith(("_", ".")) and part not in self.exempt:
                return f"{part} begins with {part[0]}"
        if f"{dot}{suffix}".lower() not in SUFFIXES:
            return "not a Markdown or HTML file"
        return "README" if stem.lower() == "readme" else ""

    def bundle_folder(self, path: Path) -> Path | None:
        """Return the folder in which all other files are resources of the page at ``path``.

        None if the file at ``path`` makes no such bundle. The root of a repository is none.
        """
        folder, slash, name = path.rpartition("/")
        stem, dot, suffix = name.lower().rpartition(".")
        if not self.leaf_bundles or not slash or f"{dot}{suffix}" not in SUFFIXES:
            return None
        return Path(folder) if self.languages.sub("", stem) == "index" else None

    def fields(self, document: Document, source: Source, vocabulary: Vocabulary) -> Fields:
        """Return what ``document`` says about its post; never raises for what is in it."""
        reading = Reading(document, source, self.keys)
        where = place(document.path, source, self.languages)
        line = filing(document.body)
        named, summary = title(reading, where), reading.find("summary", text) or ""
        moment = published(reading, where)
        card = picture(reading, "card_image", where)
        image = card if card != NONE else picture(reading, "image", where)
        counted = words((named, summary, _without(line, document.body)))
        return Fields(
            title=named,
            summary=summary,
            published=moment.at if moment else None,
            precision=moment.precision if moment else "second",
            day=where.day,
            expires=expires(reading),
            hidden=hidden(reading),
            permalink=_permalink(reading, where),
            slug=reading.find("slug", text) or "",
            redirects=reading.find("redirects", texts) or (),
            categories=categories(reading, line, vocabulary, spaces=self.spaces),
            shelves=shelves(reading, vocabulary, spaces=self.spaces),
            carousel=reading.find("carousel", flag) or False,
            card_title=reading.find("card_title", plain_text) or "",
            card_summary=reading.find("card_summary", text) or "",
            card_image=card.address,
            card_image_alt=card.alt,
            image=image.address,
            image_alt=image.alt,
            authors=_authors(reading),
            external_url=_external_url(reading),
            language=_language(reading, where),
            translation=reading.find("translation", text) or readable(where.whole),
            reading_minutes=reading.find("reading_minutes", minutes),
            words=counted.digest,
            word_count=counted.count,
            origins=tuple(sorted(reading.origins.items())),
            notes=tuple(reading.notes),
        )

    def body(self, document: Document) -> str:
        """Return the text to render, its lines where they are in ``document.body``."""
        return _without(filing(document.body), document.body)

    def url(self, fields: Fields, path: Path, source: Source, published: datetime) -> str:
        """Return the absolute address of the post's page, percent-encoded where it must be."""
        where = place(path, source, self.languages)
        pattern = fields.permalink or _localized(
            source.permalink or self.permalink(where), where, source
        )
        tokens = {
            **permalink.tokens(fields, where, published.astimezone(source.zone)),
            **self.tokens(fields, where),
        }
        return permalink.address(pattern, tokens, source.site_url)


def _localized(pattern: str, where: Place, source: Source) -> str:
    """Put a language that only the file name tells in front, so that translations differ."""
    if where.language in ("", source.language):
        return pattern
    return f"/{where.language}/{permalink.STYLES.get(pattern, pattern)}"


def _without(line: Filing | None, body: str) -> str:
    return body if line is None else body[: line.start] + body[line.end :]


def _permalink(reading: Reading, where: Place) -> str:
    own = reading.find("permalink", text) or ""
    if not own and not where.name.isascii():
        reading.note(
            "non-ascii-name",
            f"the file name puts other than ASCII into the address: {readable(where.name)}",
            "Rename the file, or give the post a permalink.",
            level="notice",
        )
    if _TEMPLATE.search(own):
        reading.note(
            "permalink-template",
            f"the permalink is made by template code, which is not run: {own}"[:200],
            "Set the pattern as permalink of the source in the settings.",
            line=reading.line(reading.keys["permalink"]),
        )
        del reading.origins["permalink"]
        return ""
    if _ABSOLUTE.match(own) and not is_address(own):
        reading.note(
            "broken-scheme",
            f"the permalink is an address that nothing can follow: {own}"[:200],
            "Begin it with / for a page of the site.",
            line=reading.line(reading.keys["permalink"]),
            level="error",
        )
        del reading.origins["permalink"]
        return ""
    if not own or own.startswith("/") or own in permalink.STYLES or _ABSOLUTE.match(own):
        return own
    return f"/{own}"


def _authors(reading: Reading) -> tuple[str, ...]:
    byline = reading.find("byline", text)
    if byline is not None:
        return (fold(byline),)
    known = dict(reading.source.authors)
    named = reading.find("authors", texts) or ()
    return tuple(dict.fromkeys(person(each, known) for each in named))


def _external_url(reading: Reading) -> str:
    """Return the address that is given for the post outside the source's own site."""
    own = urlsplit(reading.source.site_url).hostname

    def foreign(value: object) -> str | None:
        address = text(value) or ""
        try:
            host = urlsplit(address).hostname
        except ValueError:
            return None
        return address if _ABSOLUTE.match(address) and host != own else None

    return reading.find("external_url", foreign) or ""


def _language(reading: Reading, where: Place) -> str:
    found = reading.find("language", _tag)
    if found is None and where.language:
        reading.origins["language"] = "file name"
    return found or where.language or reading.source.language


def _tag(value: object) -> str | None:
    tag = text(value) or ""
    return tag.replace("_", "-") if _LANGUAGE.fullmatch(tag) else None
