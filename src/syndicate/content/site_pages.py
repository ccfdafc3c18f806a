"""Pages of a site: front matter by its configuration, bundles, what its engine hides, URLs."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from syndicate.content.site_source import SiteSource, own_pattern
from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import Document
from syndicate.dialects.fields import Fields, VersionFields
from syndicate.dialects.front_matter.dates import split_day_prefix
from syndicate.model.post import BlobId, Path, Source
from syndicate.sites import ENGINES
from syndicate.sites.hugo_urls import DATE_KEYS
from syndicate.sites.site import (
    SETTINGS_PATTERN,
    ConfiguredValue,
    Page,
    Site,
    is_below,
    joined,
)

_URL_KEYS: Final = frozenset(
    {
        *("permalink", "slug", "url", "title", "path", "category", "categories"),
        "eleventyComputed",
    }
)
"""Front matter that URLs may depend on, regardless of the engine."""
_DATE_KEYS: Final = frozenset(DATE_KEYS)
"""Keys that decide whether the day in a file name is a part of the URL (Hugo)."""
_SLUG_CHARACTERS: Final = "!$&'()*+,;=:@~"
"""What a path segment has unescaped beside letters and digits (RFC 3986 section 3.3)."""
_DEFINITION: Final = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]*\S.*$", re.MULTILINE)
_TEMPLATE_KEY: Final = re.compile(r"\{\{-?\s*(\w+)")


def with_defaults(document: Document, site: Site) -> tuple[Document, Mapping[str, str]]:
    """Return ``document`` with the front matter that the configuration of ``site`` adds.

    And the origin of each key that was added.
    """
    found = ENGINES[site.engine].defaults(document.path, document.meta, site)
    added = {key: value for key, value in found.items() if key not in document.meta}
    if not added:
        return document, {}
    meta = {key: value for key, (value, _) in added.items()} | dict(document.meta)
    return dataclasses.replace(document, meta=meta), {
        key: origin for key, (_, origin) in added.items()
    }


def with_site_rules(
    fields: Fields, document: Document, site: Site, origins: Mapping[str, str]
) -> Fields:
    """Return ``fields`` with what the engine of ``site`` hides and makes URLs of.

    ``origins`` are those of the keys that `with_defaults` added.
    """
    page = Page(path=document.path, meta=document.meta)
    mark = document.meta.get("excerpt_separator")
    mark = re.escape(mark) if isinstance(mark, str) else site.summary_mark
    fields = _with_named_date(_with_language(fields, document.path, site), site)
    marked = "" if fields.summary else _marked_summary(document.body, mark)
    defaults = tuple(name for name, text in fields.origins if _key(text) in origins)
    return replace(
        fields,
        summary=fields.summary or marked,
        site_fields=(*defaults, "summary") if marked else defaults,
        hidden_reason=fields.hidden_reason or ENGINES[site.engine].hides(page, site),
        url_meta=_url_meta(document.meta),
        origins=tuple((name, _with_origin(text, origins)) for name, text in fields.origins),
    )


def version_with_site_rules(
    version: VersionFields, document: Document, site: Site
) -> VersionFields:
    """Return ``version`` with what `with_site_rules` decides about an older version of a file."""
    page = Page(path=document.path, meta=document.meta)
    folder = site.folder_of(document.path)
    named_date = _named_date(version.day, site)
    return replace(
        version,
        published=named_date or version.published,
        published_as_written=(
            named_date.isoformat() if named_date else version.published_as_written
        ),
        url_meta=_url_meta(document.meta),
        hidden_reason=version.hidden_reason or ENGINES[site.engine].hides(page, site),
        language=version.language or (folder.language if folder else ""),
    )


def _with_language(fields: Fields, path: Path, site: Site) -> Fields:
    """Return ``fields`` with the language that ``site`` has a folder for.

    Pages at the same place in the folders of two languages are translations of each other.
    """
    folder = site.folder_of(path)
    if folder is None or not any(each.language for each in site.folders):
        return fields
    if is_below(fields.translation, folder.path):
        inside = fields.translation.removeprefix(folder.path)
        fields = replace(fields, translation=joined(folder.name, inside))
    if not folder.language or "language" in dict(fields.origins):
        return fields
    origin = ("language", f"folder {folder.path}")
    return replace(fields, language=folder.language, origins=(*fields.origins, origin))


def post_url(
    fields: VersionFields, path: Path, described: SiteSource, published: datetime
) -> ConfiguredValue:
    """Return the absolute URL of a post: by the settings, else by the engine of its site.

    ``published`` counts where the post has no date of its own.
    """
    source, site = described.source, described.site
    pattern = own_pattern(source, path)[1]
    written = fields.published_as_written
    at = datetime.fromisoformat(written) if written else published
    if site is None or (pattern and not _knows_pattern(site, path, fields)):
        own = (
            source
            if pattern == source.permalink
            else dataclasses.replace(source, permalink=pattern)
        )
        url = DIALECTS[source.dialect].post_url(fields, path, own, at)
        return ConfiguredValue(value=url, origin=SETTINGS_PATTERN)
    page = Page(path=path, meta=fields.url_meta, published=at, pattern=pattern)
    return ENGINES[site.engine].url(page, site)


def public_id(fields: Fields, path: Path, source: Source, url: str) -> str:
    """Return what readers know a post by that had a feed before, empty if nothing says it.

    That of ``ids = "jekyll-feed"`` is Jekyll's ``page.id`` as an absolute URL: the folder of the
    URL, and the ``slug`` of the front matter or of the file name.
    """
    if fields.guid or source.ids == "tag":
        return fields.guid
    if source.ids == "url":
        return url
    name = split_day_prefix(PurePosixPath(path).stem, unpadded=True)[1]
    slug = quote(fields.slug or name.encode("utf-8", "surrogateescape"), safe=_SLUG_CHARACTERS)
    parts = urlsplit(url)
    folder = parts.path.rstrip("/").rpartition("/")[0]
    return urlunsplit(parts._replace(path=f"{folder}/{slug}", query="", fragment=""))


def _knows_pattern(site: Site, path: Path, fields: VersionFields) -> bool:
    """Return whether patterns in the settings are in the notation of the engine of ``site``.

    Posts outside of folders with an underscore are those of Eleventy, read with Jekyll's dialect.
    Jekyll knows no language in a file name.
    """
    if site.engine != "jekyll":
        return site.engine == "hugo"
    return "/_" in f"/{path}" and not fields.is_language_in_name


def with_date_keys(source: Source, site: Site) -> Source:
    """Return ``source`` with the keys that ``site`` names for the date, unless it has its own."""
    keys = ENGINES[site.engine].date_keys(site)
    is_named = any(field == "published" for field, _ in source.keys)
    return (
        dataclasses.replace(source, keys=(*source.keys, ("published", keys)))
        if keys and not is_named
        else source
    )


def _with_named_date(fields: Fields, site: Site) -> Fields:
    """Return ``fields`` with the day of the file name as date, where that counts first."""
    at = _named_date(fields.day, site)
    if at is None:
        return fields
    origins = dict(fields.origins) | {"published": "file name"}
    return replace(
        fields,
        published=at,
        precision="day",
        published_as_written=at.isoformat(),
        origins=tuple(sorted(origins.items())),
    )


def _named_date(day: date | None, site: Site) -> datetime | None:
    if day is None or not ENGINES[site.engine].named_date(site):
        return None
    return datetime.combine(day, time(), ZoneInfo(site.timezone.value or "UTC"))


def _marked_summary(body: str, mark: str) -> str:
    """Return the text before ``mark``, with which sites end a summary; empty without one.

    With the link definitions after it, which the text may use.
    """
    found = re.search(mark, body) if mark else None
    before = body[: found.start()].strip() if found else ""
    if not found or not before:
        return ""
    return "\n".join((before, "", *_DEFINITION.findall(body, found.end()))).strip()


def _url_meta(meta: Mapping[str, object]) -> Mapping[str, object]:
    computed = meta.get("eleventyComputed")
    patterns = (
        meta.get("permalink"),
        computed.get("permalink") if isinstance(computed, dict) else "",
    )
    named = {
        key for each in patterns if isinstance(each, str) for key in _TEMPLATE_KEY.findall(each)
    }
    return {
        key: value
        for key, value in meta.items()
        if key in _URL_KEYS or key in named or key.lower() in _DATE_KEYS
    }


def _with_origin(text: str, origins: Mapping[str, str]) -> str:
    """Return the origin ``text`` with the file that a key is from where that is not the post."""
    key = _key(text)
    return f"key {key}, {origins[key]}" if key in origins else text


def _key(origin: str) -> str:
    """Return the key without a line in the file that ``origin`` names, empty if it names none."""
    return origin.removeprefix("key ").removesuffix(", line 0") if origin.startswith("key ") else ""


class PageBundles:
    """The leaf bundles of one source at one commit.

    ``find_bundle_folder`` returns the folder that the page at a path turns into a bundle, or None.
    """

    def __init__(
        self, find_bundle_folder: Callable[[Path], Path | None], paths: Iterable[Path] = ()
    ) -> None:
        self._find_bundle_folder: Final = find_bundle_folder
        self._pages: Final[dict[str, set[Path]]] = {}
        """The pages of each bundle by folder: one for each language."""
        for path in paths:
            self._add(path)

    def update(self, files: Mapping[Path, BlobId | None]) -> frozenset[str]:
        """Record ``files``, None for removed ones; return the folders whose status changed."""
        changed: set[str] = set()
        for path, blob in files.items():
            changed ^= self._add(path) if blob else self._remove(path)
        return frozenset(changed)

    def bundle_of(self, path: Path) -> str:
        """Return the folder of the bundle that has the file at ``path`` as a resource, or "".

        Of nested bundles the outermost counts: its inner pages are resources as well.
        """
        for folder in reversed(tuple(_parents(path))):
            pages = self._pages.get(folder)
            if pages:
                return "" if path in pages else folder
        return ""

    def _add(self, path: Path) -> set[str]:
        folder = self._find_bundle_folder(path)
        if folder is None:
            return set()
        pages = self._pages.setdefault(folder, set())
        is_new = not pages
        pages.add(path)
        return {folder} if is_new else set()

    def _remove(self, path: Path) -> set[str]:
        folder = self._find_bundle_folder(path)
        pages = self._pages.get(folder) if folder else None
        if folder is None or not pages or path not in pages:
            return set()
        pages.remove(path)
        if pages:
            return set()
        del self._pages[folder]
        return {folder}


def is_inside(path: Path, folders: frozenset[str]) -> bool:
    """Return whether ``path`` is below one of ``folders``."""
    return any(folder in folders for folder in _parents(path))


def _parents(path: Path) -> Iterator[str]:
    """Yield the folders above ``path``, innermost first."""
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
