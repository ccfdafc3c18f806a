"""What the sites of a repository say of themselves, and what only the settings can say."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from msgspec import structs

from syndicate.cli.init.published_feeds import ListedPost, PublishedFeed, find_feed
from syndicate.content.site_pages import public_id
from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import Document, parse_document
from syndicate.dialects.fields import DEFAULT_KEYS
from syndicate.errors import ContentError
from syndicate.model.category import Vocabulary
from syndicate.model.content_reader import DEFAULT_CONTENT_LIMITS
from syndicate.model.post import MARKDOWN_EXTENSIONS, Path, Source
from syndicate.sites import ENGINES, find_sites
from syndicate.sites.site import (
    CommitFiles,
    ConfiguredValue,
    Page,
    PostFolder,
    Site,
    is_below,
    is_dated_name,
    joined,
)

_MAX_PAGES: Final = 300
"""Posts that are looked at for keys of the site's own; more tell nothing new."""
_GUID_KEYS: Final = ("wordpress_url", "wordpress_guid", "wp_guid")
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_OWN_KEYS: Final[Mapping[str, re.Pattern[str]]] = {
    "title": re.compile(r"\w*title", re.IGNORECASE),
    "authors": re.compile(r"(?:\w*author(?:_?names?|s)?|written_?by|writers?)", re.IGNORECASE),
    "published": re.compile(r"\w*(?:date|published|created)(?:_?(?:at|on|date))?", re.IGNORECASE),
}
"""What keys look like under which sites say these fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedSite:
    """A site with posts, and what its configuration does not say of them.

    ``keys`` are front-matter keys by field that the dialect does not know. ``posts`` are in
    descending order of publication; their URLs have no host where nothing names one.
    ``folders`` and ``language`` are what the settings have to say, so that this site is read and
    not another one of the repository; empty where it is read without. ``feed`` is the feed that
    the site has now.
    """

    site: Site
    keys: Mapping[str, tuple[str, ...]]
    posts: tuple[ListedPost, ...]
    folders: tuple[str, ...] = ()
    language: str = ""
    feed: PublishedFeed | None = None
    guid_key: str = ""
    """The key by which an import from WordPress says the ID of its feed, empty without one."""

    @property
    def id_authority(self) -> str:
        """Return the host that post IDs begin with, empty if nothing names one."""
        return urlsplit(self.site.base_url.value).hostname or ""


def detect_sites(files: CommitFiles, now: datetime) -> tuple[DetectedSite, ...]:
    """Return the sites with posts in ``files`` at the time ``now``, the outermost first.

    A language with a host of its own is a site, as readers see it.
    """
    outer: list[Site] = []
    for site in find_sites(files):
        if not any(_publishes(other, site) for other in outer):
            outer.append(site)
    parts = [part for site in outer for part in _split_by_host(site)]
    found = [
        _detect(site, files, now, is_named=number > 0 or part_count > 1)
        for number, (site, part_count) in enumerate(parts)
    ]
    return tuple(each for each in found if each.posts)


def _publishes(site: Site, other: Site) -> bool:
    """Return whether ``site`` also publishes the folders of ``other``, which is inside it."""
    return all(site.folder_of(joined(folder.path, "a.md")) for folder in other.folders)


def _split_by_host(site: Site) -> list[tuple[Site, int]]:
    """Return the parts of ``site`` with a host each, the main one first, and how many they are."""
    folders: dict[str, list[PostFolder]] = {}
    for folder in site.folders:
        url = folder.base_url or site.base_url.value
        folders.setdefault(urlsplit(url).hostname or "", []).append(folder)
    main = urlsplit(site.base_url.value).hostname or ""
    parts = [
        replace(
            site,
            folders=tuple(inside),
            base_url=site.base_url
            if host == main
            else ConfiguredValue(value=inside[0].base_url, origin=f"language {inside[0].language}"),
            left_out=site.left_out if host == main else (),
        )
        for host, inside in sorted(folders.items(), key=lambda pair: pair[0] != main)
    ]
    return [(part, len(parts)) for part in parts]


def _detect(site: Site, files: CommitFiles, now: datetime, *, is_named: bool) -> DetectedSite:
    pages = [
        path
        for path in files.paths
        if site.folder_of(path) and path.lower().endswith((*MARKDOWN_EXTENSIONS, ".html"))
    ]
    documents = list(_documents(pages, files, site))
    sample = documents[:: len(documents) // _MAX_PAGES + 1]
    keys = _own_keys(sample, site)
    listed = sorted(_listed_posts(documents, site, keys, now), reverse=True)
    posts = tuple(ListedPost(path=path, url=url, jekyll_id=own) for _, path, url, own in listed)
    languages = {folder.language for folder in site.folders if folder.base_url}
    return DetectedSite(
        site=site,
        keys=keys,
        posts=posts,
        folders=_outermost(site) if is_named else (),
        language=languages.pop() if is_named and len(languages) == 1 else "",
        feed=find_feed(site, posts, files),
        guid_key=_guid_key(sample),
    )


def _outermost(site: Site) -> tuple[str, ...]:
    """Return the folders of ``site`` that are not inside another one, ``.`` for the root."""
    paths = sorted(folder.path for folder in site.folders)
    inner = {each for each in paths if any(each != o and is_below(each, o) for o in paths)}
    return tuple(path or "." for path in paths if path not in inner)


def _documents(pages: Sequence[str], files: CommitFiles, site: Site) -> Iterator[Document]:
    """Yield the pages that the engine publishes as posts, with the front matter it adds."""
    engine = ENGINES[site.engine]
    for path, data in files.read(pages).items():
        try:
            document = parse_document(Path(path), data, DEFAULT_CONTENT_LIMITS)
        except ContentError:
            continue
        if document is None:
            continue
        added = engine.defaults(path, document.meta, site)
        meta = {key: value for key, (value, _) in added.items()} | dict(document.meta)
        if not engine.hides(Page(path=path, meta=meta), site):
            yield replace(document, meta=meta)


def _own_keys(documents: Sequence[Document], site: Site) -> dict[str, tuple[str, ...]]:
    """Return the keys by which most posts say a field that they say under no known key."""
    known = getattr(DIALECTS[site.engine], "keys", DEFAULT_KEYS)
    found: dict[str, tuple[str, ...]] = {}
    for field, looks_so in _OWN_KEYS.items():
        names = known[field]
        without = [each for each in documents if not any(each.meta.get(n) for n in names)]
        if field == "published":
            without = [each for each in without if not is_dated_name(each.path)]
        if len(without) * 2 <= len(documents):
            continue
        counts = Counter(
            key
            for each in without
            for key, value in each.meta.items()
            if looks_so.fullmatch(key) and isinstance(value, str) and value.strip()
        )
        best = max(counts, key=lambda key: (counts[key], key), default="")
        if counts[best] * 2 > len(without):
            found[field] = (*names[:1], best)
    return found


def _guid_key(documents: Sequence[Document]) -> str:
    """Return the key with the ID of WordPress that most posts have, empty if they have none."""
    counts = Counter(key for each in documents for key in _GUID_KEYS if each.meta.get(key))
    best = max(counts, key=lambda key: (counts[key], key), default="")
    return best if counts[best] * 2 > len(documents) else ""


def _listed_posts(
    documents: Sequence[Document], site: Site, keys: Mapping[str, tuple[str, ...]], now: datetime
) -> Iterator[tuple[datetime, str, str, str]]:
    """Yield time, path, URL and ID in jekyll-feed of each post that is published at ``now``."""
    dialect = DIALECTS[site.engine]
    source = Source(
        name=site.engine,
        title=site.engine,
        repository="",
        folders=tuple(Path(folder.path) for folder in site.folders),
        dialect=site.engine,
        site_url=site.base_url.value,
        id_authority="",
        zone=ZoneInfo(site.timezone.value or "UTC"),
        keys=tuple(keys.items()),
        ids="jekyll-feed",
    )
    for document in documents:
        fields = structs.replace(dialect.read_fields(document, source, Vocabulary()), guid="")
        published = fields.published or _EPOCH
        if fields.hidden_reason or published > now or dialect.skip_reason(document.path, source):
            continue
        written = fields.published_as_written
        at = datetime.fromisoformat(written) if written else None
        page = Page(path=document.path, meta=document.meta, published=at)
        url = ENGINES[site.engine].url(page, site).value
        yield published, document.path, url, public_id(fields, document.path, source, url)
