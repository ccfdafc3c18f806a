"""The sitemap for search engines (https://www.sitemaps.org/protocol.html)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from starlette.exceptions import HTTPException

from syndicate.feeds.formats.text import rfc3339
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.web.feed_directory import (
    DirectoryEntry,
    PostCounts,
    category_entry,
    feed_directory,
    feed_stats,
)

MAX_URLS: Final = 10_000
"""Categories in one file: 50,000 URLs and 50 MB are allowed, this is some 1.5 MB."""

_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"

_SitemapPage = tuple[str, datetime | None]
"""A URL, and when the page was modified."""


def sitemap(
    edition: Edition, service_info: ServiceInfo, post_counts: PostCounts, part: int
) -> bytes:
    """Return the pages of ``edition``, without those of posts, which are canonical elsewhere.

    Where there are too many for one file, part 0 is the index of the others, which begin with 1.
    The page of a feed was modified when one of its posts was; an empty one has no date. Raises
    `HTTPException` (404) for a part that does not exist.
    """
    slugs = edition.category_slugs
    chunks = [slugs[start : start + MAX_URLS] for start in range(0, len(slugs), MAX_URLS)]
    is_split = len(chunks) > 1
    if is_split and not part:
        updated = feed_stats(edition.posts).updated
        parts = range(1, len(chunks) + 1)
        urls = [service_info.url(f"/sitemap.xml?part={number}") for number in parts]
        return _serialize("sitemapindex", "sitemap", [(address, updated) for address in urls])
    if part and not (is_split and part <= len(chunks)):
        raise HTTPException(404, f"the sitemap has no part {part}")
    pages = [] if part > 1 else _general_pages(edition, service_info, post_counts)
    for chunk in chunks[max(part - 1, 0) :][:1]:
        pages += _category_pages(chunk, edition, service_info, post_counts)
    return _serialize("urlset", "url", pages)


def _general_pages(
    edition: Edition, service_info: ServiceInfo, post_counts: PostCounts
) -> list[_SitemapPage]:
    """Return the pages that do not belong to a category."""
    groups = feed_directory(
        edition, post_counts, max_sources=len(edition.sources), max_categories=0
    )
    return [
        (service_info.url("/"), feed_stats(edition.posts).updated),
        (service_info.url("/about"), None),
        *_feed_pages((entry for group in groups for entry in group.entries), service_info),
    ]


def _category_pages(
    slugs: Sequence[str], edition: Edition, service_info: ServiceInfo, post_counts: PostCounts
) -> list[_SitemapPage]:
    categories = map(edition.category_by_slug, slugs)
    return _feed_pages(
        (category_entry(edition, one, post_counts) for one in categories), service_info
    )


def _feed_pages(entries: Iterable[DirectoryEntry], service_info: ServiceInfo) -> list[_SitemapPage]:
    return [(entry.location.url(service_info), entry.stats.updated) for entry in entries]


def _serialize(root: str, child: str, pages: Iterable[_SitemapPage]) -> bytes:
    document = Element(root, xmlns=_NAMESPACE)
    for url, modified in pages:
        page = SubElement(document, child)
        SubElement(page, "loc").text = url
        if modified is not None:
            SubElement(page, "lastmod").text = rfc3339(modified)
    indent(document)
    serialized: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return serialized
