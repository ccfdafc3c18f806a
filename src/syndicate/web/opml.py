"""All feeds as OPML 2.0 (http://opml.org/spec2.opml), to import into a feed reader."""

from typing import Final
from xml.etree.ElementTree import Comment, Element, SubElement, indent, tostring

from syndicate.feeds.formats import Format
from syndicate.feeds.formats.text import rfc822, xml_safe
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.web.feed_directory import DirectoryEntry, PostCounts, feed_directory, feed_stats

_VERSION_ATTRIBUTES: Final = {"rss": {"version": "RSS2"}}
"""Attributes of outlines by format: OPML defines versions of RSS alone."""


_MAX_LISTED: Final = 500
"""Sources and categories to list: feed readers cannot import thousands of feeds."""


def opml(
    edition: Edition, service_info: ServiceInfo, post_counts: PostCounts, feed_format: Format
) -> bytes:
    """Return the feeds of ``edition`` in one format: readers subscribe to all that is listed.

    Of many sources or categories only those with the most posts, which a comment says.
    """
    root = Element("opml", version="2.0")
    head = SubElement(root, "head")
    SubElement(head, "title").text = xml_safe(service_info.title)
    updated = feed_stats(edition.posts).updated
    if updated is not None:
        SubElement(head, "dateModified").text = rfc822(updated)
    body = SubElement(root, "body")
    groups = feed_directory(
        edition, post_counts, max_sources=_MAX_LISTED, max_categories=_MAX_LISTED
    )
    entries = [entry for group in groups for entry in group.entries]
    total = sum(group.total for group in groups)
    if total > len(entries):
        categories_url = service_info.url("/v1/categories")
        comment = (
            f" The {len(entries):,} largest of {total:,} feeds; all categories: {categories_url} "
        )
        root.insert(0, Comment(comment))
    for entry in entries:
        SubElement(body, "outline", _outline_attributes(entry, feed_format, service_info))
    indent(root)
    document: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def _outline_attributes(
    entry: DirectoryEntry, feed_format: Format, service_info: ServiceInfo
) -> dict[str, str]:
    title = xml_safe(entry.title)
    description = {"description": xml_safe(entry.description)} if entry.description else {}
    return {
        "type": "rss",
        **_VERSION_ATTRIBUTES.get(feed_format.name, {}),
        "text": title,
        "title": title,
        **description,
        "xmlUrl": entry.location.url(service_info, f".{feed_format.name}"),
        "htmlUrl": entry.location.url(service_info),
    }
