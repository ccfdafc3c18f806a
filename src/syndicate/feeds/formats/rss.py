"""RSS 2.0 with full content, by the RSS Advisory Board's Best Practices Profile."""

import re
from functools import partial
from html import escape
from math import ceil
from typing import ClassVar, Final

from typing_extensions import override

from syndicate.feeds.formats import feedgen_adapter
from syndicate.feeds.formats.format import FeedEnvelope, Format, attributed_sources
from syndicate.feeds.formats.link import feed_links
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
from syndicate.render.feed_html import for_feed_readers, paragraphs

_PREFIXES: Final = "atom content dc fh media"

_PLAIN_TEXT_ELEMENT: Final = re.compile(
    rb"<(?:title|category|copyright|source|dc:creator|media:description)(?: [^>]*)?>[^<]+<"
)
"""An element whose text is plain, not HTML."""


class Rss(Format):
    """RSS 2.0 (https://www.rssboard.org/rss-specification)."""

    name: ClassVar[str] = "rss"
    media_type: ClassVar[str] = "application/rss+xml; charset=utf-8"
    title: ClassVar[str] = "RSS"

    @override
    def write_entry(
        self, item: RenderedPost, service_info: ServiceInfo, content: ContentMode = "full"
    ) -> bytes:
        element = entry_generator(item, service_info, content).rss_entry()
        return with_hexadecimal_references(feedgen_adapter.serialize_fragment(element, _PREFIXES))

    @override
    def write_envelope(self, feed: Feed) -> FeedEnvelope:
        document = feed_generator(feed).rss_str()
        envelope = feedgen_adapter.split_envelope(
            with_hexadecimal_references(document), b"</channel></rss>"
        )
        attributions = {
            key: _write_attribution(source_feed, feed.service_info)
            for key, source_feed in attributed_sources(feed)
        }
        return envelope._replace(entry_end=b"</item>", attributions=attributions)


def feed_generator(feed: Feed) -> feedgen_adapter.FeedGenerator:
    """Return the feedgen object for ``feed``, without its entries."""
    feed = sanitized_header(feed)
    builder = feedgen_adapter.feed_generator(feed, _PREFIXES, partial(_patch_feed, feed))
    builder.link(href=feed.home_url)
    builder.description(feed.description or feed.title)
    builder.generator(f"Syndicate {feed.service_info.version} (+{feed.service_info.url('/about')})")
    builder.docs("https://www.rssboard.org/rss-specification")
    if feed.service_info.max_age_seconds:
        builder.ttl(ceil(feed.service_info.max_age_seconds / 60))
    return builder


def entry_generator(
    item: RenderedPost, service_info: ServiceInfo, content: ContentMode
) -> feedgen_adapter.FeedEntry:
    """Return the feedgen object for ``item``.

    The description is HTML, in which plain text is escaped and keeps its paragraphs. A post without
    a title of its own has none, unless nothing else describes it. One file is the enclosure, as the
    profile of the RSS Advisory Board demands; others are in Media RSS.
    """
    item = sanitized(item)
    entry = feedgen_adapter.entry_generator(item, service_info, partial(_patch_entry, item))
    if content == "full":
        entry.content(for_feed_readers(item.content, item.post))
    description = _description(item, content)
    if description:
        entry.description(description)
    is_described = bool(description) or (content == "full" and bool(item.content))
    title = item.post.title or ("" if is_described else title_or_beginning(item))
    if title:
        entry.title(title)
    return entry


def _description(item: RenderedPost, content: ContentMode) -> str:
    if content == "text":
        return paragraphs(item.text)
    return "" if content == "none" else escape(item.summary, quote=False)


def _write_attribution(source_feed: SourceFeed, service_info: ServiceInfo) -> bytes:
    """Return the element source of an item: the feed of the source, by its title."""
    parent = feedgen_adapter.new_element("item")
    url = service_info.feed_url(source_feed.name, ".rss", source_feed.query)
    title = single_line(xml_safe(source_feed.source.title))
    feedgen_adapter.add_child(parent, "source", title, url=url)
    return with_hexadecimal_references(feedgen_adapter.serialize_children(parent))


def with_hexadecimal_references(document: bytes) -> bytes:
    """Return ``document`` with hexadecimal references in plain text, as the profile recommends.

    Feed readers interpret ``&#x3C;`` in a title alike, but not ``&lt;``.
    """
    return _PLAIN_TEXT_ELEMENT.sub(
        lambda match: match[0].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;"), document
    )


def _patch_feed(feed: Feed, root: feedgen_adapter.Element) -> None:
    """Add the image, all links, of which feedgen writes one, and fh:complete."""
    channel = root[0]
    url = feed.brand.logo_url or feed.brand.icon_url
    if url:
        image = feedgen_adapter.add_child(channel, "image")
        for name, text in (("url", url), ("title", feed.title), ("link", feed.home_url)):
            feedgen_adapter.add_child(image, name, text)
    for link in feed_links(feed, ".rss", Rss.media_type)[1:]:
        feedgen_adapter.add_child(
            channel, "atom:link", rel=link.rel, href=link.href, type=link.type
        )
    if feed.is_complete:
        feedgen_adapter.add_child(channel, "fh:complete")


def _patch_entry(item: RenderedPost, element: feedgen_adapter.Element) -> None:
    """Add what feedgen cannot write: authors without e-mail, language, dates, links, image.

    Readers that find `atom:updated` alone take it for the date of the post, so `atom:published`
    comes first.
    """
    for author in item.authors:
        feedgen_adapter.add_child(element, "dc:creator", author.name)
    if item.post.language:
        feedgen_adapter.add_child(element, "dc:language", item.post.language)
    feedgen_adapter.add_child(element, "atom:published", rfc3339(item.post.published))
    feedgen_adapter.add_child(element, "atom:updated", rfc3339(item.post.updated))
    if item.external_url:
        feedgen_adapter.add_child(element, "atom:link", rel="related", href=item.external_url)
    for language, url in item.translations:
        feedgen_adapter.add_child(element, "atom:link", rel="related", hreflang=language, href=url)
    feedgen_adapter.add_image(element, item.image)
    enclosures = feedgen_adapter.as_enclosures(item)
    for enclosure in enclosures[:1]:
        length = str(feedgen_adapter.attachment_bytes(enclosure) or 0)  # 0: unknown
        feedgen_adapter.add_child(
            element, "enclosure", url=enclosure.url, length=length, type=enclosure.type
        )
    for attachment in item.attachments:
        if attachment.url != enclosures[0].url:
            feedgen_adapter.add_recording(element, attachment)
