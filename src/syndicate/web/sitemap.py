"""The pages that search engines may list (https://www.sitemaps.org/protocol.html)."""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from syndicate.formats.wire import rfc3339
from syndicate.model.edition import Edition
from syndicate.model.feed import Masthead
from syndicate.web.directory import directory, tally

_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"


def sitemap(edition: Edition, masthead: Masthead) -> bytes:
    """Return every page of ``edition`` but those of single posts, whose home is elsewhere.

    A feed's page was modified when one of its posts was; before any was, nobody knows.
    """
    entries = [entry for group in directory(edition) for entry in group.entries]
    pages = [
        (masthead.url("/"), tally(edition.posts).updated),
        (masthead.url("/about"), None),
        *((entry.place.url(masthead), entry.tally.updated) for entry in entries),
    ]
    root = Element("urlset", xmlns=_NAMESPACE)
    for address, modified in pages:
        page = SubElement(root, "url")
        SubElement(page, "loc").text = address
        if modified is not None:
            SubElement(page, "lastmod").text = rfc3339(modified)
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written
