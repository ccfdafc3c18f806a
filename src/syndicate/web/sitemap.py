"""The pages that search engines may list (https://www.sitemaps.org/protocol.html)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from starlette.exceptions import HTTPException

from syndicate.formats.wire import rfc3339
from syndicate.model.edition import Edition
from syndicate.model.feed import Masthead
from syndicate.web.directory import Census, Entry, category_entry, directory, tally

MAX_URLS: Final = 10_000
"""Categories in one file: 50,000 addresses and 50 MB are allowed, this is some 1.5 MB."""

_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"

_Page = tuple[str, datetime | None]
"""An address, and when what is there changed."""


def sitemap(edition: Edition, masthead: Masthead, census: Census, part: int) -> bytes:
    """Return the pages of ``edition`` but those of single posts, whose home is elsewhere.

    Where they are too many for one file, part 0 is the index of the others, which begin with 1.
    A feed's page was modified when one of its posts was; before any was, nobody knows. Raises
    `HTTPException` (404) for a part that does not exist.
    """
    slugs = edition.category_slugs
    chunks = [slugs[start : start + MAX_URLS] for start in range(0, len(slugs), MAX_URLS)]
    is_split = len(chunks) > 1
    if is_split and not part:
        updated = tally(edition.posts).updated
        parts = range(1, len(chunks) + 1)
        addresses = [masthead.url(f"/sitemap.xml?part={number}") for number in parts]
        return _written("sitemapindex", "sitemap", [(address, updated) for address in addresses])
    if part and not (is_split and part <= len(chunks)):
        raise HTTPException(404, f"the sitemap has no part {part}")
    pages = [] if part > 1 else _pages(edition, masthead, census)
    for chunk in chunks[max(part - 1, 0) :][:1]:
        pages += _categories(chunk, edition, masthead, census)
    return _written("urlset", "url", pages)


def _pages(edition: Edition, masthead: Masthead, census: Census) -> list[_Page]:
    """Return the pages that are not of a category."""
    groups = directory(edition, census, max_sources=len(edition.sources), max_categories=0)
    return [
        (masthead.url("/"), tally(edition.posts).updated),
        (masthead.url("/about"), None),
        *_listed((entry for group in groups for entry in group.entries), masthead),
    ]


def _categories(
    slugs: Sequence[str], edition: Edition, masthead: Masthead, census: Census
) -> list[_Page]:
    categories = map(edition.category_of, slugs)
    return _listed((category_entry(edition, one, census) for one in categories), masthead)


def _listed(entries: Iterable[Entry], masthead: Masthead) -> list[_Page]:
    return [(entry.place.url(masthead), entry.tally.updated) for entry in entries]


def _written(root: str, child: str, pages: Iterable[_Page]) -> bytes:
    document = Element(root, xmlns=_NAMESPACE)
    for address, modified in pages:
        page = SubElement(document, child)
        SubElement(page, "loc").text = address
        if modified is not None:
            SubElement(page, "lastmod").text = rfc3339(modified)
    indent(document)
    written: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return written
