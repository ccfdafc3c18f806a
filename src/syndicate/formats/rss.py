"""RSS 2.0 by the RSS Advisory Board's profile, with full content, and what the profile allows."""

import re
from functools import partial
from html import escape
from math import ceil
from typing import ClassVar, Final

from typing_extensions import override

from syndicate.formats import generator, xml
from syndicate.formats.format import Format, Frame
from syndicate.formats.link import feed_links
from syndicate.formats.wire import heading, printable, rfc3339
from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import Item
from syndicate.model.query import Content
from syndicate.render.standalone import standalone

_PREFIXES: Final = "atom content dc fh media"

_PLAIN: Final = re.compile(
    rb"<(?:title|category|copyright|dc:creator|media:description)(?: [^>]*)?>[^<]+<"
)
"""Elements whose text is plain, not HTML."""


class Rss(Format):
    """RSS 2.0 (https://www.rssboard.org/rss-specification)."""

    name: ClassVar[str] = "rss"
    media_type: ClassVar[str] = "application/rss+xml; charset=utf-8"
    title: ClassVar[str] = "RSS"

    @override
    def entry(self, item: Item, masthead: Masthead, content: Content = "full") -> bytes:
        element = entry_generator(item, masthead, content).rss_entry()
        return hexadecimal(xml.fragment(element, _PREFIXES))

    @override
    def frame(self, feed: Feed) -> Frame:
        document = feed_generator(feed).rss_str()
        return xml.frame(hexadecimal(document), b"</channel></rss>")


def feed_generator(feed: Feed) -> generator.FeedGenerator:
    """Return feedgen's feed of ``feed``, without its entries."""
    feed = heading(feed)
    made = generator.feed_generator(feed, _PREFIXES, partial(_finish_feed, feed))
    made.link(href=feed.url("", feed.first_query))
    made.description(feed.description or feed.title)
    made.generator(f"Syndicate {feed.masthead.version} (+{feed.masthead.url('/about')})")
    made.docs("https://www.rssboard.org/rss-specification")
    if feed.masthead.max_age:
        made.ttl(ceil(feed.masthead.max_age / 60))
    return made


def entry_generator(item: Item, masthead: Masthead, content: Content) -> generator.FeedEntry:
    """Return feedgen's entry of ``item``; a description is HTML, so plain text is escaped in it."""
    item = printable(item)
    entry = generator.entry_generator(item, masthead, partial(_finish_entry, item))
    if content == "full":
        entry.content(standalone(item.content, item.post))
    if content != "none":
        entry.description(escape(item.text if content == "text" else item.summary, quote=False))
    return entry


def hexadecimal(document: bytes) -> bytes:
    """Return ``document`` with the references the profile wants where text is plain.

    Readers agree on ``&#x3C;`` in a title, not on ``&lt;``.
    """
    return _PLAIN.sub(
        lambda match: match[0].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;"), document
    )


def _finish_feed(feed: Feed, root: xml.Element) -> None:
    """Add the links, which feedgen knows but for one, and the mark of a complete feed."""
    channel = root[0]
    for link in feed_links(feed, ".rss", Rss.media_type)[1:]:
        xml.child(channel, "atom:link", rel=link.rel, href=link.href, type=link.type)
    if feed.is_complete:
        xml.child(channel, "fh:complete")


def _finish_entry(item: Item, element: xml.Element) -> None:
    """Add what feedgen has no RSS for: names without e-mail, language, update, picture, origin."""
    for author in item.authors:
        xml.child(element, "dc:creator", author.name)
    if item.post.language:
        xml.child(element, "dc:language", item.post.language)
    xml.child(element, "atom:updated", rfc3339(item.post.updated))
    if item.external_url:
        xml.child(element, "atom:link", rel="related", href=item.external_url)
    for language, url in item.translations:
        xml.child(element, "atom:link", rel="related", hreflang=language, href=url)
    xml.picture(element, item.image)
