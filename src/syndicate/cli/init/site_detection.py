"""What the sites of a repository say of themselves, and what only the settings can say."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import Document, parse_document
from syndicate.dialects.front_matter.field_reader import DEFAULT_KEYS
from syndicate.errors import ContentError
from syndicate.model.category import Vocabulary
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS
from syndicate.model.post import Path, Source
from syndicate.sites import ENGINES, find_sites
from syndicate.sites.configuration_reader import MARKDOWN, is_dated_name
from syndicate.sites.site import CommitFiles, Page, Site

_MAX_PAGES: Final = 300
"""Posts that are looked at for keys of the site's own; more tell nothing new."""
_MAX_SHOWN: Final = 10
_OWN_KEYS: Final[Mapping[str, re.Pattern[str]]] = {
    "title": re.compile(r"\w*title", re.IGNORECASE),
    "authors": re.compile(r"(?:\w*author(?:_?names?|s)?|written_?by|writers?)", re.IGNORECASE),
    "published": re.compile(r"\w*(?:date|published|created)(?:_?(?:at|on|date))?", re.IGNORECASE),
}
"""What keys look like under which sites say these fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedSite:
    """A site with posts, and what its configuration does not say of them.

    ``keys`` are front-matter keys by field that the dialect does not know. ``shown`` are the
    newest posts as (path, URL), the URL without host where nothing names one.
    """

    site: Site
    keys: Mapping[str, tuple[str, ...]]
    posts: int
    shown: tuple[tuple[str, str], ...]

    @property
    def id_authority(self) -> str:
        """Return the host that post IDs begin with, empty if nothing names one."""
        return urlsplit(self.site.base_url.value).hostname or ""


def detect_sites(files: CommitFiles) -> tuple[DetectedSite, ...]:
    """Return the sites with posts in ``files``, the outermost first."""
    found = (_detect(site, files) for site in find_sites(files))
    return tuple(each for each in found if each.posts)


def _detect(site: Site, files: CommitFiles) -> DetectedSite:
    pages = [
        path
        for path in files.paths
        if site.folder_of(path) and path.lower().endswith((*MARKDOWN, ".html"))
    ]
    documents = list(_documents(pages, files, site))
    dated = sorted(_urls(documents, site), reverse=True)
    return DetectedSite(
        site=site,
        keys=_own_keys(documents[:: len(documents) // _MAX_PAGES + 1], site),
        posts=len(documents),
        shown=tuple((path, url) for _, path, url in dated[:_MAX_SHOWN]),
    )


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


def _urls(documents: Sequence[Document], site: Site) -> Iterator[tuple[str, str, str]]:
    """Yield the date, path and URL of each post."""
    source = Source(
        name=site.engine,
        title=site.engine,
        repository="",
        folders=tuple(Path(folder.path) for folder in site.folders),
        dialect=site.engine,
        site_url=site.base_url.value,
        id_authority="",
        zone=ZoneInfo(site.timezone.value or "UTC"),
    )
    for document in documents:
        fields = DIALECTS[site.engine].read_fields(document, source, Vocabulary())
        written = fields.published_as_written
        at = datetime.fromisoformat(written) if written else None
        page = Page(path=document.path, meta=document.meta, published=at)
        yield written, document.path, ENGINES[site.engine].url(page, site).value
