"""Atom 1.0 (RFC 4287), with paging (RFC 5005) and tombstones (RFC 6721)."""

from functools import partial
from typing import ClassVar, Final

from typing_extensions import override

from syndicate.feeds.formats import feedgen_adapter
from syndicate.feeds.formats.format import FeedEnvelope, Format, attributed_sources
from syndicate.feeds.formats.link import essence, feed_links
from syndicate.feeds.formats.text import (
    rfc3339,
    sanitized,
    sanitized_header,
    single_line,
    title_or_beginning,
    xml_safe,
)
from syndicate.model.feed import Feed, ServiceInfo, SourceFeed
from syndicate.model.post import RenderedPost
from syndicate.model.query import ContentMode
from syndicate.render.feed_html import for_feed_readers

_PREFIXES: Final = "fh media"
_XML_LANG: Final = feedgen_adapter.qualified_name("xml:lang")


class Atom(Format):
    """Atom 1.0 (RFC 4287)."""

    name: ClassVar[str] = "atom"
    media_type: ClassVar[str] = "application/atom+xml; charset=utf-8"
    title: ClassVar[str] = "Atom"

    @override
    def write_entry(
        self, item: RenderedPost, service_info: ServiceInfo, content: ContentMode = "full"
    ) -> bytes:
        element = entry_generator(item, service_info, content).atom_entry()
        return feedgen_adapter.serialize_fragment(element, _PREFIXES)

    @override
    def write_envelope(self, feed: Feed) -> FeedEnvelope:
        envelope = feedgen_adapter.split_envelope(feed_generator(feed).atom_str(), b"</feed>")
        attributions = {
            key: _write_attribution(source_feed, feed.service_info, has_author=key.has_author)
            for key, source_feed in attributed_sources(feed)
        }
        return envelope._replace(entry_end=b"</entry>", attributions=attributions)


def feed_generator(feed: Feed) -> feedgen_adapter.FeedGenerator:
    """Return the feedgen object for ``feed``, without its entries."""
    feed = sanitized_header(feed)
    prefixes = f"at {_PREFIXES}" if feed.tombstones else _PREFIXES
    builder = feedgen_adapter.feed_generator(feed, prefixes, partial(_patch_feed, feed))
    for link in feed_links(feed, ".atom", Atom.media_type):
        builder.link(rel=link.rel, href=link.href, type=link.type)
    service_info = feed.service_info
    builder.generator("Syndicate", version=service_info.version, uri=service_info.url("/about"))
    builder.author(_feed_author(feed))
    builder.subtitle(feed.description or None)
    builder.icon(feed.brand.icon_url or None)
    builder.logo(feed.brand.logo_url or None)
    return builder


def entry_generator(
    item: RenderedPost, service_info: ServiceInfo, content: ContentMode
) -> feedgen_adapter.FeedEntry:
    """Return the feedgen object for ``item``."""
    item = sanitized(item)
    entry = feedgen_adapter.entry_generator(item, service_info, partial(_patch_entry, item))
    entry.title(title_or_beginning(item))
    entry.author([{"name": author.name, "uri": author.url} for author in item.authors])
    if content == "full":
        entry.content(for_feed_readers(item.content, item.post), type="html")
    elif content == "text":
        entry.content(item.text, type="text")
    if content != "none" and item.summary:
        entry.summary(item.summary, type="text")
    return entry


def _write_attribution(
    source_feed: SourceFeed, service_info: ServiceInfo, *, has_author: bool
) -> bytes:
    """Return the source of an entry (RFC 4287 section 4.2.11), as its author if it has none.

    Without an author, readers would credit the service, which is the author of the feed.
    """
    source = xml_safe(source_feed.source)
    title = single_line(source.title)
    entry = feedgen_adapter.new_element("entry")
    if not has_author:
        _add_author(entry, title, source.site_url)
    element = feedgen_adapter.add_child(entry, "source")
    page, feed_url = (
        service_info.feed_url(source_feed.name, suffix, source_feed.query)
        for suffix in ("", ".atom")
    )
    feedgen_adapter.add_child(element, "id", page)
    feedgen_adapter.add_child(element, "title", title)
    feedgen_adapter.add_child(element, "updated", rfc3339(source_feed.updated))
    _add_author(element, title, source.site_url)
    feedgen_adapter.add_child(
        element, "link", rel="alternate", href=source.site_url, type="text/html"
    )
    feedgen_adapter.add_child(
        element, "link", rel="self", href=feed_url, type=essence(Atom.media_type)
    )
    for name, url in (("icon", source.icon_url), ("logo", source.logo_url)):
        if url:
            feedgen_adapter.add_child(element, name, url)
    if source.rights:
        feedgen_adapter.add_child(element, "rights", source.rights)
    return feedgen_adapter.serialize_children(entry)


def _add_author(parent: feedgen_adapter.Element, name: str, url: str) -> None:
    author = feedgen_adapter.add_child(parent, "author")
    feedgen_adapter.add_child(author, "name", name)
    feedgen_adapter.add_child(author, "uri", url)


def _feed_author(feed: Feed) -> dict[str, str]:
    """Return the author of entries without one: the only source, else the service."""
    source = feed.only_source
    if source:
        return {"name": source.title, "uri": source.site_url}
    return {"name": feed.service_info.title, "uri": feed.service_info.public_url}


def _patch_feed(feed: Feed, element: feedgen_adapter.Element) -> None:
    """Correct the date; add fh:complete and tombstones."""
    feedgen_adapter.find_child(element, "updated").text = rfc3339(feed.updated)
    if feed.is_complete:
        feedgen_adapter.add_child(element, "fh:complete")
    for tombstone in feed.tombstones:
        feedgen_adapter.add_child(
            element, "at:deleted-entry", ref=tombstone.post_id, when=rfc3339(tombstone.removed_at)
        )


def _patch_entry(item: RenderedPost, element: feedgen_adapter.Element) -> None:
    """Correct types, dates and links as feedgen writes them; add language and image."""
    post = item.post
    if post.language:
        element.set(_XML_LANG, post.language)
    feedgen_adapter.find_child(element, "title").set("type", "text")
    feedgen_adapter.find_child(element, "published").text = rfc3339(post.published)
    feedgen_adapter.find_child(element, "updated").text = rfc3339(post.updated)
    page_link = feedgen_adapter.find_child(element, "link")
    page_link.attrib.update({"rel": "alternate", "type": "text/html"})
    if item.external_url:
        feedgen_adapter.add_child(element, "link", rel="related", href=item.external_url)
    for language, url in item.translations:
        feedgen_adapter.add_child(element, "link", rel="related", hreflang=language, href=url)
    for enclosure in feedgen_adapter.as_enclosures(item):
        length = feedgen_adapter.attachment_bytes(enclosure)
        feedgen_adapter.add_child(
            element,
            "link",
            rel="enclosure",
            href=enclosure.url,
            type=enclosure.type,
            title=enclosure.title,
            length="" if length is None else str(length),
        )
    feedgen_adapter.add_image(element, item.image)
